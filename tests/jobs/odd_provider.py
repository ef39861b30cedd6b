"""A provider whose answers no honest one gives: a test writes them itself, byte for byte."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class OddProvider:
    """Where it is, and what it was asked: each request's first line and headers."""

    url: str
    requests: list[str] = field(default_factory=list)

    @property
    def targets(self) -> list[str]:
        return [request.split()[1] for request in self.requests]


def answer(body: bytes | str = b"", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; `Content_Length` is right unless it is given."""
    data = body.encode() if isinstance(body, str) else body
    lines = {"Content_Length": str(len(data)), "Content_Type": "application/json", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}Connection: close\r\n\r\n".encode() + data


def page(recordings: list[dict[str, Any]], next_page_uri: Any = None) -> bytes:
    """A page of the recordings list."""
    return answer(json.dumps({"recordings": recordings, "next_page_uri": next_page_uri}))


@contextmanager
def odd_provider(answers: Callable[[str], bytes]) -> Iterator[OddProvider]:
    """`answers(target)` are the bytes sent back; then the connection ends."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = b""
            while (line := self.rfile.readline()).strip():
                request += line
            provider.requests.append(request.decode())
            self.wfile.write(answers(provider.targets[-1]))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        provider = OddProvider(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
