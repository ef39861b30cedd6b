"""What happened since somebody last asked, for pages that show what comes by itself."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable

import psycopg
import pytest

from http_audit import cleanup  # noqa: F401 (a fixture)
from http_expect import says
from http_given import Given
from stack.api import Api
from stack.calls import new_sid, token_for

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


# ---- what people add, and what a call shows of others ----


def at_rest(given: Given, api: Api, since: str) -> str:
    """A mark behind all that has happened."""
    given.db.execute("SELECT txid_current()")
    _, now = changed(api, since)
    assert changed(api, now)[0] == []
    return now


def test_what_people_add_is_told(given: Given, new_business: Callable[[], int]) -> None:
    """And what they take away: of stars, tags and notes."""
    business = new_business()
    call = given.call(business)
    noa = Api(given.stack.base_url, token_for(given.stack, business, sub="noa"))
    dana = Api(given.stack.base_url, token_for(given.stack, business, sub="dana"))
    note = json.dumps({"text": "here"}).encode()
    path, now = f"/api/calls/{call}", noa.get("/api/calls/changes").json["now"]
    for act in (lambda: dana.put(f"{path}/star?for=all"), lambda: dana.delete(f"{path}/star?for=all"),
                lambda: dana.put(f"{path}/tags/billing"), lambda: dana.delete(f"{path}/tags/billing"),
                lambda: dana.post(f"{path}/notes", note, headers={"Content-Type": "application/json"}),
                lambda: dana.delete(f"{path}/notes/{dana.get(path).json['notes'][0]['id']}")):
        now = at_rest(given, noa, now)
        assert act().status in (200, 201)
        assert changed(noa, now)[0] == [call]


def test_a_leg_tells_of_the_other(given: Given, new_business: Callable[[], int]) -> None:
    """Either shows the other's recordings."""
    business = new_business()
    parent = given.recorded(business, created_at=NOON)
    child = given.call(business, created_at=NOON - datetime.timedelta(1), parent_call_sid=parent)
    given.call(business)
    api = given.api(business)
    now = at_rest(given, api, api.get("/api/calls/changes").json["now"])
    given.run(business, parent)
    assert changed(api, now)[0] == [parent, child]
    now = at_rest(given, api, now)
    given.further(business, child, parent_call_sid=parent)
    assert changed(api, now)[0] == [parent, child]


def test_each_recording_tells_of_its_calls(given: Given, new_business: Callable[[], int]) -> None:
    """A further one's runs bear its own name, and a conference's recording belongs to no call alone."""
    business = new_business()
    first, second = given.call(business, created_at=NOON), given.call(business)
    api = given.api(business)
    further = given.further(business, first)
    now = at_rest(given, api, api.get("/api/calls/changes").json["now"])
    given.run(business, further)
    assert changed(api, now)[0] == [first]
    conference = new_sid("CF")
    for call in (first, second):
        given.db.execute("INSERT INTO tapedeck_conference_calls VALUES (%s, %s)", [conference, call])
    now = at_rest(given, api, now)
    given.further(business, conference_sid=conference)
    assert changed(api, now)[0] == [second, first]
