"""What all parts of a session share: the stack, the calls, the weather, and the record."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis

from stack.api import Api
from stack.stack import Stack

from .cast import Case, Talk
from .plan import Plan
from .witness import Witness

PG_SECONDS = 5


class Timeline:
    """Everything that happened, in the order and at the time it was seen; kept on disk, too."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._lines: list[str] = []
        self._file = path.open("w", buffering=1)

    def note(self, who: str, text: str) -> None:
        with self._lock:
            line = f"{time.monotonic() - self._began:8.3f} {who:<12} {text}"
            self._lines.append(line)
            self._file.write(line + "\n")

    def tail(self, count: int, about: str = "") -> list[str]:
        with self._lock:
            return [line for line in self._lines if about in line][-count:]

    def close(self) -> None:
        self._file.close()


class Weather:
    """Which faults are, or were lately, in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spells: dict[str, list[list[float]]] = {}

    def begins(self, kind: str) -> None:
        with self._lock:
            self._spells.setdefault(kind, []).append([time.monotonic(), float("inf")])

    def ends(self, kind: str) -> None:
        with self._lock:
            self._spells[kind][-1][1] = time.monotonic()

    def strikes(self, kind: str) -> None:
        """It is over as soon as it begins."""
        self.begins(kind)
        self.ends(kind)

    def times(self, kind: str) -> int:
        with self._lock:
            return len(self._spells.get(kind, []))

    def was(self, kind: str, since: float, grace: float = 0.0) -> bool:
        """Whether it was in force at any time since then, or ended less than `grace` before."""
        with self._lock:
            return any(end + grace >= since for _, end in self._spells.get(kind, []))


@dataclass
class World:
    """One session."""

    stack: Stack
    plan: Plan
    talks: list[Talk]
    timeline: Timeline
    weather: Weather = field(default_factory=Weather)
    tally: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.cases = [case for talk in self.talks for case in talk.cases]
        self.witness = Witness(self.stack.log("responders"))
        self._by_sid = {case.sid: case for case in self.cases}
        self._by_call: dict[str, list[Case]] = {}
        self._apis = {talk.business: talk.api for talk in self.talks}
        self._cleaned: list[tuple[float, float]] = []
        self._heard: dict[str, float] = {}
        for case in self.cases:
            if case.talk.conference is None:
                self._by_call.setdefault(case.call.call_sid, []).append(case)
            self.timeline.note("case", f"sid={case.sid} of {case.call.call_sid} "
                               f"business={case.talk.business} trouble={case.trouble.name} "
                               f"in {case.talk.conference}")

    def count(self, what: str, by: int = 1) -> None:
        with self._lock:
            self.tally[what] += by

    def complain(self, what: str) -> None:
        """An invariant does not hold."""
        with self._lock:
            self.violations.append(what)
        self.timeline.note("VIOLATION", what)

    def called(self, name: str) -> list[Case]:
        """Which recordings a file or run of that name may be of."""
        if (case := self._by_sid.get(name)) is not None:
            return [case] if not case.is_first else []
        of_call = self._by_call.get(name, [])
        return [case for case in of_call if case.is_first] or \
            [case for case in of_call if case.name is None]

    def by_sid(self, name: str) -> Case | None:
        """That, where it is plain already; or the one with that SID."""
        found = self.called(name)
        return found[0] if len(found) == 1 else self._by_sid.get(name)

    def api(self, business: int) -> Api:
        """Somebody of that business, signed in."""
        return self._apis[business]

    # Since when what nobody may hear any more has to be silent.

    def cleaned(self, began: float) -> None:
        """A `tapedeck cleanup` has gone through without trouble."""
        with self._lock:
            self._cleaned.append((began, time.monotonic()))

    def heard(self, name: str) -> None:
        """A runner did something to it."""
        with self._lock:
            self._heard[name] = time.monotonic()

    def is_silent(self, case: Case, at: float) -> bool:
        """Two cleanups have passed since it was taken away, and since anybody stored it: one may
        have looked in the moment before that."""
        assert case.talk.fate is not None
        with self._lock:
            since = max(case.talk.fate.since, self._heard.get(case.name or case.sid, 0.0))
            return sum(began > since and ended < at for began, ended in self._cleaned) > 1

    def db(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.stack.database_url, autocommit=True,
                               connect_timeout=PG_SECONDS)

    def rds(self) -> redis.Redis:
        return redis.Redis.from_url(self.stack.redis_url, decode_responses=True)
