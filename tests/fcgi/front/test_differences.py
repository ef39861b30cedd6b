"""The table "What differs" of docs/webservers.md: each line is asked of the front end that is there.

The other columns are asked when the tests run over the other front ends (FRONT, see Makefile).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest

from http_given import given_in
from http_raw import all_received, request, talk
from stack import fronts
from stack.api import Answer, Api
from stack.calls import new_sid
from stack.stack import ROOT, Stack

PAGE = ROOT / "docs" / "webservers.md"
LIST = "/api/calls?limit=1"
HOOK = "/webhook/call_status"


def table(page: str) -> dict[str, dict[str, str]]:
    """The lines below the heading, by what is asked and by front end."""
    section = re.search(r"^## What differs\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL)
    assert section, "the page has no such heading"
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in section[1].splitlines() if line.startswith("|")]
    head, _, *lines = rows
    return {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}


def status(stack: Stack, sent: bytes) -> str:
    answers = talk(stack, sent)
    return str(answers[0].status) if answers else "nothing"


def get(stack: Stack, target: str, *lines: str, body: bytes = b"") -> str:
    return status(stack, request(stack, "GET", target, *lines, body=body))


def trace(stack: Stack) -> Answer:
    (answer,) = talk(stack, request(stack, "TRACE", "/api/calls"))
    return answer


def chunked(stack: Stack) -> str:
    """Unsigned: who reads it says 403."""
    return status(stack, request(
        stack, "POST", HOOK, "Transfer-Encoding: chunked",
        "Content-Type: application/x-www-form-urlencoded", body=b"1\r\nx\r\n0\r\n\r\n"))


def underscored(stack: Stack) -> str:
    """Whether a header may pass for another by an underscore in its name."""
    sent = request(stack, "GET", "/api/calls", f"If_None_Match: *\r\nX_Y: {'z' * 10}")
    return "ignored" if status(stack, sent) == "200" else "taken"


def spoken(stack: Stack) -> str:
    """HTTP/2 without TLS, by prior knowledge: its preface and empty settings."""
    received = all_received(stack.base_url, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3)
                            + b"\x04" + bytes(5))
    return "answered" if received[3:4] == b"\x04" else "refused"


def two_ranges(stack: Stack) -> str:
    """Of a recording of 100 bytes: which of them come."""
    call = new_sid("CA")
    with given_in(stack) as given:
        given.file(1, call, b"x" * 100)
    (answer,) = talk(stack, request(stack, "GET", f"/api/recordings/file/{call}",
                                    "Range: bytes=0-1", "Range: bytes=5-6"))
    shown = answer.headers["Content-Range"] or answer.headers["Content-Type"].split(";")[0]
    return f"{answer.status} {shown}"


PROBES: dict[str, Callable[[Stack], str]] = {
    "`Server` names itself":
        lambda stack: Api(stack.base_url).get("/healthz").headers["Server"] or "no",
    "20 kB of header": lambda stack: get(stack, LIST, "X: " + "y" * 20_000),
    "a target of 17 kB": lambda stack: get(stack, "/api/calls?search=" + "x" * 17_000),
    "a body of 70 kB":
        lambda stack: str(Api(stack.base_url).post(HOOK, b"x" * 70_000).status),
    "a GET with a body": lambda stack: get(stack, LIST, "Content-Length: 2", body=b"{}"),
    "a chunked webhook": chunked,
    "TRACE": lambda stack: str(trace(stack).status),
    "`Allow` with TRACE": lambda stack: "yes" if trace(stack).headers["Allow"] else "no",
    "half a body, then the end":
        lambda stack: status(stack, request(stack, "POST", HOOK, "Content-Length: 9", body=b"x")),
    "`%00` in a path": lambda stack: get(stack, "/api/calls%00"),
    "`..` in a path": lambda stack: get(stack, "/api/../api/calls"),
    "a target with another host":
        lambda stack: get(stack, "http://evil.example/api/calls"),
    "a folded header": lambda stack: get(stack, LIST, "X: y\r\n z"),
    "HTTP/0.9": lambda stack: status(stack, b"GET /api/calls\r\n\r\n"),
    "a Range of JSON": lambda stack: get(stack, LIST, "Range: bytes=0-1"),
    "a name with `_` for a header": underscored,
    "`_` in the host's name":
        lambda stack: status(stack, b"GET /healthz HTTP/1.1\r\nHost: a_b\r\n"
                                    b"Connection: close\r\n\r\n"),
    "a target with its own host": lambda stack: get(stack, f"http://test{LIST}"),
    "two lines of Range": two_ranges,
    "HTTP/2 without TLS": spoken,
    "`/index.html/x`": lambda stack: get(stack, "/index.html/x"),
}


def test_every_line_is_asked() -> None:
    lines = table(PAGE.read_text())
    assert set(lines) == set(PROBES)
    assert all(set(line) == set(fronts.KINDS) for line in lines.values())


@pytest.mark.parametrize("what", PROBES)
def test_the_table_is_true(stack: Stack, what: str) -> None:
    assert PROBES[what](stack) == table(PAGE.read_text())[what][stack.front]


def test_a_wrong_line_would_be_found() -> None:
    page = "## What differs\n\n| a | lighttpd | nginx |\n|---|---|---|\n| x | 1 | 2 |\n\n## Next\n"
    assert table(page) == {"x": {"lighttpd": "1", "nginx": "2"}}
    with pytest.raises(AssertionError):
        table("## Other\n")
