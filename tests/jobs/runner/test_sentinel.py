"""Redis under Sentinel: the master dies, hangs or steps down, and nothing is lost by it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control

from jobs_kit import Db, Runner, assert_idle, click, known_call, line_of, run_of, runs_of, until
from sentinel_kit import Watched

WAITING = 6
SWIFT = {"REDIS_TIMEOUT": "300ms"}


@pytest.fixture
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with Watched(tmp_path_factory.mktemp("watched") / "redis") as one:
        yield one


@pytest.fixture
def stack(make_stack: Callable[..., Stack], watched: Watched) -> Stack:
    return make_stack(overrides={"REDIS_URL": watched.url, **SWIFT})


@pytest.fixture
def new_business(stack: Stack) -> Callable[[], int]:
    return stack.new_business


def until_completed(stack: Stack, db: Db, calls: list[Call]) -> None:
    """With a cleanup now and then, as the timers have it."""
    def done() -> bool:
        assert stack.run("cleanup").returncode == 0
        return all(run_of(db, one).status == "completed" for one in calls)

    until(done, "every download")


def gone(how: str, watched: Watched) -> int:
    """The master is no more; which it was."""
    master = watched.master
    watched.in_step()
    if how == "killed":
        watched.kill(master)
    else:
        watched.signal(master, signal.SIGSTOP)
    return master


@pytest.mark.parametrize("how", ["killed", "hangs"])
def test_a_master_goes_while_one_arrives_and_others_wait(
    how: str, stack: Stack, watched: Watched, db: Db, twilio: Control,
    new_business: Callable[[], int], held: Callable[..., tuple[Call, Runner]],
) -> None:
    business = new_business()
    ready, *waiting = [known_call(stack, db, business) for _ in range(1 + WAITING)]
    click(ready)
    assert stack.run("drain", "--once").returncode == 0
    arriving, runner = held("--linger", "1h", RUNNER_TRANSFERS="1")
    for one in waiting:
        click(one)
    with watched.client() as client:
        # Read one after the other, one that moves meanwhile is seen twice.
        until(lambda: (line := line_of(client, business)) and
              len(line.slots) + len(line.queue) == WAITING, "all are in the line")

    old = gone(how, watched)
    during, after = known_call(stack, db, business), known_call(stack, db, business)
    assert ready.api.get(ready.file_path).body == ready.source("wav2")
    click(during)
    watched.await_other(old)
    assert ready.api.get(ready.file_path).body == ready.source("wav2")
    click(after)
    twilio.release(arriving.recording_sid)
    fetched = [arriving, *waiting, during, after]
    until_completed(stack, db, fetched)

    for one in (ready, *fetched):
        assert one.api.get(one.file_path).body == one.source("wav2")
        run = run_of(db, one)
        assert (runs_of(db, one), run.attempts, run.recoveries) == (1, 0, 0)
        assert twilio.stats().recording(one.recording_sid).requests == 1
    with watched.client() as client:
        until(lambda: not line_of(client, business).slots, "slots that are given back")
        assert_idle(client, business)
    assert "ok" in next(line for line in stack.run("status").stdout.splitlines()
                        if line.startswith("redis"))
    assert runner.process.poll() is None


def test_a_click_reaches_a_runner_that_listened_to_the_old_master(
    stack: Stack, watched: Watched, db: Db, new_business: Callable[[], int],
    runner: Callable[..., Runner],
) -> None:
    """It hangs, so nothing tells the runner that nobody is at the other end any more."""
    runner()
    first, second = [known_call(stack, db, new_business()) for _ in range(2)]
    click(first)
    until(lambda: run_of(db, first).status == "completed", "the first")
    old = gone("hangs", watched)
    watched.await_other(old)
    until(lambda: second.api.post(second.prepare_path).status == 200, "the second")


def test_a_master_that_steps_down_is_left(
    stack: Stack, watched: Watched, db: Db, new_business: Callable[[], int],
    runner: Callable[..., Runner],
) -> None:
    """As for an upgrade: both are there all the while."""
    runner()
    business, old = new_business(), watched.master
    calls = [known_call(stack, db, business) for _ in range(WAITING)]
    for one in calls[:3]:
        click(one)
    watched.fail_over()
    watched.await_other(old)
    watched.await_replica(old)  # until then both call themselves the master
    for one in calls[3:]:
        click(one)
    until_completed(stack, db, calls)
    assert [runs_of(db, one) for one in calls] == [1] * WAITING


@pytest.mark.parametrize("how", [Watched.without_replicas, Watched.without_master])
def test_a_server_that_refuses_to_be_the_master_is_left(
    how: Callable[[Watched, int], None], stack: Stack, watched: Watched, db: Db,
    new_business: Callable[[], int], runner: Callable[..., Runner],
) -> None:
    """It answers all the while, and nothing closes the connections to it."""
    runner()
    first, second = [known_call(stack, db, new_business()) for _ in range(2)]
    click(first)
    until(lambda: run_of(db, first).status == "completed", "the first")
    old = watched.master
    watched.in_step()
    watched.abandon(old)
    how(watched, old)
    click(second)
    until_completed(stack, db, [second])
    assert runs_of(db, second) == 1


def test_without_any_sentinel_that_answers_recordings_play(
    stack: Stack, watched: Watched, db: Db, new_business: Callable[[], int]
) -> None:
    one = known_call(stack, db, new_business())
    click(one)
    assert stack.run("drain", "--once").returncode == 0
    nobody = "redis+sentinel://127.0.0.1:1,127.0.0.1:2/x"
    told = stack.run("status", REDIS_URL=nobody)
    assert "not reachable" in told.stdout and "REDIS_NO_MASTER name=x sentinels=2" in told.stderr
    unknown = watched.url.replace("/tapedeck/", "/other/")
    assert "not reachable" in stack.run("status", REDIS_URL=unknown).stdout
