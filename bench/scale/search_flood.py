"""One business sends the dearest searches, sixteen at a time; how long does another's list take now?"""

from __future__ import annotations

import multiprocessing
import os
import time
import urllib.parse
from dataclasses import dataclass

from probes import percentile
from stack.api import Api

ASKERS = 16
LOOKS = 200
PAUSE_S = 0.02
LONGER = 1.5  # times the other's p99 alone


@dataclass(frozen=True)
class SearchFlood:
    alone: list[float]  # milliseconds of the other's lists
    during: list[float]
    answered: int
    refused: int

    def times(self) -> float:
        return percentile(self.during, 0.99) / percentile(self.alone, 0.99)


def run(base_url: str, token: str, others_token: str, searches: list[str],
        processors: set[int]) -> SearchFlood:
    """`processors` are for those who ask: what they take is not the servers'."""
    other = Api(base_url, others_token)
    alone = _looks(other)
    counts = [multiprocessing.Value("i", 0) for _ in range(2)]
    over = multiprocessing.Event()
    askers = [multiprocessing.Process(target=_ask, args=(
        base_url, token, searches[at::ASKERS], processors, counts, over)) for at in range(ASKERS)]
    for asker in askers:
        asker.start()
    time.sleep(1)
    during = _looks(other)
    over.set()
    for asker in askers:
        asker.join()
    return SearchFlood(alone, during, counts[0].value, counts[1].value)


def _looks(api: Api) -> list[float]:
    times = []
    while len(times) < LOOKS:
        began = time.perf_counter()
        assert api.get("/api/calls?limit=50").status == 200
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_S)
    return times


def _ask(base_url: str, token: str, searches: list[str], processors: set[int],
         counts: list[multiprocessing.Value], over: multiprocessing.Event) -> None:
    os.sched_setaffinity(0, processors)
    api = Api(base_url, token)
    at = 0
    while not over.is_set():
        words = urllib.parse.quote(searches[at % len(searches)])
        answer = api.get(f"/api/calls?limit=50&search={words}")
        at += 1
        count = counts[0 if answer.status == 200 else 1]
        with count.get_lock():
            count.value += 1
