"""Cancelling what a runner has: it stops, leaves nothing, and the next in line goes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    LATER, Db, Runner, assert_idle, assert_stored, click, files_of, known_call, line_of, run_of,
    runs_of, until, until_idle, value_of,
)

Command = Callable[..., subprocess.CompletedProcess[str]]
Held = Callable[..., tuple[Call, Runner]]
NewBusiness = Callable[[], int]
NewRunner = Callable[..., Runner]


def cancel(db: Db, call: Call) -> None:
    """Somebody changes their mind about the newest run of a call."""
    answer = call.api.post(f"/api/recordings/runs/{run_of(db, call).id}/cancel")
    assert (answer.status, answer.json) == (200, {"ok": True})


def assert_cancelled(db: Db, call: Call) -> None:
    run = run_of(db, call)
    assert (run.status, run.error_code, run.attempts) == ("cancelled", "cancelled", 0)
    assert run.error == "Somebody cancelled it." and run.lease_token is None
    assert value_of(db, "SELECT completed_at IS NOT NULL FROM recording_runs WHERE id = %s", run.id)


def test_a_transfer_stops_and_the_next_in_line_goes(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, twilio: Control,
    runner: NewRunner,
) -> None:
    business = new_business()
    group = f"cancel-{business}"
    calls = [known_call(stack, db, business, group=group, faults=[fault("hold")])
             for _ in range(5)]
    for call in calls:
        click(call)
    one = runner()
    twilio.wait("held", equals=3, group=group)
    gone = calls[1]
    until(lambda: gone.part_file.exists(), "its part file")
    cancel(db, gone)
    twilio.wait("requests", equals=1, sid=calls[3].recording_sid)
    twilio.wait("in_flight", equals=0, sid=gone.recording_sid)
    until(lambda: run_of(db, gone).status == "cancelled", "its end")
    assert_cancelled(db, gone)
    assert not gone.part_file.exists() and gone.finished_file is None
    line = line_of(rds, business)
    assert (line.slots, line.queue) == (
        {call.call_sid for call in (calls[0], calls[2], calls[3])}, [calls[4].call_sid])
    one.hear(f"RECORDING_CANCELLED business_id={business} sid={gone.call_sid}")
    for call in calls:
        twilio.release(call.recording_sid)
    kept = [call for call in calls if call is not gone]
    until(lambda: all(call.finished_file for call in kept), "the others")
    until_idle(rds, business)
    assert twilio.stats().group(group).max_in_flight == 3
    assert gone.finished_file is None and run_of(db, gone).status == "cancelled"


def test_a_cancelled_transfer_can_be_asked_for_again(
    db: Db, rds: redis.Redis, held: Held, twilio: Control
) -> None:
    call, _ = held()
    cancel(db, call)
    until(lambda: run_of(db, call).status == "cancelled", "its end")
    until_idle(rds, call.business)
    assert files_of(call) == []
    twilio.release(call.recording_sid)
    click(call)
    until(lambda: call.finished_file, "the recording")
    assert_stored(call, "wav2")
    assert (runs_of(db, call), run_of(db, call).error_code) == (1, None)


def test_half_of_it_was_here_already(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    twilio: Control,
) -> None:
    call = known_call(stack, db, new_business(), seconds=20,
                      faults=[fault("stall", after_bytes=200_000)])
    click(call)
    runner()
    twilio.wait("waiting", equals=1, sid=call.recording_sid)
    until(lambda: call.part_file.exists() and call.part_file.stat().st_size == 200_000, "half")
    cancel(db, call)
    until(lambda: run_of(db, call).status == "cancelled", "its end")
    until_idle(rds, call.business)
    assert files_of(call) == []


def test_one_that_waits_for_a_lock_is_cancelled_too(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner
) -> None:
    """The other writer's part file is not ours to remove."""
    call = known_call(stack, db, new_business())
    click(call)
    call.part_file.parent.mkdir(mode=0o750)
    call.part_file.write_bytes(b"another writer's bytes")
    with call.part_file.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        runner().hear("RECORDING_START")
        cancel(db, call)
        until(lambda: run_of(db, call).status == "cancelled", "its end")
        until_idle(rds, call.business)
        assert call.part_file.read_bytes() == b"another writer's bytes"


