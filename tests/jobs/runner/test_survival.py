"""A machine that dies, at any instant: no unfinished file has a finished name, no row lies for
long."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    COMMITTING, MARKING, Db, Runner, assert_idle, assert_stored, caught, click, files_of,
    heard_of_long_ago, known_call, lapse, run_of, runs_of, until, until_idle, value_of,
)

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]
NewRunner = Callable[..., Runner]


def see_off(db: Db, backend: int) -> None:
    """What its dead client had begun is over."""
    db.execute("SELECT pg_terminate_backend(%s)", [backend])
    until(lambda: not value_of(db, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", backend),
          "the end of its session")


def taken_up_again(db: Db, rds: redis.Redis, call: Call, cleanup: Command, drain: Command) -> None:
    """Its lease lapses, and the next runner comes."""
    lapse(rds, call)
    heard_of_long_ago(db, call)
    cleanup()
    drain()
    run = run_of(db, call)
    assert (run.status, run.attempts, run.recoveries, runs_of(db, call)) == ("completed", 0, 1, 1)
    assert_stored(call, "wav2")
    assert_idle(rds, call.business)


# Killed between two steps.


def test_killed_before_the_file_has_its_name(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    cleanup: Command, drain: Command, twilio: Control,
) -> None:
    """All bytes are there and checked; but nobody said so, so they are fetched again."""
    call = known_call(stack, db, new_business())
    click(call)
    with caught(stack, MARKING) as backend:
        one = runner("--once")
        pid = backend()
        assert files_of(call) == [call.part_file.name]
        assert call.part_file.read_bytes() == call.source("wav2")
        one.kill()
        assert call.api.get(call.file_path).status == 202
        see_off(db, pid)
    assert run_of(db, call).status == "running"
    taken_up_again(db, rds, call, cleanup, drain)
    assert twilio.stats().recording(call.recording_sid).requests == 2


def test_killed_before_its_row_is_committed(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    cleanup: Command, drain: Command, twilio: Control,
) -> None:
    """The file has its name, and is whole: it plays, and is not fetched again."""
    call = known_call(stack, db, new_business())
    click(call)
    with caught(stack, COMMITTING) as backend:
        one = runner("--once")
        pid = backend()
        assert_stored(call, "wav2")
        assert run_of(db, call).status == "running"
        one.kill()
        see_off(db, pid)
    assert call.api.get(call.file_path).body == call.source("wav2")
    taken_up_again(db, rds, call, cleanup, drain)
    assert twilio.stats().recording(call.recording_sid).requests == 1


def test_killed_before_its_slot_is_given_back(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    drain: Command, twilio: Control,
) -> None:
    """Its row is committed all the same: the next dispatch finds the slot, and nothing to do."""
    call = known_call(stack, db, new_business())
    click(call)
    with caught(stack, COMMITTING) as backend:
        one = runner("--once")
        pid = backend()
        one.kill()
    until(lambda: not value_of(db, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid),
          "the end of its session")
    assert run_of(db, call).status == "completed"
    lapse(rds, call)
    other = known_call(stack, db, call.business)
    click(other)
    drain()
    for each in (call, other):
        assert_stored(each, "wav2")
        assert twilio.stats().recording(each.recording_sid).requests == 1
    assert_idle(rds, call.business)


@pytest.mark.parametrize("where", [MARKING, COMMITTING], ids=["marking", "committing"])
def test_postgresql_dies_while_a_runner_completes(
    where: str, make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    """The runner lives, and sees to it that the file and its row come together in the end."""
    stack = make_stack(responders=1)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        call = known_call(stack, db, 1)
    with Runner(stack, tmp_path, ["--linger", "1h"], {}) as one:
        try:
            with caught(stack, where) as backend:
                click(call)  # not before: the runner is quick
                backend()
                with psycopg.connect(stack.database_url, autocommit=True) as db:
                    db.execute("CHECKPOINT")
                stack.halt("postgres", signal.SIGQUIT)  # at once: our lock is not let go first
        except psycopg.OperationalError:
            pass  # the test's own connection went with it
        stack.revive("postgres")
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            db.execute("DROP FUNCTION wait_for_test CASCADE")
            until(lambda: call.finished_file, "the recording")
            with redis.Redis.from_url(stack.redis_url, decode_responses=True) as rds:
                until_idle(rds, 1)
            if where == COMMITTING:
                assert run_of(db, call).status == "running"
                assert call.api.get(call.file_path).status == 200
                heard_of_long_ago(db, call)
                assert stack.run("cleanup").returncode == 0
            until(lambda: run_of(db, call).status == "completed", "the end of the run")
        assert_stored(call, "wav2")
        assert one.process.poll() is None
    assert stack.twilio.stats().recording(call.recording_sid).requests == 1


# PostgreSQL is away when a transfer ends.


@pytest.fixture
def cut_off(make_stack: Callable[..., Stack], tmp_path: Path) -> Iterator[tuple[Call, Runner]]:
    """A call all of whose bytes a runner has, and PostgreSQL is away."""
    stack = make_stack(responders=1)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        call = known_call(stack, db, 1, faults=[fault("hold", first=1)])
        click(call)
    with Runner(stack, tmp_path, ["--linger", "1h"], {}) as one:
        stack.twilio.wait("held", equals=1, sid=call.recording_sid)
        stack.halt("postgres", signal.SIGINT)
        stack.twilio.release(call.recording_sid)
        stack.twilio.wait("completed", equals=1, sid=call.recording_sid)
        until(lambda: call.part_file.exists()
              and call.part_file.stat().st_size == len(call.source("wav2")), "all bytes")
        yield call, one


def test_the_end_is_kept_until_postgresql_hears_of_it(cut_off: tuple[Call, Runner]) -> None:
    call, one = cut_off
    stack = call.stack
    one.hear("PG_UNAVAILABLE")
    assert files_of(call) == [call.part_file.name], "no name before PostgreSQL knows"
    stack.revive("postgres")
    until(lambda: call.finished_file, "the recording")
    assert_stored(call, "wav2")
    with psycopg.connect(stack.database_url, autocommit=True) as db, \
            redis.Redis.from_url(stack.redis_url, decode_responses=True) as rds:
        until_idle(rds, 1)
        run = run_of(db, call)
    assert (run.status, run.attempts, run.recoveries) == ("completed", 0, 0)
    assert stack.twilio.stats().recording(call.recording_sid).requests == 1


def test_killed_while_it_keeps_an_end(cut_off: tuple[Call, Runner]) -> None:
    call, one = cut_off
    stack = call.stack
    one.kill()
    stack.revive("postgres")
    assert call.finished_file is None
    with psycopg.connect(stack.database_url, autocommit=True) as db, \
            redis.Redis.from_url(stack.redis_url, decode_responses=True) as rds:
        taken_up_again(db, rds, call, lambda: stack.run("cleanup"),
                       lambda: stack.run("drain", "--once"))
    assert stack.twilio.stats().recording(call.recording_sid).requests == 2


def test_a_job_that_comes_without_postgresql_goes_back_in_line(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    stack = make_stack(responders=1)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        call = known_call(stack, db, 1)
        click(call)
    stack.halt("postgres", signal.SIGINT)
    with Runner(stack, tmp_path, ["--linger", "1h"], {}) as one:
        one.hear("PG_UNAVAILABLE")
        assert stack.twilio.stats().recording(call.recording_sid).requests == 0
        stack.revive("postgres")
        until(lambda: call.finished_file, "the recording")
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            until(lambda: run_of(db, call).status == "completed", "the end of the run")
            assert run_of(db, call).attempts == 0


# A file that has gone.


def remove_file(path: Path) -> None:
    path.unlink()


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def half_again(path: Path) -> None:
    """A backup that was put back while it was being made."""
    path.rename(path.with_name(f".{path.stem}.part"))


@pytest.mark.parametrize("lose", [remove_file, remove_folder, half_again])
def test_a_file_that_has_gone_is_fetched_again(
    lose: Callable[[Path], None], db: Db, rds: redis.Redis, new_call: Callable[..., Call],
    drain: Command, twilio: Control,
) -> None:
    """The row still says completed: it is the file that counts."""
    call = new_call()
    drain()
    assert call.finished_file and run_of(db, call).status == "completed"
    lose(call.finished_file)
    assert call.api.get(call.status_path).json["status"] == "absent"
    click(call)
    drain()
    assert_stored(call, "wav2")
    assert (runs_of(db, call), run_of(db, call).status) == (2, "completed")
    assert twilio.stats().recording(call.recording_sid).requests == 2
    assert_idle(rds, call.business)


def test_failures_before_it_came_do_not_count_once_it_has_gone(
    stack: Stack, db: Db, new_business: NewBusiness, drain: Command
) -> None:
    """The breaker was open once; a success has closed it for good."""
    call = known_call(stack, db, new_business())
    click(call)
    db.execute("UPDATE recording_runs SET status = 'failed', attempts = 3, completed_at = now()"
               " WHERE call_sid = %s", [call.call_sid])
    assert call.api.get(call.file_path).status == 500
    db.execute("INSERT INTO recording_runs (business_id, call_sid, job_type, status, completed_at)"
               " VALUES (%s, %s, 'download', 'completed', now())", [call.business, call.call_sid])
    click(call)
    drain()
    assert_stored(call, "wav2")
