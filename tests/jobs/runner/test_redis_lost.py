"""Redis is expendable: emptied, killed or away, it costs no work, and nobody gets more than may."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    IDLE, Db, Line, Runner, assert_stored, click, heard_of_long_ago, known_call, line_of, run_of,
    runs_of, until, until_idle,
)

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]
NewRunner = Callable[..., Runner]

LIMIT = 3


def held_up(stack: Stack, db: Db, business: int, count: int) -> list[Call]:
    """Calls whose transfers the provider holds up, clicked in this order."""
    calls = [known_call(stack, db, business, group=f"lost-{business}", faults=[fault("hold")])
             for _ in range(count)]
    for call in calls:
        click(call)
    return calls


def ready_call(stack: Stack, db: Db, business: int) -> Call:
    """A call whose recording is here."""
    call = known_call(stack, db, business)
    call.part_file.parent.mkdir(mode=0o750, exist_ok=True)
    (call.part_file.parent / f"{call.call_sid}.wav").write_bytes(b"RIFF of a sort")
    return call


def assert_plays(call: Call) -> None:
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.body) == (200, b"RIFF of a sort")


def clients(rds: redis.Redis) -> dict[str, str]:
    """Redis's connections, and what each asked last."""
    return {client["id"]: client["cmd"] for client in rds.client_list()}


def sids(calls: list[Call]) -> set[str]:
    return {call.call_sid for call in calls}


def assert_restored(db: Db, rds: redis.Redis, calls: list[Call]) -> None:
    """Each of them has its slot again, under the token that its row has."""
    business = calls[0].business
    assert line_of(rds, business).slots == sids(calls)
    leases = [rds.get(f"rec_inflight:{business}:{call.call_sid}") for call in calls]
    assert leases == [f"c:r:{run_of(db, call).lease_token}" for call in calls]


def assert_fetched_once(db: Db, twilio: Control, calls: list[Call]) -> None:
    for call in calls:
        assert_stored(call, "wav2")
        run = run_of(db, call)
        assert (run.status, run.attempts, run.recoveries) == ("completed", 0, 0)
        assert runs_of(db, call) == 1
    stats = twilio.stats()
    assert [stats.recording(call.recording_sid).requests for call in calls] == [1] * len(calls)
    assert stats.group(f"lost-{calls[0].business}").max_in_flight == LIMIT


# Emptied.


@pytest.mark.parametrize("healer", ["click", "cleanup", "runner"])
def test_what_runs_gets_its_slot_back_before_anybody_else(
    healer: str, stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness,
    runner: NewRunner, cleanup: Command, twilio: Control,
) -> None:
    business = new_business()
    calls, here = held_up(stack, db, business, 5), ready_call(stack, db, business)
    runner()
    twilio.wait("held", equals=LIMIT, group=f"lost-{business}")
    rds.flushall()
    assert_plays(here)
    if healer == "click":
        answer = calls[4].api.get(calls[4].file_path)
        assert (answer.status, answer.json["status"], answer.json["position"]) == (202, "queued", 1)
    elif healer == "cleanup":
        cleanup()
    else:
        until(lambda: len(line_of(rds, business).queue) == 2, "the lines, rebuilt by the runner")
    assert_restored(db, rds, calls[:LIMIT])
    assert line_of(rds, business).jobs == []
    cleanup()
    assert set(line_of(rds, business).queue) == sids(calls[LIMIT:])
    assert twilio.stats().group(f"lost-{business}").in_flight == LIMIT
    for call in calls:
        twilio.release(call.recording_sid)
    until(lambda: all(call.finished_file for call in calls), "all recordings")
    until_idle(rds, business)
    assert_fetched_once(db, twilio, calls)


def test_a_click_in_one_business_restores_all(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    twilio: Control,
) -> None:
    """Else the next click elsewhere would find free slots that are none."""
    mine, other = new_business(), new_business()
    calls = held_up(stack, db, other, LIMIT)
    runner("--once")
    twilio.wait("held", equals=LIMIT, group=f"lost-{other}")
    rds.flushall()
    click(known_call(stack, db, mine))
    assert_restored(db, rds, calls)
    [more] = held_up(stack, db, other, 1)
    assert line_of(rds, other).queue == [more.call_sid]


