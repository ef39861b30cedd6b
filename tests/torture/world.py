"""What all parts of a session share: the stack, the recordings, the weather, and the record."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis

from stack.stack import Stack

from .cast import Case
from .plan import Plan

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
    cases: list[Case]
    timeline: Timeline
    weather: Weather = field(default_factory=Weather)
    tally: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for case in self.cases:
            self.timeline.note("case", f"sid={case.sid} business={case.call.business} "
                               f"trouble={case.trouble.name}")

    def count(self, what: str, by: int = 1) -> None:
        with self._lock:
            self.tally[what] += by

    def complain(self, what: str) -> None:
        """An invariant does not hold."""
        with self._lock:
            self.violations.append(what)
        self.timeline.note("VIOLATION", what)

    def by_sid(self, sid: str) -> Case | None:
        return next((case for case in self.cases if case.sid == sid), None)

    def db(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.stack.database_url, autocommit=True,
                               connect_timeout=PG_SECONDS)

    def rds(self) -> redis.Redis:
        return redis.Redis.from_url(self.stack.redis_url, decode_responses=True)
