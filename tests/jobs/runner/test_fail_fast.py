"""A run whose runners die again and again: recovered a few times, then told as it is; and the way
that `tapedeck retry` opens by hand."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest
import redis
from stack.api import Answer
from stack.calls import Call, new_sid
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    Db, Runner, Sql, assert_idle, assert_stored, change_run, click, heard_of_long_ago, insert_call,
    known_call, lapse, line_of, run_of, runs_of, until, unrecorded_call, value_of,
)

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]
NewRunner = Callable[..., Runner]

RECOVERIES = 3
AFTER_RECOVERY = "5"


@pytest.fixture
def die(
    db: Db, rds: redis.Redis, runner: NewRunner, twilio: Control
) -> Callable[[Call], None]:
    """die(call): a runner begins its transfer and is killed, and its lease lapses."""

    def begin_and_die(call: Call) -> None:
        one = runner("--once")
        twilio.wait("held", equals=1, sid=call.recording_sid)
        until(lambda: run_of(db, call).status == "running", "a running transfer")
        one.kill()
        twilio.wait("in_flight", equals=0, sid=call.recording_sid)
        lapse(rds, call)
        heard_of_long_ago(db, call)

    return begin_and_die


@pytest.fixture
def stuck(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, drain: Command,
    die: Callable[[Call], None],
) -> Call:
    """A call whose runners died as often as may be, and which no runner takes up any more."""
    call = known_call(stack, db, new_business(), faults=[fault("hold")])
    click(call)
    die(call)
    change_run(db, call, recoveries=RECOVERIES, recovered_at=Sql("now() - interval '1 min'"))
    pass_by(stack, db, call.business)
    drain()
    assert_idle(rds, call.business)
    return call


def pass_by(stack: Stack, db: Db, business: int) -> None:
    """Somebody else of the business clicks, and thinks better of it."""
    other = known_call(stack, db, business)
    click(other)
    answer = other.api.post(f"/api/recordings/runs/{run_of(db, other).id}/cancel")
    assert answer.status == 200, answer.body


def asked(call: Call) -> list[Answer]:
    """What a listener is told, whichever way."""
    return [call.api.get(call.file_path), call.api.get(call.status_path),
            call.api.post(call.prepare_path)]


def assert_on_its_way(call: Call, retry_after: str) -> None:
    for answer in asked(call):
        assert (answer.status, answer.headers["Retry-After"]) == (202, retry_after)


def assert_given_up(call: Call) -> None:
    for answer in asked(call):
        assert (answer.status, answer.json["error"]) == (500, "worker_not_processing_queue")
        assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("rescuer", ["cleanup", "the next dispatch"])
def test_three_recoveries_and_then_it_is_told_as_it_is(
    rescuer: str, stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness,
    die: Callable[[Call], None], cleanup: Command, drain: Command, twilio: Control,
) -> None:
    call = known_call(stack, db, new_business(), faults=[fault("hold")])

    def rescue() -> None:
        if rescuer == "cleanup":
            cleanup()
        else:
            pass_by(stack, db, call.business)  # a lapsed slot is reaped by whatever comes next

    click(call)
    assert_on_its_way(call, "2")
    for recovery in range(RECOVERIES):
        die(call)
        assert run_of(db, call).recoveries == recovery
        assert_on_its_way(call, AFTER_RECOVERY if recovery else "2")
        rescue()
    die(call)
    assert run_of(db, call).recoveries == RECOVERIES
    assert_given_up(call)
    # Nobody takes it up again, and it is kept.
    before = twilio.stats().recording(call.recording_sid).requests
    rescue()
    drain()
    cleanup()
    drain()
    assert twilio.stats().recording(call.recording_sid).requests == before == RECOVERIES + 1
    assert_given_up(call)
    assert (runs_of(db, call), run_of(db, call).status) == (1, "running")
    assert_idle(rds, call.business)


def test_after_the_window_it_is_recovered_again(
    stuck: Call, db: Db, rds: redis.Redis, cleanup: Command, drain: Command, twilio: Control
) -> None:
    cleanup()
    assert_given_up(stuck)
    change_run(db, stuck, recovered_at=Sql("now() - interval '9 min 50 s'"))
    cleanup()
    assert_given_up(stuck)
    change_run(db, stuck, recovered_at=Sql("now() - interval '10 min 1 s'"))
    assert_on_its_way(stuck, "2")
    cleanup()
    run = run_of(db, stuck)
    assert (run.status, run.recoveries) == ("queued", 1)
    assert_on_its_way(stuck, AFTER_RECOVERY)
    twilio.faults(stuck.recording_sid)
    drain()
    assert_stored(stuck, "wav2")
    assert run_of(db, stuck).status == "completed"
    assert_idle(rds, stuck.business)


def test_the_limit_and_the_window_are_configured(
    stuck: Call, db: Db, rds: redis.Redis, cleanup: Command
) -> None:
    cleanup(RECOVERY_LIMIT="3")
    assert run_of(db, stuck).status == "running"
    cleanup(RECOVERY_LIMIT="4")
    assert (run_of(db, stuck).status, run_of(db, stuck).recoveries) == ("queued", 4)
    change_run(db, stuck, status="running", recovered_at=Sql("now() - interval '1 min'"))
    lapse(rds, stuck)
    cleanup(RECOVERY_LIMIT="4")
    assert run_of(db, stuck).status == "running"
    lapse(rds, stuck)
    cleanup(RECOVERY_WINDOW="59s")
    assert (run_of(db, stuck).status, run_of(db, stuck).recoveries) == ("queued", 1)


def test_a_stuck_run_that_comes_to_life_is_well(
    stuck: Call, db: Db
) -> None:
    """Its runner was only slow to be heard of."""
    assert_given_up(stuck)
    change_run(db, stuck, heartbeat_at=Sql("now()"))
    assert_on_its_way(stuck, AFTER_RECOVERY)


def test_a_file_that_came_all_the_same_plays(stuck: Call) -> None:
    assert_given_up(stuck)
    (stuck.part_file.parent / f"{stuck.call_sid}.wav").write_bytes(stuck.source("wav2"))
    assert stuck.api.get(stuck.file_path).status == 200


# By hand.


def lines_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("tapedeck: ")]


def again(done: subprocess.CompletedProcess[str]) -> tuple[int, str, list[str]]:
    return done.returncode, done.stdout, lines_of(done)


def in_line(count: int) -> str:
    return f"{count} recordings are in line again\n"


@pytest.mark.parametrize("way", ["--call", "--business"])
def test_retry_opens_a_stuck_run_at_once(
    way: str, stuck: Call, db: Db, rds: redis.Redis, run_tapedeck: Command, drain: Command,
    twilio: Control,
) -> None:
    assert_given_up(stuck)
    word = stuck.call_sid if way == "--call" else str(stuck.business)
    assert again(run_tapedeck("retry", way, word)) == (0, in_line(1), [])
    assert line_of(rds, stuck.business).jobs == [stuck.call_sid]
    assert_on_its_way(stuck, "2")
    twilio.faults(stuck.recording_sid)
    drain()
    assert_stored(stuck, "wav2")
    run = run_of(db, stuck)
    assert (run.status, run.recoveries, runs_of(db, stuck)) == ("completed", 0, 1)
    assert_idle(rds, stuck.business)


def test_retry_leaves_a_healthy_transfer_alone(
    held: Callable[..., tuple[Call, Runner]], db: Db, rds: redis.Redis, run_tapedeck: Command,
    twilio: Control,
) -> None:
    call, one = held("--once")
    before = run_of(db, call), line_of(rds, call.business)
    assert again(run_tapedeck("retry", "--call", call.call_sid)) == (1, in_line(0), [])
    assert (run_of(db, call), line_of(rds, call.business)) == before
    twilio.release(call.recording_sid)
    one.ended_well()
    assert_stored(call, "wav2")
    assert twilio.stats().recording(call.recording_sid).requests == 1


def failed_for_good(db: Db, call: Call, drain: Command) -> None:
    """Three attempts, and the breaker is open."""
    click(call)
    change_run(db, call, attempts=2)
    drain()
    assert (run_of(db, call).status, run_of(db, call).error_code) == ("failed", "too_small")
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.json["error"]) == (500, "recording_failed")


def test_retry_queues_what_failed(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, run_tapedeck: Command,
    drain: Command,
) -> None:
    """The breaker is open for an hour; whoever has put right what was wrong need not wait."""
    call = known_call(stack, db, new_business(), faults=[fault("short", first=1)])
    failed_for_good(db, call, drain)
    assert again(run_tapedeck("retry", "--call", call.call_sid)) == (0, in_line(1), [])
    assert (runs_of(db, call), run_of(db, call).status) == (2, "queued")
    assert line_of(rds, call.business).jobs == [call.call_sid]
    assert_on_its_way(call, "2")
    drain()
    assert_stored(call, "wav2")
    assert again(run_tapedeck("retry", "--call", call.call_sid)) == (1, in_line(0), [])
    assert runs_of(db, call) == 2


def test_retry_of_what_fails_again_opens_the_breaker_again(
    stack: Stack, db: Db, new_business: NewBusiness, run_tapedeck: Command, drain: Command
) -> None:
    call = known_call(stack, db, new_business(), faults=[fault("short")])
    failed_for_good(db, call, drain)
    assert run_tapedeck("retry", "--call", call.call_sid).returncode == 0
    drain(RUN_ATTEMPTS="1")
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.json["error"]) == (500, "recording_failed")


def test_retry_of_a_business_queues_all_that_failed_or_waits(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, run_tapedeck: Command,
    drain: Command,
) -> None:
    business, other = new_business(), new_business()
    bad = [known_call(stack, db, one, faults=[fault("short", first=1)])
           for one in (business, business, business, other)]
    for call in bad:
        failed_for_good(db, call, drain)
    waiting = known_call(stack, db, business)
    click(waiting)
    change_run(db, waiting, not_before=Sql("now() + interval '1 hour'"))
    old = known_call(stack, db, business)
    click(old)
    change_run(db, old, status="failed", attempts=3, error_code="html",
               completed_at=Sql("now() - interval '61 days'"))
    late = known_call(stack, db, business)  # failed, but has come since
    click(late)
    change_run(db, late, status="failed", completed_at=Sql("now()"))
    click(late)
    db.execute("UPDATE recording_runs SET status = 'completed' WHERE call_sid = %s"
               " AND status = 'queued'", [late.call_sid])
    assert again(run_tapedeck("retry", "--business", str(business))) == (0, in_line(5), [])
    assert [runs_of(db, call) for call in (*bad, waiting, old, late)] == [2, 2, 2, 1, 1, 2, 2]
    drain()
    for call in (*bad[:3], waiting, old):
        assert_stored(call, "wav2")
    assert again(run_tapedeck("retry", "--business", str(business))) == (0, in_line(0), [])
    assert_idle(rds, business)


def test_retry_keeps_each_in_its_lane(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, run_tapedeck: Command
) -> None:
    """Nobody waits for a prefetch, also when an operator wants it."""
    business = new_business()
    calls = [known_call(stack, db, business) for _ in range(3)]
    for call in calls:
        click(call)
        change_run(db, call, status="failed", lane="later", completed_at=Sql("now()"))
    rds.delete(f"rec_slots:{business}", f"rec_slots_later:{business}",
               *(f"rec_inflight:{business}:{call.call_sid}" for call in calls))
    rds.ltrim("rec_jobs", 1, 0)
    assert run_tapedeck("retry", "--business", str(business)).returncode == 0
    line = line_of(rds, business)
    assert (len(line.slots), len(line.later), line.queue) == (2, 1, [])
    assert {run_of(db, call).lane for call in calls} == {"later"}


WRONG = {
    "nothing": [], "both": ["--call", new_sid("CA"), "--business", "1"],
    "no value": ["--call"], "no SID": ["--call", "CA123"], "another SID": ["--call", new_sid("CF")],
    "a longer SID": ["--call", new_sid("CA") + "0"], "an empty SID": ["--call="],
    "business 0": ["--business", "0"], "a name": ["--business", "acme"],
    "past all numbers": ["--business", str(2**63)], "half a number": ["--business", "7x"],
    "twice": ["--business", "1", "--business", "2"], "an option": ["--force"], "a word": ["all"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_wrong_arguments_change_nothing(
    arguments: list[str], run_tapedeck: Command
) -> None:
    done = run_tapedeck("retry", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tapedeck: [^\n]+\n", done.stderr)


def test_an_unknown_call(run_tapedeck: Command) -> None:
    done = run_tapedeck("retry", "--call", new_sid("CA"))
    assert again(done) == (1, "", ["tapedeck: retry: there is no such call"])


def test_a_call_that_nobody_asked_for(
    stack: Stack, db: Db, new_business: NewBusiness, run_tapedeck: Command
) -> None:
    call = unrecorded_call(stack, new_business())
    insert_call(db, call)
    assert again(run_tapedeck("retry", "--call", call.call_sid)) == (1, in_line(0), [])
    assert runs_of(db, call) == 0


def test_without_postgresql_retry_says_so(run_tapedeck: Command, stuck: Call) -> None:
    done = run_tapedeck("retry", "--business", str(stuck.business),
                        DATABASE_URL="postgresql:///x?host=/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert lines_of(done) == ["tapedeck: retry: PostgreSQL did not answer; nothing is lost,"
                              " try again"]


def test_without_postgresql_no_call_is_called_unknown(run_tapedeck: Command, stuck: Call) -> None:
    done = run_tapedeck("retry", "--call", stuck.call_sid,
                        DATABASE_URL="postgresql:///x?host=/nowhere")
    assert done.returncode == 1
    assert "no such call" not in done.stderr and "PostgreSQL did not answer" in done.stderr


def test_without_redis_retry_is_kept(
    stack: Stack, db: Db, new_business: NewBusiness, run_tapedeck: Command, drain: Command
) -> None:
    call = known_call(stack, db, new_business(), faults=[fault("short", first=1)])
    failed_for_good(db, call, drain)
    done = run_tapedeck("retry", "--call", call.call_sid, REDIS_URL="unix:///nowhere/redis.sock")
    assert again(done) == (0, in_line(1), [])
    assert value_of(db, "SELECT count(*) FROM recording_runs WHERE call_sid = %s"
                    " AND status = 'queued'", call.call_sid) == 1
    drain()
    assert_stored(call, "wav2")
