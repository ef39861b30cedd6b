"""What is measured, and how: each probe does one thing in one site, and says how long it took.

A site is a stack over one generated database. Probes of the same name do the same work in both
sites, in turns, so that whatever else this machine does falls on both.
"""

from __future__ import annotations

import http.client
import random
import statistics
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from stack.calls import token_for
from stack.stack import Stack
from world import BUSY, LARGE

IDLE_S = 2
SERIES = 3  # what others do on the machine for a moment spoils one of them
OFTEN = 30  # rounds of what people do, and is warmed
SAMPLE = 400  # calls to ask for, of the large business and of the others each
KEPT = "recording_url <> '' AND recording_deleted_at IS NULL"
DUE = 200  # recordings whose time is over, for each round of retain
LATE_DAYS = 500  # how old they are


@dataclass(frozen=True)
class Figure:
    """Milliseconds."""

    p50: float
    p99: float  # the median of that of each of SERIES
    failed: int  # answers that were none


class Site:
    """One stack, its calls that may be asked for, and a client that keeps its connection."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.db = psycopg.connect(stack.database_url, autocommit=True)
        self.random = random.Random(5)
        host, port = stack.base_url.removeprefix("http://").split(":")
        self._client = http.client.HTTPConnection(host, int(port), timeout=30)
        self._asked = time.monotonic()
        self._tokens: dict[int, str] = {}
        self.large = self._sample("business_id = %s", LARGE)
        self.small = self._sample("business_id <> %s", LARGE)
        self.unasked = self._unasked()
        self.due = 0  # recordings whose time _make_due has made be over

    def _sample(self, where: str, *values: object) -> list[tuple[int, str, str]]:
        (top,) = self.db.execute("SELECT max(id) FROM call_log").fetchone()
        found = []
        while len(found) < SAMPLE:
            ids = [self.random.randint(1, top) for _ in range(SAMPLE * 10)]
            found += self.db.execute(
                "SELECT business_id, call_sid, from_number FROM call_log WHERE id = ANY (%s)"
                f" AND {KEPT} AND {where} ORDER BY md5(id::text)",
                [ids, *values]).fetchall()
        return found[:SAMPLE]

    def _unasked(self) -> Iterator[tuple[int, str]]:
        """Calls that nobody has ever asked for, the latest first; each is given once."""
        rows = self.db.execute(
            f"SELECT business_id, call_sid FROM call_log WHERE {KEPT} AND business_id <= %s"
            " AND id < (SELECT max(id) * 3 / 4 FROM call_log) ORDER BY id DESC LIMIT 4000",
            [BUSY]).fetchall()
        self.random.shuffle(rows)
        return iter(rows)

    def ask(self, method: str, path: str, business: int) -> bool:
        """Whether it was answered well."""
        token = self._tokens.setdefault(business, token_for(self.stack, business, ttl=86400))
        return self._ask(method, path, token)

    def _ask(self, method: str, path: str, token: str) -> bool:
        if time.monotonic() - self._asked > IDLE_S:
            self._client.close()  # before the server does; it opens again
        self._client.request(method, path, headers={"Authorization": f"Bearer {token}"})
        answer = self._client.getresponse()
        answer.read()
        self._asked = time.monotonic()
        return answer.status < 400

    def metrics(self) -> bool:
        return self._ask("GET", "/metrics", self.stack.config["METRICS_TOKEN"])

    def command(self, *words: str) -> bool:
        return self.stack.run(*words, timeout=600).returncode == 0


@dataclass(frozen=True)
class Probe:
    """`prepare` is not timed."""

    name: str
    rounds: int
    act: Callable[[Site], bool]
    prepare: Callable[[Site], None] = lambda site: None


def _list(query: str, large: bool) -> Callable[[Site], bool]:
    """The calls page; {number}, {end} and {rare} stand for something of a call that is there."""
    def act(site: Site) -> bool:
        business, _, number = site.random.choice(site.large if large else site.small)
        path = query.format(number=urllib.parse.quote(number), end=number[-5:],
                            rare=f"rare{site.random.randrange(1, 300) * 33}")
        return site.ask("GET", f"/api/calls?limit=50{path}", business)
    return act


def _of_call(method: str, path: str, large: bool) -> Callable[[Site], bool]:
    def act(site: Site) -> bool:
        business, sid, _ = site.random.choice(site.large if large else site.small)
        return site.ask(method, path.format(sid=sid), business)
    return act


def _cursor(site: Site) -> bool:
    """A page far down."""
    business, sid, _ = site.random.choice(site.large)
    (micros,) = site.db.execute(
        "SELECT (extract(epoch FROM created_at) * 1000000)::bigint FROM call_log"
        " WHERE call_sid = %s", [sid]).fetchone()
    return site.ask("GET", f"/api/calls?limit=50&cursor={micros}-{sid}", business)


def _prepare(site: Site) -> bool:
    business, sid = next(site.unasked)
    return site.ask("POST", f"/api/recordings/{sid}/prepare", business)


def _status(site: Site) -> bool:
    """It exits with 1 while no runner is seen, and there is none here."""
    return '"database":true' in site.stack.run("status", "--json").stdout


def _retain(site: Site) -> bool:
    site.due = 0
    return site.command("retain")


def _make_due(site: Site) -> None:
    more, site.due = DUE - site.due, DUE
    site.db.execute(
        f"UPDATE call_log SET created_at = now() - interval '{LATE_DAYS} days' WHERE id IN (SELECT id"
        " FROM call_log c WHERE recording_url <> '' AND recording_deleted_at IS NULL AND NOT"
        " legal_hold AND recording_expires_at IS NULL AND business_id NOT IN (SELECT business_id FROM"
        " business_retention) AND NOT EXISTS (SELECT FROM recording_runs r WHERE r.call_sid ="
        " c.call_sid AND r.business_id = c.business_id AND status IN ('queued', 'running'))"
        f" AND created_at > now() - interval '{LATE_DAYS - 1} days' ORDER BY id LIMIT {more})")


def probes(times: int) -> list[Probe]:
    rare = max(5, times // 10)
    return [
        Probe("list, first page, the large business", times, _list("", True)),
        Probe("list, first page, others", times, _list("", False)),
        Probe("list, a page far down", times, _cursor),
        Probe("list, direction", times, _list("&direction=outbound", True)),
        Probe("list, a status nobody has", rare, _list("&status=busy", True)),
        Probe("list, without recording", times, _list("&has_recording=false", True)),
        Probe("search, a whole number", times, _list("&search={number}", True)),
        Probe("search, a number's end", times, _list("&search={end}", True)),
        Probe("search, a number's end, others", times, _list("&search={end}", False)),
        Probe("search, a word of one call", times, _list("&search={rare}", True)),
        Probe("search, a word of one call, others", times, _list("&search={rare}", False)),
        Probe("search, a word many say", rare, _list("&search=w1", True)),
        Probe("search, a word many say, others", rare, _list("&search=w1", False)),
        Probe("look: status", times, _of_call("GET", "/api/recordings/{sid}/status", True)),
        Probe("look: a call's page", times, _of_call("GET", "/api/calls/{sid}", True)),
        Probe("runs under way", times, _of_call("GET", "/api/recordings/runs/active", True)),
        Probe("prepare: a run, and its dispatch", times, _prepare),
        Probe("/metrics", rare, Site.metrics),
        Probe("tapedeck status", rare, _status),
        Probe("tapedeck cleanup", rare, lambda site: site.command("cleanup")),
        Probe("tapedeck retain --dry-run, 200 due", 15,
              lambda site: site.command("retain", "--dry-run"), _make_due),
        Probe("tapedeck retain, 200 due, and its tour through the objects", 15,
              _retain, _make_due),
    ]


def measure(probe: Probe, sites: list[Site]) -> list[Figure]:
    """A figure a site."""
    times: list[list[float]] = [[] for _ in sites]
    failed = [0] * len(sites)
    for _ in range(probe.rounds if probe.rounds >= OFTEN else 1):  # untimed: caches are warm
        for site in sites:
            probe.prepare(site)
            probe.act(site)
    for _ in range(probe.rounds):
        for at, site in enumerate(sites):
            probe.prepare(site)
            began = time.perf_counter()
            failed[at] += not probe.act(site)
            times[at].append((time.perf_counter() - began) * 1000)
    return [Figure(statistics.median(one), _p99_of_series(one), bad)
            for one, bad in zip(times, failed)]


def _p99_of_series(values: list[float]) -> float:
    length = -(-len(values) // SERIES)
    return statistics.median(percentile(values[at:at + length], 0.99)
                             for at in range(0, len(values), length))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
