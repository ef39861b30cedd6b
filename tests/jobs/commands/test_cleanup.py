"""`tapedeck cleanup`: what a fault left behind is put right; what is well is left alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from stack.calls import Call, new_sid
from stack.stack import Stack

from jobs_kit import (
    Db, Line, Runner, Sql, assert_idle, assert_stored, change_run, click, heard_of_long_ago,
    insert_call, known_call, lapse, line_of, run_of, runs_of, unrecorded_call, value_of,
)

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]


@pytest.fixture
def clicked(stack: Stack, db: Db, new_business: NewBusiness) -> Callable[[int], list[Call]]:
    """clicked(n): so many calls of one business, clicked in this order."""

    def make(count: int) -> list[Call]:
        business = new_business()
        calls = [known_call(stack, db, business) for _ in range(count)]
        for call in calls:
            click(call)
        return calls

    return make


# Slots and leases.


def test_a_lapsed_slot_goes_back_to_the_head_of_the_line(
    clicked: Callable[[int], list[Call]], rds: redis.Redis, cleanup: Command, drain: Command
) -> None:
    """Its job was taken from the list by a runner that died before it began."""
    calls = clicked(5)
    business, sids = calls[0].business, [call.call_sid for call in calls]
    taken = rds.lpop("rec_jobs")
    assert taken == f"{business}:{sids[0]}"
    lapse(rds, calls[0])
    cleanup()
    line = line_of(rds, business)
    assert (line.slots, line.leases) == (set(sids[:3]), set(sids[:3]))
    assert (line.jobs, line.queue) == ([sids[1], sids[2], sids[0]], sids[3:])
    drain()
    for call in calls:
        assert_stored(call, "wav2")


def test_a_lapsed_job_is_granted_once(
    clicked: Callable[[int], list[Call]], rds: redis.Redis, cleanup: Command
) -> None:
    """No runner came for two minutes: the job that is still in the list is not doubled."""
    calls = clicked(2)
    for call in calls:
        lapse(rds, call)
    cleanup()
    cleanup()
    line = line_of(rds, calls[0].business)
    assert sorted(line.jobs) == sorted(line.slots) == sorted(call.call_sid for call in calls)


def test_a_slot_is_seen_to_though_nobody_waits_for_it(
    clicked: Callable[[int], list[Call]], db: Db, rds: redis.Redis, cleanup: Command
) -> None:
    """Its runner died; the row is too fresh to be taken from it, the slot is not."""
    [call] = clicked(1)
    rds.delete("rec_jobs")
    lapse(rds, call)
    change_run(db, call, status="running", lease_token="dead", heartbeat_at=Sql("now()"))
    cleanup()
    line = line_of(rds, call.business)
    assert (line.leases, line.jobs) == ({call.call_sid}, [call.call_sid])


def test_a_slot_is_seen_to_though_its_business_has_no_work_any_more(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, cleanup: Command,
    drain: Command,
) -> None:
    """Redis was away when the run ended, so nobody gave the slot back; then its lease lapsed."""
    call = known_call(stack, db, new_business())
    click(call)
    change_run(db, call, status="completed", completed_at=Sql("now()"))
    rds.delete("rec_jobs")
    lapse(rds, call)
    cleanup()  # it is granted once more, and found to be done
    drain()
    assert_idle(rds, call.business)


def kill_runner(held: Callable[..., tuple[Call, Runner]]) -> Call:
    call, one = held("--once")
    one.kill()
    return call


def test_a_run_without_runner_is_queued_again(
    held: Callable[..., tuple[Call, Runner]], db: Db, rds: redis.Redis, cleanup: Command
) -> None:
    call = kill_runner(held)
    lapse(rds, call)
    heard_of_long_ago(db, call)
    done = cleanup()
    run = run_of(db, call)
    assert (run.status, run.recoveries, run.attempts) == ("queued", 1, 0)
    assert run.lease_token is None and not run.waits
    assert line_of(rds, call.business).jobs == [call.call_sid]
    assert f"RECORDING_STALE business_id={call.business} sid={call.call_sid}" in done.stderr


# PostgreSQL and Redis disagree: whoever has heard of the runner is right.


def only_redis_knows(db: Db, rds: redis.Redis, call: Call) -> None:
    heard_of_long_ago(db, call)


def only_postgresql_knows(db: Db, rds: redis.Redis, call: Call) -> None:
    lapse(rds, call)


def not_quite_stale(db: Db, rds: redis.Redis, call: Call) -> None:
    lapse(rds, call)
    change_run(db, call, heartbeat_at=Sql("now() - interval '4 min'"))


@pytest.mark.parametrize("make", [only_redis_knows, only_postgresql_knows, not_quite_stale])
def test_a_run_whose_runner_may_live_is_left_alone(
    make: Callable[[Db, redis.Redis, Call], None], held: Callable[..., tuple[Call, Runner]],
    db: Db, rds: redis.Redis, cleanup: Command,
) -> None:
    call = kill_runner(held)
    make(db, rds, call)
    before = run_of(db, call)
    cleanup()
    assert run_of(db, call) == before


# What Redis lost.


def test_what_redis_lost_is_offered_again(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, cleanup: Command,
    drain: Command,
) -> None:
    """FLUSHALL: the same calls wait, in the same order, each in its own lane."""
    business = new_business()
    lanes = ["later", "click", "later", "click", "click", "later", "click", "later"]
    calls = [known_call(stack, db, business) for _ in lanes]
    for call, lane in zip(calls, lanes):
        click(call)
        change_run(db, call, lane=lane)
    rds.flushall()
    cleanup(SLOTS_PER_BUSINESS="1")
    sids = {lane: [call.call_sid for call, its in zip(calls, lanes) if its == lane]
            for lane in ("click", "later")}
    first = sids["later"][0]  # the oldest got the slot before anybody else was offered
    expected = Line({first}, sids["click"], sids["later"][1:], {first}, [first], set())
    assert line_of(rds, business) == expected
    cleanup(SLOTS_PER_BUSINESS="1")
    assert line_of(rds, business) == expected, "again changes nothing"
    drain()
    for call in calls:
        assert_stored(call, "wav2")


def test_what_waits_its_time_is_not_offered(
    clicked: Callable[[int], list[Call]], db: Db, rds: redis.Redis, cleanup: Command
) -> None:
    [call] = clicked(1)
    rds.flushall()
    change_run(db, call, not_before=Sql("now() + interval '5 minutes'"))
    cleanup()
    assert line_of(rds, call.business).slots == set()


def test_more_than_a_page_is_offered(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, cleanup: Command
) -> None:
    """All that waits, in order, though it is read in pages."""
    business, count = new_business(), 2203
    sids = [new_sid("CA") for _ in range(count)]
    with db.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO recording_runs (business_id, call_sid, job_type) VALUES (%s, %s, 'full')",
            [(business, sid) for sid in sids])
    cleanup()
    line = line_of(rds, business)
    assert (line.jobs, line.queue) == (sids[:3], sids[3:])


def test_without_redis_the_database_is_put_right_all_the_same(
    held: Callable[..., tuple[Call, Runner]], db: Db, rds: redis.Redis, cleanup: Command
) -> None:
    call = kill_runner(held)
    heard_of_long_ago(db, call)
    cleanup(REDIS_URL="unix:///nowhere/redis.sock")
    assert run_of(db, call).status == "queued"


# Callbacks that came before their call.


def test_an_early_callback_is_matched_with_its_call(
    stack: Stack, db: Db, rds: redis.Redis, new_call: Callable[..., Call], cleanup: Command,
    drain: Command,
) -> None:
    """The call appears by the CRM's own insert, of which nobody tells us."""
    call = new_call(announced=False)
    assert call.send_recording_status().status == 204
    assert waiting(db, call) and runs_of(db, call) == 0
    insert_call(db, call)
    cleanup()
    assert not waiting(db, call)
    url = value_of(db, "SELECT recording_url FROM call_log WHERE call_sid = %s", call.call_sid)
    assert url.endswith(f"/Recordings/{call.recording_sid}")
    assert (run_of(db, call).status, run_of(db, call).lane) == ("queued", "later")
    assert line_of(rds, call.business).jobs == [call.call_sid]
    cleanup()
    assert runs_of(db, call) == 1
    drain()
    assert_stored(call, "wav2")


