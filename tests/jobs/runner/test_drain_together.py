"""What is taken together, and what ends together, shares a commit; and one in trouble is alone in it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    LATER, Db, Runner, Sql, assert_idle, assert_stored, change_run, click, files_of, known_call,
    run_of, until, value_of,
)

NewBusiness = Callable[[], int]
NewRunner = Callable[..., Runner]


@pytest.fixture
def calls(stack: Stack, db: Db, new_business: NewBusiness) -> list[Call]:
    """As many as a business has slots, small enough for a socket's buffer, held by the provider."""
    business = new_business()
    calls = [known_call(stack, db, business, seconds=0.5, seed=n, faults=[fault("hold", first=1)])
             for n in range(3)]
    for call in calls:
        click(call)
    return calls


class Flock:
    """Their transfers, under way in one runner that is frozen; it finds all of them ended."""

    def __init__(self, calls: list[Call], one: Runner, twilio: Control) -> None:
        self._calls, self._one, self._twilio = calls, one, twilio
        for call in calls:
            twilio.wait("held", equals=1, sid=call.recording_sid)
        until(lambda: all(files_of(call) for call in calls), "their part files")
        one.process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        for call in self._calls:
            self._twilio.release(call.recording_sid)
            self._twilio.wait("in_flight", equals=0, sid=call.recording_sid)
        self._one.process.send_signal(signal.SIGCONT)
        self._one.ended_well()


@pytest.fixture
def flock(calls: list[Call], runner: NewRunner, twilio: Control) -> Flock:
    return Flock(calls, runner("--once", RETRY_DELAYS=LATER), twilio)


def times_of(db: Db, calls: list[Call], column: str) -> set[datetime]:
    """When, by the clock of the transaction that wrote it: one for each commit."""
    return {value_of(db, f"SELECT {column} FROM recording_runs WHERE call_sid = %s", call.call_sid)
            for call in calls}


def assert_done(db: Db, calls: list[Call]) -> None:
    for call in calls:
        assert run_of(db, call).status == "completed"
        assert_stored(call, "wav2")


def test_one_commit_for_all(flock: Flock, calls: list[Call], db: Db, rds: redis.Redis) -> None:
    assert len(times_of(db, calls, "started_at")) == 1
    flock.end()
    assert_done(db, calls)
    assert len(times_of(db, calls, "completed_at")) == 1
    assert_idle(rds, calls[0].business)


def test_a_name_that_cannot_be_given(
    flock: Flock, calls: list[Call], db: Db, rds: redis.Redis
) -> None:
    _, other, _ = calls
    (other.part_file.parent / f"{other.call_sid}.wav").mkdir()
    flock.end()
    assert_done(db, [call for call in calls if call is not other])
    run = run_of(db, other)
    assert (run.status, run.attempts, run.error_code) == ("queued", 1, "disk_error")
    assert not other.part_file.exists()
    assert_idle(rds, other.business)


def test_a_run_that_somebody_else_has_by_now(
    flock: Flock, calls: list[Call], db: Db
) -> None:
    _, other, _ = calls
    change_run(db, other, lease_token="somebody else's")
    flock.end()
    assert_done(db, [call for call in calls if call is not other])
    run = run_of(db, other)
    assert (run.status, run.lease_token) == ("running", "somebody else's")
    assert [name for name in files_of(other) if other.call_sid in name] == []


def test_what_full_runs_are_followed_by(flock: Flock, calls: list[Call], db: Db) -> None:
    for call in calls[:2]:
        change_run(db, call, job_type="full")
    flock.end()
    began = [value_of(db, "SELECT count(*) FROM call_steps WHERE step = 'transcribe'"
                      " AND call_sid = %s", call.call_sid) for call in calls]
    assert began == [1, 1, 0]


@contextmanager
def refused_steps(db: Db, call: Call) -> Iterator[None]:
    """PostgreSQL refuses what this call would be followed by."""
    db.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
               " $$ BEGIN RAISE 'refused'; END $$")
    db.execute("CREATE TRIGGER refused BEFORE INSERT ON call_steps FOR EACH ROW"
               f" WHEN (NEW.call_sid = '{call.call_sid}') EXECUTE FUNCTION refuse()")
    try:
        yield
    finally:
        db.execute("DROP FUNCTION refuse CASCADE")


def test_a_row_that_cannot_be_committed(
    flock: Flock, calls: list[Call], db: Db, rds: redis.Redis
) -> None:
    """All of them have their names by then: the others' rows say so, and this one's will."""
    _, other, _ = calls
    change_run(db, other, job_type="full")
    with refused_steps(db, other):
        flock.end()
    assert_done(db, [call for call in calls if call is not other])
    assert run_of(db, other).status == "running"
    assert_stored(other, "wav2")
    assert_idle(rds, other.business)


def test_one_that_is_not_due_keeps_nobody(
    calls: list[Call], db: Db, rds: redis.Redis, runner: NewRunner, twilio: Control
) -> None:
    _, other, _ = calls
    change_run(db, other, not_before=Sql("now() + interval '1 hour'"))
    rest = [call for call in calls if call is not other]
    Flock(rest, runner("--once"), twilio).end()
    assert_done(db, rest)
    assert run_of(db, other).status == "queued"
    assert twilio.stats().recording(other.recording_sid).requests == 0
    assert_idle(rds, other.business)