def test_an_end_before_the_slots_are_back_lets_nobody_in(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    cleanup: Command, twilio: Control,
) -> None:
    business = new_business()
    calls = held_up(stack, db, business, 5)
    one = runner()
    twilio.wait("held", equals=LIMIT, group=f"lost-{business}")
    rds.flushall()
    twilio.release(calls[0].recording_sid)
    one.hear(f"RECORDING_DONE business_id={business} sid={calls[0].call_sid}")
    cleanup()
    twilio.wait("held", equals=LIMIT, group=f"lost-{business}")
    assert_restored(db, rds, calls[1:4])
    for call in calls[1:]:
        twilio.release(call.recording_sid)
    until(lambda: all(call.finished_file for call in calls), "all recordings")
    # How far the first one was, nobody takes back: that goes by itself.
    until(lambda: replace(line_of(rds, business), progress=set()) == IDLE, "free slots")
    assert_fetched_once(db, twilio, calls)


def test_a_dead_runners_slot_is_not_restored(
    held: Callable[..., tuple[Call, Runner]], stack: Stack, db: Db, rds: redis.Redis
) -> None:
    call, one = held("--once")
    one.kill()
    heard_of_long_ago(db, call)
    rds.flushall()
    others = held_up(stack, db, call.business, LIMIT)
    assert line_of(rds, call.business).slots == sids(others)


def test_leases_that_lapsed_while_redis_was_not_heard_are_restored(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    twilio: Control,
) -> None:
    """It hung, and its clock went on: what it forgot first is that the slots are in place."""
    business = new_business()
    calls = held_up(stack, db, business, LIMIT + 1)
    runner("--once")
    twilio.wait("held", equals=LIMIT, group=f"lost-{business}")
    leases = [f"rec_inflight:{business}:{call.call_sid}" for call in calls[:LIMIT]]
    click(known_call(stack, db, new_business()))  # so that Redis has just heard somebody
    assert 0 < rds.pttl("rec_ready") <= 60_000 < 85_000 < min(map(rds.pttl, leases))
    rds.delete("rec_ready", *leases)
    click(calls[LIMIT])
    assert_restored(db, rds, calls[:LIMIT])
    assert line_of(rds, business).queue == [calls[LIMIT].call_sid]


def test_a_prefetch_is_restored_as_one(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    new_call: Callable[..., Call], cleanup: Command, twilio: Control,
) -> None:
    """Of the slots that prefetches may have none is left, and one is for people."""
    business = new_business()
    calls = [new_call(business, group=f"lost-{business}", faults=[fault("hold")])
             for _ in range(3)]
    runner("--once")
    twilio.wait("held", equals=2, group=f"lost-{business}")
    rds.flushall()
    cleanup()
    assert rds.smembers(f"rec_slots_later:{business}") == sids(calls[:2])
    line = line_of(rds, business)
    assert (line.slots, line.later, line.jobs) == (sids(calls[:2]), [calls[2].call_sid], [])
    [person] = held_up(stack, db, business, 1)
    assert line_of(rds, business).slots == sids([*calls[:2], person])


def test_emptied_again_and_again_nobody_gets_more(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, runner: NewRunner,
    twilio: Control,
) -> None:
    """Two runners, two businesses, and a flush whenever another recording has come."""
    businesses = [new_business(), new_business()]
    calls = [known_call(stack, db, business, seconds=0.5, group=f"lost-{business}",
                        faults=[fault("latency", ms=20)])
             for _ in range(10) for business in businesses]
    for call in calls:
        click(call)
    for _ in range(2):
        runner()
    for count in range(1, len(calls)):
        until(lambda: sum(1 for call in calls if call.finished_file) >= count, "the next one")
        rds.flushall()
        click(known_call(stack, db, new_business()))  # whoever comes next puts it right
        for call in calls:
            call.api.get(call.file_path)
    until(lambda: all(call.finished_file for call in calls), "all recordings")
    stats = twilio.stats()
    assert max(stats.group(f"lost-{business}").max_in_flight for business in businesses) <= LIMIT
    assert [stats.recording(call.recording_sid).requests for call in calls] == [1] * len(calls)


# Killed, and away.


@dataclass(frozen=True)
class Own:
    """A stack whose Redis this test may kill, and connections to its stores."""

    stack: Stack
    db: Db
    logs: Path

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.stack.redis_url, decode_responses=True)


