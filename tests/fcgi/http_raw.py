"""Bytes on the wire, as no well-behaved client would send them, and all that is answered."""

from __future__ import annotations

import http.client
import io
import os
import socket
import urllib.parse
from contextlib import suppress

from stack import fronts
from stack.api import Answer
from stack.stack import ROOT, Stack

PATIENCE = 120.0


def request(stack: Stack, method: str, target: str, *lines: str, body: bytes = b"") -> bytes:
    """A signed-in request that is good but for what the caller puts into it."""
    head = [f"{method} {target} HTTP/1.1", "Host: test", "Connection: close",
            f"Authorization: Bearer {stack.token}", *lines]
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


def talk(stack: Stack, sent: bytes, method: str = "GET") -> list[Answer]:
    """The answers to these bytes, after which we send nothing more.

    None at all is an answer, too: to half a request, or when we were refused before the end.
    """
    return talk_to(stack.base_url, sent, method)


def talk_to(base_url: str, sent: bytes, method: str = "GET") -> list[Answer]:
    """The same, of any server."""
    return parse(all_received(base_url, sent), method)


def all_received(base_url: str, sent: bytes, source: tuple[str, int] | None = None) -> bytes:
    """All that comes back, to the end of the connection; from another address of ours if asked."""
    address, answer = urllib.parse.urlsplit(base_url), b""
    with socket.create_connection((address.hostname or "", address.port or 80), PATIENCE,
                                  source) as connection:
        try:
            connection.sendall(sent)
            with suppress(OSError):  # it may have closed already
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            pass  # it had enough of us before we were done
    return answer


def parse(received: bytes, method: str) -> list[Answer]:
    received = without_ancient_refusal(received)
    stream = _Stream(received)
    answers = []
    while stream.tell() < len(received):
        response = http.client.HTTPResponse(_Source(stream), method=method)  # type: ignore
        response.begin()
        answers.append(Answer(response.status, response.headers, response.read()))
    return answers


def without_ancient_refusal(received: bytes) -> bytes:
    """nginx refuses what it takes for HTTP/0.9, which has no heads, without one: it is the last it
    says on a connection."""
    refusal = (ROOT / "web" / "errors" / "400.html").read_bytes()
    before = received.removesuffix(refusal)
    if fronts.chosen(os.environ) != "nginx" or before[-4:] == b"\r\n\r\n":
        return received  # there is a head to it
    return before


class _Stream(io.BytesIO):
    def close(self) -> None:
        """http.client closes after each answer; the next one may be behind it."""


class _Source:
    """What http.client takes for a socket."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def makefile(self, *_how: object) -> _Stream:
        return self._stream
