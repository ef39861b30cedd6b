"""Who goes on asking for too much at once is refused by lighttpd itself, as a responder would, for the
rest of a second; nothing else is (fcgi/front/refused.lua)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from http_expect import says
from http_given import Given
from http_share import SHARE, hold, key
from stack.api import Answer, Api
from stack.processes import wait_until

DEAR = ("/api/calls", "/api/calls.csv", "/api/calls/{call}", "/api/calls/totals", "/api/tags",
        "/api/recordings/runs/active")
CHEAP = ("/api/recordings/file/{call}", "/api/recordings/{call}/status")
HEADERS = ("Content-Type", "Retry-After", "Cache-Control", "X-Content-Type-Options")
SOON, MOST = 60.0, 5000


def by_a_responder(answer: Answer) -> bool:
    return "X-Request-Id" in answer.headers


def essence(answer: Answer) -> tuple[int, object, list[str | None]]:
    return answer.status, answer.json, [answer.headers[name] for name in HEADERS]


@pytest.fixture
def business(rds: redis.Redis, new_business: Callable[[], int]) -> int:
    """One with no place left."""
    one = new_business()
    hold(rds, one, SHARE, 600)
    rds.persist(key(one))
    return one


def flood(api: Api, path: str) -> list[Answer]:
    """Until the web server answers; the first answer and that one."""
    first = last = api.get(path)
    for _ in range(MOST):
        says(last, 429, "too_many_requests")
        if not by_a_responder(last):
            return [first, last]
        last = api.get(path)
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
