"""Which recordings there are, which faults strike them, and who waits to be released."""

from __future__ import annotations

import threading

from . import faults
from .conferences import Conference
from .faults import Fault
from .gate import Latch
from .library import Source
from .recordings import BadRecording, Recording


class Shelf:
    """All recordings and conferences, the account's own faults, and whoever waits to be released;
    and the account's auth tokens, of which there are two while one is being changed.

    Matching a fault and opening the latch it makes a request wait on are one step under one lock:
    a release can therefore never fall between the two and be lost.
    """

    def __init__(self, *tokens: str) -> None:
        self.tokens = tokens
        self._lock = threading.Lock()
        self._recordings: dict[str, Recording] = {}
        self._conferences: dict[str, Conference] = {}
        self._account_faults: list[Fault] = []
        self._latches: set[Latch] = set()

    def add(self, recording: Recording) -> None:
        with self._lock:
            if recording.sid in self._recordings:
                raise BadRecording(f"{recording.sid} is there already")
            self._recordings[recording.sid] = recording

    def find(self, sid: str) -> Recording | None:
        with self._lock:
            return self._recordings.get(sid)

    def put_conference(self, conference: Conference) -> None:
        """A conference as it is from now on; what was known of it is forgotten."""
        with self._lock:
            self._conferences[conference.sid] = conference

    def find_conference(self, sid: str) -> Conference | None:
        with self._lock:
            return self._conferences.get(sid)

    def remove(self, sid: str) -> None:
        with self._lock:
            self._recordings.pop(sid, None)

    def newest_first(self) -> list[Recording]:
        with self._lock:
            there = list(self._recordings.values())
        return sorted(there, key=lambda item: (item.date_created, item.sid), reverse=True)

    def set_faults(self, sid: str | None, wanted: list[Fault]) -> None:
        """Replace the faults of one recording, or with no SID those of the account."""
        with self._lock:
            if sid is None:
                self._account_faults = wanted
            else:
                self._recordings[sid].faults = wanted

    def give(self, sid: str, labels: list[str], source: Source) -> None:
        """Serve this in the place of speech; of formats that nobody gave there is nothing."""
        with self._lock:
            given = self._recordings[sid].given
            self._recordings[sid].given = {**(given or {}), **dict.fromkeys(labels, source)}

    def answer_fault(self, sid: str, label: str) -> tuple[Fault | None, Latch | None]:
        """The fault that replaces this answer, with a latch when it makes the client wait."""
        with self._lock:
            fault = faults.answer(self._faults(sid), sid, label)
            waits = fault is not None and fault.kind == "silent_forever"
            return fault, self._open_latch(sid) if waits else None

    def shaping(self, sid: str, label: str) -> tuple[dict[str, Fault], Latch | None]:
        """The faults that shape this answer, with a latch when any of them waits."""
        with self._lock:
            chosen = faults.shaping(self._faults(sid), sid, label)
            waits = not faults.RELEASABLE.isdisjoint(chosen)
            return chosen, self._open_latch(sid) if waits else None

    def close_latch(self, latch: Latch | None) -> None:
        if latch is not None:
            with self._lock:
                self._latches.discard(latch)
                latch.close()

    def release(self, sid: str | None) -> int:
        """Let go whoever waits now, and end the waiting faults; the number let go."""
        with self._lock:
            carriers = [r for r in self._recordings.values() if sid in (None, r.sid)]
            for fault in self._account_faults + [f for r in carriers for f in r.faults]:
                fault.release(sid)
            waiting = [latch for latch in self._latches if sid in (None, latch.sid)]
            for latch in waiting:
                latch.release()
            return len(waiting)

    def clear(self) -> None:
        """Forget everything; requests that wait are cut off."""
        with self._lock:
            self._recordings.clear()
            self._conferences.clear()
            self._account_faults = []
            for latch in self._latches:
                latch.abort()

    def _faults(self, sid: str) -> list[Fault]:
        recording = self._recordings.get(sid)
        return (recording.faults if recording else []) + self._account_faults

    def _open_latch(self, sid: str) -> Latch:
        latch = Latch(sid)
        self._latches.add(latch)
        return latch
