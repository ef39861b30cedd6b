"""`tapedeck drain --linger`: clicks picked up at once, runners that stop, and many side by side."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    Db, Runner, Sql, assert_idle, assert_stored, change_run, click, files_of, known_call, line_of,
    run_of, runs_of, until, until_idle,
)

Drain = Callable[..., subprocess.CompletedProcess[str]]
Held = Callable[..., tuple[Call, Runner]]
NewBusiness = Callable[[], int]
NewRunner = Callable[..., Runner]

ACTIVE, CLICKS = 3, 10
BUSINESSES, CALLS_EACH = 5, 6


# Lingering.


def test_a_click_is_picked_up_at_once(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, twilio: Control,
    runner: NewRunner,
) -> None:
    one = runner("--linger", "20s")
    for _ in range(3):  # also when it has worked, and waits again
        call = known_call(stack, db, new_business())
        click(call)
        twilio.wait("requests", at_least=1, sid=call.recording_sid)
        until(lambda: call.finished_file, "the recording")
        assert_stored(call, "wav2")
        until_idle(rds, call.business)
    assert one.process.poll() is None


def test_a_lingering_runner_tries_again_by_itself(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner
) -> None:
    call = known_call(stack, db, new_business(), faults=[fault("short", first=2)])
    runner(RETRY_DELAYS="50ms")
    click(call)
    until(lambda: call.finished_file, "the third attempt")
    until_idle(rds, call.business)
    assert run_of(db, call).attempts == 2


def test_what_falls_due_while_another_is_offered_is_not_forgotten(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner
) -> None:
    """Redis keeps the runner waiting in the middle of its offer, until the next one is due, too."""
    calls = [known_call(stack, db, new_business()) for _ in range(2)]
    for call, seconds in zip(calls, (1, 2)):
        click(call)
        change_run(db, call, not_before=Sql(f"now() + interval '{seconds} s'"))
    rds.flushdb()
    runner(REDIS_TIMEOUT="20s", INFLIGHT_TTL="90s")
    until(lambda: rds.exists("rec_ready"), "its first look")
    rds.client_pause(20_000, all=False)
    until(lambda: not any(run_of(db, call).waits for call in calls), "both are due")
    rds.client_unpause()
    until(lambda: all(call.finished_file for call in calls), "both recordings")


def test_a_new_runner_sees_what_redis_has_forgotten(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    rds.flushdb()
    runner()
    until(lambda: call.finished_file, "the recording")


def test_a_runner_past_its_time_takes_clicks_while_it_works(
    stack: Stack, db: Db, new_business: NewBusiness, twilio: Control, held: Held
) -> None:
    """A timer that starts no second runner must not leave clicks waiting for a long transfer."""
    first, one = held("--linger", "500ms")
    until(lambda: time.monotonic() > one.began + 0.5, "the end of its time")
    second = known_call(stack, db, new_business())
    click(second)
    until(lambda: second.finished_file, "the second recording")
    twilio.release(first.recording_sid)
    one.ended_well()
    assert_stored(first, "wav2")


# Stopping.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_runner_ends_when_told(number: int, runner: NewRunner) -> None:
    one = runner()
    one.process.send_signal(number)
    one.ended_well()
    assert "RUNNER_STOPPING jobs=0" in one.said


def test_a_runner_that_stops_lets_finish_what_ends_soon(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, twilio: Control, held: Held
) -> None:
    call, one = held()
    one.process.send_signal(signal.SIGTERM)
    one.hear("RUNNER_STOPPING")
    other = known_call(stack, db, new_business())
    click(other)  # nothing new is taken meanwhile
    twilio.release(call.recording_sid)
    one.ended_well()
    assert_stored(call, "wav2")
    assert_idle(rds, call.business)
    assert line_of(rds, other.business).jobs == [other.call_sid]
    assert twilio.stats().recording(other.recording_sid).requests == 0


def test_a_runner_that_stops_hands_back_the_rest(
    stack: Stack, db: Db, rds: redis.Redis, twilio: Control, held: Held, drain: Drain
) -> None:
    call, one = held()
    token = run_of(db, call).lease_token or "none"
    one.process.send_signal(signal.SIGTERM)
    one.ended_well()
    run = run_of(db, call)
    assert (run.status, run.attempts, run.lease_token) == ("queued", 0, None)
    assert not run.waits and files_of(call) == []
    twilio.wait("in_flight", equals=0, sid=call.recording_sid)
    # Its slot was free, so it was granted to the head of the line: to the call itself.
    line = line_of(rds, call.business)
    assert (line.slots, line.jobs) == ({call.call_sid}, [call.call_sid])
    lease = rds.get(f"rec_inflight:{call.business}:{call.call_sid}")
    assert lease.startswith("c:g:") and token not in lease
    drain()
    assert_stored(call, "wav2")
    assert runs_of(db, call) == 1
    assert_idle(rds, call.business)


# Side by side.


def test_ten_clicks_are_three_at_a_time(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, twilio: Control,
    runner: NewRunner,
) -> None:
    business = new_business()
    group = f"ten-{business}"
    calls = [known_call(stack, db, business, group=group, faults=[fault("hold")])
             for _ in range(CLICKS)]
    runner()
    with ThreadPoolExecutor(CLICKS) as people:
        list(people.map(click, calls))
    twilio.wait("held", equals=ACTIVE, group=group)
    line = line_of(rds, business)
    assert (len(line.slots), len(line.queue), line.later) == (ACTIVE, CLICKS - ACTIVE, [])
    assert twilio.stats().group(group).requests == ACTIVE
    for call in calls:
        twilio.release(call.recording_sid)
    until(lambda: all(call.finished_file for call in calls), "all ten recordings")
    until_idle(rds, business)
    counts = twilio.stats().group(group)
    assert (counts.requests, counts.completed, counts.max_in_flight) == (CLICKS, CLICKS, ACTIVE)
    assert all(call.api.get(call.file_path).body == call.source("wav2") for call in calls)


def test_prefetches_leave_a_slot_to_people(
    new_business: NewBusiness, new_call: Callable[..., Call], rds: redis.Redis, drain: Drain,
    cleanup: Drain,
) -> None:
    """Whatever callbacks come, a click of the business starts at once; and it is a click then."""
    business = new_business()
    calls = [new_call(business) for _ in range(5)]
    sids = [call.call_sid for call in calls]
    line = line_of(rds, business)
    assert (line.slots, line.queue, line.later) == (set(sids[:2]), [], sids[2:])
    click(calls[4])
    line = line_of(rds, business)
    assert (line.slots, line.later) == ({*sids[:2], sids[4]}, sids[2:4])
    lanes = {sid: rds.get(f"rec_inflight:{business}:{sid}")[0] for sid in line.slots}
    assert lanes == {sids[0]: "l", sids[1]: "l", sids[4]: "c"}
    rds.flushall()
    cleanup(LATER_SLOTS="1")
    assert line_of(rds, business).slots == {sids[0], sids[4]}
    drain()
    for call in calls:
        assert_stored(call, "wav2")


def test_clicks_are_fetched_in_the_order_they_came(
    stack: Stack, db: Db, new_business: NewBusiness, twilio: Control, drain: Drain
) -> None:
    business = new_business()
    calls = [known_call(stack, db, business) for _ in range(5)]
    for call in calls:
        click(call)
    drain(SLOTS_PER_BUSINESS="3")
    asked = {entry["sid"]: entry["t"] for entry in twilio.stats().log}
    times = [asked[call.recording_sid] for call in calls]
    # The first three may overtake each other on their way to the provider, and no one else.
    assert max(times[:3]) <= min(times[3:]) and len(set(asked)) >= len(calls)


def test_two_runners_fetch_each_recording_once(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, twilio: Control,
    runner: NewRunner,
) -> None:
    businesses = [new_business() for _ in range(BUSINESSES)]
    calls = [
        known_call(stack, db, business, seconds=0.5, group=f"two-{business}",
                   faults=[fault("latency", ms=30)])
        for _ in range(CALLS_EACH) for business in businesses
    ]
    two = [runner(), runner()]
    with ThreadPoolExecutor(CALLS_EACH) as people:
        list(people.map(click, calls))
    until(lambda: all(call.finished_file for call in calls), "all recordings")
    for business in businesses:
        until_idle(rds, business)
    assert all("RECORDING_DONE" in one.said for one in two), "one of them had nothing to do"
    stats = twilio.stats()
    assert [stats.recording(call.recording_sid).requests for call in calls] == [1] * len(calls)
    assert [run_of(db, call).status for call in calls] == ["completed"] * len(calls)
    assert max(stats.group(f"two-{business}").max_in_flight for business in businesses) <= ACTIVE
    for call in calls:
        assert_stored(call, "wav2")
