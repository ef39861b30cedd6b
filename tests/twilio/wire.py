"""HTTP/1.1 as little as it takes: one connection, its requests, and answers sent at once."""

from __future__ import annotations

import http.server
import ipaddress
import json
import socket
import socketserver
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

BODY_LIMIT = 1 << 26


class ClientGone(ConnectionError):
    """Nobody is there to be answered: the client left, or the fake is being reset."""


@dataclass(frozen=True)
class Request:
    """What was asked; `query` is raw, `headers` find names in any case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """The way back to the client of one request."""

    def __init__(self, handler: "Handler") -> None:
        self._handler = handler
        self.connection: socket.socket = handler.connection
        self.method: str = handler.command

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        if self._handler.close_connection:
            self._handler.send_header("Connection", "close")
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)

    def reply(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """A whole small answer; 204 has neither body nor length."""
        length = {} if status == 204 else {"Content-Length": str(len(body))}
        self.head(status, {**headers, **length})
        if body and self.method != "HEAD":
            self.write(body)

    def json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.reply(status, {"Content-Type": "application/json", **(headers or {})}, body)

    def close_afterwards(self) -> None:
        self._handler.close_connection = True

    def is_local(self) -> bool:
        return ipaddress.ip_address(self._handler.client_address[0]).is_loopback


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads requests off one connection and hands each to the server's `serve`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def _serve(self) -> None:
        wire = Wire(self)
        try:
            length = self.headers.get("Content-Length", "0")
            if "Transfer-Encoding" in self.headers or not length.isdecimal():
                self._refuse(wire, 411)
            elif int(length) > BODY_LIMIT:
                self._refuse(wire, 413)
            else:
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(length))
                self.server.serve(wire, Request(self.command, path, query, self.headers, body))
        except ConnectionError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _refuse(self, wire: Wire, status: int) -> None:
        self.close_connection = True
        wire.reply(status, {})

    def version_string(self) -> str:
        return "FakeTwilio"

    def log_message(self, format: str, *args: Any) -> None:
        """The ledger keeps what was asked; stderr stays for what went wrong."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread a connection, hundreds of them, all of which end with the server."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, port: int, serve: Callable[[Wire, Request], None]) -> None:
        self.serve = serve
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def stop_listening(self) -> None:
        """End the accept loop; shutting the socket wakes it, so that nobody waits for its poll."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.shutdown()

    def hang_up(self) -> None:
        """End every connection, so that no client waits for a server that is gone."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
