"""Every filter of the list: what it finds, what it leaves out, page by page, and what is no value of it."""

from __future__ import annotations

import datetime
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from http_expect import says
from http_given import Given
from stack.api import Api
from stack.calls import token_for

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone.utc)
ME = "dana"


def at(minutes: int) -> datetime.datetime:
    return NOON + datetime.timedelta(minutes=minutes)


def mine(given: Given, business: int) -> Api:
    return Api(given.stack.base_url, token_for(given.stack, business, sub=ME))


def found(api: Api, limit: int = 2, **query: Any) -> list[str]:
    """All that a filter finds, newest first, in pages of two."""
    calls: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(100):
        answer = api.get("/api/calls?" + urllib.parse.urlencode({"limit": limit, **query, **cursor}))
        assert answer.status == 200, answer.body
        calls += [row["call_sid"] for row in answer.json["calls"]]
        if answer.json["next_cursor"] is None:
            return calls
        cursor = {"cursor": answer.json["next_cursor"]}
    raise AssertionError("there is no last page")


def mark(given: Given, table: str, business: int, call: str, subject: str, **more: Any) -> None:
    created = given.row("call_log", call_sid=call)["created_at"]
    row = {"business_id": business, "call_sid": call, "subject": subject, "created_at": created, **more}
    names = ", ".join(row)
    given.db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})",
                     list(row.values()))


# ---- what a call holds itself ----

CALLS: list[dict[str, Any]] = [  # the newest last
    {"direction": "inbound", "status": "completed", "duration": 30, "from_number": "+1",
     "to_number": "+100", "agent_id": "a"},
    {"direction": "inbound", "status": "no-answer", "duration": 0, "from_number": "+2",
     "to_number": "+100", "agent_id": None},
    {"direction": "outbound-api", "status": "busy", "duration": None, "from_number": "+100",
     "to_number": "+1", "agent_id": "b"},
    {"direction": "outbound-dial", "status": "completed", "duration": 600, "from_number": "+200",
     "to_number": "+2", "agent_id": "a"},
    {"direction": "inbound", "status": "busy", "duration": 3, "from_number": "+1",
     "to_number": "+200", "agent_id": "b"},
]


@pytest.mark.parametrize("query, numbers", [
    ({}, [4, 3, 2, 1, 0]),
    ({"from": "2026-11-20T12:02:00Z"}, [4, 3, 2]),             # included
    ({"to": "2026-11-20T12:02:00Z"}, [1, 0]),                  # excluded
    ({"from": "2026-11-20T14:01:00+02:00", "to": "2026-11-20T12:03:00.000001Z"}, [3, 2, 1]),
    ({"from": "2026-11-20"}, [4, 3, 2, 1, 0]),
    ({"from": "2026-11-21"}, []),
    ({"to": "2026-11-20"}, []),
    ({"min_duration": 30}, [3, 0]),
    ({"max_duration": 30}, [4, 1, 0]),
    ({"min_duration": 1, "max_duration": 30}, [4, 0]),
    ({"status": "missed"}, [4, 1]),
    ({"status": "busy"}, [4, 2]),
    ({"direction": "outbound"}, [3, 2]),
    ({"direction": "outbound", "status": "completed"}, [3]),
    ({"agent": "a"}, [3, 0]),
    ({"agent": "A"}, []),
    ({"line": "+100"}, [2, 1, 0]),
    ({"line": "+200"}, [4, 3]),
    ({"party": "+1"}, [4, 2, 0]),
    ({"party": "+1", "line": "+100"}, [2, 0]),
    ({"party": "+1", "agent": "b", "direction": "inbound"}, [4]),
    ({"search": "+1", "line": "+200"}, [4]),
    ({"search": "+200", "status": "missed", "from": "2026-11-20"}, [4]),
    ({"search": "+200", "to": "2026-11-20T12:04:00Z"}, [3]),
])
def test_what_a_call_holds_itself(
    given: Given, new_business: Callable[[], int], query: dict[str, Any], numbers: list[int]
) -> None:
    business = new_business()
    calls = [given.call(business, created_at=at(n), **columns) for n, columns in enumerate(CALLS)]
    given.call(new_business(), created_at=at(0), **CALLS[4])
    assert found(given.api(business), **query) == [calls[n] for n in numbers]
    assert found(given.api(business), 100, **query) == [calls[n] for n in numbers]


# ---- what people added ----


