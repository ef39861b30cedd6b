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
    ready: int


@dataclass
class Store:
    """What all businesses share."""

    jobs: list[str] = field(default_factory=list)
    ready: bool = True  # the slots of running transfers are in place


@dataclass(frozen=True)
class State:
    """All that Redis should hold of one business, in a form that can be compared."""

    leases: dict[str, str | None]  # of the calls in slots; None: it lapsed
    slots_later: set[str]  # which of them nobody waits for
    queue: list[str]
    later: list[str]
    queued: set[str]
    jobs: list[str]  # of all businesses
    ready: bool


@dataclass
class Business:
    """The slots and lines of one business, and the verbs that change them."""

    id: int
    limit: int
    later_limit: int
    store: Store
    slots: dict[str, Lease | None] = field(default_factory=dict)
    slots_later: set[str] = field(default_factory=set)
    queue: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    queued: set[str] = field(default_factory=set)

    def state(self) -> State:
        leases = {sid: str(lease) if lease else None for sid, lease in self.slots.items()}
        return State(leases, set(self.slots_later), list(self.queue), list(self.later),
                     set(self.queued), list(self.store.jobs), self.store.ready)

    def place(self, sid: str) -> int:
        """0 in a slot, -1 nowhere, else the place in line; clicks stand before the others."""
        line = self.queue + self.later
        return 0 if sid in self.slots else line.index(sid) + 1 if sid in line else -1

    def absent(self, calls: Sequence[tuple[str, str]]) -> list[int]:
        """The places, from 1, of those in no slot and not in the line they belong in."""
        lines = {"click": self.queue, "later": self.queue + self.later}
        return [i for i, (sid, lane) in enumerate(calls, 1)
                if sid not in self.slots and sid not in lines[lane]]

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
            line = self._free_slot(sid)
            if back_to_line:
                self._to_head(line, sid)
        back = self._reap(reaped)
        return self._answer(sid, int(mine), self._fill(nonce), back)

    def drop(self, sid: str, nonce: str, reaped: Sequence[str]) -> Answer:
        self._leave_line(sid)
        lease = self.slots.get(sid)
        if lease is None or lease.state == GRANTED:
            self._forget_job(sid)
            if sid in self.slots:
                self._free_slot(sid)
        back = self._reap(reaped)
        return self._answer(sid, 0, self._fill(nonce), back)

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
        self._leave_line(sid)
        self.slots[sid] = Lease(CLICK, RUNNING, token)
        return 1

    def restore(self, sid: str, token: str, lane: str) -> int:
        if self.slots.get(sid) is None:
            self._leave_line(sid)
            self.slots[sid] = Lease(lane, RUNNING, token)
            if lane == LATER:
                self.slots_later.add(sid)
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
        self.slots, self.slots_later = {}, set()
        self.lose_lines()
        self.lose_set()

    # What the verbs are made of.

    def _reap(self, order: Sequence[str]) -> list[str]:
        lapsed = [sid for sid, lease in self.slots.items() if lease is None]
        assert Counter(lapsed) == Counter(order), f"lapsed {lapsed}, reaped {list(order)}"
        for sid in order:
            self._forget_job(sid)
            self._to_head(self._free_slot(sid), sid)
        return list(order)

    def _free_slot(self, sid: str) -> list[str]:
        """Gives the line it came from."""
        line = self.later if sid in self.slots_later else self.queue
        del self.slots[sid]
        self.slots_later.discard(sid)
        return line

    def _forget_job(self, sid: str) -> None:
        self.store.jobs[:] = [one for one in self.store.jobs if one != f"{self.id}:{sid}"]

    def _leave_line(self, sid: str) -> None:
        self.queue = [one for one in self.queue if one != sid]
        self.later = [one for one in self.later if one != sid]
        self.queued.discard(sid)

    def _to_head(self, line: list[str], sid: str) -> None:
        if sid not in self.queue + self.later:
            line.insert(0, sid)
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
        while self.store.ready and len(self.slots) < self.limit and (next_one := self._next_in_line()):
            sid, lane = next_one
            granted.append(sid)
            self.slots[sid] = Lease(lane, GRANTED, f"{nonce}.{len(granted)}")
            if lane == LATER:
                self.slots_later.add(sid)
            self.queued.discard(sid)
            self.store.jobs.append(f"{self.id}:{sid}")
        return granted

    def _next_in_line(self) -> tuple[str, str] | None:
        if self.queue:
            return self.queue.pop(0), CLICK
        if self.later and len(self.slots_later) < self.later_limit:
            return self.later.pop(0), LATER
        return None

    def _answer(
        self, sid: str | None, released: int, granted: list[str], reaped: list[str]
    ) -> Answer:
        place = self.place(sid) if sid else -1
        waiting = len(self.queue) + len(self.later)
        ready = int(self.store.ready)
        return Answer(len(self.slots), waiting, place, released, granted, reaped, ready)


def broken_promises(
    state: State, limit: int, later_limit: int, *, dispatched: bool
) -> list[str]:
    """What dispatch.lua promises of any state, checked without asking what led to it.

    That nobody waits for nothing holds when it has just `dispatched`: a lease that lapses, or is
    renewed after a flush, may open a slot, and the next verb of dispatch fills it.
    """
    waiting = state.queue + state.later
    room = limit - len(state.leases)
    checks = {
        "more calls have a slot than the limit": room < 0,
        "more slots serve prefetches than may": len(state.slots_later) > later_limit,
        "a slot is remembered that is free": not state.slots_later <= set(state.leases),
        "a call is in line twice": len(set(waiting)) < len(waiting),
        "a call is in a slot and in line": not set(waiting).isdisjoint(state.leases),
        "a lapsed lease keeps its slot": dispatched and None in state.leases.values(),
    }
    # Nothing is granted before all is in place.
    if state.ready and dispatched:
        checks["a click waits while a slot is free"] = bool(state.queue) and room > 0
        checks["a prefetch waits while a slot open to it is free"] = (
            bool(state.later) and room > 0 and len(state.slots_later) < later_limit)
    return [promise for promise, broken in checks.items() if broken]
