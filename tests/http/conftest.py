"""What the HTTP tests share: rows, files and links that are there before anybody asks."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from http_given import Given
from stack.stack import Stack


@pytest.fixture
def given(stack: Stack, db: psycopg.Connection[Any]) -> Given:
    """given.call(business, …), given.file(…): put in place without asking the responders."""
    return Given(stack, db)
