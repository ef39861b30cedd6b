"""`tapedeck reconcile` asks who took part in a conference, where nobody told us; never for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stack.calls import new_call, new_sid
from stack.stack import Stack
from twilio.client import Control, fault

from conference_kit import joins, shown
from jobs_kit import Db, value_of
from reconcile_kit import (  # noqa: F401 (fixtures)
    Command,
    NewBusiness,
    empty_shelf,
    fails,
    reconcile,
)


@pytest.fixture(autouse=True)
def nothing_is_due(db: Db) -> None:
    """No conference of an earlier test is asked about."""
    db.execute("DELETE FROM tapedeck_unknown_conferences")


def unknown(stack: Stack, **recording: Any) -> tuple[str, str]:
    """A conference's recording at the provider, that nobody told us of: both SIDs."""
    sid = new_sid("CF")
    return sid, stack.twilio.add_recording(seconds=1, conference_sid=sid, **recording).sid


def asks(twilio: Control, sid: str) -> list[str]:
    return [entry["format"] for entry in twilio.stats().entries(sid)]


def make_due(db: Db, sid: str) -> None:
    db.execute("UPDATE tapedeck_unknown_conferences SET ask_at = now() WHERE conference_sid = %s",
               [sid])


def waits_for(db: Db, sid: str) -> int | None:
    """In how many minutes it is asked about again."""
    minutes: int | None = value_of(
        db, "SELECT round(extract(epoch FROM ask_at - now()) / 60)::int"
        " FROM tapedeck_unknown_conferences WHERE conference_sid = %s", sid)
    return minutes


def test_who_is_in_it_is_asked(
    stack: Stack, new_business: NewBusiness, twilio: Control, db: Db,
    reconcile: Callable[..., str], drain: Command,
) -> None:
    """It goes on while the provider is asked; and it belongs to all who are in it."""
    business = new_business()
    legs = [new_call(stack, business, recorded=False) for _ in range(2)]
    sid, recording = unknown(stack)
    twilio.put_conference(sid, calls=[leg.call_sid for leg in legs] + [new_sid("CA")])
    reconcile()
    assert asks(twilio, sid) == ["conference", "participants"]
    drain()
    for leg in legs:
        assert shown(leg) == [(recording, "conference")]
        answer = leg.api.get(f"/api/recordings/file/{recording}")
        assert (answer.status, answer.body) == (200, twilio.source(recording, "wav2"))
    reconcile()
    assert len(asks(twilio, sid)) == 2
    assert db.execute("SELECT FROM tapedeck_unknown_conferences").fetchone() is None


def test_of_one_that_is_over_the_call_that_ended_it_is_known(
    stack: Stack, new_business: NewBusiness, twilio: Control, db: Db, reconcile: Callable[..., str]
) -> None:
    """All that Twilio tells of it by then; and it is not asked again, whatever it said."""
    leg = new_call(stack, new_business(), recorded=False)
    sid, recording = unknown(stack)
    silent, lost = unknown(stack)
    twilio.put_conference(sid, status="completed", calls=[leg.call_sid], ended_by=leg.call_sid)
    twilio.put_conference(silent, status="completed")
    reconcile()
    assert shown(leg) == [(recording, "conference")]
    assert asks(twilio, sid) == asks(twilio, silent) == ["conference"]
    assert waits_for(db, silent) is None
    reconcile()
    assert asks(twilio, silent) == ["conference"]
    assert value_of(db, "SELECT unknown FROM tapedeck_recordings_without_call"
                    " WHERE recording_sid = %s", lost) == "conference"


def test_it_is_not_asked_for_ever(
    stack: Stack, twilio: Control, db: Db, reconcile: Callable[..., str]
) -> None:
    """Each time twice as long, and after 30 days not any more."""
    empty, _ = unknown(stack)
    missing, _ = unknown(stack)
    twilio.put_conference(empty, status="init")
    for n, minutes in enumerate((15, 30, 60), 1):
        reconcile()
        assert (waits_for(db, empty), waits_for(db, missing)) == (minutes, minutes)
        reconcile()
        assert asks(twilio, empty) == ["conference", "participants"] * n
        assert asks(twilio, missing) == ["conference"] * n
        make_due(db, empty)
        make_due(db, missing)
    db.execute("UPDATE tapedeck_unknown_conferences SET noted_at = now() - interval '31 days'")
    reconcile()
    assert len(asks(twilio, empty)) == 6
    assert db.execute("SELECT FROM tapedeck_unknown_conferences").fetchone() is None


