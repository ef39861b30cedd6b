"""A command on an island: name service and network of its own, and one host at every address there.

    unshare --mount --net python3 island.py WISH.json

The wish says what /etc/hosts holds, which addresses there are, what the host answers, and the
command. Printed is what came of it, as JSON: how it ended, and all that the host saw. Whatever
reaches the host was sent for real, so "nothing was sent" is a fact and no guess.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

PORT = 8099
SECONDS = 60
PROGRAM = ["unshare", "--mount", "--net", "/usr/bin/python3", __file__]


def recording() -> bytes:
    """A WAV, just long enough to be one."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\1\0" * 4000)
    return file.getvalue()


def basic(user: str, password: str) -> str:
    """What Basic credentials look like in a request."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def why_not() -> str:
    """Why there can be no island here; "" when there can."""
    if os.geteuid() != 0:
        return "only root makes namespaces"
    for program in ("unshare", "ip", "mount"):
        if not shutil.which(program):
            return f"{program} is missing (apt-get install iproute2 util-linux)"
    tried = subprocess.run(["unshare", "--mount", "--net", "ip", "link", "set", "lo", "up"],
                           capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"


@dataclass(frozen=True)
class Told:
    """What came of it; a request is what it was sent to, its path, and its Authorization."""

    returncode: int
    stderr: str
    connections: int
    requests: list[tuple[str, str, str]]


def run(
    argv: Sequence[str], env: Mapping[str, str], *, hosts: str, addresses: Sequence[str],
    answer: Mapping[str, Any],
) -> Told:
    """`answer` is the host's, from `answer_of`."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as wish:
        json.dump({"argv": list(argv), "hosts": hosts, "addresses": list(addresses), **answer},
                  wish)
        wish.flush()
        done = subprocess.run([*PROGRAM, wish.name], env=dict(env), cwd="/", capture_output=True,
                              text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return Told(told["returncode"], told["stderr"], told["connections"],
                [(at, path, sent) for at, path, sent in told["requests"]])


def answer_of(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the host answers; WAV, unless the headers say otherwise."""
    return {"body": body.hex(), "status": status,
            "headers": {"Content-Type": "audio/x-wav", **(headers or {})}}


# ---- on the island ----


class Host(socketserver.ThreadingTCPServer):
    """Answers everybody alike, and keeps what came; at every address there is, or at one."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, wish: Mapping[str, Any], at: tuple[str, int] = ("::", PORT)) -> None:
        self.address_family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
        self.wish = wish
        self.connections = 0
        self.requests: list[tuple[str, str, str]] = []
        super().__init__(at, Visit)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class Visit(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        wish = self.server.wish
        at = self.connection.getsockname()[0].removeprefix("::ffff:")
        self.server.requests.append((at, self.path, self.headers.get("Authorization", "")))
        body = bytes.fromhex(wish["body"])
        self.send_response(wish["status"])
        for name, value in {**wish["headers"], "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_CONNECT = do_HEAD = do_GET

    def log_message(self, format: str, *_args: object) -> None:
        pass


def main(path: str) -> None:
    wish = json.loads(Path(path).read_text())
    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write(wish["hosts"])
        hosts.flush()
        os.chmod(hosts.name, 0o644)
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for address in wish["addresses"]:
            subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
        host = Host(wish)
        threading.Thread(target=host.serve_forever, daemon=True).start()
        done = subprocess.run(wish["argv"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace")
    json.dump({"returncode": done.returncode, "stderr": done.stderr,
               "connections": host.connections, "requests": host.requests}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
