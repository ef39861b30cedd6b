"""One request to a FastCGI socket, as a web server sends it (FastCGI specification 1.0, 3 and 6)."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

from .processes import wait_until

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def record(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def pair(name: str, value: str) -> bytes:
    sizes = b"".join(struct.pack(">I", len(text) | 1 << 31) for text in (name, value))
    return sizes + name.encode() + value.encode()


def answer_of(stream: bytes) -> bytes:
    """What a responder wrote; it must have said that it is done."""
    out, at, ended = b"", 0, False
    while at + 8 <= len(stream):
        kind, size, pad = stream[at + 1], *struct.unpack(">HB", stream[at + 4 : at + 7])
        body = stream[at + 8 : at + 8 + size]
        out += body if kind == STDOUT else b""
        ended = ended or kind == END
        at += 8 + size + pad
    assert ended, f"it broke off: {stream[:200]!r}"
    return out


def get(path: Path, uri: str, seconds: float = 120.0) -> bytes:
    """Headers and body; an OSError or AssertionError where a web server would say 500 or 503."""
    params = {"REQUEST_METHOD": "GET", "REQUEST_URI": uri, "SCRIPT_NAME": uri, "QUERY_STRING": "",
              "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1"}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(str(path))
        connection.sendall(record(BEGIN, struct.pack(">HB5x", 1, 0))
                           + record(PARAMS, b"".join(pair(*one) for one in params.items()))
                           + record(PARAMS, b"") + record(STDIN, b""))
        stream = b""
        while part := connection.recv(1 << 16):
            stream += part
    return answer_of(stream)


class Asker:
    """Asks the responders again and again, from another thread, until it is closed."""

    def __init__(self, path: Path) -> None:
        self.asked, self.failed = 0, list[str]()
        self._path, self._over = path, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def goes_on(self, times: int = 5) -> None:
        """Returns when it was answered, or not, so many times more."""
        wanted = self.asked + times
        assert wait_until(lambda: self.asked > wanted, 120.0)

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                assert b'"ok":true' in get(self._path, "/healthz")
            except (OSError, AssertionError) as error:
                self.failed.append(repr(error))
            self.asked += 1
