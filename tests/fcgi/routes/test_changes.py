"""What happened since somebody last asked, for pages that show what comes by itself."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import psycopg
import pytest

from http_audit import cleanup  # noqa: F401 (a fixture)
from http_expect import says
from http_given import Given
from stack.api import Api

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone.utc)


def changed(api: Api, since: str) -> tuple[list[str], str]:
    answer = api.get("/api/calls/changes?since=" + since).json
    assert answer["more"] is False
    return [row["call_sid"] for row in answer["calls"]], answer["now"]


def test_what_changed_is_told(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    old = given.recorded(business, created_at=NOON)
    api = given.api(business)
    first = api.get("/api/calls/changes").json
    assert (first["calls"], first["more"]) == ([], False)
    given.db.execute("SELECT txid_current()")
    _, now = changed(api, first["now"])
    assert changed(api, now)[0] == []
    new = given.call(business)
    given.call(new_business())
    assert changed(api, now)[0] == [new]
    run = given.run(business, old)
    assert changed(api, now)[0] == [new, old]
    _, now = changed(api, now)
    given.db.execute("UPDATE recording_runs SET bytes_received = 5 WHERE id = %s", [run])
    for table, column in (("recording_runs", "status = 'cancelled', completed_at = now()"),
                          ("call_log", "ai_summary = 'new'")):
        given.db.execute("SELECT txid_current()")
        _, now = changed(api, now)
        assert changed(api, now)[0] == []
        given.db.execute(f"UPDATE {table} SET {column} WHERE call_sid = %s", [old])
        assert changed(api, now)[0] == [old]
    given.further(business, old)
    assert changed(api, now)[0] == [old]


def test_what_was_committed_later_is_not_lost(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    api = given.api(business)
    with psycopg.connect(given.stack.database_url) as slow:
        slow.execute("INSERT INTO call_log (business_id, call_sid) VALUES (%s, %s)",
                     [business, "CA" + "1" * 32])
        quick = given.call(business)
        calls, now = changed(api, api.get("/api/calls/changes").json["now"])
        slow.commit()
    assert "CA" + "1" * 32 in changed(api, now)[0] and quick in calls


def test_too_much_and_too_long_ago_say_so(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    api = given.api(business)
    now = api.get("/api/calls/changes").json["now"]
    xid, _, at = now.partition("-")
    assert api.get(f"/api/calls/changes?since={xid}-{int(at) - 4000}").json["more"] is True
    assert api.get(f"/api/calls/changes?since={int(xid) + 10**9}-{at}").json["more"] is True
    for _ in range(101):
        given.call(business)
    answer = api.get("/api/calls/changes?since=" + now).json
    assert answer["more"] is True and len(answer["calls"]) == 100


def test_old_changes_are_forgotten(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None]  # noqa: F811
) -> None:
    business = new_business()
    given.db.execute("INSERT INTO tapedeck_changes VALUES (%s, 1, 'old', now() - interval '61 min'),"
                     " (%s, 1, 'new', now() - interval '50 min')", [business, business])
    cleanup()
    assert [row["call_sid"] for row in given.rows("tapedeck_changes", business_id=business)] == ["new"]


@pytest.mark.parametrize("since", ["", "1", "1-", "-1", "a-1", "1-1-1", "99999999999999999999-1"])
def test_marks_that_are_none(given: Given, new_business: Callable[[], int], since: str) -> None:
    says(given.api(new_business()).get("/api/calls/changes?since=" + since), 400, "bad_parameter")
