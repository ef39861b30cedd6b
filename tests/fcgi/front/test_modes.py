"""One answer, whoever carries the bytes: the web server or the responder itself.

A few hundred requests, drawn by lot from all that clients send and from what none should, go to a
stack in each mode with the same file. What counts in the answers must be the same, and each answer
must agree with itself: a part is the bytes that its Content-Range names.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

import http_fastcgi
from http_asks import REQUESTS, SIZE, Ask, asks
from http_expect import says
from http_given import MODIFIED_DATE, given_in
from http_raw import talk
from stack import fronts
from stack.api import Answer
from stack.calls import new_sid, token_for
from stack.stack import Stack

BUSINESS = 2
# Long enough for gaps that lighttpd would coalesce (80 bytes) and for ones that it would not.
CONTENT = random.Random(1).randbytes(SIZE)
ESSENTIAL = ("ETag", "Last-Modified", "Content-Range", "Content-Type", "Content-Length",
             "Accept-Ranges", "Cache-Control", "Content-Disposition", "X-Content-Type-Options")
HIDDEN = ("X-Sendfile", "X-Accel-Redirect", "X-LIGHTTPD-send-file")
BOUNDARY = "B" * 34
EACH, PIECE = 50, 65536


@dataclass(frozen=True)
class Said:
    """What counts in an answer."""

    status: int
    headers: dict[str, str | None]
    body: bytes


def _essence(answer: Answer) -> Said:
    headers = {name: answer.headers[name] for name in ESSENTIAL}
    body = answer.body
    for name in HIDDEN:
        assert name not in answer.headers
    kind = headers["Content-Type"] or ""
    if found := re.fullmatch(r"multipart/byteranges; boundary=(\w+)", kind):
        # Every answer has a boundary of its own.
        assert len(found[1]) == len(BOUNDARY)
        headers["Content-Type"] = kind.replace(found[1], BOUNDARY)
        body = body.replace(found[1].encode(), BOUNDARY.encode())
    return Said(answer.status, headers, body)


def _check_alone(said: Said, method: str) -> None:
    """An answer agrees with itself."""
    assert said.status in (200, 206, 304, 412, 416)
    length = said.headers["Content-Length"]
    if method == "HEAD" or said.status == 304:
        assert said.body == b""
        return
    assert length is not None and int(length) == len(said.body)
    if said.status == 200:
        assert said.body == CONTENT
    if said.status == 206 and said.headers["Content-Range"]:
        assert said.body == _named(said.headers["Content-Range"])
    elif said.status == 206:
        assert said.body == _parts([_range_of(one) for one in re.findall(
            rb"Content-Range: (bytes \d+-\d+/3000)\r\n", said.body)])


def _range_of(header: bytes) -> str:
    return header.decode()


def _named(content_range: str) -> bytes:
    found = re.fullmatch(rf"bytes (\d+)-(\d+)/{SIZE}", content_range)
    assert found and int(found[1]) <= int(found[2]) < SIZE
    return CONTENT[int(found[1]):int(found[2]) + 1]


def _parts(ranges: list[str]) -> bytes:
    """The whole body of these parts, as RFC 9110, 14.6 writes it."""
    assert 2 <= len(ranges) <= 10
    head = f"--{BOUNDARY}\r\nContent-Type: audio/wav\r\nContent-Range: "
    text = b"\r\n".join(f"{head}{one}\r\n\r\n".encode() + _named(one) for one in ranges)
    return text + f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Place:
    """The file in one stack."""

    stack: Stack
    path: str
    etag: str

    def ask(self, ask: Ask) -> Said:
        token = token_for(self.stack, BUSINESS)
        (answer,) = talk(self.stack, ask.to(self.path, token, self.etag), ask.method)
        said = _essence(answer)
        _check_alone(said, ask.method)
        return said


def _place(stack: Stack, call: str) -> Place:
    path = f"/api/recordings/file/{call}"
    with given_in(stack) as given:
        given.file(BUSINESS, call, CONTENT)
        return Place(stack, path, given.api(BUSINESS).head(path).headers["ETag"])


@pytest.fixture(scope="module")
def places(stack: Stack, stack_off: Stack) -> tuple[Place, Place]:
    call = new_sid("CA")
    return _place(stack, call), _place(stack_off, call)


@pytest.mark.parametrize("first", range(0, REQUESTS, EACH))
def test_both_modes_give_the_same_answers(places: tuple[Place, Place], first: int) -> None:
    handed, own = places
    assert handed.etag == own.etag
    drawn = asks()[first:first + EACH] if first + EACH < REQUESTS else asks()[first:]
    for ask in drawn:
        assert handed.ask(ask) == own.ask(ask), ask


def test_the_lot_draws_every_kind_of_answer(places: tuple[Place, Place]) -> None:
    """Else the test above could be comparing 416 with 416 all day."""
    counts: dict[int, int] = {}
    for ask in asks():
        status = places[1].ask(ask).status
        counts[status] = counts.get(status, 0) + 1
    assert set(counts) == {200, 206, 304, 412, 416} and min(counts.values()) >= 10, counts


@pytest.mark.parametrize("mode", ["stack", "stack_off"])
def test_an_empty_file(mode: str, request: pytest.FixtureRequest) -> None:
    """No recording is empty, but a disk may hold anything: it is as if it were not there."""
    call = new_sid("CA")
    with given_in(request.getfixturevalue(mode)) as given:
        given.file(BUSINESS, call, b"")
        api, path = given.api(BUSINESS), f"/api/recordings/file/{call}"
    for headers in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=-1"}):
        assert says(api.get(path, headers=headers), 404, "no_recording")
        assert api.head(path, headers=headers).status == 404


LONG = 70_000
HANDED: list[dict[str, str]] = [
    {}, {"HTTP_RANGE": "bytes=0-4"}, {"HTTP_RANGE": "bytes=5-"}, {"HTTP_RANGE": "bytes=-5"},
    {"SERVER_PROTOCOL": "HTTP/1.0"}, {"SERVER_PROTOCOL": "HTTP/1.0", "HTTP_RANGE": "bytes=5-"},
    {"HTTP_RANGE": "lines=0-4"}, {"HTTP_IF_NONE_MATCH": '"x"'}, {"HTTP_IF_RANGE": '"x"'},
    {"HTTP_IF_RANGE": '"x"', "HTTP_RANGE": "bytes=0-4"}, {"HTTP_IF_MODIFIED_SINCE": "never"},
    {"HTTP_IF_UNMODIFIED_SINCE": MODIFIED_DATE},
]
NOT_BY_NGINX: list[dict[str, str]] = [
    {"HTTP_IF_MATCH": "*"}, {"HTTP_IF_MATCH": "*", "HTTP_RANGE": "bytes=0-4"},
    {"HTTP_IF_UNMODIFIED_SINCE": "never"},
]
KEPT: list[dict[str, str]] = [
    {"REQUEST_METHOD": "HEAD"}, {"HTTP_IF_MATCH": ""}, {"HTTP_IF_NONE_MATCH": "*"},
    *({"HTTP_RANGE": header} for header in ("bytes=0-1,5-6", "bytes=5-2", "BYTES=0-",
                                            "bytes=0-,0-", "bytes=0-9,20-")),
    {"HTTP_RANGE": "bytes=0-", "HTTP_IF_RANGE": MODIFIED_DATE},
    {"HTTP_RANGE": "bytes=0-", "HTTP_IF_RANGE": ""},
]


@pytest.mark.parametrize("sendfile, header, prefix", [
    ("x-sendfile", "X-Sendfile", "{recordings}"),
    ("x-accel-redirect", "X-Accel-Redirect", "/_recordings"),
    ("off", None, None),
])
def test_who_carries_the_bytes(
    make_stack: Callable[..., Stack], sendfile: str, header: str | None, prefix: str | None
) -> None:
    """Handed over is all that servers read as we do, with a plain 200; of the rest we send a piece."""
    if fronts.KINDS[fronts.chosen(os.environ)].starts_responders:
        pytest.skip("the web server's responders have no socket to ask them at")
    stack = make_stack(overrides={"SENDFILE": sendfile}, responders=1)
    call = new_sid("CA")
    with given_in(stack) as given:
        file = given.file(BUSINESS, call, CONTENT.ljust(LONG))
    kept = KEPT + (NOT_BY_NGINX if sendfile == "x-accel-redirect" else [])
    for asked in HANDED + NOT_BY_NGINX + KEPT:
        answer = http_fastcgi.ask(stack, f"/api/recordings/file/{call}", {
            "HTTP_AUTHORIZATION": f"Bearer {token_for(stack, BUSINESS)}", **asked})
        sent = {name: answer[name] for name in ("X-Sendfile", "X-Accel-Redirect") if answer[name]}
        if header is None or prefix is None or asked in kept:
            assert sent == {}
            assert "HTTP_RANGE" not in asked or header is None or int(answer["Content-Length"]) <= PIECE
            continue
        root = prefix.format(recordings=stack.recordings_dir)
        assert sent == {header: f"{root}/{BUSINESS}/{file.name}"}
        assert answer["Status"] == "200 OK" and "Content-Range" not in answer
