"""Memory of a responder over many requests: what it holds after the first ones, and at the end.

    python3 bench/leak.py [REQUESTS]     after make all; prints a table; BUILD names the build

One responder answers requests of every kind, in turns, over a few kept connections: files whole
and in parts, lists, links, callbacks, and refusals of all sorts. It has a thousand of them to warm
up. What it holds is what the kernel says (the Pss of its own pages in smaps_rollup).
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from stack import processes  # noqa: E402
from stack.stack import ROOT, Stack  # noqa: E402

WARM_UP, STEPS, BATCH = 1000, 10, 20
SIZE = 200_000
FORM = "application/x-www-form-urlencoded"
LATER = 4102444800  # 2100-01-01


def responder_of(stack: Stack) -> int:
    leader = stack.pid("responders")
    (pid,) = [pid for pid in processes.all_pids()
              if (stat := processes.read_stat(pid)) and stat.session == leader
              and Path(f"/proc/{pid}/comm").read_text() == "tapedeck.fcgi\n"]
    return pid


def held_kb(pid: int) -> int:
    """Its private memory, in kB: what leaks would add to."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(value) for value in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))


def request(method: str, path: str, *lines: str, body: bytes = b"") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: bench", *lines]
    if method == "POST":
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


def requests_of(stack: Stack) -> list[bytes]:
    """One of each kind; no answer to them changes with time."""
    from twilio import sign

    from stack.calls import RECORDING_STATUS, new_call

    call = new_call(stack, 1)
    done = stack.run("drain", "--once")
    assert call.finished_file, done.stderr
    call.finished_file.write_bytes(secrets.token_bytes(SIZE))
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        db.execute("UPDATE recording_runs SET bytes_received = %s WHERE call_sid = %s",
                   [SIZE, call.call_sid])
    nobody = "CA" + "0" * 32
    auth, sid = f"Authorization: Bearer {stack.token}", call.call_sid
    link = call.api.post(call.prepare_path).json["play_url"].removeprefix(stack.public_base_url)
    event = {"AccountSid": stack.account_sid, "CallSid": sid, "RecordingSid": call.recording_sid,
             "RecordingStatus": "completed"}
    signature = sign.signature(stack.auth_token, stack.public_base_url + RECORDING_STATUS, event)
    hook = (RECORDING_STATUS, f"Content-Type: {FORM}")
    asked = [
        request("GET", call.file_path, auth), request("HEAD", call.file_path, auth),
        request("GET", call.file_path, auth, "Range: bytes=100-4199"),
        request("GET", call.file_path, auth, "Range: bytes=0-99,500-599,-10"),
        request("GET", call.file_path, auth, "Range: bytes=999999-"),
        request("GET", call.file_path, auth, "If-None-Match: *"),
        request("GET", call.file_path, auth, 'If-Match: "x"'),
        request("GET", f"/api/calls/{sid}/download", auth), request("GET", link),
        request("GET", link, "Range: bytes=5-5"), request("GET", link + "0"),
        request("POST", call.prepare_path, auth), request("GET", call.status_path, auth),
        request("GET", "/api/calls?limit=20", auth), request("GET", f"/api/calls/{sid}", auth),
        request("GET", "/api/calls?search=%D7%A9&direction=inbound", auth),
        request("GET", "/api/recordings/runs/active", auth),
        request("GET", "/api/recordings/runs/1/status", auth),
        request("POST", "/api/recordings/runs/1/cancel", auth),
        request("GET", f"/api/recordings/file/{nobody}", auth),
        request("POST", f"/api/recordings/{nobody}/prepare", auth),
        request("POST", "/api/session", auth), request("DELETE", "/api/session"),
        request("GET", call.file_path, f"Cookie: session={stack.token}", "Origin: https://x"),
        request("GET", call.file_path), request("GET", call.file_path, auth + "x"),
        request("GET", "/api/calls?x=1", auth), request("GET", "/api/calls?limit=%zz", auth),
        request("GET", "/api/calls?search=" + "x" * 5000, auth),
        request("GET", "/api/nothing", auth), request("GET", f"/media/1/{nobody}.wav"),
        request("DELETE", "/api/calls", auth), request("OPTIONS", call.file_path),
        request("POST", *hook, f"X-Twilio-Signature: {signature}", body=sign.form(event)),
        request("POST", *hook, "X-Twilio-Signature: x", body=sign.form(event)),
        request("POST", *hook, f"X-Twilio-Signature: {signature}", body=b"a=%zz"),
        request("POST", *hook, body=b"&".join(b"a%d=1" % n for n in range(200))),
        request("GET", "/healthz"), request("GET", "/readyz"),
    ]
    return asked


class Client:
    """One kept connection; sends a batch, then reads all its answers."""

    def __init__(self, stack: Stack) -> None:
        base = urllib.parse.urlsplit(stack.base_url)
        self._address = (base.hostname or "", base.port or 80)
        self._connection: socket.socket | None = None
        self._closed = False

    def send(self, batch: list[bytes]) -> None:
        """The web server ends a connection now and then; what it left is sent again."""
        while batch:
            if self._connection is None:
                self._connection = socket.create_connection(self._address, 60)
            answered = self._exchange(self._connection, batch)
            if answered < len(batch) or self._closed:
                self._connection.close()
                self._connection = None
            batch = batch[answered:]

    def _exchange(self, connection: socket.socket, batch: list[bytes]) -> int:
        """How many were answered before the connection was closed."""
        connection.sendall(b"".join(batch))
        with connection.makefile("rb") as stream:
            for number, sent in enumerate(batch, 1):
                self._closed = self._read(stream, has_body=not sent.startswith(b"HEAD"))
                if self._closed:
                    return number
        return len(batch)

    @staticmethod
    def _read(stream: BinaryIO, has_body: bool) -> bool:
        length, closes = 0, False
        status = stream.readline()
        assert status.startswith(b"HTTP/1.1 "), status
        assert not status.startswith(b"HTTP/1.1 5"), status
        while (line := stream.readline()) != b"\r\n":
            name, _, value = line.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
            closes = closes or (name == b"connection" and b"close" in value)
        if has_body:
            left = length
            while left:
                left -= len(stream.read(left))
        return closes


def measure(stack: Stack, count: int, say: Callable[[str], None]) -> int:
    """How many kB the responder grew from the warm-up to the end."""
    asked, pid = requests_of(stack), responder_of(stack)
    client, sent = Client(stack), 0

    def go_on(until: int) -> int:
        nonlocal sent
        while sent < until:
            client.send([asked[(sent + n) % len(asked)] for n in range(BATCH)])
            sent += BATCH
        return held_kb(pid)

    began = first = go_on(WARM_UP)
    began_at = time.monotonic()
    say(f"{'requests':>9} {'kB':>8}\n{sent:>9} {first:>8}")
    for step in range(1, STEPS + 1):
        began = go_on(WARM_UP + count * step // STEPS)
        say(f"{sent:>9} {began:>8}")
        stack.run("cleanup")  # or the audit's notes would be what grows, in Redis
    rate = count / (time.monotonic() - began_at)
    assert responder_of(stack) == pid, "it died meanwhile"
    say(f"growth over {count} requests: {began - first} kB ({rate:.0f} requests a second)")
    return began - first


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    build = ROOT / os.environ.get("BUILD", "build")
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        with Stack(Path(folder) / "run", build_dir=build, responders=1, fast=True, bound=True,
                   overrides={"SIGNIN_FAILURES": "1000000000"}) as stack:
            measure(stack, count, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
