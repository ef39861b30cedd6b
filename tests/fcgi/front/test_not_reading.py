"""Whoever asks for a recording and does not read it holds up nobody, and fills no disk.

Each way is asked for by more sockets than there are responders. What the web server sends by itself
costs no responder; what a responder sends itself is small, or few of them send at a time.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from http_carry import ETAG, MODIFIED_NS
from http_expect import says
from http_given import MODIFIED_DATE, Given, given_in
from stack.calls import new_sid, token_for
from stack.processes import wait_until
from stack.stack import Stack

BUSINESS = 3
SIZE = 64 << 20
PIECE = 65536
SOCKETS, RESPONDERS = 12, 3
LATER = 4102444800
SPOOLED_MOST = 1 << 20
PATIENCE = 120.0

WHOLE = [f"If-None-Match: {ETAG[:-2]}", "If-Modified-Since: never", "If-Match: *",
         f"If-Unmodified-Since: {MODIFIED_DATE}", "If-Unmodified-Since: never", ""]
PARTS = ["Range: bytes=0-9,20-", "Range: bytes=0-,0-", "BYTES", "Range: bytes=0-",
         f"Range: bytes=0-\r\nIf-Range: {MODIFIED_DATE}", "Range: bytes=0-\r\nIf-Match: *",
         "Range: " + "bytes=" + ",".join(f"{at}-" for at in range(11))]
VERSIONS = ["HTTP/1.1", "HTTP/1.0"]


def held(server: int) -> int:
    """Bytes of files that this process tree's web server writes: its temporary ones."""
    most = 0
    for pid in [server, *children(server)]:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                about = fd.stat()
                flags = int(Path(f"/proc/{pid}/fdinfo/{fd.name}").read_text().split()[3], 8)
                name = os.readlink(fd)
            except OSError:
                continue
            if stat.S_ISREG(about.st_mode) and flags & os.O_ACCMODE and ".log" not in name:
                most += about.st_size
    return most


def children(pid: int) -> list[int]:
    found = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [deeper for one in found for deeper in children(one)]


def server_of(stack: Stack) -> int:
    started = json.loads((stack.run_dir / "pids.json").read_text())["processes"]
    return next(int(one["pid"]) for one in started if one["name"] == stack.front)


@contextmanager
def deaf(stack: Stack, path: str, line: str, version: str, token: str) -> Iterator[list[bytes]]:
    """Sockets that ask, take the first bytes of the answer, and read no further: their statuses."""
    where = urllib.parse.urlsplit(stack.base_url)
    with ExitStack() as kept:
        said = []
        for _ in range(SOCKETS):
            one = kept.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(60)
            one.connect((where.hostname, where.port))
            text = line.replace("BYTES", "Range: BYTES=0-")
            one.sendall((f"GET {path} {version}\r\nHost: test\r\nAuthorization: Bearer {token}\r\n"
                         f"{text}{text and chr(13) + chr(10)}\r\n").encode())
            said.append(one.recv(12)[9:])
        yield said


def check_served(given: Given) -> None:
    """The service goes on: for itself, and for somebody who listens to another recording."""
    call = new_sid("CA")
    given.file(BUSINESS + 1, call, b"RIFF" + b"x" * 1000)
    api = given.api(BUSINESS + 1)
    assert api.get("/healthz").status == 200
    assert api.get(f"/api/recordings/file/{call}", headers={"Range": "bytes=0-9"}).status == 206


@pytest.fixture(scope="module")
def stack(
    sanitizer_reports: Path, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """One that knows how many responders it has."""
    run_dir = tmp_path_factory.mktemp("not_reading") / "run"
    with Stack(run_dir, build_dir=build_dir, responders=RESPONDERS, fast=True, bound=True,
               overrides={"RESPONDERS": str(RESPONDERS)}) as one:
        yield one


@pytest.fixture
def given_off(make_stack: Callable[..., Stack]) -> Iterator[Given]:
    """The same, where the responders send all that there is themselves."""
    own = make_stack(overrides={"RESPONDERS": str(RESPONDERS), "SENDFILE": "off"})
    with given_in(own) as given:
        yield given


@pytest.fixture
def long_call(given: Given) -> str:
    return put_long(given)


def put_long(given: Given) -> str:
    call = new_sid("CA")
    path = given.file(BUSINESS, call, b"")
    os.truncate(path, SIZE)
    os.utime(path, ns=(0, MODIFIED_NS))
    return call


@pytest.mark.parametrize("door", ["file route", "play link"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("line", WHOLE + PARTS)
def test_nobody_waits_for_those_who_do_not_read(
    door: str, version: str, line: str, given: Given, stack: Stack, long_call: str
) -> None:
    path = (f"/api/recordings/file/{long_call}" if door == "file route"
            else given.link(BUSINESS, f"{long_call}.wav", LATER))
    with deaf(stack, path, line, version, token_for(stack, BUSINESS)) as said:
        assert set(said) <= ({b"206"} if line in PARTS else {b"200", b"503"})
        assert b"503" not in said or "If-" in line and stack.front == "nginx"
        check_served(given)
        assert held(server_of(stack)) < SPOOLED_MOST


def test_few_responders_send_much_at_a_time(given_off: Given) -> None:
    """One of three here. For a part the others give a piece; the whole has to be asked for again."""
    call, stack = put_long(given_off), given_off.stack
    path, token = f"/api/recordings/file/{call}", token_for(stack, BUSINESS)
    api = given_off.api(BUSINESS)
    with deaf(stack, path, "", "HTTP/1.1", token) as said:
        assert sorted(said) == [b"200"] + [b"503"] * (SOCKETS - 1)
        check_served(given_off)
        part = api.get(path, headers={"Range": "bytes=7-"})
        assert part.status == 206 and len(part.body) == PIECE
        assert part.headers["Content-Range"] == f"bytes 7-{PIECE + 6}/{SIZE}"
        whole = api.get(path)
        assert says(whole, 503, "unavailable") and whole.headers["Retry-After"] == "1"
        with deaf(stack, path, "Range: bytes=0-", "HTTP/1.1", token) as others:
            assert set(others) == {b"206"}
            check_served(given_off)
        assert held(server_of(stack)) < SPOOLED_MOST


def test_whoever_does_not_read_is_given_up(given_off: Given) -> None:
    """While those sockets stay open: the answer to one of them breaks off, and its place is free."""
    call, stack = put_long(given_off), given_off.stack
    path, token = f"/api/recordings/file/{call}", token_for(stack, BUSINESS)
    with deaf(stack, path, "", "HTTP/1.1", token) as said:
        assert b"200" in said
        api, line = given_off.api(BUSINESS), {"Range": "bytes=0-99999"}
        assert wait_until(lambda: len(api.get(path, headers=line).body) == 100_000, PATIENCE)
