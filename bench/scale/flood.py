"""One business asks for a hundred thousand recordings; how long does another's click take now?

Asked over HTTP, all the way: a run in PostgreSQL, a place in its line in Redis. A click's time is
until its slot is granted (the answer says so), with nobody else, while the flood comes in, and while
all of it waits.
"""

from __future__ import annotations

import http.client
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from probes import KEPT, Site, percentile
from stack.calls import token_for
from world import LARGE

ASKERS = 4
CLICKS = 100
PAUSE = 0.05


@dataclass(frozen=True)
class Flood:
    asked: int
    seconds: float
    refused: int
    alone: list[float]  # milliseconds of clicks
    during: list[float]
    after: list[float]
    cleanup: list[float]  # while `tapedeck cleanup` goes through all that wait

    def delay(self) -> float:
        """What the flood costs another's click at most, in milliseconds: of its p99."""
        usual = statistics.median(self.alone)
        return max(percentile(one, 0.99) for one in (self.during, self.after, self.cleanup)) - usual


def run(site: Site, requests: int) -> Flood:
    clicks = _others_clicks(site)
    alone = [next(clicks) for _ in range(CLICKS)]
    sids = [sid for (sid,) in site.db.execute(
        f"SELECT call_sid FROM call_log WHERE business_id = %s AND {KEPT} AND id <"
        " (SELECT max(id) / 2 FROM call_log) LIMIT %s", [LARGE, requests]).fetchall()]
    token = token_for(site.stack, LARGE, ttl=86400)
    refused = multiprocessing.Value("i", 0)
    askers = [multiprocessing.Process(
        target=_ask, args=(site.stack.base_url, token, sids[at::ASKERS], refused))
        for at in range(ASKERS)]
    began = time.monotonic()
    for asker in askers:
        asker.start()
    during = _while(lambda: any(asker.is_alive() for asker in askers), clicks)
    seconds = time.monotonic() - began
    after = [next(clicks) for _ in range(CLICKS)]
    cleaner = multiprocessing.Process(target=site.command, args=("cleanup",))
    cleaner.start()
    cleanup = _while(cleaner.is_alive, clicks)
    return Flood(len(sids), seconds, refused.value, alone, during, after, cleanup)


def _while(goes_on: Callable[[], bool], clicks: Iterable[float]) -> list[float]:
    times = []
    for one in clicks:
        times.append(one)
        if not goes_on():
            break
        time.sleep(PAUSE)
    return times


def _others_clicks(site: Site) -> Iterable[float]:
    """Of calls that nobody has asked for, hardly ever two of one business."""
    rows = site.db.execute(
        f"SELECT business_id, call_sid FROM call_log WHERE business_id <> %s AND {KEPT}"
        " AND id BETWEEN (SELECT max(id) / 2 FROM call_log) AND (SELECT max(id) / 2 + 50000 FROM"
        " call_log) ORDER BY md5(call_sid)", [LARGE]).fetchall()
    for business, sid in rows:
        began = time.perf_counter()
        site.ask("POST", f"/api/recordings/{sid}/prepare", business)
        yield (time.perf_counter() - began) * 1000


def _ask(base_url: str, token: str, sids: list[str], refused: multiprocessing.Value) -> None:
    host, port = base_url.removeprefix("http://").split(":")
    client = http.client.HTTPConnection(host, int(port), timeout=30)
    for sid in sids:
        client.request("POST", f"/api/recordings/{sid}/prepare",
                       headers={"Authorization": f"Bearer {token}"})
        answer = client.getresponse()
        answer.read()
        if answer.status != 202:
            with refused.get_lock():
                refused.value += 1
