"""The recordings of a session, and what the test itself did to each."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack.calls import Call, new_call, token_for
from stack.api import Api
from stack.stack import Stack

from .plan import Plan
from .troubles import Trouble, deal

FIRST_BUSINESS = 101
SEEDS = 24  # few different ones, so that their audio is composed once and then cached
SECONDS = 2


class Case:
    """One recording: its call, its trouble, its true bytes, and how often it was taken away."""

    def __init__(self, call: Call, api: Api, trouble: Trouble, source: bytes) -> None:
        self.call = call
        self.api = api
        self.trouble = trouble
        self.source = source
        self.sha256 = hashlib.sha256(source).hexdigest()
        self.call_known = False
        self.announced = False
        self.losses = 0
        self.lock = threading.Lock()

    @property
    def sid(self) -> str:
        return self.call.call_sid

    @property
    def format(self) -> str:
        """Which of the provider's formats is the right one."""
        return format_of(self.call)

    def finished(self) -> Path | None:
        return self.call.finished_file

    def lose(self) -> bool:
        """The finished file goes missing, if it is there."""
        with self.lock:
            path = self.finished()
            if path is None:
                return False
            self.losses += 1  # before it is gone: whoever misses it must know why
            path.unlink(missing_ok=True)
            return True

    def is_right(self, content: bytes) -> bool:
        return hashlib.sha256(content).hexdigest() == self.sha256


def format_of(call: Call) -> str:
    assert call.recording is not None
    return "wav2" if call.recording.channels == 2 else "wav"


def gather(stack: Stack, plan: Plan, rng: random.Random) -> list[Case]:
    """All recordings of a session, at the provider only: nobody has been told of them yet."""
    businesses = [FIRST_BUSINESS + n for n in range(plan.businesses)]
    for business in businesses:
        stack.create_business(business)
    apis = {one: Api(stack.base_url, token_for(stack, one)) for one in businesses}
    makers = [
        _maker(stack, apis, businesses[n % plan.businesses], random.Random(rng.random()))
        for n in range(plan.recordings)
    ]
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda make: make(), makers))


def _maker(
    stack: Stack, apis: dict[int, Api], business: int, rng: random.Random
) -> Callable[[], Case]:
    def make() -> Case:
        trouble, faults = deal(rng)
        call = new_call(
            stack, business, announced=False, seconds=SECONDS, seed=rng.randrange(SEEDS),
            channels=rng.choice((1, 2, 2, 2)), group=str(business), faults=faults,
        )
        return Case(call, apis[business], trouble, call.source(format_of(call)))

    return make
