"""What the fake was asked, counted so that a test may rely on it to the last request.

Two rules make the numbers exact. A request stops being in flight *before* its last bytes leave,
so a client that has them all never sees it counted still. And a client that hung up is noticed
before the next request is counted, so one that gives up and asks again is never counted twice.
"""

from __future__ import annotations

import collections
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .gate import has_left

LOG_LENGTH = 5000
COUNTED = ("requests", "completed", "in_flight", "held", "waiting", "bytes_sent", "auth_failures")


@dataclass
class Tally:
    """The counters of the whole account, of one recording, or of one group."""

    requests: int = 0
    completed: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    held: int = 0
    max_held: int = 0
    waiting: int = 0
    bytes_sent: int = 0
    auth_failures: int = 0
    by_format: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self), by_format=dict(self.by_format), statuses=dict(self.statuses))


@dataclass
class Books:
    """Everything counted since the last reset."""

    total: Tally = field(default_factory=Tally)
    recordings: dict[str, Tally] = field(default_factory=dict)
    groups: dict[str, Tally] = field(default_factory=dict)
    flying: set["Exchange"] = field(default_factory=set)
    log: collections.deque[dict[str, Any]] = field(
        default_factory=lambda: collections.deque(maxlen=LOG_LENGTH)
    )


class Ledger:
    """The books, and a condition on which tests wait for what they expect."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._books = Books()
        self._closed = False

    def begin(self, method: str, path: str, query: str) -> "Exchange":
        """Note a request as it comes in, before anything is decided about it."""
        with self.changed:
            exchange = Exchange(self.changed, self._books, method, path, query)
            self.changed.notify_all()
            return exchange

    def stats(self) -> dict[str, Any]:
        with self.changed:
            books = self._books
            _land_those_who_left(books)
            total = books.total.as_json()
            return total | {
                "requests_total": total["requests"],
                "by_recording": {sid: tally.as_json() for sid, tally in books.recordings.items()},
                "by_group": {name: tally.as_json() for name, tally in books.groups.items()},
                "log": [dict(entry) for entry in books.log],
            }

    def wait(
        self, what: str, good: Callable[[int], bool], timeout: float, sid: str, group: str | None
    ) -> tuple[bool, int]:
        """Wait until a counter satisfies `good`: whether it did in time, and what it was then."""
        seen = 0

        def satisfied() -> bool:
            nonlocal seen
            _land_those_who_left(self._books)
            seen = getattr(self._tally(sid, group), what)
            return self._closed or good(seen)

        with self.changed:
            self.changed.wait_for(satisfied, timeout)
            return good(seen), seen

    def disown(self, ports: set[int]) -> int:
        """Land what goes to these ports of clients: they hang, and nobody moves those bytes."""
        with self.changed:
            theirs = [one for one in self._books.flying if one.port in ports]
            for exchange in theirs:
                exchange._land()
            self.changed.notify_all()
            return len(theirs)

    def reset(self) -> None:
        """Open new books; requests that are under way go on being counted in the old ones."""
        with self.changed:
            self._books = Books()
            self.changed.notify_all()

    def close(self) -> None:
        """Wake those who wait: there is nothing to wait for any more."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()

    def _tally(self, sid: str, group: str | None) -> Tally:
        if sid:
            return self._books.recordings.get(sid, Tally())
        if group is not None:
            return self._books.groups.get(group, Tally())
        return self._books.total


class Exchange:
    """One request and its answer; each method counts one event of its life."""

    def __init__(
        self, changed: threading.Condition, books: Books, method: str, path: str, query: str
    ) -> None:
        self._changed = changed
        self._books = books
        self._tallies = [books.total]
        self._connection: socket.socket | None = None
        self._entry: dict[str, Any] = {
            "t": time.time(), "method": method, "path": path, "query": query, "sid": None,
            "format": None, "status": None, "auth_sent": False, "auth_ok": None,
            "bytes_sent": 0, "completed": False,
        }
        books.log.append(self._entry)
        books.total.requests += 1

    def authorised(self, sent: bool, good: bool, counts: bool) -> None:
        """Who asks; a request for something that needs no credentials is no failure."""
        with self._changed:
            self._entry["auth_sent"], self._entry["auth_ok"] = sent, good
            if counts and not good:
                self._books.total.auth_failures += 1
            self._changed.notify_all()

    def about(self, sid: str, group: str) -> None:
        """It concerns this recording, of this group, whatever else is wrong with it."""
        with self._changed:
            self._entry["sid"] = sid
            mine = [self._books.recordings.setdefault(sid, Tally())]
            mine += [self._books.groups.setdefault(group, Tally())] if group else []
            for tally in mine:
                tally.requests += 1
            self._tallies += mine
            self._changed.notify_all()

    def asks_for(self, label: str) -> None:
        with self._changed:
            self._entry["format"] = label
            self._add("by_format", label)
            self._changed.notify_all()

    def answered(self, status: int) -> None:
        with self._changed:
            self._entry["status"] = status
            self._add("statuses", str(status))
            self._changed.notify_all()

    def take_off(self, connection: socket.socket) -> None:
        """Its media is on the way from now on."""
        with self._changed:
            _land_those_who_left(self._books)
            self._connection = connection
            self._books.flying.add(self)
            for tally in self._tallies:
                tally.in_flight += 1
                tally.max_in_flight = max(tally.max_in_flight, tally.in_flight)
            self._changed.notify_all()

    @property
    def port(self) -> int | None:
        """The client's end of its connection, while it has one."""
        try:
            return self._connection.getpeername()[1] if self._connection else None
        except OSError:
            return None

    def has_left(self) -> bool:
        return self._connection is not None and has_left(self._connection)

    def land(self) -> None:
        """Its media is on the way no longer; saying so twice is harmless."""
        with self._changed:
            self._land()
            self._changed.notify_all()

    def waits(self, what: str, begins: bool) -> None:
        """It begins or ceases to be one of the `held` or the otherwise `waiting`."""
        with self._changed:
            for tally in self._tallies:
                setattr(tally, what, getattr(tally, what) + (1 if begins else -1))
                tally.max_held = max(tally.max_held, tally.held)
            self._changed.notify_all()

    def sent(self, count: int) -> None:
        with self._changed:
            self._entry["bytes_sent"] += count
            for tally in self._tallies:
                tally.bytes_sent += count
            self._changed.notify_all()

    def completed(self, is_so: bool) -> None:
        """Counted before the last byte leaves; taken back when the client was not there for it."""
        with self._changed:
            if is_so == self._entry["completed"]:
                return
            self._entry["completed"] = is_so
            for tally in self._tallies:
                tally.completed += 1 if is_so else -1
            self._changed.notify_all()

    def _add(self, counter: str, key: str) -> None:
        for tally in self._tallies:
            getattr(tally, counter)[key] += 1

    def _land(self) -> None:
        if self in self._books.flying:
            self._books.flying.discard(self)
            for tally in self._tallies:
                tally.in_flight -= 1


def _land_those_who_left(books: Books) -> None:
    for exchange in [one for one in books.flying if one.has_left()]:
        exchange._land()
