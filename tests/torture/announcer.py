"""The provider that calls back, and whoever tells who took part in a conference."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from stack.api import Answer
from stack.calls import Call

from .cast import Case, Talk
from .crowd import FAILURES
from .parts import Part
from .world import World

Send = Callable[[], Answer]


@dataclass
class Event:
    """One callback, and what is true once it is taken."""

    talk: Talk
    sid: str
    send: Send
    taken: Callable[[], None]
    due: float = 0.0


class Announcer(Part):
    """Sends all callbacks, in any order, some twice, some much later, each until it is taken."""

    def __init__(self, world: World, rng: random.Random) -> None:
        every = world.plan.seconds * 0.6 / len(world.talks)
        super().__init__(world, "announcer", every)
        self._rng = rng
        self._left = list(world.talks)
        self._later: list[Event] = []

    def step(self) -> None:
        now = time.monotonic()
        due = [one for one in self._later if one.due <= now]
        self._later = [one for one in self._later if one.due > now]
        if self._left:
            due += self._begin(self._left.pop(0))
        for event in due:
            self._until_taken(event)
            self._learn(event.talk)
        for talk in {id(one.talk): one.talk for one in due}.values():
            talk.settled = all(one.talk is not talk for one in self._later)

    def finish(self, seconds: float = 30.0) -> None:
        """Wait until all callbacks are taken, then end."""
        deadline = time.monotonic() + seconds
        while not all(talk.settled for talk in self.world.talks) and not self.world.violations:
            if time.monotonic() > deadline:
                self.world.complain("callbacks are still not taken")
            time.sleep(0.05)
        self.end()

    # What is told of one call or conference, and when.

    def _begin(self, talk: Talk) -> list[Event]:
        """What is told of it at once; the rest is put off."""
        events = [self._call(talk, call) for call in talk.calls]
        if talk.conference is not None:
            events += [self._join(talk, talk.conference, call) for call in talk.calls]
        events += [one for case in talk.cases for one in self._recording(talk, case)]
        if self._rng.random() < 0.4:
            self._rng.shuffle(events)
        now, first = time.monotonic(), [one for one in events if not one.due]
        again = [Event(one.talk, one.sid, one.send, one.taken) for one in events
                 if self._rng.random() < 0.15]
        for one in again:
            one.due = now + self._rng.uniform(0, 3)
        self._later += [one for one in events if one.due] + again
        return first

    def _in_a_while(self) -> float:
        return time.monotonic() + self._rng.uniform(1.0, min(8.0, self.world.plan.seconds / 4))

    def _call(self, talk: Talk, call: Call) -> Event:
        changes: dict[str, str | None] = {}
        if parent := talk.parent_of(call):
            changes = {"ParentCallSid": parent, "Direction": "outbound-dial"}
        return Event(talk, call.call_sid, lambda: call.send_call_status(**changes),
                     lambda: talk.known.add(call.call_sid))

    def _join(self, talk: Talk, conference: str, call: Call) -> Event:
        late = call is talk.calls[-1] and self._rng.random() < 0.3
        return Event(talk, call.call_sid, lambda: call.send_conference_status(conference),
                     lambda: talk.joined.add(call.call_sid), self._in_a_while() if late else 0.0)

    def _recording(self, talk: Talk, case: Case) -> list[Event]:
        changes: dict[str, str | None] = {}
        if talk.conference is not None:
            changes = {"CallSid": self._rng.choice((None, "")), "ConferenceSid": talk.conference,
                       "RecordingSource": "Conference"}

        def taken() -> None:
            case.told_at = case.told_at or time.time()

        begins = Event(talk, case.sid, lambda: case.call.send_recording_status(
            **{**changes, "RecordingStatus": "in-progress", "RecordingDuration": None}),
            lambda: None)
        ends = Event(talk, case.sid, lambda: case.call.send_recording_status(**changes), taken,
                     self._in_a_while() if case.late else 0.0)
        return [begins, ends] if self._rng.random() < 0.2 else [ends]

    # How it is told.

    def _until_taken(self, event: Event) -> None:
        """As the provider does: what is not answered 2xx is sent again."""
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                answer = event.send()
            except FAILURES as error:
                self._excuse(event, began, repr(error))
            else:
                self.world.count(f"callbacks {answer.status}")
                if answer.status == 204:
                    event.taken()
                    return
                self._excuse(event, began, f"{answer.status} {answer.body[:200]!r}")
            self._ending.wait(0.3)

    def _excuse(self, event: Event, began: float, what: str) -> None:
        killed = self.world.weather.was("responders", began, 0.2)
        away = what.startswith("503") and self.world.witness.was_away(began)
        if not killed and not away:
            self.world.complain(f"a callback of {event.sid} got {what}")

    def _learn(self, talk: Talk) -> None:
        """What each is called: that may depend on which of two was saved first."""
        new = [case for case in talk.cases
               if case.told_at and not case.announced and talk.is_there(case)]
        while new and not self._ending.is_set():
            try:
                with self.world.db() as db:
                    rows = dict(db.execute(
                        "SELECT recording_sid, name FROM tapedeck_recordings"
                        " WHERE recording_sid = ANY (%s)", [[case.sid for case in new]]).fetchall())
                break
            except psycopg.Error:  # PostgreSQL is down, or hangs
                self._ending.wait(0.2)
        else:
            return
        for case in new:
            if case.sid not in rows:
                self.world.complain(f"{case.sid} was announced, and is not known")
            case.name = rows.get(case.sid)
            self.world.timeline.note("case", f"sid={case.sid} is called {case.name}")
            case.announced = True
