"""What the queue in Redis should do, as plainly as Python can say it.

A reference for db/queue/*.lua: written from their promises, with lists and dicts, no Redis. Each
verb changes the model and gives what the script must answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

CLICK, LATER = "c", "l"
GRANTED, RUNNING = "g", "r"


@dataclass(frozen=True)
class Lease:
    """Who holds a slot: the lane it was granted from, whether a runner has it, and its token."""

    lane: str
    state: str
    token: str

    def __str__(self) -> str:
        return f"{self.lane}:{self.state}:{self.token}"


@dataclass(frozen=True)
class Answer:
    """What dispatch.lua says of one verb."""

    taken: int
    waiting: int
    place: int
    released: int
    granted: list[str]
    reaped: list[str]


@dataclass(frozen=True)
class State:
    """All that Redis should hold of one business, in a form that can be compared."""

    leases: dict[str, str | None]  # of the calls in slots; None: it lapsed
    queue: list[str]
    later: list[str]
    queued: set[str]
    jobs: list[str]  # of all businesses


@dataclass
class Business:
    """The slots and lines of one business, and the verbs that change them."""

    id: int
    limit: int
    later_limit: int
    jobs: list[str]  # shared by all businesses
    slots: dict[str, Lease | None] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    queued: set[str] = field(default_factory=set)

    def state(self) -> State:
        leases = {sid: str(lease) if lease else None for sid, lease in self.slots.items()}
        return State(leases, list(self.queue), list(self.later), set(self.queued), list(self.jobs))

    def place(self, sid: str) -> int:
        """0 in a slot, -1 nowhere, else the place in line; clicks stand before the others."""
        line = self.queue + self.later
        return 0 if sid in self.slots else line.index(sid) + 1 if sid in line else -1

    def held(self, sid: str) -> str | None:
        """The token of the runner that has this call."""
        lease = self.slots.get(sid)
        return lease.token if lease and lease.state == RUNNING else None

    # The verbs of dispatch.lua. `reaped` is the order in which it says it found lapsed slots:
    # the order of a set, so any will do.

    def enqueue(self, sid: str, lane: str, nonce: str, reaped: Sequence[str]) -> Answer:
        back = self._reap(reaped)
        if sid not in self.slots:
            self._stand_in_line(sid, lane)
        return self._answer(sid, 0, self._fill(nonce), back)

    def release(
        self, sid: str, token: str, back_to_line: bool, nonce: str, reaped: Sequence[str]
    ) -> Answer:
        lease = self.slots.get(sid)
        mine = lease is not None and lease.token == token
        if mine:
            del self.slots[sid]
            if back_to_line:
                self._to_head(sid)
        back = self._reap(reaped)
        return self._answer(sid, int(mine), self._fill(nonce), back)

    def fill(self, nonce: str, reaped: Sequence[str]) -> Answer:
        back = self._reap(reaped)
        return self._answer(None, 0, self._fill(nonce), back)

    # The other scripts.

    def take(self, sid: str, token: str) -> int:
        lease = self.slots.get(sid)
        if lease is None or lease.state != GRANTED:
            return 0
        self.slots[sid] = Lease(lease.lane, RUNNING, token)
        return 1

    def renew(self, sid: str, token: str) -> int:
        lease = self.slots.get(sid)
        if lease is not None:
            return int(lease.token == token)
        if sid not in self.slots and len(self.slots) >= self.limit:
            return 0
        self.queue = [one for one in self.queue if one != sid]
        self.later = [one for one in self.later if one != sid]
        self.queued.discard(sid)
        self.slots[sid] = Lease(CLICK, RUNNING, token)
        return 1

    # What befalls Redis.

    def lapse(self, sid: str) -> None:
        self.slots[sid] = None

    def lose_lines(self) -> None:
        """The lists have expired, the set has not."""
        self.queue, self.later = [], []

    def lose_set(self) -> None:
        """The set was evicted, the lists were not."""
        self.queued = set()

    def lose_everything(self) -> None:
        self.slots = {}
        self.lose_lines()
        self.lose_set()

    # What the verbs are made of.

    def _reap(self, order: Sequence[str]) -> list[str]:
        lapsed = [sid for sid, lease in self.slots.items() if lease is None]
        assert Counter(lapsed) == Counter(order), f"lapsed {lapsed}, reaped {list(order)}"
        for sid in order:
            del self.slots[sid]
            job = f"{self.id}:{sid}"
            self.jobs[:] = [one for one in self.jobs if one != job]
            self._to_head(sid)
        return list(order)

    def _to_head(self, sid: str) -> None:
        self.queue.insert(0, sid)
        self.queued.add(sid)

    def _stand_in_line(self, sid: str, lane: str) -> None:
        if sid not in self.queue + self.later:
            (self.queue if lane == CLICK else self.later).append(sid)
        elif lane == CLICK and sid in self.later:
            self.later.remove(sid)
            self.queue.append(sid)
        self.queued.add(sid)

    def _fill(self, nonce: str) -> list[str]:
        granted: list[str] = []
        while len(self.slots) < self.limit and (next_one := self._next_in_line()):
            sid, lane = next_one
            granted.append(sid)
            self.slots[sid] = Lease(lane, GRANTED, f"{nonce}.{len(granted)}")
            self.queued.discard(sid)
            self.jobs.append(f"{self.id}:{sid}")
        return granted

    def _next_in_line(self) -> tuple[str, str] | None:
        if self.queue:
            return self.queue.pop(0), CLICK
        laters = sum(1 for lease in self.slots.values() if lease and lease.lane == LATER)
        if self.later and laters < self.later_limit:
            return self.later.pop(0), LATER
        return None

    def _answer(
        self, sid: str | None, released: int, granted: list[str], reaped: list[str]
    ) -> Answer:
        place = self.place(sid) if sid else -1
        waiting = len(self.queue) + len(self.later)
        return Answer(len(self.slots), waiting, place, released, granted, reaped)


def broken_promises(state: State, limit: int, later_limit: int) -> list[str]:
    """What dispatch.lua promises of any state, checked without asking what led to it."""
    lanes = Counter(lease[0] for lease in state.leases.values() if lease)
    waiting = state.queue + state.later
    room = limit - len(state.leases)
    checks = {
        "more calls have a slot than the limit": room < 0,
        "more slots serve prefetches than may": lanes[LATER] > later_limit,
        "a call is in line twice": len(set(waiting)) < len(waiting),
        "a call is in a slot and in line": not set(waiting).isdisjoint(state.leases),
    }
    if None not in state.leases.values():  # what has lapsed is seen to by the next verb
        checks["a click waits while a slot is free"] = bool(state.queue) and room > 0
        checks["a prefetch waits while a slot open to it is free"] = (
            bool(state.later) and room > 0 and lanes[LATER] < later_limit)
    return [promise for promise, broken in checks.items() if broken]