def test_tags_stars_and_listenings_are_those_that_one_sees(
    given: Given, new_business: Callable[[], int]
) -> None:
    business, other = new_business(), new_business()
    calls = [given.call(business, created_at=at(n)) for n in range(6)]
    for n, subject in ((0, ""), (1, ME), (2, "noa"), (0, ME)):
        mark(given, "tapedeck_tags", business, calls[n], subject, tag="חם")
        mark(given, "tapedeck_stars", business, calls[n], subject)
    mark(given, "tapedeck_tags", business, calls[3], "", tag="other")
    mark(given, "tapedeck_tags", other, calls[4], "", tag="חם")
    for n, subject in ((1, ME), (5, ME), (0, "noa")):
        mark(given, "tapedeck_heard", business, calls[n], subject, first_at=NOON, last_at=NOON)
    api = mine(given, business)
    assert found(api, tag="חם") == [calls[1], calls[0]]
    assert found(api, tag="חם", heard="true") == [calls[1]]
    assert found(api, starred="true") == [calls[1], calls[0]]
    assert found(api, starred="false") == calls[:1:-1]
    assert found(api, heard="true") == [calls[5], calls[1]]
    assert found(api, heard="false") == [calls[n] for n in (4, 3, 2, 0)]
    rows = {row["call_sid"]: row for row in api.get("/api/calls").json["calls"]}
    both = [{"tag": "חם", "for": "all"}, {"tag": "חם", "for": "me"}]
    assert [(rows[call]["starred"], rows[call]["tags"], rows[call]["heard"]) for call in calls] == [
        ("me", both, False), ("me", both[1:], True), (None, [], False),
        (None, [{"tag": "other", "for": "all"}], False), (None, [], False), (None, [], True)]
    assert api.get(f"/api/calls/{calls[0]}").json["tags"] == both


# ---- the state of the recording ----


def test_states_of_recordings(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()

    def past(**columns: Any) -> str:
        return given.recorded(business, created_at=NOON, **columns)

    absent, stored, kept, gone, failed, waiting, over = (past() for _ in range(7))
    deleted = past(recording_deleted_at=NOON)
    none = given.call(business, created_at=NOON)
    unheard = given.call(business, created_at=NOON, recording_status="absent")
    child = given.call(business, created_at=NOON, parent_call_sid=stored)
    other = given.call(business, created_at=NOON)
    given.further(business, other)
    given.run(business, stored, status="completed", bytes_received=100, completed_at=NOON)
    given.db.execute("INSERT INTO recording_objects (business_id, call_sid, kind, bytes, sha256, etag,"
                     " modified_ns) VALUES (%s, %s, 'wav', 10, '', '', 0)", [business, kept])
    given.failed_run(business, gone, final=True)
    given.failed_run(business, failed)
    given.run(business, waiting)
    given.db.execute("UPDATE call_log SET recording_expires_at = now() - interval '1 s'"
                     " WHERE call_sid = %s", [over])
    api = given.api(business)
    wanted = {"ready": {stored, kept, child}, "absent": {absent, failed, other},
              "expired": {deleted, over}, "unavailable": {gone, unheard}, "queued_running": {waiting}}
    for state, calls in wanted.items():
        assert set(found(api, recording_status=state)) == calls, state
    assert set(found(api, has_recording="false")) >= {none}


# ---- values ----


@pytest.mark.parametrize("query", [
    "from=yesterday", "from=2026-13-01", "from=2026-11-20T12:00", "to=2026-11-20T12:00:00",
    "to=2026-11-20T25:00:00Z", "from=", "min_duration=-1", "min_duration=1.5", "max_duration=x",
    "max_duration=604801", "recording_status=none", "recording_status=", "agent=", "line=",
    "tag=%ff", "party=" + "7" * 201, "starred=yes", "heard=1", "status=Missed", "search=%ff",
    "agent=a&agent=b",
])
def test_what_is_no_value(given: Given, new_business: Callable[[], int], query: str) -> None:
    says(given.api(new_business()).get("/api/calls?" + query), 400, "bad_parameter")


# ---- many ----


def test_what_is_rare_takes_more_pages_and_is_found(
    given: Given, new_business: Callable[[], int]
) -> None:
    """Three thousand calls of which no index knows the length, and two that are long."""
    business = new_business()
    given.db.execute(
        "INSERT INTO call_log (business_id, call_sid, duration, created_at)"
        " SELECT %s, CASE WHEN n %% 3 = 0 THEN 'own ' || n ELSE 'CA' || md5(%s || '/' || n) END,"
        "   CASE WHEN n IN (1, 2999) THEN 600 ELSE 5 END, %s - n * interval '1 second'"
        " FROM generate_series(1, 3000) n", [business, str(business), NOON])
    api = given.api(business)
    calls = found(api, min_duration=600)
    assert len(calls) == 2 and len(set(found(api, 100, max_duration=599))) == 1998
    assert given.row("call_log", call_sid=calls[0])["created_at"] > \
        given.row("call_log", call_sid=calls[1])["created_at"]
