"""Finished downloads are stored beside the loop: it goes on while that waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    MARKING, Db, Runner, assert_stored, caught, click, files_of, known_call, run_of, until, value_of,
)

# Nothing but the test ends the waiting, and heartbeats come every half second.
PATIENT = {"PG_TIMEOUT": "1h", "INFLIGHT_TTL": "2s"}


def beat_of(db: Db, call: Call) -> datetime | None:
    beat: datetime | None = value_of(
        db, "SELECT heartbeat_at FROM recording_runs WHERE call_sid = %s", call.call_sid)
    return beat


def await_beat(db: Db, call: Call) -> None:
    before = beat_of(db, call)
    until(lambda: beat_of(db, call) != before, "a heartbeat")


def test_who_hangs_in_postgresql_keeps_nobody(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    twilio: Control,
) -> None:
    """Others are taken, fetched and kept alive; when it is over, both are stored."""
    stuck = known_call(stack, db, new_business())
    other = known_call(stack, db, new_business(), faults=[fault("hold", first=1)])
    click(stuck)
    with caught(stack, MARKING) as backend:
        runner("--linger", "1h", **PATIENT)
        backend()
        click(other)
        twilio.wait("held", equals=1, sid=other.recording_sid)
        await_beat(db, other)
        twilio.release(other.recording_sid)
        until(lambda: other.part_file.exists()
              and other.part_file.read_bytes() == other.source("wav2"), "all its bytes")
        assert files_of(stuck) == [stuck.part_file.name]
        assert run_of(db, stuck).status == "running"
    for call in (stuck, other):
        until(lambda call=call: run_of(db, call).status == "completed", "the end of a run")
        assert_stored(call, "wav2")


def test_a_runner_that_stops_waits_for_what_it_stores(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    twilio: Control,
) -> None:
    """What is under way is handed back; what gets its name is not, and the runner ends after it."""
    stored = known_call(stack, db, new_business())
    other = known_call(stack, db, new_business(), faults=[fault("hold", first=1)])
    with caught(stack, MARKING) as backend:
        one = runner("--linger", "1h", PG_TIMEOUT="1h")
        click(other)
        twilio.wait("held", equals=1, sid=other.recording_sid)
        click(stored)
        backend()
        one.terminate()
        one.hear("RECORDING_RETURNED")
        assert (run_of(db, other).status, run_of(db, stored).status) == ("queued", "running")
        assert files_of(stored) == [stored.part_file.name]
    one.ended_well()
    assert run_of(db, stored).status == "completed"
    assert_stored(stored, "wav2")
