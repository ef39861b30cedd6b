"""/metrics: for whom, in what form, and that what it counts is what happened."""

from __future__ import annotations

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable

import pytest
import redis

from http_expect import head_agrees, says
from http_given import Given, given_in
from stack.api import Answer, Api
from stack.calls import Call, new_sid
from stack.processes import wait_until
from stack.stack import Stack
from twilio.client import fault

SOON = 120.0
SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"(?:,|$)')
# A sample: its name and labels, as a frozenset of pairs.
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(stack: Stack) -> Answer:
    return Api(stack.base_url, stack.config["METRICS_TOKEN"]).get("/metrics")


def samples_of(text: str) -> Samples:
    found: Samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        sample = SAMPLE.match(line)
        assert sample, line
        key = sample[1], frozenset(LABEL.findall(sample[2] or ""))
        assert key not in found, f"twice: {line}"
        found[key] = float(sample[3])
    return found


class Scraped:
    """What a scrape says."""

    def __init__(self, stack: Stack) -> None:
        answer = scrape(stack)
        assert answer.status == 200, answer.body
        self.samples = samples_of(answer.body.decode())
        self.names = {name for name, _ in self.samples}

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def count(self, name: str, **labels: str) -> float:
        return self(name, **labels) or 0.0


# For whom, and in what form. (That others get nothing, test_matrix.py holds.)


