"""What is measured of serving: four kinds of request, three numbers of connections, every peer."""

from __future__ import annotations

import http.client
import random
import secrets
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from load import Figure, Sample, family, measure, median_of, memory_kb, own_kb, resident_kb
from peers import Peer, Peers
from stack.calls import new_sid
from stack.stack import Stack

LARGE, SMALL = 1_000_000, 20_000
BUSINESS = 1
CONNECTIONS = (1, 32, 256)
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Shape:
    """One kind of request."""

    name: str
    size: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    first: int = 0
    last: int = -1


SHAPES = (
    Shape("1 MB whole", LARGE),
    Shape("64 KiB Range", LARGE, headers={"Range": "bytes=131072-196607"}, first=131072,
          last=196607),
    Shape("20 KB whole", SMALL),
    Shape("HEAD", LARGE, method="HEAD"),
)


@dataclass(frozen=True)
class Memory:
    """Of a peer's processes, after all its rounds; of one responder, where it has any."""

    all_kb: int
    responder_kb: int
    responder_own_kb: int


@dataclass
class Results:
    """Figures by peer, shape and connections."""

    peers: list[Peer]
    figures: dict[tuple[str, str, int], Figure]
    memory: dict[str, Memory]


def place_recordings(stack: Stack) -> dict[int, str]:
    """A recording of each size, on the disk and in the database; their calls."""
    calls = {}
    folder = stack.recordings_dir / str(BUSINESS)
    folder.mkdir(mode=0o755, exist_ok=True)
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        for size in (LARGE, SMALL):
            calls[size] = new_sid("CA")
            (folder / f"{calls[size]}.wav").write_bytes(random.Random(size).randbytes(size))
            database.execute("INSERT INTO call_log (business_id, call_sid, status)"
                             " VALUES (%s, %s, 'completed')", [BUSINESS, calls[size]])
    return calls


def check(peer: Peer, shape: Shape, call: str) -> None:
    """It answers as it should, and refuses a token or signature that is not good."""
    url = peer.url(call)
    content = random.Random(shape.size).randbytes(shape.size)
    wanted = content[shape.first:shape.last + 1 or None]
    status, headers, body = _ask(url, shape.method, {**peer.headers, **shape.headers})
    said = f"{peer.name}, {shape.name}: {status}"
    assert status == (206 if "Range" in shape.headers else 200), said
    assert int(headers["Content-Length"]) == len(wanted), said
    assert body == (b"" if shape.method == "HEAD" else wanted), said
    for name in ("ETag", "Last-Modified"):
        assert headers[name], f"{said}, no {name}"
    for name, value in (("Content-Type", "audio/wav"), ("Cache-Control", "private, no-store"),
                        ("Content-Disposition", "inline")):
        assert headers[name] == value, f"{said}, {name}: {headers[name]}"
    if not peer.static:
        forged = {name: value[:-8] + secrets.token_hex(4) for name, value in peer.headers.items()}
        other = url if forged else url[:-8] + secrets.token_hex(4)
        assert _ask(other, shape.method, forged)[0] in (401, 403), f"{peer.name} lets anybody in"


def _ask(
    url: str, method: str, headers: Mapping[str, str]
) -> tuple[int, http.client.HTTPMessage, bytes]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, f"{parts.path}?{parts.query}".rstrip("?"), headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def run(
    stack: Stack, other: Stack, run_dir: Path, seconds: int, rounds: int,
    tell: Callable[[str], None],
) -> Results:
    """`other` shares the recordings and secrets of `stack` and sends the bytes itself. The rounds
    of one peer lie far apart, so that what else the machine does falls on all of them."""
    calls = place_recordings(stack)
    static = run_dir / "web" / "static"
    static.mkdir(parents=True)
    for call in calls.values():
        (static / f"{call}.wav").hardlink_to(
            stack.recordings_dir / str(BUSINESS) / f"{call}.wav")
    started = Peers(run_dir, stack)
    try:
        peers = [
            *started.lighttpd(), started.nginx(), started.play_link(),
            started.ours(stack, "file route", "the first of a minute by a responder, the like of it by"
                         " lighttpd, fcgi/front/granted.lua"),
            started.ungranted(),
            started.ours(other, "file route, own bytes", "8 responders, SENDFILE=off, lighttpd"),
            started.php(), *started.node(), started.flask(),
        ]
        for peer in peers:
            for shape in SHAPES:
                check(peer, shape, calls[shape.size])
        tell(f"{len(peers)} peers answer alike")
        return _measure(peers, calls, seconds, rounds, (stack, other), tell)
    finally:
        started.stop()


def _measure(
    peers: list[Peer], calls: Mapping[int, str], seconds: int, rounds: int,
    stacks: Iterable[Stack], tell: Callable[[str], None],
) -> Results:
    samples: dict[tuple[str, str, int], list[Sample]] = {}
    for peer in peers:
        for shape in SHAPES[:2]:
            _round(peer, shape, calls, 32, WARM_UP_SECONDS)
    for number in range(rounds):
        for shape in SHAPES:
            for connections in CONNECTIONS:
                for peer in peers:
                    sample = _round(peer, shape, calls, connections, seconds)
                    samples.setdefault((peer.name, shape.name, connections), []).append(sample)
                _forget_notes(stacks)
        tell(f"round {number + 1} of {rounds}")
    memory = {peer.name: _memory(peer) for peer in peers}
    figures = {key: median_of(values) for key, values in samples.items()}
    return Results(peers, figures, memory)


def _round(
    peer: Peer, shape: Shape, calls: Mapping[int, str], connections: int, seconds: int
) -> Sample:
    return measure(peer.url(calls[shape.size]), {**peer.headers, **shape.headers}, shape.method,
                   connections, seconds, [*peer.leaders, *peer.stores])


def _forget_notes(stacks: Iterable[Stack]) -> None:
    """The audit's notes, some hundred thousand, which a cleanup would store by and by."""
    for stack in stacks:
        with redis.Redis.from_url(stack.redis_url) as client:
            client.delete("rec_audit")


def _memory(peer: Peer) -> Memory:
    pids = family(peer.leaders)
    responders = [pid for pid in pids
                  if Path(f"/proc/{pid}/comm").read_text() == "tapedeck.fcgi\n"]
    return Memory(memory_kb(pids), max(map(resident_kb, responders), default=0),
                  max(map(own_kb, responders), default=0))