def test_a_callback_without_its_call_goes_on_waiting(
    stack: Stack, db: Db, new_business: NewBusiness, cleanup: Command
) -> None:
    call = unrecorded_call(stack, new_business())
    assert call.send_recording_status().status == 204
    cleanup()
    assert waiting(db, call) and runs_of(db, call) == 0


@pytest.mark.parametrize("status, code, reason", [
    ("absent", None, "absent"), ("failed", "16104", "encryption_failed"),
    ("absent", "16101", "too_short"), ("absent", "16102", "silent"),
])
def test_an_early_callback_without_a_recording_keeps_its_reason(
    status: str, code: str | None, reason: str, stack: Stack, db: Db, new_business: NewBusiness,
    cleanup: Command,
) -> None:
    call = unrecorded_call(stack, new_business())
    sent = call.send_recording_status(RecordingStatus=status, ErrorCode=code)
    assert sent.status == 204
    insert_call(db, call)
    cleanup()
    kept = value_of(db, "SELECT recording_status || ' ' || recording_reason FROM call_log"
                    " WHERE call_sid = %s", call.call_sid)
    assert kept == f"{status} {reason}"
    assert runs_of(db, call) == 0


def test_callbacks_that_never_match_do_not_hold_up_the_others(
    stack: Stack, db: Db, new_call: Callable[..., Call], cleanup: Command
) -> None:
    """Second recordings of calls that have one: ours is the first, and theirs wait for nothing."""
    first = new_call()
    db.execute(
        "INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid, recording_url,"
        "   received_at) SELECT 'RE' || md5(n::text), 'completed', %s, %s, 'x',"
        "   now() - interval '1 day' FROM generate_series(1, 600) n",
        [stack.account_sid, first.call_sid])
    late = new_call(announced=False)
    assert late.send_recording_status().status == 204
    insert_call(db, late)
    cleanup()
    assert not waiting(db, late)
    assert run_of(db, late).status == "queued"
    url = value_of(db, "SELECT recording_url FROM call_log WHERE call_sid = %s", first.call_sid)
    assert url.endswith(first.recording_sid)


def waiting(db: Db, call: Call) -> bool:
    return bool(value_of(db, "SELECT matched_at IS NULL FROM recording_inbox WHERE call_sid = %s",
                         call.call_sid))


# The command itself.


def test_a_host_without_schedulers_does_nothing(
    clicked: Callable[[int], list[Call]], rds: redis.Redis, run_tapedeck: Command
) -> None:
    [call] = clicked(1)
    rds.flushall()
    done = run_tapedeck("cleanup", ENABLE_SCHEDULERS="false")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert line_of(rds, call.business).slots == set()


def test_without_postgresql_it_says_so(run_tapedeck: Command, tmp_path: Path) -> None:
    done = run_tapedeck("cleanup", DATABASE_URL=f"postgresql:///x?host={tmp_path}")
    assert done.returncode == 1
    assert "tapedeck: cleanup could not reach PostgreSQL; the next one will" in done.stderr
