"""A few thousand bad requests: no crash, no 5xx, answers that are well-formed, and not one byte of
a recording, which here is made of bytes that no answer of ours has a use for."""

from __future__ import annotations

import os
import random
import re
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import http_hostile
from http_expect import nothing_raw_in_the_log
from http_given import Given
from http_hostile import EVIL, Aim
from http_raw import all_received, without_ancient_refusal
from stack import fronts, processes, tokens
from stack.api import Api
from stack.calls import token_for
from stack.stack import ROOT, Stack

EACH, CHUNKS = 50, 7  # of each of the kinds, all in all over 3,000
# No UTF-8 has these (RFC 3629), so neither has any JSON, header or page of ours.
ALPHABET = bytes(range(0xF8, 0x100))
SIZE = 4096
# Nobody can have heard of the method (501) or of the version (505): these are the client's faults.
CLIENTS = {501, 505}
PATIENCE = 120.0
LATER = 4102444800  # 2100-01-01


# ---- answers ----

STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d) [ -~]*")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?([\x20-\x7e\x80-\xff]*)")


@dataclass(frozen=True)
class Seen:
    status: int
    headers: dict[bytes, list[bytes]]
    body: bytes


def read_answers(received: bytes) -> list[Seen]:
    """All of it, or an assertion: nothing may be there that is no answer."""
    seen = []
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        assert end, head
        status, headers = read_head(head)
        if status in (100, 204, 304):
            length = 0
        elif b"content-length" in headers:
            (said,) = headers[b"content-length"]
            length = int(said)
            assert len(received) >= length, "an answer that ends before its end"
        else:
            assert b"transfer-encoding" not in headers
            length = len(received)  # to the end of the connection
        seen.append(Seen(status, headers, received[:length]))
        received = received[length:]
    return seen


def read_head(head: bytes) -> tuple[int, dict[bytes, list[bytes]]]:
    first, *lines = head.split(b"\r\n")
    status = STATUS.fullmatch(first)
    assert status, first
    headers: dict[bytes, list[bytes]] = {}
    for line in lines:
        field = FIELD.fullmatch(line)
        assert field, line
        headers.setdefault(field[1].lower(), []).append(field[2])
    for name in (b"content-length", b"content-type", b"content-range", b"location", b"set-cookie",
                 b"access-control-allow-origin"):
        assert len(headers.get(name, [])) <= 1
    return int(status[1]), headers


def test_the_reader_is_strict() -> None:
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok"
    assert [(one.status, one.body) for one in read_answers(good * 2)] == [(200, b"ok")] * 2
    for bad in (good[:-1], good + b"x", good.replace(b"X: y", b"X y"), b"<html>", good[:20],
                good.replace(b"X: y", b"X: \x01"), good.replace(b"X", b"Content-Length"),
                good.replace(b"200", b"200000")):
        with pytest.raises(AssertionError):
            read_answers(bad)


# ---- the attack ----


@dataclass(frozen=True)
class Attack:
    stack: Stack
    aim: Aim
    address: str  # of its own, so that its failed sign-ins are nobody else's

    def send(self, sent: bytes) -> bytes:
        return all_received(self.stack.base_url, sent, (self.address, 0))


@pytest.fixture
def attack(given: Given, stack: Stack, new_business: Callable[[], int]) -> Attack:
    lot = random.SystemRandom()
    business, attacker = new_business(), new_business()
    call = given.recorded(business)
    path = given.file(business, call, bytes(lot.choices(ALPHABET, k=SIZE)))
    assert (stack.recordings_dir / str(business) / f"{call}.wav") == path
    return Attack(stack, Aim(
        business, call, str(path), given.link(business, f"{call}.wav", int(time.time()) - 1),
        tokens.session(stack.config["JWT_SECRET"], business, ttl=-1), token_for(stack, attacker),
        token_for(stack, business),
    ), ".".join(["127", *(str(lot.randrange(1, 255)) for _ in range(3))]))


def responders(stack: Stack) -> set[int]:
    leader = stack.pid("responders")
    return {pid for pid in processes.all_pids()
            if (stat := processes.read_stat(pid)) and stat.session == leader
            and _name(pid) == "tapedeck.fcgi"}


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


