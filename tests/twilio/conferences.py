"""A conference as the fake knows it, and Twilio's JSON of it and of who is in it."""

from __future__ import annotations

import email.utils
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .recordings import is_sid, new_sid

STATUSES = ("init", "in-progress", "completed")
FIELDS = ("sid", "status", "calls", "ended_by")


class BadConference(ValueError):
    """A conference that cannot be made as asked: the test that asked for it is wrong."""


@dataclass
class Conference:
    """One conference; once it is completed, Twilio tells nobody any more who was in it."""

    sid: str
    status: str
    calls: list[str]
    ended_by: str | None
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))


def conference_from(wish: Any) -> Conference:
    """A conference from a control request's JSON; a field it does not know is a mistake."""
    if not isinstance(wish, dict) or wish.keys() - set(FIELDS):
        raise BadConference(f"a conference has only {', '.join(FIELDS)}")
    made = Conference(wish.get("sid") or new_sid("CF"), wish.get("status") or "in-progress",
                      wish.get("calls") or [], wish.get("ended_by"))
    if not is_sid("CF", made.sid) or made.status not in STATUSES:
        raise BadConference(f"no conference is {made.sid!r}, {made.status!r}")
    if not isinstance(made.calls, list) or not all(is_sid("CA", call) for call in made.calls):
        raise BadConference("calls is a list of call SIDs")
    if made.ended_by is not None and (made.status != "completed" or not is_sid("CA", made.ended_by)):
        raise BadConference("a call ends only a conference that is completed")
    return made


def metadata(account: str, one: Conference) -> dict[str, Any]:
    """The conference, with the fields of Twilio's resource."""
    path, when = _path(account, one), email.utils.format_datetime(one.created)
    over = one.status == "completed"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "call_sid_ending_conference": one.ended_by,
        "date_created": when,
        "date_updated": when,
        "friendly_name": "room",
        "reason_conference_ended": "last-participant-left" if over else None,
        "region": "us1",
        "sid": one.sid,
        "status": one.status,
        "subresource_uris": {"participants": f"{path}/Participants.json",
                             "recordings": f"{path}/Recordings.json"},
        "uri": f"{path}.json",
    }


def participants(account: str, one: Conference, query: str) -> dict[str, Any]:
    """A page of who is in it now. ValueError when the query asks for what Twilio has not."""
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    wish = dict(pairs)
    if len(wish) != len(pairs) or wish.keys() - {"PageSize", "Page"}:
        raise ValueError("The query has a parameter that is repeated or not known")
    size, number = _number(wish.get("PageSize", "50"), 1, 1000), _number(wish.get("Page", "0"), 0, 99)
    there = [] if one.status == "completed" else one.calls
    start = number * size
    shown, more = there[start:start + size], len(there) > start + size
    path = f"{_path(account, one)}/Participants.json?PageSize={size}&Page="
    return {
        "participants": [_participant(account, one, call) for call in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(0, len(shown) - 1),
        "uri": f"{path}{number}",
        "first_page_uri": f"{path}0",
        "next_page_uri": f"{path}{number + 1}" if more else None,
        "previous_page_uri": f"{path}{number - 1}" if number else None,
    }


def _participant(account: str, one: Conference, call: str) -> dict[str, Any]:
    when = email.utils.format_datetime(one.created)
    return {
        "account_sid": account,
        "call_sid": call,
        "call_sid_to_coach": None,
        "coaching": False,
        "conference_sid": one.sid,
        "date_created": when,
        "date_updated": when,
        "end_conference_on_exit": False,
        "hold": False,
        "label": None,
        "muted": False,
        "queue_time": "0",
        "start_conference_on_enter": True,
        "status": "connected",
        "uri": f"{_path(account, one)}/Participants/{call}.json",
    }


def _path(account: str, one: Conference) -> str:
    return f"/2010-04-01/Accounts/{account}/Conferences/{one.sid}"


def _number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"A number from {least} to {most} was expected")
    return int(text)
