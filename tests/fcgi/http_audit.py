"""What the tests of the audit share: a recording to listen to, listening, and what was noted."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from http_given import Given
from stack.api import Answer, Api
from stack.calls import token_for

BUSINESS = 1
CONTENT = b"RIFF of a sort, of some length"
LATER = 4102444800  # 2100-01-01
SOON = 120.0
POSTED = "rec_audit"

Tool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cleanup(run_tapedeck: Tool) -> Callable[[], None]:
    def run() -> None:
        done = run_tapedeck("cleanup")
        assert done.returncode == 0, done.stderr

    return run


def ready(given: Given, business: int, **columns: Any) -> str:
    call = given.recorded(business, **columns)
    given.file(business, call, CONTENT)
    return call


def file_of(call: str) -> str:
    return f"/api/recordings/file/{call}"


class ToResponders(Api):
    """As any, with a header for which lighttpd's script leaves a play link to the responders."""

    def request(self, method: str, path: str, **more: Any) -> Answer:
        more["headers"] = {"Origin": "https://nobody.example", **(more.get("headers") or {})}
        return super().request(method, path, **more)


def to_responders(api: Api) -> Api:
    one = ToResponders.__new__(ToResponders)
    one.__dict__.update(api.__dict__)
    return one


def anew() -> dict[str, str]:
    """A header for somebody whom the web server does not know yet: a responder is asked, which
    notes it (fcgi/front/granted.lua)."""
    return {"Cookie": f"n={secrets.token_hex(4)}"}


def listens(given: Given, business: int, call: str, times: int = 1, **claims: Any) -> None:
    """As somebody else each time, unless `sub` says who: so often it is noted."""
    for _ in range(times):
        token = token_for(given.stack, business, **{"sub": secrets.token_hex(8), **claims})
        assert Api(given.stack.base_url, token).get(file_of(call), headers=anew()).body \
            == CONTENT


def actions(given: Given, call: str) -> list[str]:
    """What was done with a call, in the order it was done."""
    rows = given.db.execute("SELECT action FROM playback_audit WHERE call_sid = %s ORDER BY at, id",
                            [call]).fetchall()
    return [row[0] for row in rows]
