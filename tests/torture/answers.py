"""Which answers of the API are right, given what is true at that moment."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from stack.api import Answer

from .cast import Case
from .plan import RUNNER_MARK_SECONDS
from .world import World

# After PostgreSQL is back, how long a responder may still hold back from connecting.
PG_GRACE = 3.5
WORDS_202 = ("processing", "queued")


@dataclass(frozen=True)
class Asked:
    """A request, and what was true when it was sent."""

    case: Case
    kind: str  # file, prepare or status
    at: float
    was_here: bool
    losses: int
    was_announced: bool
    ranged: tuple[int, int] | None = None


def ask(case: Case, kind: str, ranged: tuple[int, int] | None = None) -> Asked:
    losses = case.losses
    return Asked(case, kind, time.monotonic(), case.finished() is not None, losses, case.announced,
                 ranged)


def judge(world: World, asked: Asked, answer: Answer) -> str | None:
    """What is wrong with it, if anything."""
    world.count(f"answers {answer.status}")
    if _front_end_spoke(world, asked, answer):
        return None
    if asked.kind == "file" and answer.status in (200, 206):
        return _judge_audio(asked, answer)
    try:
        said = json.loads(answer.body)
    except ValueError:
        return f"{answer.status} without JSON: {answer.body[:200]!r}"
    if _must_be_ready(asked) and answer.status != 200:
        return f"{answer.status} {said.get('error')}, though the finished file is here"
    return _judge_words(world, asked, answer, said)


def _front_end_spoke(world: World, asked: Asked, answer: Answer) -> bool:
    """Where a responder was killed, the web server answers for it, in the API's words."""
    if answer.status not in (500, 503) or not world.weather.was("responders", asked.at, 0.2):
        return False
    return b'"unavailable"' in answer.body


def _must_be_ready(asked: Asked) -> bool:
    return asked.was_here and asked.losses == asked.case.losses


def _judge_audio(asked: Asked, answer: Answer) -> str | None:
    source = asked.case.source
    if asked.ranged is not None:
        first, last = asked.ranged
        right = answer.status == 206 and answer.body == source[first : last + 1]
        return None if right else f"{answer.status} with the wrong range"
    right = answer.status == 200 and answer.body == source
    return None if right else f"{answer.status} with {len(answer.body)} wrong bytes"


def _judge_words(world: World, asked: Asked, answer: Answer, said: dict[str, str]) -> str | None:
    code = said.get("error")
    what = f"{answer.status} {code or said.get('status')}"
    match answer.status:
        case 200:
            good = asked.kind != "file" and said.get("status") in ("ready", "absent")
        case 202:
            good = said.get("status") in WORDS_202 and answer.retry_after > 0
        case 404:
            good = _may_be_missing(asked, code)
        case 500:
            return _judge_500(world, asked, answer, said)
        case 503:
            good = code == "unavailable" and world.weather.was("postgres", asked.at, PG_GRACE)
        case _:
            good = False
    return None if good else f"{what} is not the contract's"


def _may_be_missing(asked: Asked, code: str | None) -> bool:
    if code in ("call_not_found", "no_recording"):
        return not asked.was_announced
    # The web server's own: the file went missing between the responder's stat and its open.
    return code == "unavailable" and asked.kind == "file" and asked.losses != asked.case.losses


def _judge_500(world: World, asked: Asked, answer: Answer, said: dict[str, str]) -> str | None:
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
