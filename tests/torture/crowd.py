"""People who click, and people who click on what is none of their business."""

from __future__ import annotations

import http.client
import json
import random
import time

from stack.api import Answer, Api

from .answers import Asked, judge
from .cast import MARKED, Case
from .parts import Part
from .world import World

PATIENCE = 15.0
FAILURES = (OSError, http.client.HTTPException)
KINDS = {"file": 4, "prepare": 4, "status": 2, "download": 2, "link": 3, "page": 1}
PATHS = {"file": "/api/recordings/file/{}", "prepare": "/api/recordings/{}/prepare",
         "status": "/api/recordings/{}/status"}


class Clicker(Part):
    """Asks for recordings at random, and checks every answer."""

    def __init__(self, world: World, number: int, rng: random.Random) -> None:
        super().__init__(world, f"clicker-{number}", 0.0)
        self._rng = rng

    def pause(self) -> float:
        return self._rng.uniform(0.01, 0.12)

    def step(self) -> None:
        case = self._rng.choice(self.world.cases)
        kind = self._rng.choices(list(KINDS), list(KINDS.values()))[0]
        ranged = None
        if kind in ("file", "download", "link") and self._rng.random() < 0.3:
            first = self._rng.randrange(len(case.source) - 1)
            ranged = (first, self._rng.randrange(first, len(case.source)))
        stranger = self._stranger(case) if self._rng.random() < 0.1 and kind != "link" else None
        click(self.world, case, kind, ranged, self._rng.random() < 0.2, stranger, self._rng)

    def _stranger(self, case: Case) -> Api | None:
        """Who had it once, or anybody else."""
        talk = self._rng.choice(self.world.talks)
        fate = case.talk.fate
        business = talk.business
        if fate is not None and fate.was_business != case.talk.business:
            business = fate.was_business
        return self.world.api(business) if business != case.talk.business else None


def click(
    world: World, case: Case, kind: str, ranged: tuple[int, int] | None = None, wait: bool = False,
    stranger: Api | None = None, rng: random.Random | None = None,
) -> Answer | None:
    """One request about one recording; a wrong answer is told, and no answer is None."""
    asked = _ask(case, kind, ranged, stranger, rng or random.Random(0))
    if asked is None:
        return None
    try:
        answer = _send(asked, wait)
    except FAILURES as error:
        if not world.weather.was("responders", asked.at, 0.2) and asked.losses == case.losses:
            world.complain(f"{kind} {case.sid}: no answer: {error!r}")
        return None
    if wrong := judge(world, asked, answer):
        world.complain(f"{kind} {case.sid} {asked.path}: {wrong}")
    elif kind == "prepare" and stranger is None and not asked.is_gone:
        _keep_link(world, asked, answer)
    return answer


def _ask(case: Case, kind: str, ranged: tuple[int, int] | None, stranger: Api | None,
         rng: random.Random) -> Asked | None:
    """What was true is looked up before the request is sent, the epoch first of all."""
    talk, epoch, losses = case.talk, case.talk.epoch, case.losses
    call = talk.choose_call(case, rng)
    path = case.link if kind == "link" else None
    if kind in PATHS:
        path = PATHS[kind].format(rng.choice(_names(case)))
    elif kind == "download" and call is not None:
        path = f"/api/calls/{call.call_sid}/download?recording={case.sid}"
    elif kind == "page" and call is not None:
        path = f"/api/calls/{call.call_sid}"
    if path is None:
        return None
    shown = talk.shown(call) if call is not None and talk.fate is None else []
    page_stays = kind == "page" and talk.fate is not None and talk.fate.kind == MARKED
    return Asked(case, kind, path, stranger or talk.api, stranger is not None, ranged,
                 losses=losses, epoch=epoch, was_here=case.finished() is not None,
                 was_announced=case.announced, is_gone=case.is_gone and not page_stays,
                 by_name=kind == "link" or kind != "download" and (case.name or "-") in path,
                 shown=frozenset(one.sid for one in shown if one.announced))


def _names(case: Case) -> list[str]:
    """All that it can be asked for by: its SID, and the calls that have no other one."""
    talk, names = case.talk, [case.sid]
    if case.is_first:
        names.append(case.call.call_sid)
    if case.announced and len(talk.cases) == 1:
        names += [call.call_sid for call in talk.calls if case in talk.shown(call)]
    return names


def _send(asked: Asked, wait: bool) -> Answer:
    headers = {"Prefer": "wait=1"} if wait else {}
    if asked.ranged:
        headers["Range"] = "bytes={}-{}".format(*asked.ranged)
    if asked.kind == "prepare":
        return asked.api.post(asked.path, headers=headers, timeout=PATIENCE)
    token = None if asked.kind == "link" else ""
    return asked.api.get(asked.path, headers=headers, timeout=PATIENCE, token=token)


def _keep_link(world: World, asked: Asked, answer: Answer) -> None:
    """It opens this recording's file, of this business."""
    link = json.loads(answer.body).get("play_url") if answer.status in (200, 202) else None
    if link is None or asked.epoch != asked.case.talk.epoch:
        return
    path = link.removeprefix(world.stack.public_base_url)
    case = asked.case
    if case.name and not path.startswith(f"/media/{case.talk.business}/{case.name}."):
        world.complain(f"{case.sid}: a link to {path}")
    case.link = path
