"""An HTTP server in a thread, for the fakes of this folder."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer; `cut` ends the connection in the middle of it, `hang` never begins it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] | None = None
    cut: bool = False
    hang: bool = False


def reply_json(status: int, value: Any, **headers: str) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False).encode(),
                 {"Content-Type": "application/json", **headers})


class Server:
    """Answers with what `serve(asked)` gives; ends with its block."""

    def __init__(self, serve: Callable[[Asked], Reply]) -> None:
        self._ended = threading.Event()
        self._server = _listener(serve, self._ended)
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _listener(
    serve: Callable[[Asked], Reply], ended: threading.Event
) -> socketserver.ThreadingTCPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            reply = serve(Asked(self.command, self.path, self.headers, body))
            if reply.hang:
                ended.wait()
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in (reply.headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[:len(reply.body) // 2] if reply.cut else reply.body)
            self.close_connection |= reply.cut

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """What was asked is kept by those who serve."""

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 128

    return Listener(("127.0.0.1", 0), Handler)
