"""`tapedeck drain` keeps what it has, and loses it cleanly: killed, frozen, overtaken, cut off."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    IDLE, Db, Runner, assert_idle, assert_stored, change_run, click, files_of,
    heard_of_long_ago, known_call, lapse, line_of, run_of, until, until_idle, value_of,
)

Drain = Callable[..., subprocess.CompletedProcess[str]]
Held = Callable[..., tuple[Call, Runner]]

# A lease is renewed four times in its life: here every half second, so that tests need not wait.
BRIEF = {"INFLIGHT_TTL": "2s"}
BEATS_A_LEASE = 4


# Dying.


@pytest.mark.parametrize("rescuer", ["cleanup", "click"])
def test_a_killed_runners_work_is_done_by_the_next(
    rescuer: str, stack: Stack, db: Db, rds: redis.Redis, held: Held, drain: Drain,
    run_tapedeck: Drain,
) -> None:
    call, one = held("--once")
    one.kill()
    assert files_of(call) == [call.part_file.name] and call.finished_file is None
    click(call)  # 202 as before: nobody plays half a file
    lapse(rds, call)
    heard_of_long_ago(db, call)
    if rescuer == "cleanup":
        assert run_tapedeck("cleanup").returncode == 0
        assert run_of(db, call).status == "queued"
    else:
        click(known_call(stack, db, call.business))  # whichever verb comes next reaps the slot
    drain()
    assert_stored(call, "wav2")
    run = run_of(db, call)
    assert (run.status, run.attempts, run.recoveries) == ("completed", 0, 1)
    assert_idle(rds, call.business)


def test_a_run_whose_runner_may_live_is_not_taken(
    stack: Stack, db: Db, rds: redis.Redis, held: Held, drain: Drain, twilio: Control
) -> None:
    """Redis lost the lease, but PostgreSQL has just heard of the runner: two must not fetch."""
    call, _ = held("--once")
    lapse(rds, call)
    before = run_of(db, call)
    click(known_call(stack, db, call.business))
    drain()
    assert run_of(db, call) == before
    assert twilio.stats().recording(call.recording_sid).requests == 1
    twilio.release(call.recording_sid)
    until(lambda: run_of(db, call).status == "completed", "the end of the transfer")
    assert_stored(call, "wav2")
    until(lambda: line_of(rds, call.business) == IDLE, "a free slot")


def test_a_runner_that_comes_back_changes_nothing(
    stack: Stack, db: Db, rds: redis.Redis, held: Held, drain: Drain, twilio: Control
) -> None:
    """Frozen until its lease lapsed and its work was done by another; then all its bytes come."""
    call, one = held("--once")
    one.process.send_signal(signal.SIGSTOP)
    lapse(rds, call)
    heard_of_long_ago(db, call)
    call.part_file.rename(call.part_file.with_name("aside"))  # it still has it locked
    click(known_call(stack, db, call.business))
    drain()
    assert_stored(call, "wav2")
    before = run_of(db, call), line_of(rds, call.business)
    twilio.release(call.recording_sid)
    one.process.send_signal(signal.SIGCONT)
    one.ended_well()
    assert "RECORDING_LOST" in one.said
    assert_stored(call, "wav2")
    assert (run_of(db, call), line_of(rds, call.business)) == before


@pytest.mark.parametrize("meanwhile", ["nothing", "all its bytes came"])
def test_a_runner_that_comes_back_makes_way(
    meanwhile: str, stack: Stack, db: Db, rds: redis.Redis, held: Held,
    runner: Callable[..., Runner], twilio: Control,
) -> None:
    """Frozen until another has its run, and waits for the part file that it still has locked."""
    call, frozen = held("--once", **BRIEF)
    frozen.process.send_signal(signal.SIGSTOP)
    lapse(rds, call)
    heard_of_long_ago(db, call)
    click(known_call(stack, db, call.business))
    other = runner("--once")
    other.hear(f"RECORDING_START business_id={call.business} sid={call.call_sid}")
    if meanwhile != "nothing":
        twilio.release(call.recording_sid)
    run, line = run_of(db, call), line_of(rds, call.business)
    assert (run.status, run.recoveries, line.leases & {call.call_sid}) \
        == ("running", 1, {call.call_sid})
    frozen.process.send_signal(signal.SIGCONT)
    frozen.ended_well()
    assert "RECORDING_LOST" in frozen.said and call.finished_file is None
    assert run_of(db, call) == run
    assert rds.get(f"rec_inflight:{call.business}:{call.call_sid}") == f"c:r:{run.lease_token}"
    other.ended_well()
    assert_stored(call, "wav2")
    assert (run_of(db, call).status, run_of(db, call).attempts) == ("completed", 0)
    assert twilio.stats().recording(call.recording_sid).requests == 2
    until(lambda: line_of(rds, call.business) == IDLE, "a free slot")


# Keeping, and losing.


def test_a_lease_lives_as_long_as_its_transfer(
    db: Db, rds: redis.Redis, held: Held, twilio: Control
) -> None:
    """Neither in Redis nor in PostgreSQL does a healthy transfer look dead, however long it is."""
    call, _ = held(**BRIEF)
    beats: set[datetime] = set()

    def has_outlived_a_lease() -> bool:
        beats.add(value_of(db, "SELECT heartbeat_at FROM recording_runs WHERE call_sid = %s",
                           call.call_sid))
        return len(beats) > BEATS_A_LEASE + 2

    until(has_outlived_a_lease, "heartbeats")
    assert line_of(rds, call.business).leases == {call.call_sid}
    twilio.release(call.recording_sid)
    until(lambda: call.finished_file, "the recording")
    until_idle(rds, call.business)
    assert (run_of(db, call).status, run_of(db, call).recoveries) == ("completed", 0)


def test_a_slow_transfer_is_left_alone(
    stack: Stack, db: Db, rds: redis.Redis, held: Held, runner: Callable[..., Runner],
    cleanup: Drain, twilio: Control,
) -> None:
    """It takes several times as long as a lease lives; whoever looks for work finds none there."""
    tight = {**BRIEF, "STALE_AFTER": "2s"}
    call, one = held(**tight)
    other = runner(**tight)
    beats: set[datetime] = set()
    while len(beats) <= 2 * BEATS_A_LEASE:
        cleanup(**tight)
        click(known_call(stack, db, call.business))
        beats.add(value_of(db, "SELECT heartbeat_at FROM recording_runs WHERE call_sid = %s",
                           call.call_sid))
    assert twilio.stats().recording(call.recording_sid).requests == 1
    assert run_of(db, call).recoveries == 0
    twilio.release(call.recording_sid)
    until(lambda: call.finished_file, "the recording")
    assert_stored(call, "wav2")
    for each in (one, other):
        assert "RECORDING_STALE" not in each.said and "RECORDING_LOST" not in each.said
    until_idle(rds, call.business)


def steal_lease(db: Db, rds: redis.Redis, call: Call) -> None:
    rds.set(f"rec_inflight:{call.business}:{call.call_sid}", "c:r:thief", px=3_600_000)


def steal_row(db: Db, rds: redis.Redis, call: Call) -> None:
    change_run(db, call, lease_token="thief")


def finish_row(db: Db, rds: redis.Redis, call: Call) -> None:
    change_run(db, call, status="cancelled", lease_token=None)


@pytest.mark.parametrize("lose", [steal_lease, steal_row, finish_row])
def test_a_runner_that_lost_its_run_stops(
    lose: Callable[[Db, redis.Redis, Call], None], db: Db, rds: redis.Redis, held: Held,
    twilio: Control,
) -> None:
    """It lets go of the transfer, touches no row, and gives back no slot but its own."""
    call, one = held("--once", **BRIEF)
    lose(db, rds, call)
    row, line = run_of(db, call), line_of(rds, call.business)
    one.ended_well()
    assert "RECORDING_LOST" in one.said
    twilio.wait("in_flight", equals=0, sid=call.recording_sid)
    assert files_of(call) == []
    # A beat before or after that may say how far it was.
    assert replace(run_of(db, call), bytes_received=None) == replace(row, bytes_received=None)
    assert line_of(rds, call.business) == (line if lose is steal_lease else IDLE)


def test_a_runner_that_lost_its_lease_says_no_more_of_its_progress(
    db: Db, rds: redis.Redis, held: Held, twilio: Control
) -> None:
    """All its bytes come before it knows; what the other one has told of its own stands."""
    call, one = held("--once")
    name = f"rec_progress:{call.business}:{call.call_sid}"
    steal_lease(db, rds, call)
    rds.delete(name)
    rds.hset(name, mapping={"received": 7, "stamp": 8})
    twilio.release(call.recording_sid)
    one.ended_well()
    assert call.finished_file is not None, "it had the row to the end"
    assert rds.hgetall(name) == {"received": "7", "stamp": "8"}


def test_a_runner_that_lost_its_row_at_the_end_keeps_no_file(
    db: Db, rds: redis.Redis, held: Held, twilio: Control
) -> None:
    """All bytes are there; but somebody else has the run by now."""
    call, one = held("--once")
    steal_row(db, rds, call)
    row = run_of(db, call)
    twilio.release(call.recording_sid)
    one.ended_well()
    assert files_of(call) == []
    assert run_of(db, call) == row
    assert_idle(rds, call.business)


# Without Redis, without PostgreSQL.


def test_a_running_transfer_enters_its_slot_again(
    db: Db, rds: redis.Redis, held: Held, twilio: Control
) -> None:
    """FLUSHALL while it runs: by its next beat Redis knows it again."""
    call, _ = held(**BRIEF)
    rds.flushall()
    until(lambda: line_of(rds, call.business).slots == {call.call_sid}, "its slot")
    assert line_of(rds, call.business).leases == {call.call_sid}
    twilio.release(call.recording_sid)
    until(lambda: call.finished_file, "the recording")
    until_idle(rds, call.business)
    assert run_of(db, call).status == "completed"


def test_a_flush_lets_no_more_in_than_may(
    stack: Stack, db: Db, rds: redis.Redis, new_business: Callable[[], int], twilio: Control,
    runner: Callable[..., Runner], cleanup: Drain,
) -> None:
    """Redis has forgotten who downloads; PostgreSQL has not: those that wait go on waiting."""
    business = new_business()
    group = f"flush-{business}"
    calls = [known_call(stack, db, business, group=group, faults=[fault("hold")])
             for _ in range(4)]
    for call in calls:
        click(call)
    runner()
    twilio.wait("held", equals=3, group=group)
    rds.flushall()
    cleanup()
    line = line_of(rds, business)
    assert (line.slots, line.queue) == ({call.call_sid for call in calls[:3]}, [calls[3].call_sid])
    for call in calls:
        twilio.release(call.recording_sid)
    until(lambda: all(call.finished_file for call in calls), "all four recordings")
    assert twilio.stats().group(group).max_in_flight == 3


def test_scripts_that_redis_forgot_are_sent_again(
    stack: Stack, db: Db, rds: redis.Redis, new_business: Callable[[], int], drain: Drain
) -> None:
    """A restarted Redis has no scripts."""
    call = known_call(stack, db, new_business())
    rds.script_flush()
    click(call)
    rds.script_flush()
    drain()
    assert_stored(call, "wav2")
    assert_idle(rds, call.business)


@pytest.mark.parametrize("server", ["redis", "postgres"])
def test_a_transfer_outlives_a_server(
    server: str, make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    """It goes on, ends, and tells PostgreSQL once that is back; the slot goes when Redis is."""
    stack = make_stack()
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        call = known_call(stack, db, 1, faults=[fault("hold")])
        click(call)
    with Runner(stack, tmp_path, ["--linger", "1h"], {}) as one:
        stack.twilio.wait("held", equals=1, sid=call.recording_sid)
        stack.halt(server, signal.SIGINT)  # a fast stack's PostgreSQL forgets what SIGKILL cuts off
        stack.twilio.release(call.recording_sid)
        stack.twilio.wait("completed", equals=1, sid=call.recording_sid)
        if server == "redis":
            until(lambda: call.finished_file, "the recording")
        stack.revive(server)
        until(lambda: call.finished_file, "the recording")
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            until(lambda: run_of(db, call).status == "completed", "the end of the run")
            after = known_call(stack, db, 1)
            click(after)
        until(lambda: after.finished_file, "a recording as ever")
        for each in (call, after):
            assert_stored(each, "wav2")
        with redis.Redis.from_url(stack.redis_url, decode_responses=True) as rds:
            until_idle(rds, 1)
        assert one.process.poll() is None