def test_only_that_transfer_stops(
    stack: Stack, db: Db, new_business: NewBusiness, twilio: Control, runner: NewRunner
) -> None:
    """The same call of another business is another run."""
    mine = known_call(stack, db, new_business(), faults=[fault("hold")])
    other = known_call(stack, db, new_business(), faults=[fault("hold")])
    for call in (mine, other):
        click(call)
    one = runner()
    for call in (mine, other):
        twilio.wait("held", equals=1, sid=call.recording_sid)
    cancel(db, mine)
    until(lambda: run_of(db, mine).status == "cancelled", "its end")
    twilio.release(other.recording_sid)
    until(lambda: other.finished_file, "the other")
    assert_stored(other, "wav2")
    assert one.process.poll() is None


def test_what_a_dead_runner_had_ends_without_another(
    held: Held, db: Db, rds: redis.Redis, drain: Command, cleanup: Command, twilio: Control
) -> None:
    """It was cancelled while its runner was thought alive: whoever takes it up ends it."""
    call, one = held("--once")
    one.kill()
    cancel(db, call)
    assert run_of(db, call).status == "running"
    rds.delete(f"rec_inflight:{call.business}:{call.call_sid}")
    db.execute("UPDATE recording_runs SET heartbeat_at = now() - interval '1 hour'"
               " WHERE call_sid = %s", [call.call_sid])
    cleanup()
    drain()
    assert_cancelled(db, call)
    assert twilio.stats().recording(call.recording_sid).requests == 1
    assert_idle(rds, call.business)
    os.utime(call.part_file, (0, 0))
    cleanup()
    assert files_of(call) == []


def test_a_wish_outlives_a_runner_that_stops(
    held: Held, db: Db, rds: redis.Redis, drain: Command, twilio: Control
) -> None:
    """It was frozen when it was asked, and told to stop before it could hear."""
    call, one = held("--once")
    one.process.send_signal(signal.SIGSTOP)
    cancel(db, call)
    one.process.send_signal(signal.SIGTERM)
    one.process.send_signal(signal.SIGCONT)
    one.ended_well()
    drain()
    assert_cancelled(db, call)
    assert twilio.stats().recording(call.recording_sid).requests == 1
    assert files_of(call) == []
    assert_idle(rds, call.business)


def test_an_attempt_that_fails_meanwhile_is_the_last(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    twilio: Control,
) -> None:
    """Both at once: the provider breaks off, and nobody wants it any more."""
    call = known_call(stack, db, new_business(), faults=[fault("hold"), fault("truncate")])
    click(call)
    one = runner("--once", RETRY_DELAYS=LATER)
    twilio.wait("held", equals=1, sid=call.recording_sid)
    one.process.send_signal(signal.SIGSTOP)
    cancel(db, call)
    twilio.release(call.recording_sid)
    twilio.wait("in_flight", equals=0, sid=call.recording_sid)
    one.process.send_signal(signal.SIGCONT)
    one.ended_well()
    run = run_of(db, call)
    assert run.status == "cancelled"
    assert files_of(call) == []
    assert_idle(rds, call.business)


def test_a_cancelled_run_is_taken_up_again(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness,
) -> None:
    """Whoever asks and cancels in turn adds no rows, and it is fetched at last."""
    business = new_business()
    call = known_call(stack, db, business)
    click(call)
    first = run_of(db, call).id
    for _ in range(5):
        cancel(db, call)
        assert_cancelled(db, call)
        click(call)
        run = run_of(db, call)
        assert (run.id, run.status, run.error_code) == (first, "queued", None)
    assert runs_of(db, call) == 1
    assert stack.run("drain", "--once").returncode == 0
    assert_stored(call, "wav2")
    assert (run_of(db, call).status, runs_of(db, call)) == ("completed", 1)
    assert_idle(rds, business)


def test_many_who_take_it_up_at_once_make_one_run(
    stack: Stack, db: Db, new_business: NewBusiness
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    for _ in range(4):
        cancel(db, call)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: call.api.post(call.prepare_path), range(8)))
        assert {answer.status for answer in answers} == {202}
        assert len({answer.json["run_id"] for answer in answers}) == 1
    assert runs_of(db, call) == 1
