"""A TCP proxy in front of the store, which passes everything on until it is told to spoil it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

CHUNK = 65536
Change = Callable[[bytes], bytes]


@dataclass
class Spoiling:
    """What is done to connections, from the moment it is set."""

    silent: bool = False  # accepted, and nothing passes
    cut_after: int | None = None  # bytes that the client sends until the connection is dropped
    to_store: Change = field(default=lambda data: data)
    to_client: Change = field(default=lambda data: data)


class Proxy:
    """Listens on a port of its own; `endpoint` is what a client is given."""

    def __init__(self, store_port: int) -> None:
        self._store_port = store_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.spoiling = Spoiling()
        self.requests: list[str] = []  # method and path of each, in the order they came
        self._accepting = True
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def spoil(self, **how: object) -> None:
        """From now on, on connections that are open, too."""
        self.spoiling = Spoiling(**how)  # type: ignore[arg-type]

    def heal(self) -> None:
        self.spoiling = Spoiling()

    def down(self) -> None:
        """Nobody listens any more, and who was connected is not."""
        self._accepting = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def up(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._accepting = True
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def drop(self) -> None:
        """End all connections; a new one goes by what is set now."""
        with self._lock:
            for one in self._open:
                _shut(one)
            self._open.clear()

    def close(self) -> None:
        if self._accepting:
            self.down()

    def asked(self, pattern: str) -> int:
        """How many requests were of this kind, e.g. "PUT .*wav"."""
        return sum(re.fullmatch(pattern, request) is not None for request in self.requests)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                store = socket.create_connection(("127.0.0.1", self._store_port))
            except OSError:
                return
            with self._lock:
                self._open += [client, store]
            threading.Thread(target=self._up_stream, args=(client, store), daemon=True).start()
            threading.Thread(target=self._down_stream, args=(store, client), daemon=True).start()

    def _up_stream(self, client: socket.socket, store: socket.socket) -> None:
        passed = 0
        while data := _receive(client):
            spoiling = self.spoiling
            for line in re.findall(rb"([A-Z]+ /\S*) HTTP/1\.1\r\n", data):
                self.requests.append(line.decode())
            passed += len(data)
            if spoiling.silent:
                continue
            if spoiling.cut_after is not None and passed > spoiling.cut_after:
                break
            if not _send(store, spoiling.to_store(data)):
                break
        _shut(client)
        _shut(store)

    def _down_stream(self, store: socket.socket, client: socket.socket) -> None:
        while data := _receive(store):
            if not self.spoiling.silent and not _send(client, self.spoiling.to_client(data)):
                break
        _shut(client)


def _receive(one: socket.socket) -> bytes:
    try:
        return one.recv(CHUNK)
    except OSError:
        return b""


def _send(one: socket.socket, data: bytes) -> bool:
    try:
        one.sendall(data)
        return True
    except OSError:
        return False


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
