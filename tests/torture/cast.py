"""The recordings of a session, the calls and conferences they are of, and what was done to each."""

from __future__ import annotations

import hashlib
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

from stack.api import Api
from stack.calls import Call

from .troubles import Trouble

DELETED, MOVED, MARKED = "deleted", "moved", "marked"


class Case:
    """One recording: its trouble, its true bytes, and how often it was taken away.

    It is called after its call where it is that call's first, otherwise by its own SID; which of
    the two, PostgreSQL says once it knows of it."""

    def __init__(self, call: Call, trouble: Trouble, source: bytes, late: bool) -> None:
        self.call = call
        self.trouble = trouble
        self.source = source
        self.sha256 = hashlib.sha256(source).hexdigest()
        self.late = late  # its callback comes when the others' are long over
        self.talk: Talk  # set by it
        self.name: str | None = None
        self.told_at = 0.0  # its callback was taken; 0: not yet
        self.announced = False  # and Tapedeck knows its call
        self.losses = 0
        self.cuts: set[bytes] = set()  # what was left when it lost its tail
        self.link: str | None = None
        self.lock = threading.Lock()

    @property
    def sid(self) -> str:
        """The provider's, by which it can always be asked for."""
        return self.call.recording_sid

    @property
    def is_first(self) -> bool:
        return self.name == self.call.call_sid

    @property
    def is_gone(self) -> bool:
        """Nobody may hear it any more."""
        fate = self.talk.fate
        marked = fate is not None and fate.kind == MARKED and self.is_first
        return self.talk.is_deleted or marked

    def path(self, business: int | None = None) -> Path:
        """Where its finished file is, or would be."""
        folder = self.call.stack.recordings_dir / str(business or self.talk.business)
        return folder / f"{self.name or self.sid}.wav"

    def finished(self) -> Path | None:
        """The finished file, if it is here and nothing was cut from it."""
        try:
            whole = self.path().stat().st_size == len(self.source)
        except FileNotFoundError:
            return None
        return self.path() if whole else None

    def lose(self) -> bool:
        """The finished file goes missing, if it is there."""
        with self.lock:
            path = self.finished()
            if path is None or self.talk.fate is not None:
                return False
            self.losses += 1  # before it is gone: whoever misses it must know why
            path.unlink(missing_ok=True)
            return True

    def cut(self, size: int) -> bool:
        """The finished file loses its tail, if it is there."""
        with self.lock:
            path = self.finished()
            if path is None or self.talk.fate is not None:
                return False
            self.losses += 1
            self.cuts.add(self.source[:size])
            try:
                with path.open("r+b") as file:
                    file.truncate(size)
            except FileNotFoundError:  # somebody fetched it again, or swept it away
                return False
            return True

    def is_right(self, content: bytes) -> bool:
        return hashlib.sha256(content).hexdigest() == self.sha256


@dataclass(frozen=True)
class Fate:
    """What the CRM did to a call, and since when it is done."""

    kind: str
    since: float
    was_business: int
    links: tuple[str, ...]  # that were given out before, and must fall silent


@dataclass
class Talk:
    """What belongs together: a call with its recordings, one with its child leg, or a conference
    with its legs."""

    business: int
    api: Api
    calls: list[Call]
    cases: list[Case]
    conference: str | None = None
    destiny: str | None = None  # what the CRM is going to do to it
    fate: Fate | None = None
    epoch: int = 0  # odd while it happens
    known: set[str] = field(default_factory=set)  # calls that Tapedeck was told of
    joined: set[str] = field(default_factory=set)  # legs that Tapedeck was told of
    settled: bool = False  # everything about it was told

    def __post_init__(self) -> None:
        for case in self.cases:
            case.talk = self

    @property
    def is_deleted(self) -> bool:
        return self.fate is not None and self.fate.kind == DELETED

    def parent_of(self, call: Call) -> str | None:
        """A second call without a conference is the first one's child leg."""
        child = self.conference is None and call is not self.calls[0]
        return self.calls[0].call_sid if child else None

    def is_there(self, case: Case) -> bool:
        """Does Tapedeck know, by now, whose recording this is?"""
        if self.conference is not None:
            return bool(self.known & self.joined)
        return case.call.call_sid in self.known

    def own(self, call: Call) -> list[Case]:
        """The recordings that this call tells its business about when it is complete."""
        if self.conference is not None:
            return list(self.cases)
        return [case for case in self.cases if case.call.call_sid == call.call_sid]

    def shown(self, call: Call) -> list[Case]:
        """Those that its page shows: its own, its other leg's, its conference's."""
        if call.call_sid not in self.known:
            return []
        if self.conference is not None:
            return list(self.cases) if call.call_sid in self.joined else []
        return [case for case in self.cases if case.call.call_sid in self.known]

    def choose_call(self, case: Case, rng: random.Random) -> Call | None:
        """A call whose page shows it."""
        fit = [call for call in self.calls if case in self.shown(call)]
        return rng.choice(fit) if fit else None
