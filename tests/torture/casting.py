"""Makes the calls and conferences of a session; nobody but the provider knows of them yet."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from speech import hearing
from stack.api import Api
from stack.calls import Call, new_call, new_sid, token_for
from stack.stack import Stack
from twilio import speech

from .cast import DELETED, MARKED, MOVED, Case, Talk
from .plan import Plan
from .troubles import deal

FIRST_BUSINESS = 101
SEEDS = 24  # few different ones, so that their audio is composed once and then cached
SECONDS = 2
LATE_CHANCE = 0.3
# How many recordings, how many calls, is it a conference; and how often.
SHAPES = (((1, 1, False), 10), ((2, 1, False), 5), ((3, 1, False), 4), ((1, 2, False), 1),
          ((2, 2, False), 2), ((1, 2, True), 2), ((1, 3, True), 2), ((2, 3, True), 1))


def gather(stack: Stack, plan: Plan, rng: random.Random) -> list[Talk]:
    """About as many recordings as the plan wants."""
    businesses = [FIRST_BUSINESS + n for n in range(plan.businesses)]
    for business in businesses:
        stack.create_business(business)
    apis = {one: Api(stack.base_url, token_for(stack, one)) for one in businesses}
    seeds = _spoken()
    makers = [_maker(stack, apis, businesses[n % plan.businesses], shape, destiny, seeds,
                     rng.random())
              for n, (shape, destiny) in enumerate(_shapes(plan, rng))]
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda make: make(), makers))


Shape = tuple[int, int, bool]


def _shapes(plan: Plan, rng: random.Random) -> Iterator[tuple[Shape, str | None]]:
    """The CRM takes away only what is a call of its own."""
    kinds, weights = [shape for shape, _ in SHAPES], [weight for _, weight in SHAPES]
    left, destinies = plan.recordings, [DELETED, MOVED, MARKED] * plan.taken_away_of_each
    while left > 0:
        shape = rng.choices(kinds, weights)[0]
        alone = shape[1] == 1
        yield shape, destinies.pop() if destinies and alone else None
        left -= shape[0]


def _maker(
    stack: Stack, apis: dict[int, Api], business: int, shape: Shape, destiny: str | None,
    seeds: list[int], luck: float,
) -> Callable[[], Talk]:
    recordings, legs, meets = shape

    def make() -> Talk:
        rng = random.Random(luck)
        calls = [new_call(stack, business, recorded=False, announced=False) for _ in range(legs)]
        conference = new_sid("CF") if meets else None
        # What moves is counted by itself: its slots are the one's and then the other's.
        group = f"{business}" if destiny != MOVED else f"moving {luck}"
        cases = [
            _case(stack, calls[0] if meets else calls[n % legs], rng, late=recordings > 1
                  and n == recordings - 1 and rng.random() < LATE_CHANCE,
                  seed=seed, group=group, conference_sid=conference)
            for n, seed in enumerate(rng.sample(seeds, recordings))
        ]
        return Talk(business, apis[business], calls, cases, conference, destiny)

    return make


def _spoken() -> list[int]:
    """Seeds of recordings in which the fake speech server hears all that is said: those that end in
    the middle of a phrase may give it away to nobody."""
    def is_heard(seed: int) -> bool:
        return bool(hearing.hear(speech.call(seed, SECONDS, 1)[speech.HEADER_BYTES:]))

    return list(itertools.islice(filter(is_heard, itertools.count()), SEEDS))


def _case(stack: Stack, call: Call, rng: random.Random, *, late: bool, **wish: Any) -> Case:
    trouble, faults = deal(rng)
    added = stack.twilio.add_recording(
        seconds=SECONDS, channels=rng.choice((1, 2, 2, 2)), call_sid=call.call_sid, faults=faults,
        **wish)
    own = replace(call, recording_sid=added.sid, recording=added)
    return Case(own, trouble, own.source("wav2" if added.channels == 2 else "wav"), late)
