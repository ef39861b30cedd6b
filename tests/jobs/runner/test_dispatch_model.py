"""The queue's scripts against a reference model: random histories, every promise after every step.

What a step-by-step test cannot find is the history that nobody thought of; so here are thousands.
MODEL_STEPS says how many (over all worlds), MODEL_SEED repeats one that failed.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import redis
from stack.stack import Stack

from queue_model import CLICK, LATER, RUNNING, Answer, Business, State, Store, broken_promises
from queue_scripts import Scripts

STEPS = int(os.environ.get("MODEL_STEPS", "20000"))
OWN_DB = "9"  # not the stack's: nothing else may touch these keys
HISTORY = 25  # what a failure shows
LOOK_AROUND = 200  # steps between two looks at the businesses that a step had nothing to do with
BROKEN = -2

# Slots, and how many of them prefetches may have, of each business of a world; the second world is
# crowded, the third has lines that hardly move.
WORLDS = {
    "as configured": [(3, 2)] * 3,
    "odd limits": [(1, 1), (2, 1), (5, 2), (4, 4)],
    "one slot": [(1, 1)] * 2,
    "crowded": [(3, 1)],
}


@pytest.fixture
def own_redis(stack: Stack) -> Iterator[redis.Redis]:
    url = stack.redis_url.replace("?db=0", f"?db={OWN_DB}")
    with redis.Redis.from_url(url, decode_responses=True) as client:
        client.flushdb()
        client.set("rec_ready", "1")
        yield client
        client.flushdb()


@dataclass
class World:
    """Several businesses, as the model and as Redis have them, and the runners' tokens."""

    scripts: Scripts
    rng: random.Random
    businesses: list[Business]
    store: Store
    tokens: list[tuple[int, str, str]] = field(default_factory=list)  # all there ever were
    popped: list[str] = field(default_factory=list)
    alive: list[tuple[int, str, str, str]] = field(default_factory=list)  # while Redis forgot them
    history: deque[str] = field(default_factory=lambda: deque(maxlen=HISTORY))
    happened: Counter[str] = field(default_factory=Counter)
    serial: int = 0

    def fresh(self, what: str) -> str:
        self.serial += 1
        return f"{what}{self.serial}"

    def note(self, what: str) -> None:
        self.history.append(what)
        self.happened[what.split()[0]] += 1

    # One operation each: done in Redis, done in the model, compared.

    def enqueue(self, one: Business, sid: str) -> None:
        lane = self.rng.choice(["click", "later"])
        self.note(f"enqueue {one.id}:{sid} {lane}")
        self._dispatch(one, ["enqueue", sid, lane], lambda nonce, reaped: one.enqueue(
            sid, CLICK if lane == "click" else LATER, nonce, reaped))

    def fill(self, one: Business, _sid: str) -> None:
        self.note(f"fill {one.id}")
        self._dispatch(one, ["fill"], one.fill)

    def release(self, one: Business, sid: str) -> None:
        self._give_back(one, self._held(one, sid), "release")

    def hand_back(self, one: Business, sid: str) -> None:
        self._give_back(one, self._held(one, sid), "return")

    def drop(self, one: Business, sid: str) -> None:
        self.note(f"drop {one.id}:{sid}")
        self._dispatch(one, ["drop", sid, ""], lambda nonce, reaped: one.drop(sid, nonce, reaped))

    def release_wrongly(self, one: Business, sid: str) -> None:
        """With another call's token, an old one, or none that ever was."""
        verb = self.rng.choice(["release", "return"])
        self._give_back(one, (sid, self._some_token()), verb)

    def pop(self, _one: Business, _sid: str) -> None:
        job = self.scripts.pop_job()
        self.note(f"pop {job}")
        expected = self.store.jobs.pop(0) if self.store.jobs else None
        assert job == expected, f"rec_jobs gave {job}, not {expected}"
        if job is not None:
            self.popped.append(job)

    def take(self, one: Business, sid: str) -> None:
        """Mostly what was popped, perhaps long ago; else a call that nobody may have granted."""
        if self.popped and self.rng.random() < 0.9:
            job = self.popped.pop(self.rng.randrange(len(self.popped)))
            number, sid = job.split(":")
            one = self.businesses[int(number) - 1]
        token = self.fresh("token") + ".1"
        self.note(f"take {one.id}:{sid} {token}")
        got, state = self.scripts.take(one.id, sid, token)
        self._same(got, one.take(sid, token), state, one)
        if got == 1:
            self.tokens.append((one.id, sid, token))

    def renew(self, one: Business, sid: str) -> None:
        """Before all is in place, only by a transfer that goes on, as PostgreSQL knows it."""
        if self.alive:
            number, sid, token, _ = self.rng.choice(self.alive)
            one = self.businesses[number - 1]
        elif not self.store.ready:
            return
        elif self.tokens and self.rng.random() < 0.8:
            number, sid, token = self.rng.choice(self.tokens[-20:])
            one = self.businesses[number - 1]
        else:
            token = self._some_token()
        self.note(f"renew {one.id}:{sid} {token}")
        got, state = self.scripts.renew(one.id, sid, token, one.limit)
        self._same(got, one.renew(sid, token), state, one)

    def peek(self, one: Business, sid: str) -> None:
        self.note(f"peek {one.id}:{sid}")
        got, state = self.scripts.peek(one.id, sid)
        self._same(got, [one.place(sid), -1, -1, "", BROKEN, "", "0"], state, one)

    def absent(self, one: Business, _sid: str) -> None:
        """All calls at once, and one of them twice."""
        calls = [(sid, self.rng.choice(["click", "later"])) for sid in [*CALLS, CALLS[0]]]
        self.note(f"absent {one.id}:{calls}")
        got, state = self.scripts.absent(one.id, calls)
        self._same(got, one.absent(calls), state, one)

    def lapse(self, one: Business, sid: str) -> None:
        if one.slots:
            sid = self.rng.choice(sorted(one.slots))
            self.note(f"lapse {one.id}:{sid}")
            self.scripts.lapse(one.id, sid)
            one.lapse(sid)

    def lose_lines(self, one: Business, _sid: str) -> None:
        self.note(f"lose_lines {one.id}")
        self.scripts.lose_lines(one.id)
        one.lose_lines()

    def lose_set(self, one: Business, _sid: str) -> None:
        self.note(f"lose_set {one.id}")
        self.scripts.lose_set(one.id)
        one.lose_set()

    def flush(self, _one: Business, _sid: str) -> None:
        self.note("flush")
        self.scripts.client.flushdb()
        self.store.jobs.clear()
        self.store.ready = False
        self.alive = [(one.id, sid, lease.token, lease.lane) for one in self.businesses
                      for sid, lease in one.slots.items() if lease and lease.state == RUNNING]
        for one in self.businesses:
            one.lose_everything()

    def restore(self, _one: Business, _sid: str) -> None:
        """One transfer that PostgreSQL knows of; when all are in place, Redis is told so."""
        if self.store.ready:
            return
        if self.alive:
            number, sid, token, lane = self.alive.pop()
            one = self.businesses[number - 1]
            self.note(f"restore {number}:{sid} {token}")
            got, state = self.scripts.restore(number, sid, token, lane)
            self._same(got, one.restore(sid, token, lane), state, one)
        else:
            self.note("set_ready")
            self.scripts.set_ready()
            self.store.ready = True
            for one in self.businesses:  # as cleanup does
                self._dispatch(one, ["fill"], one.fill)

    def look_around(self) -> None:
        for one in self.businesses:
            self._same(None, None, self.scripts.look(one.id), one)

    # Their common parts.

    def _held(self, one: Business, sid: str) -> tuple[str, str]:
        """A call that a runner has, with its token; without any, this call with some token."""
        held = [(sid, token) for sid in sorted(one.slots) if (token := one.held(sid))]
        return self.rng.choice(held) if held else (sid, self._some_token())

    def _some_token(self) -> str:
        old = self.tokens and self.rng.random() < 0.7
        return self.rng.choice(self.tokens)[2] if old else self.fresh("nobody")

    def _give_back(self, one: Business, call: tuple[str, str], verb: str) -> None:
        sid, token = call
        self.note(f"{verb} {one.id}:{sid} {token}")
        self._dispatch(one, [verb, sid, token], lambda nonce, reaped: one.release(
            sid, token, verb == "return", nonce, reaped))

    def _dispatch(
        self, one: Business, words: list[str], model: Callable[[str, list[str]], Answer]
    ) -> None:
        nonce = self.fresh("n")
        got, state = self.scripts.dispatch(one.id, (one.limit, one.later_limit), nonce, *words)
        self.happened["granted"] += len(got.granted)
        self.happened["reaped"] += len(got.reaped)
        self._same(got, model(nonce, got.reaped), state, one, dispatched=True)

    def _same(
        self, got: object, expected: object, state: State, one: Business, dispatched: bool = False
    ) -> None:
        assert got == expected, f"it answered {got}, not {expected}"
        assert state == one.state(), f"Redis has\n{state}, the model\n{one.state()}"
        broken = broken_promises(state, one.limit, one.later_limit, dispatched=dispatched)
        assert not broken, f"{'; '.join(broken)}: {state}"


