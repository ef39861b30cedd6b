"""Which answers of the API are right, given what is true at that moment."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from stack.api import Answer, Api

from .cast import MARKED, MOVED, Case
from .plan import RUNNER_MARK_SECONDS
from .world import World

WORDS_202 = ("processing", "queued")
AUDIO = ("file", "download", "link")


@dataclass(frozen=True)
class Asked:
    """A request, and what was true when it was sent."""

    case: Case
    kind: str  # file, download, link, prepare, status or page
    path: str
    api: Api
    stranger: bool = False  # it is none of its business
    ranged: tuple[int, int] | None = None
    at: float = field(default_factory=time.monotonic)
    losses: int = 0
    epoch: int = 0
    was_here: bool = False
    was_announced: bool = False
    is_gone: bool = False
    by_name: bool = False  # as its file is called, so that PostgreSQL need not be asked
    shown: frozenset[str] = frozenset()


def judge(world: World, asked: Asked, answer: Answer) -> str | None:
    """What is wrong with it, if anything."""
    world.count(f"answers {answer.status}")
    talk = asked.case.talk
    if _front_end_spoke(world, asked, answer) or _share_is_used(asked, answer) or asked.epoch % 2 \
            or asked.epoch != talk.epoch:
        return None
    if asked.stranger or asked.is_gone:
        return _judge_refused(world, asked, answer)
    if asked.kind in AUDIO and answer.status in (200, 206):
        return _judge_audio(asked, answer)
    if asked.kind == "link" and _link_waits(asked, answer):
        return None
    if asked.ranged and answer.status == 416 and asked.case.cuts:
        return None
    try:
        said = json.loads(answer.body)
    except ValueError:
        return f"{answer.status} without JSON: {answer.body[:200]!r}"
    unnamed = not asked.by_name and answer.status == 503 and world.witness.was_away(asked.at)
    if _must_be_ready(asked) and answer.status != 200 and not unnamed:
        return f"{answer.status} {said.get('error')}, though the finished file is here"
    if asked.kind == "page" and answer.status == 200:
        return _judge_page(asked, said)
    return _judge_words(world, asked, answer, said)


def _front_end_spoke(world: World, asked: Asked, answer: Answer) -> bool:
    """Where a responder was killed, the web server answers for it, in the API's words."""
    if answer.status not in (500, 503) or not world.weather.was("responders", asked.at, 0.2):
        return False
    return b'"unavailable"' in answer.body


def _share_is_used(asked: Asked, answer: Answer) -> bool:
    """A responder that was killed over a page, or waits for PostgreSQL, holds the place."""
    return asked.kind == "page" and answer.status == 429 and answer.retry_after > 0 \
        and b'"too_many_requests"' in answer.body


def _must_be_ready(asked: Asked) -> bool:
    return asked.kind != "page" and asked.was_here and asked.losses == asked.case.losses


def _judge_audio(asked: Asked, answer: Answer) -> str | None:
    """A link may give a part of what was asked for, and what lost its tail is told by nobody for up
    to a minute."""
    case, first, last = asked.case, 0, len(asked.case.source) - 1
    if asked.ranged is not None:
        first, last = asked.ranged
    if asked.ranged is not None and answer.status == 200:
        return "200 for a range"
    in_part = asked.kind == "link" and answer.status == 206 and len(answer.body) > 0
    good = answer.body == case.source[first : last + 1]
    if not good and (in_part or case.cuts):
        good = case.source[first : last + 1].startswith(answer.body)
    return None if good else f"{answer.status} with {len(answer.body)} wrong bytes"


def _link_waits(asked: Asked, answer: Answer) -> bool:
    """What a link answers for while its recording arrives, or is gone."""
    if _must_be_ready(asked):
        return False
    retried = answer.status == 503 and answer.retry_after > 0
    lied = answer.status == 416 and asked.case.trouble.name == "lie"
    cut = answer.status == 500 and bool(asked.case.cuts)
    return retried or lied or cut or answer.status == 404 and b'"no_recording"' in answer.body


def _judge_refused(world: World, asked: Asked, answer: Answer) -> str | None:
    """Another business's, or what the CRM took away: not at all; of what has just been taken away,
    what plays by itself goes on for a minute."""
    case, fate = asked.case, asked.case.talk.fate
    lately = fate is not None and not world.is_silent(case, asked.at) and \
        (not asked.stranger or fate.kind == MOVED)
    away = world.witness.was_away(asked.at)
    if lately and (asked.kind in ("file", "link") or away):
        return None
    expired = asked.is_gone and not asked.stranger and fate is not None and fate.kind == MARKED
    right = answer.status == 410 if expired else answer.status == 404
    if asked.kind == "link":
        right = answer.status in (404, 410)
    whose = "another business's" if asked.stranger else f"what was {fate.kind}" if fate else ""
    if right:
        world.count("refused")
    if right or answer.status == 503 and away:
        return None
    return f"{answer.status} for {whose}: {answer.body[:100]!r}"


def _judge_page(asked: Asked, said: dict[str, Any]) -> str | None:
    there = {one["recording_sid"] for one in said["recordings"]}
    all_of_it = {case.sid for case in asked.case.talk.cases}
    if not asked.shown <= there <= all_of_it or len(there) != len(said["recordings"]):
        return f"the page shows {sorted(there)}, not {sorted(asked.shown)}"
    return None


def _judge_words(world: World, asked: Asked, answer: Answer, said: dict[str, Any]) -> str | None:
    code = said.get("error")
    what = f"{answer.status} {code or said.get('status')}"
    match answer.status:
        case 200:
            good = asked.kind not in AUDIO and said.get("status") in ("ready", "absent")
        case 202:
            good = said.get("status") in WORDS_202 and answer.retry_after > 0
        case 404:
            good = _may_be_missing(asked, code)
        case 500:
            return _judge_500(world, asked, answer, said)
        case 503:
            good = code == "unavailable" and world.witness.was_away(asked.at)
        case _:
            good = False
    return None if good else f"{what} is not the contract's"


def _may_be_missing(asked: Asked, code: str | None) -> bool:
    if code in ("call_not_found", "no_recording"):
        return not asked.was_announced
    # The web server's own: the file went missing between the responder's stat and its open.
    return code == "unavailable" and asked.kind in AUDIO and asked.losses != asked.case.losses


def _judge_500(world: World, asked: Asked, answer: Answer, said: dict[str, Any]) -> str | None:
    code = said.get("error")
    world.count(f"answers 500 {code}")
    if answer.retry_after <= 0:
        return f"500 {code} without Retry-After"
    if code == "worker_not_processing_queue":
        marks_gone = world.weather.was("redis", asked.at, RUNNER_MARK_SECONDS + 3)
        return None if marks_gone else "500 worker_not_processing_queue, though runners are there"
    if code != "recording_failed":
        return f"500 {code} is not the contract's"
    if not is_true(world, asked.case, said.get("reason"), said.get("detail")):
        return f"500 recording_failed because of {said.get('reason')}: {said.get('detail')}"
    return None


def is_true(world: World, case: Case, code: str | None, text: str | None) -> bool:
    """Whether a run of this recording can truly have failed so."""
    if not text:
        return False
    # A frozen runner keeps its lock on the part file, and its transfers' time passes.
    if code in ("locked", "timed_out") and world.weather.was("freeze", 0.0):
        return True
    # Refused twice, and the account well in between: such a fault counts as the recording's own.
    if code in ("provider_auth", "provider_error") and world.weather.times("account") > 1:
        return True
    return code in case.trouble.codes