@pytest.fixture
def own(make_stack: Callable[..., Stack], tmp_path: Path) -> Iterator[Own]:
    stack = make_stack(responders=2)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        yield Own(stack, db, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_without_redis_what_runs_goes_on_and_what_comes_is_kept(
    own: Own, number: signal.Signals
) -> None:
    stack, twilio, group = own.stack, own.stack.twilio, "lost-1"
    calls, here = held_up(stack, own.db, 1, 4), ready_call(stack, own.db, 1)
    with Runner(stack, own.logs, ["--linger", "1h"], {}) as one, own.redis() as rds:
        twilio.wait("held", equals=LIMIT, group=group)
        stack.halt("redis", number)
        assert_plays(here)
        late = known_call(stack, own.db, 1, group=group, faults=[fault("hold")])
        for _ in range(2):
            answer = late.api.get(late.file_path)
            assert (answer.status, answer.json["status"]) == (202, "queued")
        twilio.release(calls[0].recording_sid)
        until(lambda: run_of(own.db, calls[0]).status == "completed", "the end of the first")
        assert_stored(calls[0], "wav2")
        assert twilio.stats().group(group).requests == LIMIT, "nobody can grant anything"
        stack.revive("redis")
        twilio.wait("held", equals=LIMIT, group=group)
        assert_restored(own.db, rds, calls[1:])
        assert line_of(rds, 1).queue == [late.call_sid]
        for call in (*calls, late):
            twilio.release(call.recording_sid)
        until(lambda: late.finished_file, "the last one")
        until_idle(rds, 1)
        assert_fetched_once(own.db, twilio, [*calls, late])
        assert one.process.poll() is None


def test_a_transfer_that_neither_server_vouches_for_stops(own: Own) -> None:
    """By the time they are back, it may be somebody else's."""
    stack, twilio, group = own.stack, own.stack.twilio, "lost-1"
    [call] = held_up(stack, own.db, 1, 1)
    settings = {"INFLIGHT_TTL": "2s", "STALE_AFTER": "2s"}
    with Runner(stack, own.logs, ["--linger", "1h"], settings) as one:
        twilio.wait("held", equals=1, group=group)
        stack.halt("redis")
        stack.halt("postgres", signal.SIGINT)
        one.hear(f"RECORDING_LOST business_id=1 sid={call.call_sid}")
        twilio.wait("in_flight", equals=0, group=group)
        assert not call.part_file.exists()
        stack.revive("postgres")
        stack.revive("redis")
        with psycopg.connect(stack.database_url, autocommit=True) as db, own.redis() as rds:
            until(lambda: stack.run("cleanup", **settings).returncode == 0
                  and twilio.stats().group(group).held == 1, "its being taken up again")
            twilio.release(call.recording_sid)
            until(lambda: call.finished_file, "the recording")
            until_idle(rds, 1)
            assert run_of(db, call).attempts == 0


def test_the_commands_do_what_can_be_done_without_redis(own: Own) -> None:
    stack = own.stack
    stack.halt("redis")
    kept = known_call(stack, own.db, 1)
    click(kept)
    for command, code in (("cleanup", 0), ("reconcile", 0), ("status", 0)):
        done = stack.run(command)
        assert done.returncode == code, done.stderr
    done = stack.run("drain", "--once")
    assert done.returncode == 0 and run_of(own.db, kept).status == "queued"
    stack.revive("redis")
    assert stack.run("drain", "--once").returncode == 0
    assert_stored(kept, "wav2")
    with own.redis() as rds:
        until_idle(rds, 1)


def test_calls_that_came_without_redis_keep_their_order(own: Own) -> None:
    stack = own.stack
    stack.halt("redis")
    calls = held_up(stack, own.db, 1, 5)
    stack.revive("redis")
    assert stack.run("cleanup").returncode == 0
    with own.redis() as rds:
        line = line_of(rds, 1)
    first, rest = calls[:LIMIT], calls[LIMIT:]
    assert line == Line(sids(first), [call.call_sid for call in rest], [], sids(first),
                        [call.call_sid for call in first], set())


def test_a_job_that_was_heard_when_redis_had_gone_is_not_forgotten(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    """A runner hears of jobs on one connection and takes them on another, which may be the one
    that is gone."""
    stack = make_stack(responders=1)
    with psycopg.connect(stack.database_url, autocommit=True) as db, \
            redis.Redis.from_url(stack.redis_url, decode_responses=True) as rds:
        first, second = (known_call(stack, db, 1) for _ in range(2))
        click(first)  # the responder has its connection
        others = clients(rds)
        with Runner(stack, tmp_path, ["--linger", "1h"], {}):
            until(lambda: first.finished_file, "a recording")
            until_idle(rds, 1)
            until(lambda: "blpop" in clients(rds).values(), "a runner that listens")
            own = {cid for cid, asked in clients(rds).items()
                   if cid not in others and asked != "blpop"}
            assert len(own) == 2, "the one it takes jobs on, and the one it stores with"
            rds.config_set("maxclients", len(clients(rds)) - len(own))
            for cid in own:
                rds.client_kill_filter(_id=cid)
            click(second)
            until(lambda: rds.llen("rec_jobs") == 0, "a runner that heard of it")
            rds.config_set("maxclients", 1000)
            until(lambda: second.finished_file, "the recording")
        assert runs_of(db, second) == 1