# How often each happens: enough waiting to fill the lines, enough endings to empty them.
OPERATIONS: dict[Callable[[World, Business, str], None], int] = {
    World.enqueue: 30, World.pop: 20, World.take: 20, World.release: 16, World.hand_back: 5,
    World.release_wrongly: 8, World.renew: 8, World.fill: 5, World.peek: 4, World.lapse: 6,
    World.lose_lines: 1, World.lose_set: 1, World.drop: 3, World.restore: 6,
    World.absent: 4,
}
RARELY = 250  # steps between two flushes, about
CALLS = [f"CA{number:02}" for number in range(9)]


@pytest.mark.parametrize("name", WORLDS)
def test_any_history_keeps_every_promise(name: str, own_redis: redis.Redis) -> None:
    seed = os.environ.get("MODEL_SEED") or secrets.token_hex(4)
    store = Store()
    businesses = [
        Business(number, limit, later_limit, store)
        for number, (limit, later_limit) in enumerate(WORLDS[name], 1)
    ]
    world = World(Scripts(own_redis), random.Random(seed), businesses, store)
    operations, weights = list(OPERATIONS), list(OPERATIONS.values())
    for step in range(STEPS // len(WORLDS)):
        operation = world.rng.choices(operations, weights)[0]
        if world.rng.randrange(RARELY) == 0:
            operation = World.flush
        try:
            operation(world, world.rng.choice(businesses), world.rng.choice(CALLS))
            if step % LOOK_AROUND == 0:
                world.look_around()
        except AssertionError as error:
            history = "\n  ".join(world.history)
            pytest.fail(f"MODEL_SEED={seed}, step {step}: {error}\n  {history}", pytrace=False)
    seen = ("granted", "reaped", "renew", "return", "drop", "restore", "set_ready")
    assert min(world.happened[what] for what in seen) > 0


def test_who_restores_notices_that_redis_was_emptied_again(own_redis: redis.Redis) -> None:
    """And so does everybody who was at it; who begins afterwards is believed."""
    scripts = Scripts(own_redis)
    for who in ("a", "b"):
        scripts.begin_restore(who)
    own_redis.flushdb()
    scripts.begin_restore("c")
    assert [scripts.end_restore(who) for who in ("a", "b")] == [0, 0]
    assert not own_redis.exists("rec_ready")
    assert scripts.end_restore("c") == 1
    assert own_redis.exists("rec_ready") and own_redis.keys("rec_restoring:*") == []


def test_a_history_is_repeatable(own_redis: redis.Redis) -> None:
    """A seed is only worth printing when it leads to the same steps again."""
    first, second = (random.Random("seed").choices(CALLS, k=50) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("verb", ["enqueue", "release", "return", "drop", "fill"])
def test_nothing_is_granted_before_all_is_in_place(verb: str, own_redis: redis.Redis) -> None:
    """Redis lost its memory: who downloads now is only known once their slots are restored."""
    scripts, limits = Scripts(own_redis), (3, 2)
    for sid in CALLS[:5]:
        scripts.dispatch(1, limits, sid, "enqueue", sid, "click")
    tokens = {sid: f"token of {sid}.1" for sid in CALLS[:2]}
    for sid, token in tokens.items():
        scripts.take(1, sid, token)
    own_redis.flushdb()
    for sid in CALLS[2:5]:
        got, state = scripts.dispatch(1, limits, sid, "enqueue", sid, "click")
        assert (got.ready, got.granted, got.taken) == (0, [], 0)
    words = [] if verb == "fill" else [verb, CALLS[0], "click" if verb == "enqueue" else "x"]
    got, state = scripts.dispatch(1, limits, "again", *(words or [verb]))
    assert (got.ready, got.granted, state.jobs, state.leases) == (0, [], [], {})
    for sid, token in tokens.items():
        scripts.restore(1, sid, token, "c")
    scripts.set_ready()
    got, state = scripts.dispatch(1, limits, "then", "fill")
    assert (got.ready, got.granted, got.taken) == (1, [CALLS[2]], 3)
    assert state.leases == {**{sid: f"c:r:{token}" for sid, token in tokens.items()},
                            CALLS[2]: "c:g:then.1"}


def test_what_is_there_already_is_not_restored_again(own_redis: redis.Redis) -> None:
    """PostgreSQL is asked first and Redis told later: by then the call may have another holder."""
    scripts, limits = Scripts(own_redis), (3, 2)
    scripts.dispatch(1, limits, "n", "enqueue", CALLS[0], "later")
    scripts.take(1, CALLS[0], "newer.1")
    _, before = scripts.take(1, CALLS[0], "too late.1")
    assert scripts.restore(1, CALLS[0], "older", "c") == (1, before)


def test_the_newest_runners_mark_stands(own_redis: redis.Redis) -> None:
    """An older one learns of it, so that it need not go on asking for work."""
    scripts = Scripts(own_redis)
    for started, newer_is_here, mark in (5, 0, "5"), (5, 0, "5"), (9, 0, "9"), (5, 1, "9"):
        assert scripts.mark(started) == newer_is_here
        assert own_redis.get("rec_newest") == mark
    own_redis.delete("rec_newest")
    assert scripts.mark(5) == 0
    assert own_redis.pttl("rec_newest") > 0


def test_any_runner_is_seen(own_redis: redis.Redis) -> None:
    """Also one that is not the newest: it works, though the newest may be gone."""
    scripts = Scripts(own_redis)
    scripts.mark(9)
    for key in ("rec_runner", "rec_newest"):
        own_redis.pexpire(key, 60_000)
    assert scripts.mark(5) == 1
    assert own_redis.pttl("rec_runner") > 60_000
    assert own_redis.pttl("rec_newest") <= 60_000, "nobody but itself keeps the newest alive"


@pytest.mark.parametrize("how", ["return", "lapse"])
def test_a_prefetch_stays_a_prefetch(how: str, own_redis: redis.Redis) -> None:
    """A click waits for other clicks at most: also when prefetches come back from a runner."""
    scripts, limits = Scripts(own_redis), (3, 2)
    for sid in CALLS[:4]:
        _, state = scripts.dispatch(1, limits, sid, "enqueue", sid, "later")
    assert set(state.leases) == set(CALLS[:2])
    scripts.take(1, CALLS[0], "token.1")
    if how == "return":
        _, state = scripts.dispatch(1, limits, "again", "return", CALLS[0], "token.1")
    else:
        scripts.lapse(1, CALLS[0])
        _, state = scripts.dispatch(1, limits, "again", "fill")
    assert len(state.leases) == 2, f"{len(state.leases)} prefetches have a slot, {limits[1]} may"


def three_granted(scripts: Scripts) -> tuple[str, str, str]:
    one, two, three = CALLS[:3]
    for sid in (one, two, three):
        scripts.dispatch(1, (3, 2), sid, "enqueue", sid, "click")
    return one, two, three


def test_the_next_jobs_are_taken_once_and_while_they_are_granted(own_redis: redis.Redis) -> None:
    scripts = Scripts(own_redis)
    one, two, three = three_granted(scripts)
    scripts.lapse(1, two)
    own_redis.pexpire(f"rec_inflight:1:{one}", 60_000)
    assert scripts.take_next(2, "first") == [[f"1:{one}", "first.1"], [f"1:{two}", ""]]
    assert scripts.take_next(1, "handed", f"1:{two}") == [[f"1:{two}", ""]], "it leaves the next ones"
    assert scripts.take_next(2, "second", f"1:{two}") == [[f"1:{two}", ""], [f"1:{three}", "second.2"]]
    own_redis.rpush("rec_jobs", f"1:{one}")
    assert scripts.take_next(2, "third") == [[f"1:{one}", ""]], "a runner has it"
    assert scripts.look(1).leases == {one: "c:r:first.1", two: None, three: "c:r:second.2"}
    assert own_redis.pttl(f"rec_inflight:1:{one}") > 60_000, "a lease of its own, with an end"


def test_each_lease_is_kept_or_lost_for_itself(own_redis: redis.Redis) -> None:
    scripts = Scripts(own_redis)
    one, two, three = three_granted(scripts)
    scripts.take_next(3, "ours")
    own_redis.pexpire(f"rec_inflight:1:{one}", 60_000)
    lost, state = scripts.renew_all(
        1, [(one, "ours.1"), (two, "theirs"), (three, "ours.3")], limit=3)
    assert lost == [2]
    assert state.leases == {one: "c:r:ours.1", two: "c:r:ours.2", three: "c:r:ours.3"}
    assert own_redis.pttl(f"rec_inflight:1:{one}") > 60_000
