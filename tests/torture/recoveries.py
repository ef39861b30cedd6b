"""How long it takes, after a blow, until the work that it hit goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

PROGRESS = frozenset({"RECORDING_START", "RECORDING_DONE"})


class Recoveries:
    """Who waits since when, and the longest waits that ended."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[str, float]] = {}
        self._anybody: dict[str, float] = {}
        self.longest: dict[str, tuple[float, str]] = {}

    def calls_hit(self, kind: str, sids: Iterable[str]) -> None:
        """From now on these calls wait for somebody to take them up again."""
        with self._lock:
            for sid in sids:
                self._waiting.setdefault(sid, (kind, time.monotonic()))

    def all_hit(self, kind: str) -> None:
        """From now on everybody waits for anything at all to go on."""
        with self._lock:
            self._anybody.setdefault(kind, time.monotonic())

    def heard(self, event: str, sid: str) -> None:
        if event not in PROGRESS:
            return
        with self._lock:
            now = time.monotonic()
            if found := self._waiting.pop(sid, None):
                self._keep(found[0], now - found[1], sid)
            for kind, since in self._anybody.items():
                self._keep(kind, now - since, sid)
            self._anybody.clear()

    def _keep(self, kind: str, seconds: float, sid: str) -> None:
        self._tell(f"{seconds:.1f} s after {kind} sid={sid}")
        if seconds > self.longest.get(kind, (0.0, ""))[0]:
            self.longest[kind] = (seconds, sid)