@pytest.fixture(autouse=True)
def unharmed(stack: Stack) -> Iterator[None]:
    """Nobody has died, and the log holds events of ours and nothing of what was sent."""
    assert Api(stack.base_url).get("/healthz").status == 200
    before, front = responders(stack), stack.pid(stack.front)
    # Apache starts more of them when there is more to do.
    by_need = fronts.KINDS[stack.front].starts_responders
    assert before and (by_need or len(before) == 3)
    with nothing_raw_in_the_log(stack):
        yield
        assert Api(stack.base_url).get("/healthz").status == 200
    after = responders(stack)
    assert before <= after and (by_need or before == after)
    assert stack.pid(stack.front) == front
    assert EVIL.encode() not in stack.log(stack.front).read_bytes()


def is_harmless(received: bytes, sent: bytes) -> list[Seen]:
    assert not set(received) & set(ALPHABET), ("a byte of the recording", sent)
    try:
        seen = read_answers(without_ancient_refusal(received))
    except AssertionError as error:
        raise AssertionError(f"no well-formed answer to {sent[:2000]!r}: {error}") from error
    for one in seen:
        assert one.status < 500 or one.status in CLIENTS or is_cut(one, sent), (one.status, sent)
        assert one.status != 101, "nobody is let into a tunnel"
        assert EVIL.encode() not in one.body and b"root:" not in one.body
        for name, values in one.headers.items():
            assert EVIL.encode() not in b" ".join([name, *values]), sent
    return seen


def is_cut(one: Seen, sent: bytes) -> bool:
    """A body that ended early or was too large, as Apache says it (see http_expect.cut_short)."""
    return (fronts.chosen(os.environ) == "apache" and one.status == 500
            and one.body == (ROOT / "web" / "errors" / "500.html").read_bytes()
            and re.search(rb"(?i)content-length|transfer-encoding", sent) is not None)


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("kind", http_hostile.KINDS)
def test_nothing_comes_of_it(attack: Attack, kind: str, chunk: int) -> None:
    make = http_hostile.KINDS[kind]
    answered = 0
    for number in range(chunk * EACH, (chunk + 1) * EACH):
        lot = random.Random(f"{kind} {number}")
        sent = make(lot, attack.aim)
        if kind != "smuggled" and lot.random() < 0.3:
            sent = http_hostile.damaged(lot, sent)
        answered += bool(is_harmless(attack.send(sent), sent))
    assert answered > (0 if kind == "halves" else EACH // 2), "it was heard at all"


@pytest.mark.parametrize("sent", [
    b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
], ids=["h2c", "websocket"])
def test_no_tunnel_is_opened(attack: Attack, sent: bytes) -> None:
    """Whoever stands in front of us would no longer see what is asked (h2c smuggling)."""
    (seen,) = is_harmless(attack.send(sent), sent)
    assert seen.status == 200


def test_the_recording_would_be_noticed(attack: Attack) -> None:
    """What must not come out does come out for its owner, and the test above would see it."""
    sent = http_hostile.request(
        f"GET /api/recordings/file/{attack.aim.call} HTTP/1.1",
        ["Host: test", f"Authorization: Bearer {attack.aim.owners}", "Connection: close"])
    received = attack.send(sent)
    (seen,) = read_answers(received)
    assert (seen.status, len(seen.body)) == (200, SIZE) and set(seen.body) <= set(ALPHABET)
    with pytest.raises(AssertionError, match="a byte of the recording"):
        is_harmless(received, sent)


@pytest.mark.parametrize("chunk", range(2))
def test_the_owners_range_bombs(attack: Attack, chunk: int) -> None:
    """From somebody who may have the file: answers, and never much more than the file."""
    for number in range(chunk * 100, (chunk + 1) * 100):
        lot = random.Random(f"bomb {number}")
        sent = http_hostile.ranges(lot, attack.aim)
        sent = sent.replace(attack.aim.own.encode(), attack.aim.owners.encode())
        for one in read_answers(attack.send(sent)):
            assert one.status in (200, 206, 400, 403, 416, 431), sent
            assert len(one.body) <= 2 * SIZE, sent


def test_one_connection_after_the_other_is_left_halfway(attack: Attack) -> None:
    """Many at once, none of which ends its request: others are served meanwhile."""
    base = urllib.parse.urlsplit(attack.stack.base_url)
    lot = random.Random(1)
    kept = []
    for _ in range(200):
        connection = socket.create_connection((base.hostname or "", base.port or 80), PATIENCE,
                                              (attack.address, 0))
        kept.append(connection)
        whole = http_hostile.forms(lot, attack.aim)
        connection.sendall(whole[:lot.randrange(1, 60)])
    assert Api(attack.stack.base_url, attack.aim.own).get("/api/calls").status == 200
    for connection in kept:
        connection.close()
