"""A conference's recordings belong to each call that took part, in whatever order it is told."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from speech.fake import FakeSpeech
from stack.calls import Call, new_call, new_sid
from stack.stack import Stack

from conference_kit import announce, joins, shown
from jobs_kit import Db, insert_call, unrecorded_call, value_of

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]


def recorded(call: Call, conference: str) -> Call:
    """What the fake provider has of a conference; `call` lends its stack and account."""
    added = call.stack.twilio.add_recording(seconds=3, seed=9, call_sid=new_sid("CA"))
    return replace(call, recording_sid=added.sid, recording=added)


@pytest.fixture
def legs(stack: Stack, new_business: NewBusiness) -> list[Call]:
    business = new_business()
    return [new_call(stack, business, recorded=False) for _ in range(3)]


def test_it_is_found_from_each_leg_and_plays(legs: list[Call], drain: Drain) -> None:
    sid = new_sid("CF")
    conference = recorded(legs[0], sid)
    for leg in legs:
        joins(leg, sid)
    announce(conference, sid)
    drain()
    for leg in legs:
        assert shown(leg) == [(conference.recording_sid, "conference")]
        assert leg.api.get("/api/calls").json["calls"][0]["recordings"] == 1
        for name in (leg.call_sid, conference.recording_sid):
            answer = leg.api.get(f"/api/recordings/file/{name}")
            assert (answer.status, answer.body) == (200, conference.source()), name


@pytest.mark.parametrize("order", itertools.permutations(["recording", "a", "b", "status"]),
                         ids="-".join)
def test_all_orders_end_alike(
    order: tuple[str, ...], stack: Stack, new_business: NewBusiness, db: Db
) -> None:
    """Each event twice: a provider may repeat itself."""
    business, sid = new_business(), new_sid("CF")
    first, second = (new_call(stack, business, recorded=False, announced=False) for _ in range(2))
    conference = recorded(first, sid)
    events: dict[str, Callable[[], object]] = {
        "recording": lambda: announce(conference, sid), "a": lambda: joins(first, sid),
        "b": lambda: joins(second, sid), "status": first.send_call_status}
    for event in order:
        events[event]()
        events[event]()
    assert shown(first) == [(conference.recording_sid, "conference")]
    assert value_of(db, "SELECT count(*) FROM recording_runs WHERE business_id = %s AND call_sid = %s",
                    business, conference.recording_sid) == 1
    assert value_of(db, "SELECT count(*) FROM recording_inbox WHERE matched_at IS NULL"
                    " AND recording_sid = %s", conference.recording_sid) == 0
    assert sorted(row[0] for row in db.execute(
        "SELECT call_sid FROM tapedeck_conference_calls WHERE conference_sid = %s", [sid])) \
        == sorted([first.call_sid, second.call_sid])
    row = db.execute(
        "SELECT business_id, name, call_sid, conference_sid, recording_status, recording_duration,"
        " source, track, recording_url LIKE '%%/' || recording_sid, announced_at IS NOT NULL"
        " FROM tapedeck_recordings WHERE recording_sid = %s", [conference.recording_sid])
    assert row.fetchall() == [(business, conference.recording_sid, None, sid, "completed", 3,
                               "Conference", "both", True, True)]
    assert second.send_call_status().status == 204, "and whenever the other call comes"
    assert shown(second) == shown(first)


def ended(db: Db, call: Call) -> dict[str, object]:
    """When each step of the call itself was done."""
    return dict(db.execute("SELECT step, completed_at FROM call_steps WHERE call_sid = %s"
                           " AND status = 'done'", [call.call_sid]).fetchall())


@pytest.mark.parametrize("late", ["join", "status"])
def test_who_comes_after_the_transcript_is_told_of_once(
    stack: Stack, new_business: NewBusiness, drain: Drain, db: Db, late: str
) -> None:
    """A leg's event may come when its conference's recording has had all its steps."""
    business, sid = new_business(), new_sid("CF")
    there = new_call(stack, business, recorded=False)
    leg = new_call(stack, business, recorded=False, announced=late == "join")
    conference = recorded(there, sid)
    joins(there, sid)
    if late == "status":
        joins(leg, sid)
    announce(conference, sid)
    with FakeSpeech() as fake:
        drain(**fake.settings)
        before = ended(db, there)
        assert before.keys() == {"summarise", "notify"} and not ended(db, leg)
        joins(leg, sid)
        assert leg.send_call_status().status == 204
        drain(**fake.settings)
        after = ended(db, leg)
        assert after.keys() == {"summarise", "notify"}
        joins(leg, sid)
        assert leg.send_call_status().status == 204
        drain(**fake.settings)
    assert (ended(db, leg), ended(db, there)) == (after, before), "and not again"


def test_it_goes_with_the_last_of_its_calls(legs: list[Call], drain: Drain, db: Db) -> None:
    """Row and file, and who took part; until then those that are left have it."""
    sid, other = new_sid("CF"), new_sid("CF")
    conference, kept = recorded(legs[0], sid), recorded(legs[0], other)
    for leg in legs:
        joins(leg, sid)
    joins(legs[0], other)
    elsewhere = new_call(legs[0].stack, legs[0].business, recorded=False)
    joins(elsewhere, other)
    announce(conference, sid)
    announce(kept, other)
    drain()
    folder = legs[0].stack.recordings_dir / str(legs[0].business)
    files = [folder / f"{one.recording_sid}.wav" for one in (conference, kept)]
    assert all(file.exists() for file in files)
    db.execute("DELETE FROM call_log WHERE call_sid = %s", [legs[0].call_sid])
    assert shown(legs[1]) == [(conference.recording_sid, "conference")]
    db.execute("DELETE FROM call_log WHERE call_sid = ANY (%s)",
               [[leg.call_sid for leg in legs[1:]]])
    for table in ("tapedeck_recordings", "tapedeck_conference_calls"):
        assert value_of(db, f"SELECT count(*) FROM {table} WHERE conference_sid = %s", sid) == 0
    api = legs[0].api
    assert api.get(f"/api/recordings/file/{conference.recording_sid}").status == 404
    assert legs[0].stack.run("cleanup").returncode == 0
    assert [file.exists() for file in files] == [False, True]
    assert shown(elsewhere) == [(kept.recording_sid, "conference")]


def test_a_crm_may_say_who_took_part(legs: list[Call], stack: Stack, db: Db) -> None:
    sid = new_sid("CF")
    conference = recorded(legs[0], sid)
    announce(conference, sid)
    assert shown(legs[1]) == []
    db.execute("INSERT INTO tapedeck_conference_calls (conference_sid, call_sid) VALUES (%s, %s)",
               [sid, legs[1].call_sid])
    assert stack.run("cleanup").returncode == 0
    assert shown(legs[1]) == [(conference.recording_sid, "conference")]
    assert shown(legs[0]) == []


def test_of_two_businesses_it_is_nobodys(
    stack: Stack, new_business: NewBusiness, db: Db
) -> None:
    """Never a guess: it waits until somebody says so."""
    ours, theirs = (new_call(stack, new_business(), recorded=False) for _ in range(2))
    sid = new_sid("CF")
    conference = recorded(ours, sid)
    joins(ours, sid)
    joins(theirs, sid)
    announce(conference, sid)
    assert shown(ours) == shown(theirs) == []
    assert value_of(db, "SELECT count(*) FROM recording_inbox WHERE recording_sid = %s"
                    " AND matched_at IS NULL", conference.recording_sid) == 1
    db.execute("DELETE FROM tapedeck_conference_calls WHERE call_sid = %s", [theirs.call_sid])
    assert stack.run("cleanup").returncode == 0
    assert shown(ours) == [(conference.recording_sid, "conference")]
    assert shown(theirs) == []


@pytest.mark.parametrize("late", ["joins", "is written", "moves"])
def test_of_two_businesses_it_is_nobodys_however_late(
    late: str, stack: Stack, new_business: NewBusiness, db: Db, drain: Drain
) -> None:
    """It was fetched for one of them, and stops playing there."""
    ours = new_call(stack, new_business(), recorded=False)
    theirs = unrecorded_call(stack, new_business())
    sid = new_sid("CF")
    conference = recorded(ours, sid)
    joins(ours, sid)
    announce(conference, sid)
    drain()
    path = f"/api/recordings/{conference.recording_sid}/status"
    assert ours.api.get(path).json["status"] == "ready"
    if late == "moves":
        other = new_call(stack, ours.business, recorded=False)
        joins(other, sid)
        db.execute("UPDATE call_log SET business_id = %s WHERE call_sid = %s",
                   [theirs.business, other.call_sid])
    else:
        for step in (insert_call, joins) if late == "joins" else (joins, insert_call):
            step(db, theirs) if step is insert_call else joins(theirs, sid)
    assert shown(ours) == []
    assert ours.api.get(path).status == 404
    assert value_of(db, "SELECT count(*) FROM recording_inbox WHERE recording_sid = %s"
                    " AND matched_at IS NULL", conference.recording_sid) == 1
    assert stack.run("cleanup").returncode == 0
    assert not list(stack.recordings_dir.rglob(f"{conference.recording_sid}*"))
    db.execute("DELETE FROM tapedeck_conference_calls WHERE call_sid <> %s", [ours.call_sid])
    assert stack.run("cleanup").returncode == 0
    drain()
    assert shown(ours) == [(conference.recording_sid, "conference")]
    assert ours.api.get(path).json["status"] == "ready"


def test_a_conference_moves_with_its_calls(
    stack: Stack, new_business: NewBusiness, db: Db, drain: Drain
) -> None:
    call, other = new_call(stack, new_business(), recorded=False), new_business()
    sid = new_sid("CF")
    conference = recorded(call, sid)
    joins(call, sid)
    announce(conference, sid)
    drain()
    db.execute("UPDATE call_log SET business_id = %s WHERE call_sid = %s", [other, call.call_sid])
    assert call.api.get(f"/api/recordings/{conference.recording_sid}/status").status == 404
    assert value_of(db, "SELECT business_id FROM tapedeck_recordings WHERE recording_sid = %s",
                    conference.recording_sid) == other


@pytest.mark.parametrize("changes", [{"ConferenceSid": "CF1"}, {"ConferenceSid": None},
                                     {"CallSid": "CA1", "ConferenceSid": "CF" + "0" * 32}])
def test_what_names_neither_waits(
    legs: list[Call], db: Db, changes: dict[str, str | None]
) -> None:
    conference = recorded(legs[0], "")
    wrong = {"CallSid": None, **changes}
    assert conference.send_recording_status(**wrong).status == 204
    assert value_of(db, "SELECT count(*) FROM tapedeck_unused_callbacks WHERE recording_sid = %s",
                    conference.recording_sid) == 1


def test_reconcile_finds_what_nobody_announced(legs: list[Call], stack: Stack, drain: Drain) -> None:
    sid = new_sid("CF")
    added = stack.twilio.add_recording(seconds=3, seed=9, conference_sid=sid)
    joins(legs[0], sid)
    done = stack.run("reconcile")
    assert done.returncode == 0, done.stderr
    drain()
    assert shown(legs[0]) == [(added.sid, "conference")]
    answer = legs[0].api.get(f"/api/recordings/file/{added.sid}")
    assert (answer.status, answer.body) == (200, stack.twilio.source(added.sid, "wav2"))
