"""The list of calls: what a row says, the order, the pages, the filters, and whose they are."""

from __future__ import annotations

import datetime
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from http_expect import brief, head_agrees, says
from http_given import Given
from stack.api import Api
from stack.calls import new_sid

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone.utc)
LATER = datetime.datetime(2100, 1, 1, 12, 0, tzinfo=datetime.timezone.utc)
MOST_PAGES = 300
FIELDS = {
    "call_sid", "parent_call_sid", "direction", "from_number", "to_number", "status", "duration",
    "created_at", "has_recording", "recording_status", "recording_state", "has_transcript",
    "speakers", "summary", "expires_at", "recordings", "recordings_duration", "agent_id",
    "agent_name", "contact_name", "line", "party", "talk", "starred", "tags", "heard",
}


def listed(api: Api, **query: Any) -> list[dict[str, Any]]:
    """All pages of the list, one after the other."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        answer = api.get("/api/calls?" + urllib.parse.urlencode({**query, **cursor}))
        assert answer.status == 200, answer.body
        body = answer.json
        assert body.keys() == {"calls", "next_cursor"}
        assert len(body["calls"]) <= int(query.get("limit", 50))
        rows += body["calls"]
        if body["next_cursor"] is None:
            return rows
        cursor = {"cursor": body["next_cursor"]}
    raise AssertionError("the list has no end")


def sids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["call_sid"] for row in rows]


# ---- what a CRM wrote ----


def test_whatever_a_crm_wrote_the_list_is_there(
    given: Given, new_business: Callable[[], int]
) -> None:
    """Three summaries of four megabytes were more than an answer holds."""
    business = new_business()
    calls = [given.call(business, ai_summary=f"{n} " + "שלום " * 800_000, to_number="7" * 100_000,
                        final_transcript="\1" * 4_000_000) for n in range(3)]
    api = given.api(business)
    rows = listed(api)
    assert sids(rows) == calls[::-1]
    assert [row["summary"][:2] for row in rows] == ["2 ", "1 ", "0 "]
    assert all(len(row["summary"]) <= 4000 and len(row["to_number"]) <= 200 for row in rows)
    answer = api.get(f"/api/calls/{calls[0]}")
    assert answer.status == 200 and len(answer.json["summary"]) == 100_000


# ---- a row ----


def test_a_row_says_all_that_is_known(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    parent = given.recorded(business, created_at=NOON)
    call = given.call(
        business, parent_call_sid=parent, direction="outbound-dial", from_number="+972501234567",
        to_number="client:דנה", status="no-answer", duration=0, created_at=NOON,
        final_transcript="שלום", ai_summary="ביקשה \"הצעת מחיר\"",
    )
    given.db.execute("UPDATE call_log SET recording_expires_at = %s WHERE call_sid = %s",
                     [LATER, parent])
    row = next(row for row in listed(given.api(business)) if row["call_sid"] == call)
    assert row == {
        "call_sid": call, "parent_call_sid": parent, "direction": "outbound-dial",
        "from_number": "+972501234567", "to_number": "client:דנה", "status": "no-answer",
        "duration": 0, "created_at": row["created_at"], "has_recording": True,
        "recording_status": "absent", "recording_state": "not_fetched",
        "has_transcript": True, "summary": "ביקשה \"הצעת מחיר\"",
        "expires_at": row["expires_at"], "speakers": ["customer", "agent"],
        "recordings": 1, "recordings_duration": 0, "agent_id": None, "agent_name": None,
        "contact_name": None, "line": "+972501234567", "party": "client:דנה", "talk": None,
        "starred": None, "tags": [], "heard": False,
    }
    for name, time in (("created_at", NOON), ("expires_at", LATER)):
        assert row[name].endswith("+00:00") and "T" in row[name]
        assert datetime.datetime.fromisoformat(row[name]) == time


def test_what_is_not_known_is_null(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    given.call(business, direction=None, from_number=None, to_number=None, status=None,
               duration=None)
    row = listed(given.api(business))[0]
    assert row.keys() == FIELDS
    unknown = FIELDS - {"call_sid", "created_at", "has_recording", "recording_status",
                        "recording_state", "has_transcript", "speakers", "recordings",
                        "recordings_duration", "tags", "heard"}
    assert {row[name] for name in unknown} == {None}
    assert (row["has_recording"], row["has_transcript"]) == (False, False)
    assert row["recording_status"] == row["recording_state"] == "none"
    assert row["speakers"] == ["agent", "customer"], "no inbound call, as far as is known"


def test_an_empty_list(given: Given, new_business: Callable[[], int]) -> None:
    answer = given.api(new_business()).get("/api/calls")
    assert (answer.status, answer.json) == (200, {"calls": [], "next_cursor": None})
    assert answer.headers["Cache-Control"] == "no-store"


def test_hebrew_is_written_as_it_is(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    given.call(business, ai_summary="תלונה")
    answer = given.api(business).get("/api/calls")
    assert "תלונה".encode() in answer.body
    head_agrees(given.api(business).head("/api/calls"), answer)


# ---- pages ----


def many(given: Given, business: int, count: int, same: int) -> list[str]:
    """Calls at one-second steps, `same` at each; as the list must give them."""
    made = [(NOON - datetime.timedelta(seconds=n // same), new_sid("CA")) for n in range(count)]
    for created, sid in made[::2] + made[1::2]:
        given.call(business, call_sid=sid, created_at=created)
    return [sid for _, sid in sorted(made, reverse=True)]


@pytest.mark.parametrize("count, same, limit", [
    (7, 1, 1), (7, 7, 2), (12, 3, 5), (12, 3, 3), (12, 1, 12), (12, 12, 100), (0, 1, 1),
])
def test_pages_lose_nothing_and_repeat_nothing(
    given: Given, new_business: Callable[[], int], count: int, same: int, limit: int
) -> None:
    business = new_business()
    wanted = many(given, business, count, same)
    assert sids(listed(given.api(business), limit=limit)) == wanted


def test_a_page_is_fifty_unless_told(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    wanted = many(given, business, 101, 10)
    api = given.api(business)
    assert len(api.get("/api/calls").json["calls"]) == 50
    first = api.get("/api/calls?limit=100").json
    assert sids(first["calls"]) == wanted[:100] and first["next_cursor"]


def test_times_finer_than_a_millisecond_page_well(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    wanted = [given.call(business, created_at=NOON - datetime.timedelta(microseconds=n))
              for n in range(5)]
    assert sids(listed(given.api(business), limit=1)) == wanted


def test_a_new_call_moves_no_page(given: Given, new_business: Callable[[], int]) -> None:
    """By keyset: what comes while somebody leafs through does not push rows onto the next page."""
    business = new_business()
    wanted, api = many(given, business, 6, 2), given.api(business)
    first = api.get("/api/calls?limit=3").json
    given.call(business, created_at=NOON + datetime.timedelta(hours=1))
    second = api.get(f"/api/calls?limit=3&cursor={first['next_cursor']}").json
    assert sids(first["calls"] + second["calls"]) == wanted


@pytest.mark.parametrize("odd", [None, "", "manual-17", "CA" + "g" * 32, "../../etc/passwd"])
def test_a_crms_own_calls_do_not_end_the_list(
    given: Given, new_business: Callable[[], int], odd: str | None
) -> None:
    """A CRM's call_log may hold calls that never were Twilio's: all others are listed still."""
    business = new_business()
    wanted = many(given, business, 6, 1)
    for minutes in (-1, 0, 1):
        given.call(business, call_sid=odd,
                   created_at=NOON - datetime.timedelta(seconds=2.5 + minutes / 60))
    for limit in (1, 2, 3, 4, 50):
        found = sids(listed(given.api(business), limit=limit))
        assert [sid for sid in found if sid in wanted] == wanted


# ---- what is refused ----


@pytest.mark.parametrize("query", [
    "limit=0", "limit=101", "limit=-1", "limit=", "limit=x", "limit=1.5", "limit=1e1",
    "limit=+5", "limit=%205", "limit=99999999999999999999", "limit", "limit=5&limit=5",
    "limit=5&limi%74=6", "page=2", "Limit=5", "limit[]=5", "=5", "offset=0", "search=a&search=a",
    "search=%00", "search=%ff", "search=%C3%28", "search=%zz", "search=%2", "search=" + "x" * 201,
    "direction=", "direction=up", "direction=INBOUND", "status=", "status=done",
    "has_recording=", "has_recording=1", "has_recording=TRUE", "cursor=", "cursor=x",
    "cursor=1", "cursor=1-", "cursor=-CA" + "0" * 32, "cursor=1-CA" + "g" * 32,
    "cursor=1-CA" + "0" * 33, "cursor=x-CA" + "0" * 32, "cursor=-5-CA" + "0" * 32,
    "cursor=99999999999999999999-CA" + "0" * 32, "cursor=1-RE" + "0" * 32,
    "cursor=1'--CA" + "0" * 32, "cursor=" + "1" * 300,
], ids=brief)
def test_bad_parameters(api: Api, query: str) -> None:
    says(api.get(f"/api/calls?{query}"), 400, "bad_parameter")


@pytest.mark.parametrize("query", [
    "", "limit=1", "limit=100", "search=", "search=" + "x" * 200, "&&limit=5&", "search=%D7%A9",
    "cursor=0-CA" + "0" * 32, f"cursor={(1 << 62) - 1}-CA" + "F" * 32,
    "limit=5&search=a&direction=outbound&status=busy&has_recording=false",
], ids=brief)
def test_good_parameters(api: Api, query: str) -> None:
    assert api.get(f"/api/calls?{query}").status == 200


# ---- filters ----


def test_filters(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    parent = given.recorded(business, direction="inbound", status="completed")
    rows = {
        "in": given.call(business, direction="inbound", status="completed"),
        "api": given.call(business, direction="outbound-api", status="busy"),
        "dial": given.recorded(business, direction="outbound-dial", status="completed"),
        "child": given.call(business, direction="outbound", parent_call_sid=parent,
                            status="in-progress"),
        "empty": given.call(business, recording_url="", status="ringing"),
        "parent": parent,
    }
    cases: list[tuple[dict[str, str], set[str]]] = [
        ({"direction": "inbound"}, {"in", "empty", "parent"}),
        ({"direction": "outbound"}, {"api", "dial", "child"}),
        ({"direction": "outbound-api"}, {"api"}),
        ({"direction": "outbound-dial"}, {"dial"}),
        ({"status": "completed"}, {"in", "dial", "parent"}),
        ({"status": "no-answer"}, set()),
        ({"has_recording": "true"}, {"dial", "child", "parent"}),
        ({"has_recording": "false"}, {"in", "api", "empty"}),
        ({"has_recording": "true", "direction": "outbound", "status": "completed"}, {"dial"}),
    ]
    for query, wanted in cases:
        for limit in (1, 50):
            found = listed(given.api(business), limit=limit, **query)
            assert set(sids(found)) == {rows[name] for name in wanted}, query
            assert len(found) == len(wanted)


SEARCHED: dict[str, dict[str, str]] = {
    "from": {"from_number": "+972541112222", "to_number": "+1"},
    "to": {"from_number": "+1", "to_number": "+972541113333"},
    "transcript": {"final_transcript": "הלקוח ביקש החזר כספי מלא", "to_number": "anonymous"},
    "summary": {"ai_summary": "Wants a 100% refund", "to_number": "sip:a_b@example.com"},
    "backslash": {"ai_summary": "C:\\temp"},
    "plain": {"ai_summary": "Wants a 1000 refund", "to_number": "sip:axb@example.com"},
}


@pytest.mark.parametrize("search, wanted", [
    ("97254111", {"from", "to"}), ("+972541112222", {"from"}), ("3333", {"to"}),
    ("החזר כספי", {"transcript"}), ("REFUND", {"summary", "plain"}), ("100%", {"summary"}),
    ("a_b", {"summary"}), ("a%b", set()), ("%", {"summary"}), ("_", {"summary"}),
    ("\\", {"backslash"}), (":\\t", {"backslash"}), ("'; DROP TABLE call_log; --", set()),
    ("nowhere", set()), ("", set(SEARCHED)),
])
def test_search(given: Given, new_business: Callable[[], int], search: str,
                wanted: set[str]) -> None:
    business = new_business()
    rows = {name: given.call(business, **{"from_number": "+1", "to_number": "+1", **columns})
            for name, columns in SEARCHED.items()}
    found = sids(listed(given.api(business), limit=2, search=search))
    assert set(found) == {rows[name] for name in wanted} and len(found) == len(wanted)


def test_other_businesses_calls_are_not_there(
    given: Given, new_business: Callable[[], int]
) -> None:
    ours, theirs = new_business(), new_business()
    own = given.recorded(ours, ai_summary="secret", created_at=NOON + datetime.timedelta(hours=1))
    foreign = given.recorded(theirs, ai_summary="secret", created_at=NOON)
    for name, value in (("limit", "100"), ("search", "secret"), ("has_recording", "true")):
        assert sids(listed(given.api(ours), **{name: value})) == [own]
    # A cursor of theirs is no key to theirs.
    micros = int(NOON.timestamp() * 10**6) + 1
    answer = given.api(ours).get(f"/api/calls?cursor={micros}-{foreign}")
    assert answer.json["calls"] == []
