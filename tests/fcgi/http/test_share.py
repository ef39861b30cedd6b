"""No business holds more than a quarter of a host's responders with what is dear."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from http_expect import says
from http_given import Given, given_in
from http_share import RESPONDERS, SHARE, hold, key
from stack.stack import Stack

DEAR = ("/api/calls", "/api/calls?search=0501234567", "/api/calls/{call}", "/api/recordings/runs/active",
        "/api/calls/totals", "/api/calls/changes", "/api/calls.csv", "/api/agents", "/api/lines")
CHEAP = ("/api/recordings/file/{call}", "/api/recordings/{call}/status")


@pytest.mark.parametrize("path", DEAR)
def test_beyond_its_share_a_business_is_refused_alone(
    given: Given, rds: redis.Redis, new_business: Callable[[], int], path: str
) -> None:
    business, other = new_business(), new_business()
    call, others = given.recorded(business), given.recorded(other)
    hold(rds, business, SHARE, 60)
    answer = given.api(business).get(path.format(call=call))
    says(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "1"
    assert given.api(other).get(path.format(call=others)).status == 200
    for cheap in CHEAP:
        assert given.api(business).get(cheap.format(call=call)).status in (200, 202)


@pytest.mark.parametrize("path", DEAR)
def test_a_place_is_given_back(
    given: Given, rds: redis.Redis, new_business: Callable[[], int], path: str
) -> None:
    business = new_business()
    call = given.recorded(business)
    hold(rds, business, SHARE - 1, 60)
    api = given.api(business)
    for _ in range(2 * RESPONDERS):
        assert api.get(path.format(call=call)).status == 200
    assert api.get("/api/calls?limit=0").status == 400
    assert rds.zcard(key(business)) == SHARE - 1


def test_one_that_was_killed_is_not_counted_for_long(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    hold(rds, business, RESPONDERS, -1)
    assert given.api(business).get("/api/calls").status == 200
    assert rds.zcard(key(business)) == 0


def test_without_redis_nobody_is_refused(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()
    with given_in(stack) as given:
        call = given.recorded(1)
        stack.halt("redis")
        for path in DEAR:
            assert given.api(1).get(path.format(call=call)).status == 200
