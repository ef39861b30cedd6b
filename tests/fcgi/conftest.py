"""What the HTTP tests share: rows, files and links that are there before anybody asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis

from http_carry import Fronts
from http_described import watcher
from http_fronts import another_front
from http_given import Given
from stack.api import Api
from stack.stack import Stack


@pytest.fixture(scope="module", autouse=True)
def described_answers(stack: Stack) -> Iterator[None]:
    """Every answer is one that the API tells of."""
    Api.watch = watcher(stack.base_url)
    yield
    Api.watch = None


@pytest.fixture
def given(stack: Stack, db: psycopg.Connection[Any]) -> Given:
    """given.call(business, …), given.file(…): put in place without asking the responders."""
    return Given(stack, db)


@pytest.fixture(scope="module")
def plain_front(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with another_front(stack, tmp_path_factory.mktemp("plain")) as base_url:
        yield base_url


@pytest.fixture
def fronts(given: Given, stack: Stack, rds: redis.Redis, plain_front: str) -> Fronts:
    return Fronts(given, rds, stack.base_url, plain_front)
