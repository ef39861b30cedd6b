"""Recordings described in Twilio's JSON: one, and a page of many."""

from __future__ import annotations

import email.utils
import urllib.parse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .recordings import Recording, is_sid, moment

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000
FILTERS = ("DateCreated", "DateCreated>", "DateCreated<", "CallSid")
PAGING = ("PageSize", "Page", "PageToken")


def metadata(account: str, recording: Recording) -> dict[str, Any]:
    """One recording, with the fields of Twilio's resource."""
    path = f"/2010-04-01/Accounts/{account}/Recordings/{recording.sid}"
    done = recording.status == "completed"
    created = email.utils.format_datetime(recording.date_created)
    encryption = (recording.envelope.details if recording.envelope
                  else {"type": "rsa-aes", "public_key_sid": "CR" + "0" * 32})
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "call_sid": None if recording.conference_sid else recording.call_sid,
        "channels": recording.default_channels,
        "conference_sid": recording.conference_sid,
        "date_created": created,
        "date_updated": created,
        "duration": str(round(recording.seconds)) if done else "-1",
        "encryption_details": encryption if recording.encrypted else None,
        "error_code": 16101 if recording.status == "absent" else None,
        "media_url": None,
        "price": None,
        "price_unit": "USD",
        "sid": recording.sid,
        "source": "Conference" if recording.conference_sid else "DialVerb",
        "start_time": created,
        "status": recording.status,
        "subresource_uris": {},
        "track": "both",
        "uri": path + ".json",
    }


def page(account: str, recordings: list[Recording], query: str) -> dict[str, Any]:
    """A page of the recordings, newest first, and where the next one is.

    The page token names the last recording given out, so recordings that appear between two
    pages neither hide nor repeat any. ValueError when the query asks for what Twilio has not.
    """
    wish = _parse(query)
    size = _number(wish.get("PageSize", str(DEFAULT_PAGE_SIZE)), 1, MAX_PAGE_SIZE)
    number = _number(wish.get("Page", "0"), 0, 1 << 31)
    filters = _filters(wish)
    found = [one for one in recordings if all(good(one) for good in filters)]
    rest = _after(found, wish.get("PageToken"), skip=number * size)
    shown, more = rest[:size], len(rest) > size
    start = number * size

    def uri(page_number: int, token: str | None) -> str:
        pairs = [(name, wish[name]) for name in FILTERS if name in wish]
        pairs += [("PageSize", str(size)), ("Page", str(page_number))]
        pairs += [("PageToken", token)] if token else []
        path = f"/2010-04-01/Accounts/{account}/Recordings.json"
        return path + "?" + urllib.parse.urlencode(pairs)

    return {
        "recordings": [metadata(account, one) for one in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(0, len(shown) - 1),
        "uri": uri(number, wish.get("PageToken")),
        "first_page_uri": uri(0, None),
        "next_page_uri": uri(number + 1, "PA" + shown[-1].sid) if more else None,
        "previous_page_uri": uri(number - 1, None) if number else None,
    }


def _parse(query: str) -> dict[str, str]:
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    wish = dict(pairs)
    if len(wish) != len(pairs) or wish.keys() - {*FILTERS, *PAGING}:
        raise ValueError("The query has a parameter that is repeated or not known")
    return wish


def _number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"A number from {least} to {most} was expected")
    return int(text)


def _filters(wish: dict[str, str]) -> list[Callable[[Recording], bool]]:
    filters: list[Callable[[Recording], bool]] = []
    if "CallSid" in wish:
        if not is_sid("CA", wish["CallSid"]):
            raise ValueError("The call SID is malformed")
        filters.append(lambda one: one.call_sid == wish["CallSid"])
    if "DateCreated" in wish:
        day = _date(wish["DateCreated"]).date()
        filters.append(lambda one: one.date_created.date() == day)
    if "DateCreated>" in wish:
        earliest = _date(wish["DateCreated>"])
        filters.append(lambda one: one.date_created >= earliest)
    if "DateCreated<" in wish:
        latest = _date(wish["DateCreated<"])
        filters.append(lambda one: one.date_created <= latest)
    return filters


def _date(text: str) -> datetime:
    when = moment(text)
    if when is None:
        raise ValueError("A date is malformed")
    return when


def _after(found: list[Recording], token: str | None, skip: int) -> list[Recording]:
    if token is None:
        return found[skip:]
    for index, one in enumerate(found):
        if "PA" + one.sid == token:
            return found[index + 1 :]
    raise ValueError("The page token is not known")
