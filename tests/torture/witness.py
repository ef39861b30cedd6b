"""When responders were without PostgreSQL, as their own log tells.

Not only blows do that: on a machine with too much to do a statement may take longer than
PG_TIMEOUT. Either way a responder says so before it answers 503, and how long it holds back from
connecting. So a 503 without such a line is wrong, however busy the machine is."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from .runner import Tail, parse

LOST = frozenset({"PG_LOST", "PG_UNAVAILABLE", "PG_REFUSED"})


class Witness:
    """Reads the log whenever it is asked."""

    def __init__(self, log: Path) -> None:
        self._tail = Tail(log)
        self._lock = threading.Lock()
        self._away_until = 0.0

    def was_away(self, since: float) -> bool:
        """Whether any responder was without PostgreSQL at any time since then."""
        with self._lock:
            for line in self._tail.lines():
                event, values = parse(line)
                if event in LOST:
                    until = time.monotonic() + float(values.get("retry_ms", "0")) / 1000
                    self._away_until = max(self._away_until, until)
            return self._away_until >= since