def test_so_many_are_asked_about_and_no_more(
    stack: Stack, twilio: Control, db: Db, reconcile: Callable[..., str]
) -> None:
    sids = [new_sid("CF") for _ in range(130)]
    for sid in sids:
        db.execute("INSERT INTO tapedeck_unknown_conferences (conference_sid, account_sid)"
                   " VALUES (%s, %s)", [sid, stack.account_sid])
    for n in (100, 130):
        reconcile()
        assert twilio.stats().total.by_format["conference"] == n


def test_what_two_businesses_took_part_in_is_nobodys(
    stack: Stack, new_business: NewBusiness, twilio: Control, db: Db, reconcile: Callable[..., str],
    run_tapedeck: Command,
) -> None:
    """The calls that the provider names decide as events do: never a guess."""
    ours, theirs = (new_call(stack, new_business(), recorded=False) for _ in range(2))
    sid, recording = unknown(stack)
    joins(ours, sid)
    joins(theirs, sid)
    reconcile()
    assert asks(twilio, sid) == [], "the calls are known: somebody must say so"
    assert shown(ours) == shown(theirs) == []
    assert value_of(db, "SELECT unknown FROM tapedeck_recordings_without_call"
                    " WHERE recording_sid = %s", recording) == "business"
    db.execute("DELETE FROM tapedeck_conference_calls WHERE call_sid = %s", [theirs.call_sid])
    assert run_tapedeck("cleanup").returncode == 0
    assert (shown(ours), shown(theirs)) == ([(recording, "conference")], [])


REFUSALS = {"401": fault("status", code=401), "429": fault("status", code=429),
            "503": fault("status", code=503), "silence": fault("silent_forever")}


@pytest.mark.parametrize("wrong", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("label", ["conference", "participants"])
def test_an_account_that_refuses_is_left_alone(
    wrong: dict[str, Any], label: str, stack: Stack, twilio: Control, db: Db, run_tapedeck: Command,
    reconcile: Callable[..., str],
) -> None:
    sids = [unknown(stack)[0] for _ in range(3)]
    for sid in sids:
        twilio.put_conference(sid)
    twilio.account_faults({**wrong, "formats": [label]})
    fails(run_tapedeck("reconcile", STALL_TIMEOUT="300ms"), "about a conference")
    assert twilio.stats().total.by_format[label] == 1
    assert [waits_for(db, sid) for sid in sids] == [60, 60, 60]
    twilio.account_faults()
    reconcile()
    assert twilio.stats().total.by_format[label] == 1


@pytest.mark.parametrize("wrong", [fault("html"), fault("redirect", location="http://127.0.0.1:9/")])
@pytest.mark.parametrize("label", ["conference", "participants"])
def test_nonsense_about_one_is_no_reason_not_to_ask_about_others(
    wrong: dict[str, Any], label: str, stack: Stack, twilio: Control, db: Db,
    reconcile: Callable[..., str],
) -> None:
    sids = [unknown(stack)[0] for _ in range(2)]
    for sid in sids:
        twilio.put_conference(sid)
    twilio.account_faults({**wrong, "formats": [label]})
    reconcile()
    assert [waits_for(db, sid) for sid in sids] == [15, 15]


def test_a_call_that_is_found_late_is_summarised_with_it(
    stack: Stack, new_business: NewBusiness, twilio: Control, db: Db, reconcile: Callable[..., str],
    drain: Command,
) -> None:
    """Its account is one business's alone: it was fetched and transcribed without a call."""
    business = new_business()
    db.execute("INSERT INTO business_twilio_accounts (business_id, account_sid) VALUES (%s, %s)",
               [business, stack.account_sid])
    try:
        leg = new_call(stack, business, recorded=False)
        sid, recording = unknown(stack)
        reconcile()
        drain()
        assert shown(leg) == []
        assert value_of(db, "SELECT unknown FROM tapedeck_recordings_without_call"
                        " WHERE recording_sid = %s", recording) == "conference"
        twilio.put_conference(sid, status="completed", ended_by=leg.call_sid)
        make_due(db, sid)
        reconcile()
        drain()
        assert shown(leg) == [(recording, "conference")]
        steps = db.execute("SELECT step, status FROM call_steps WHERE call_sid = %s ORDER BY step",
                           [leg.call_sid]).fetchall()
        assert steps == [("notify", "done"), ("summarise", "skipped")]
    finally:
        db.execute("DELETE FROM business_twilio_accounts WHERE business_id = %s", [business])


def test_when_postgresql_is_away_it_says_so(run_tapedeck: Command) -> None:
    fails(run_tapedeck("reconcile", DATABASE_URL="postgresql:///x?host=/nowhere"), "PostgreSQL")
