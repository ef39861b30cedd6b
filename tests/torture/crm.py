"""The CRM, which deletes calls, moves them to another business, and marks their recordings."""

from __future__ import annotations

import random
import time

import psycopg

from .cast import DELETED, MARKED, MOVED, Fate, Talk
from .parts import Part
from .world import World

STATEMENTS = {
    DELETED: "DELETE FROM call_log WHERE call_sid = %s",
    MOVED: "UPDATE call_log SET business_id = %s WHERE call_sid = %s",
    MARKED: "UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
}


class Crm(Part):
    """Does to each call what it is destined for, once all of it was told."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._left = [talk for talk in world.talks if talk.destiny]
        super().__init__(world, "crm", world.plan.seconds * 0.5 / max(1, len(self._left)))
        self._rng = rng

    def step(self) -> None:
        ready = [talk for talk in self._left if talk.settled]
        if ready:
            talk = self._rng.choice(ready)
            self._left.remove(talk)
            self._strike(talk)

    def _strike(self, talk: Talk) -> None:
        assert talk.destiny is not None
        was, becomes = talk.business, talk.business
        if talk.destiny == MOVED:
            becomes = self._rng.choice([one.business for one in self.world.talks
                                        if one.business != talk.business])
        gone = [case for case in talk.cases if talk.destiny != MARKED or case.is_first]
        talk.epoch += 1  # from now on either answer is right
        self.world.timeline.note("crm", f"{talk.destiny} {talk.calls[0].call_sid}")
        if not self._write(talk, becomes):
            return
        links = tuple(case.link for case in gone if case.link)
        talk.fate = Fate(talk.destiny, time.monotonic(), was, links)
        if talk.destiny == MOVED:
            for case in talk.cases:
                case.link = None
            talk.business, talk.api = becomes, self.world.api(becomes)
        talk.epoch += 1
        self.world.count(f"calls {talk.destiny}")

    def _write(self, talk: Talk, business: int) -> bool:
        """Until it is committed for certain; what it does twice it does once."""
        sid = talk.calls[0].call_sid
        values = [business, sid] if talk.destiny == MOVED else [sid]
        while not self._ending.is_set():
            try:
                with self.world.db() as db:
                    db.execute(STATEMENTS[str(talk.destiny)], values)
                return True
            except psycopg.Error:  # PostgreSQL is down, or hangs
                self._ending.wait(0.2)
        return False