def test_promtool_takes_it(stack: Stack) -> None:
    Api(stack.base_url).get("/healthz")
    answer = scrape(stack)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    done = subprocess.run(["promtool", "check", "metrics"], input=answer.body, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    bad = answer.body.replace(b"# TYPE tapedeck_up gauge", b"# TYPE tapedeck_up gouge")
    assert subprocess.run(["promtool", "check", "metrics"], input=bad, capture_output=True).returncode


def test_head_is_get_without_a_body(stack: Stack) -> None:
    api = Api(stack.base_url, stack.config["METRICS_TOKEN"])
    head, get = api.head("/metrics"), api.get("/metrics")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_without_a_token_there_is_no_such_address(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1, overrides={"METRICS_TOKEN": ""})
    missing = Api(stack.base_url, stack.token).get("/api/no-such-address")
    for token in (None, "", stack.token):
        answer = Api(stack.base_url, token).get("/metrics")
        assert (answer.status, answer.body) == (404, missing.body)
        says(answer, 404, "not_found")


def test_guessing_is_limited(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1, overrides={"SIGNIN_FAILURES": "3"})
    stranger = Api(stack.base_url, "x" * 32)
    assert [stranger.get("/metrics").status for _ in range(5)] == [401, 401, 401, 429, 429]
    assert scrape(stack).status == 200, "the right one is never refused for what others did"


# How things are.


def test_the_queue_is_told(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        for _ in range(3):
            given.waiting_run(1, given.recorded(1))
        later = given.waiting_run(2, given.recorded(2))
        given.db.execute("UPDATE recording_runs SET lane = 'later', not_before = now() + '1 hour'"
                         " WHERE id = %s", [later])
        given.db.execute("UPDATE recording_runs SET queued_at = now() - interval '90 seconds'"
                         " WHERE business_id = 1")
        given.db.execute("INSERT INTO provider_accounts (account_sid, failures, paused_until)"
                         " VALUES (%s, 1, now() + interval '1 hour')", [new_sid("AC")])
        told = Scraped(stack)
    runs = {(lane, state): told("tapedeck_queue_runs", lane=lane, state=state)
            for lane in ("click", "later") for state in ("active", "waiting", "resting")}
    assert {where: n for where, n in runs.items() if n} == {
        ("click", "waiting"): 3, ("later", "resting"): 1}
    wait = told("tapedeck_queue_oldest_wait_seconds", lane="click")
    assert wait is not None and wait >= 90
    assert told("tapedeck_queue_oldest_wait_seconds", lane="later") == 0
    assert told("tapedeck_accounts_paused") == 1
    assert {part: told("tapedeck_up", part=part) for part in ("postgresql", "redis", "disk")} == {
        "postgresql": 1, "redis": 1, "disk": 1}
    size, free = told("tapedeck_disk_size_bytes"), told("tapedeck_disk_free_bytes")
    assert size and free and 0 < free <= size


def test_open_breakers_are_counted(make_stack: Callable[..., Stack]) -> None:
    """Only those that failed often enough, and have not worked since."""
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        calls = [given.recorded(1) for _ in range(3)]
        for call in calls:
            given.run(1, call, status="failed", attempts=3, completed_at="now")
        given.run(1, calls[0], status="completed", completed_at="now")
        given.run(1, given.recorded(1), status="failed", attempts=2, completed_at="now")
        assert Scraped(stack)("tapedeck_breakers_open") == 2


def test_a_runner_that_has_not_been_seen(stack: Stack, rds: redis.Redis) -> None:
    rds.delete("rec_runner")
    assert Scraped(stack)("tapedeck_runner_seen_seconds") == float("inf")
    rds.set("rec_runner", "1", px=140_000)
    seen = Scraped(stack)("tapedeck_runner_seen_seconds")
    assert seen is not None and 10 <= seen < 150
    rds.delete("rec_runner")


# What was counted.

REQUESTS, BUCKET = "tapedeck_http_requests_total", "tapedeck_http_request_duration_seconds_bucket"


def test_every_request_is_counted_once(make_stack: Callable[..., Stack]) -> None:
    """By whichever responder; under the table's route, and paths that are none under one name."""
    stack = make_stack(responders=3)
    api = Api(stack.base_url, stack.token)
    for _ in range(7):
        assert api.get("/api/calls").status == 200
    assert api.head("/api/calls").status == 200
    assert Api(stack.base_url).get("/api/calls").status == 401
    for path in ("/api/x", "/api/y", '/api/"z'):
        assert api.get(path).status in (400, 404)
    assert api.get(f"/api/recordings/file/{new_sid('CA')}").status == 404
    wanted = {("GET /api/calls", "200"): 8, ("GET /api/calls", "401"): 1,
              ("GET /api/recordings/file/{call}", "404"): 1}

    def counted() -> dict[tuple[str, str], float]:
        told = Scraped(stack)
        return {(route, code): told.count(REQUESTS, route=route, code=code)
                for route, code in wanted}

    assert wait_until(lambda: counted() == wanted, SOON), counted()
    told = Scraped(stack)
    assert told.count(REQUESTS, route="other", code="404") >= 2
    routes = {dict(labels)["route"] for name, labels in told.samples if name == REQUESTS}
    assert not any(letter in route for route in routes for letter in ("/x", "/y", '"'))


def test_latencies_are_a_histogram(make_stack: Callable[..., Stack]) -> None:
    """Buckets grow, the last one is the count, and the count is that of the requests."""
    stack = make_stack(responders=2)
    api = Api(stack.base_url, stack.token)
    for _ in range(5):
        api.get("/api/calls")
    name = "tapedeck_http_request_duration_seconds"
    assert wait_until(
        lambda: Scraped(stack)(name + "_count", route="GET /api/calls") == 5, SOON)
    told = Scraped(stack)
    for route in {dict(labels)["route"] for of, labels in told.samples if of == BUCKET}:
        buckets = {float(dict(labels)["le"]): n for (of, labels), n in told.samples.items()
                   if of == BUCKET and dict(labels)["route"] == route}
        counts = [buckets[bound] for bound in sorted(buckets)]
        assert counts == sorted(counts) and max(buckets) == float("inf")
        requests = sum(n for (of, labels), n in told.samples.items()
                       if of == REQUESTS and dict(labels)["route"] == route)
        assert counts[-1] == told(name + "_count", route=route) == requests
        took = told(name + "_sum", route=route)
        assert took is not None and took > 0


def test_counts_survive_restarts(make_stack: Callable[..., Stack]) -> None:
    """Of responders that end well, to the last request; a Redis that lives remembers all."""
    stack = make_stack(responders=2)
    api = Api(stack.base_url, stack.token)
    for _ in range(5):
        api.get("/api/calls")
    stack.halt("responders", signal.SIGTERM)
    stack.revive("responders")
    for _ in range(3):
        api.get("/api/calls")
    wanted = dict(route="GET /api/calls", code="200")
    assert wait_until(lambda: Scraped(stack)(REQUESTS, **wanted) == 8, SOON)


def test_without_redis_counts_are_missing_and_not_nothing(
    make_stack: Callable[..., Stack]
) -> None:
    """A gap is true; a count that falls to 0 would be taken for a restart. What was counted
    meanwhile is kept for when it is back."""
    stack = make_stack(responders=1)
    api = Api(stack.base_url, stack.token)
    stack.halt("redis")
    for _ in range(4):
        assert api.get("/api/calls").status == 200
    told = Scraped(stack)
    assert (told("tapedeck_up", part="redis"), told("tapedeck_up", part="postgresql")) == (0, 1)
    assert not any(name.endswith(("_total", "_bucket")) for name in told.names)
    assert "tapedeck_queue_runs" in told.names
    stack.revive("redis")
    wanted = dict(route="GET /api/calls", code="200")
    assert wait_until(lambda: Scraped(stack)(REQUESTS, **wanted) == 4, SOON)


def test_without_postgresql_the_rest_is_told(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    stack.halt("postgres")
    told = Scraped(stack)
    assert (told("tapedeck_up", part="redis"), told("tapedeck_up", part="postgresql")) == (1, 0)
    assert "tapedeck_queue_runs" not in told.names
    assert REQUESTS in told.names and "tapedeck_downloads_total" in told.names


def test_downloads_are_counted_by_their_end(
    make_stack: Callable[..., Stack],
) -> None:
    from stack.calls import new_call

    stack = make_stack(responders=1)
    good: list[Call] = [new_call(stack, 1) for _ in range(2)]
    new_call(stack, 1, faults=[fault("html")])
    for _ in range(2):
        assert stack.run("drain", "--once", RUN_ATTEMPTS="1").returncode == 0
    told = Scraped(stack)
    ends = Counter({result: told.count("tapedeck_downloads_total", result=result)
                    for result in ("completed", "retried", "failed", "cancelled", "lost")})
    assert +ends == Counter(completed=2, failed=1)
    assert told("tapedeck_download_faults_total", reason="not_audio") == 1
    assert told("tapedeck_download_bytes_total") == sum(len(call.source()) for call in good)
    new_call(stack, 1, faults=[fault("html")])
    assert stack.run("drain", "--once", RUN_ATTEMPTS="2", RETRY_DELAYS="1h").returncode == 0
    told = Scraped(stack)
    assert [told("tapedeck_downloads_total", result=result)
            for result in ("completed", "retried", "failed")] == [2, 1, 1]
    assert told("tapedeck_download_faults_total", reason="not_audio") == 2


def test_what_stands_in_redis_by_mistake_breaks_no_line(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with redis.Redis.from_url(stack.redis_url) as rds:
        for name in ('faults|a"b\\c\nd', "faults|" + "x" * 500, "nobody|knows", "faults"):
            rds.hset("rec_metrics", name, "7")
        rds.hset("rec_metrics", "requests|GET /api/calls|200", "no number")
    answer = scrape(stack)
    assert rb'tapedeck_download_faults_total{reason="a\"b\\c\nd"} 7' in answer.body
    done = subprocess.run(["promtool", "check", "metrics"], input=answer.body, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
