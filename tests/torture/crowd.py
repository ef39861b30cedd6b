"""People who click, and the provider that calls back."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable

from stack.api import Answer

from .answers import PG_GRACE, Asked, ask, judge
from .cast import Case
from .parts import Part
from .world import World

PATIENCE = 15.0
FAILURES = (OSError, http.client.HTTPException)


class Clicker(Part):
    """Asks for recordings at random, and checks every answer."""

    def __init__(self, world: World, number: int, rng: random.Random) -> None:
        super().__init__(world, f"clicker-{number}", 0.0)
        self._rng = rng

    def pause(self) -> float:
        return self._rng.uniform(0.01, 0.12)

    def step(self) -> None:
        case = self._rng.choice(self.world.cases)
        kind = self._rng.choices(("file", "prepare", "status"), (4, 4, 2))[0]
        ranged = None
        if kind == "file" and self._rng.random() < 0.3:
            first = self._rng.randrange(len(case.source) - 1)
            ranged = (first, self._rng.randrange(first, len(case.source)))
        click(self.world, case, kind, ranged, wait=self._rng.random() < 0.2)


def click(
    world: World, case: Case, kind: str, ranged: tuple[int, int] | None = None, wait: bool = False
) -> Answer | None:
    """One request about one recording; a wrong answer is told, and no answer is None."""
    asked = ask(case, kind, ranged)
    try:
        answer = _send(asked, wait)
    except FAILURES as error:
        if not world.weather.was("responders", asked.at, 0.2):
            world.complain(f"{kind} {case.sid}: no answer: {error!r}")
        return None
    if wrong := judge(world, asked, answer):
        world.complain(f"{kind} {case.sid}: {wrong}")
    return answer


def _send(asked: Asked, wait: bool) -> Answer:
    case = asked.case
    headers = {"Prefer": "wait=1"} if wait else {}
    if asked.kind == "prepare":
        return case.api.post(case.call.prepare_path, headers=headers, timeout=PATIENCE)
    if asked.kind == "status":
        return case.api.get(case.call.status_path, headers=headers, timeout=PATIENCE)
    if asked.ranged:
        headers["Range"] = "bytes={}-{}".format(*asked.ranged)
    return case.api.get(case.call.file_path, headers=headers, timeout=PATIENCE)


class Announcer(Part):
    """Sends all callbacks, some twice, some before their call, each until it is taken."""

    def __init__(self, world: World, rng: random.Random) -> None:
        every = world.plan.seconds * 0.6 / len(world.cases)
        super().__init__(world, "announcer", every)
        self._rng = rng
        self._left = list(world.cases)
        self._again: list[tuple[float, Case]] = []

    def step(self) -> None:
        if self._left:
            self._announce(self._left.pop())
        for due, case in self._again:
            if due <= time.monotonic():
                self._recording(case)
        self._again = [one for one in self._again if one[0] > time.monotonic()]

    def finish(self, seconds: float = 30.0) -> None:
        """Wait until all callbacks are taken, then end."""
        deadline = time.monotonic() + seconds
        while (self._left or self._again) and not self.world.violations:
            if time.monotonic() > deadline:
                self.world.complain("callbacks are still not taken")
            time.sleep(0.05)
        self.end()

    def _announce(self, case: Case) -> None:
        early = self._rng.random() < 0.3
        if early:
            self._recording(case)
        self._call(case)
        if self._rng.random() < 0.15:
            self._call(case)
        if not early:
            self._recording(case)
        case.announced = True
        if self._rng.random() < 0.4:
            self._again.append((time.monotonic() + self._rng.uniform(0, 3), case))

    def _call(self, case: Case) -> None:
        self._until_taken(case, lambda: case.call.send_call_status())
        case.call_known = True

    def _recording(self, case: Case) -> None:
        self._until_taken(case, lambda: case.call.send_recording_status())

    def _until_taken(self, case: Case, send: Callable[[], Answer]) -> None:
        """As the provider does: what is not answered 2xx is sent again."""
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                answer = send()
            except FAILURES as error:
                self._excuse(case, began, repr(error))
            else:
                self.world.count(f"callbacks {answer.status}")
                if answer.status == 204:
                    return
                self._excuse(case, began, f"{answer.status} {answer.body[:200]!r}")
            self._ending.wait(0.3)

    def _excuse(self, case: Case, began: float, what: str) -> None:
        killed = self.world.weather.was("responders", began, 0.2)
        away = self.world.weather.was("postgres", began, PG_GRACE) and what.startswith("503")
        if not killed and not away:
            self.world.complain(f"a callback of {case.sid} got {what}")
