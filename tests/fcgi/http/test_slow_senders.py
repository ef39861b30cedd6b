"""Whoever sends a request without ever finishing it is let go, and takes nobody's place."""

from __future__ import annotations

import select
import socket
import time
import urllib.parse

from stack.api import Api
from stack.stack import Stack

MANY = 200
PATIENCE = 90.0  # three times the longest that any of the reference configurations allows
HEAD = b"POST /webhook/call_status HTTP/1.1\r\nHost: test\r\n"
KINDS = {
    "nothing at all": b"",
    "half a head": HEAD + b"Content-Type: ",
    "half a body": HEAD + b"Content-Type: application/x-www-form-urlencoded\r\n"
                          b"Content-Length: 1000\r\n\r\nCallSid=CA",
}


def test_those_who_never_finish_are_let_go(stack: Stack, api: Api) -> None:
    address = urllib.parse.urlsplit(stack.base_url)
    open_ones: dict[socket.socket, str] = {}
    for kind, sent in KINDS.items():
        for _ in range(MANY // len(KINDS)):
            one = socket.create_connection((address.hostname, address.port or 80), PATIENCE)
            one.sendall(sent)
            open_ones[one] = kind
    deadline = time.monotonic() + PATIENCE
    while open_ones:
        ready, _, _ = select.select(list(open_ones), [], [], max(0, deadline - time.monotonic()))
        assert ready, f"still open: {sorted(set(open_ones.values()))}"
        for one in ready:
            if not one.recv(65536):
                del open_ones[one]
                one.close()
        assert api.get("/api/calls?limit=1").status == 200
