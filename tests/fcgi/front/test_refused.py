"""Who goes on asking for too much at once is refused by lighttpd itself, as a responder would, but slowly,
for the rest of a second; nothing else is (fcgi/front/refused.lua)."""

from __future__ import annotations

import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import redis

from http_expect import says
from http_given import Given, given_in
from http_share import hold_all, key
from stack.api import Answer, Api
from stack.calls import token_for
from stack.processes import wait_until
from stack.stack import Stack

DEAR = ("/api/calls", "/api/calls.csv", "/api/calls/{call}", "/api/calls/totals", "/api/tags",
        "/api/recordings/runs/active")
CHEAP = ("/api/recordings/file/{call}", "/api/recordings/{call}/status")
HEADERS = ("Content-Type", "Retry-After", "Cache-Control", "X-Content-Type-Options", "Vary",
           "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers")
SOON, MOST = 60.0, 1000
FRIEND = "https://crm.example"


def by_a_responder(answer: Answer) -> bool:
    return "X-Request-Id" in answer.headers


def essence(answer: Answer) -> tuple[int, object, list[str | None]]:
    return answer.status, answer.json, [answer.headers[name] for name in HEADERS]


@pytest.fixture
def business(rds: redis.Redis, new_business: Callable[[], int]) -> int:
    """One with no place left."""
    one = new_business()
    hold_all(rds, one)
    return one


def flood(api: Api, path: str, **headers: str) -> list[Answer]:
    """Until the web server answers; the first answer and that one."""
    first = last = api.get(path, headers=headers)
    for _ in range(MOST):
        says(last, 429, "too_many_requests")
        if not by_a_responder(last):
            return [first, last]
        last = api.get(path, headers=headers)
    raise AssertionError("responders go on answering")


@pytest.mark.parametrize("path, headers", [
    ("/api/calls?limit={n}", {}), ("/api/%63alls", {}), ("/api/calls", {"Cookie": "n={n}"}),
    ("/api/calls", {"Origin": "https://{n}.example"}), ("/api/calls/CA{n:032x}", {}),
], ids=["query", "spelling", "cookie", "origin", "call"])
def test_another_spelling_makes_nobody_somebody_else(
    given: Given, business: int, path: str, headers: dict[str, str]
) -> None:
    api = given.api(business)
    flood(api, "/api/calls/CA" + "0" * 32 if "{n:032x}" in path else "/api/calls")
    for n in range(MOST):
        sent = {name: one.format(n=n) for name, one in headers.items()}
        if not by_a_responder(api.get(path.format(n=n), headers=sent)):
            return
    raise AssertionError("responders go on answering")


@pytest.mark.parametrize("path", DEAR)
def test_the_answer_is_the_same(given: Given, business: int, path: str) -> None:
    call = given.recorded(business)
    first, last = flood(given.api(business), path.format(call=call))
    assert by_a_responder(first) and essence(first) == essence(last)


def test_nobody_else_and_nothing_else_is_refused(
    given: Given, business: int, new_business: Callable[[], int]
) -> None:
    other, call = new_business(), given.recorded(business)
    for path in CHEAP:
        flood(given.api(business), "/api/calls")
        assert given.api(business).get(path.format(call=call)).status in (200, 202)
    flood(given.api(business), "/api/calls")
    assert given.api(other).get("/api/calls").status == 200


def test_after_a_second_a_responder_is_asked_again(
    given: Given, business: int, rds: redis.Redis
) -> None:
    api = given.api(business)
    flood(api, "/api/calls")
    rds.delete(key(business))
    assert wait_until(lambda: api.get("/api/calls").status == 200, SOON)


def test_few_refusals_are_a_responders(given: Given, business: int) -> None:
    """A page asks for several things at once, and again after a second."""
    api = given.api(business)
    for path in DEAR[3:]:
        assert by_a_responder(api.get(path))


@pytest.fixture(scope="module")
def friendly(sanitizer_reports: object, build_dir: object,
             tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    """A stack that knows another site."""
    with Stack(tmp_path_factory.mktemp("friendly") / "run", build_dir=str(build_dir), fast=True, bound=True,
               overrides={"ALLOWED_ORIGINS": FRIEND}) as stack, given_in(stack) as given:
        yield given


@pytest.mark.parametrize("origin", [FRIEND, "https://evil.example"])
def test_a_page_of_another_site_is_told_as_a_responder_tells_it(friendly: Given, origin: str) -> None:
    business = friendly.stack.new_business()
    with redis.Redis.from_url(friendly.stack.config["REDIS_URL"]) as rds:
        hold_all(rds, business)
    first, last = flood(friendly.api(business), "/api/calls", Origin=origin)
    assert by_a_responder(first) and essence(first) == essence(last)
    assert last.headers["Access-Control-Allow-Origin"] == (FRIEND if origin == FRIEND else None)


def test_it_is_said_slowly(given: Given, business: int) -> None:
    """Each within a tick of lighttpd's clock of seconds, or two; a busy machine takes longer only."""
    began = time.monotonic()
    for _ in range(4):
        flood(given.api(business), "/api/calls")
    assert time.monotonic() - began > 2


def heads(base_url: str, token: str, count: int) -> list[bytes]:
    """Of the answers to so many requests of one client at once, as soon as they begin."""
    site = urllib.parse.urlsplit(base_url)
    request = (f"GET /api/calls HTTP/1.1\r\nHost: {site.netloc}\r\n"
               f"Authorization: Bearer {token}\r\n\r\n").encode()
    with ExitStack() as all_of_them:
        wires = [all_of_them.enter_context(socket.create_connection((site.hostname, site.port), SOON))
                 for _ in range(count)]
        for wire in wires:
            wire.sendall(request)
        return [wire.recv(4096).split(b"\r\n\r\n")[0] for wire in wires]


def test_whoever_went_on_is_heard_once_a_second_then_twice(
    given: Given, new_business: Callable[[], int], rds: redis.Redis
) -> None:
    """Though there is a place again."""
    for _ in range(20):  # a busy machine may take so long that there is a third second
        business = new_business()
        hold_all(rds, business)
        token = token_for(given.stack, business)
        flood(Api(given.stack.base_url, token), "/api/calls")
        rds.delete(key(business))
        began = time.monotonic()
        answers = heads(given.stack.base_url, token, 32)
        if time.monotonic() - began < 1:
            heard = [answer for answer in answers if b"X-Request-Id" in answer]
            assert 1 <= len(heard) <= 3, answers
            return
    raise AssertionError("the machine never took less than a second")
