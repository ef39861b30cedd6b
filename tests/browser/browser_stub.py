"""What a server with partial playback and peaks answers, by the contract and strictly: for tests
of the player alone. It serves the player from web/, and refuses what the contract does not know.
"""

from __future__ import annotations

import http.server
import json
import mimetypes
import re
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stack.stack import ROOT
from twilio import speech

WEB = ROOT / "web"
CALL = re.compile(r"/api/recordings/((?:CA|RE)[0-9a-f]{32})/(prepare|status|peaks)")
CALLS = re.compile(r"/api/calls(/CA[0-9a-f]{32})?")
# What the list asks besides, and the answers of a business without calls.
BESIDE = {
    "/api/calls/totals": ("totals", {"calls": 0, "seconds": 0, "missed": 0, "inbound": 0, "outbound": 0,
                                     "talk": None, "complete": True}),
    "/api/calls/changes": ("changes", {"now": "0", "calls": [], "more": False}),
    "/api/agents": ("agents", {"agents": []}),
    "/api/lines": ("lines", {"lines": []}),
    "/api/tags": ("tags", {"tags": []}),
}
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
PAGE = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8">
<title>CRM</title>
<script type="module" src="{script}"></script></head><body><main><h1>CRM</h1>{players}</main></body>
</html>"""
# The player on a page whose clock runs twenty times as fast where it waits for something.
HASTY = """const real = setTimeout;
globalThis.setTimeout = (act, ms) => real(act, ms / 20);
import("/recording-player.js");
"""


@dataclass
class Reply:
    """One answer; a `body` of bytes is a page, `headers` are beside the Content-Type."""

    status: int
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """One request; `prefer`, `authorization` and `cookie` are its headers."""

    method: str
    path: str
    prefer: str | None
    status: int
    authorization: str | None = None
    cookie: str | None = None
    query: str = ""


def waiting(status: str = "processing", retry_after: int = 1, **body: Any) -> Reply:
    """202, with both messages and Retry-After."""
    said = {"status": status, "run_id": 1, "playable": False, "play_url": None,
            "message": f"It is {status}.", "message_he": f"מצב: {status}.", **body}
    return Reply(202, said, {"Retry-After": str(retry_after)})


def error(status: int, code: str, **headers: str) -> Reply:
    return Reply(status, {"error": code, "message": f"The server says {code}.",
                          "message_he": f"השרת אומר {code}."},
                 {name.replace("_", "-"): value for name, value in headers.items()})


def ready(**body: Any) -> Reply:
    return Reply(200, {"status": "ready", "play_url": "/media/a.wav", "duration": 60,
                       "channels": 2, **body})


def peaks_of(wav: bytes, samples_per_pixel: int = 800) -> dict[str, Any]:
    """As audiowaveform makes them of a two-channel recording, 8 bits."""
    samples = memoryview(wav[speech.HEADER_BYTES:]).cast("h")
    length = len(samples) // 2 // samples_per_pixel
    data = []
    for pixel in range(length):
        for channel in (0, 1):
            start = pixel * samples_per_pixel * 2 + channel
            part = samples[start:start + samples_per_pixel * 2:2].tolist()
            data += [min(part) >> 8, max(part) >> 8]
    return {"version": 2, "channels": 2, "sample_rate": speech.RATE,
            "samples_per_pixel": samples_per_pixel, "bits": 8, "length": length, "data": data}


class Stub(http.server.ThreadingHTTPServer):
    """`answers[verb]` is a list of replies, the last of which is given again and again; of one
    recording alone it is `answers["RE… verb"]`. `sounds` has the bytes of links that are not of
    `audio`."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.audio = speech.call(7, 60, 2)
        self.arrived = len(self.audio)
        self.sounds: dict[str, bytes] = {}
        self.media_status = 206
        self.halting = False  # it sends an answer's head, and not yet the rest
        self.cutting = False  # it sends an answer's head and a byte, and hangs up
        self.sending: set[str] = set()  # answers of which not all has been taken yet
        self.answers: dict[str, list[Reply]] = {"peaks": [error(404, "not_found")]}
        self.answers |= {verb: [Reply(200, body)] for verb, body in BESIDE.values()}
        self.pages: dict[str, Reply] = {}  # other pages, by their path
        # what else it knows: by method and path, from the parts that match and the body
        self.routes: dict[str, Callable[..., Reply]] = {}
        self.seen: list[Seen] = []
        self.more = threading.Condition()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def page(self, count: int = 1, lang: str = "en", script: str = "/recording-player.js",
             **attributes: str) -> str:
        """The address of a page with so many players."""
        given = "&".join(f"{name}={value}" for name, value in attributes.items())
        return f"{self.url}/page?count={count}&lang={lang}&script={script}&{given}"

    def requests(self, pattern: str) -> list[Seen]:
        return [one for one in self.seen if re.search(pattern, f"{one.method} {one.path}")]

    def let(self, **changes: Any) -> None:
        """Change what it serves; who waits for bytes looks again."""
        with self.more:
            for name, value in changes.items():
                setattr(self, name, value)
            self.more.notify_all()

    def next(self, verb: str, name: str = "") -> Reply:
        replies = self.answers.get(f"{name} {verb}") or self.answers[verb]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def handle_error(self, *_: object) -> None:
        """A browser that leaves is no news."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def do_GET(self) -> None:
        self._serve({"status", "peaks"})

    def do_POST(self) -> None:
        self._serve({"prepare"})

    def do_PUT(self) -> None:
        self._serve(set())

    def do_DELETE(self) -> None:
        self._serve(set())

    def _routed(self) -> bool:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        for pattern, act in self.server.routes.items():
            if found := re.fullmatch(pattern, f"{self.command} {self.path}"):
                self._send(act(*map(urllib.parse.unquote, found.groups()), **({"body": body} if body else {})))
                return True
        return False

    def _serve(self, verbs: set[str]) -> None:
        path, _, query = self.path.partition("?")
        found = CALL.fullmatch(path)
        if self._routed():
            return
        if found and found[2] in verbs:
            self._send(self.server.next(found[2], found[1]))
        elif (found := CALLS.fullmatch(path)) and self.command == "GET":
            self._send(self.server.next("call" if found[1] else "calls"))
        elif path in BESIDE and self.command == "GET":
            self._send(self.server.next(BESIDE[path][0]))
        elif path.startswith("/media/"):
            self._media()
        elif path == "/hasty.js":
            self._bytes(200, HASTY.encode(), "text/javascript")
        elif path in self.server.pages:
            self._send(self.server.pages[path])
        elif path == "/page":
            self._page(dict(part.split("=", 1) for part in query.split("&") if "=" in part))
        elif (file := WEB / (path.lstrip("/") or "index.html")).is_file():
            self._bytes(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
        else:
            self._send(error(404, "not_found"))

    def _page(self, wish: dict[str, str]) -> None:
        count, lang, script = int(wish.pop("count")), wish.pop("lang"), wish.pop("script")
        given = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in wish.items())
        players = "\n".join(f'<recording-player call-sid="CA{i:032x}" {given}></recording-player>'
                            for i in range(count))
        page = PAGE.format(lang=lang, dir="rtl" if lang == "he" else "ltr", script=script,
                           players=players)
        self._bytes(200, page.encode(), "text/html; charset=utf-8")

    def _media(self) -> None:
        """A recording of which only the first bytes may be here: waits a while for more of it."""
        stub, whole = self.server, self.server.sounds.get(self.path)
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        if stub.media_status != 206 or not asked:
            return self._send(error(stub.media_status if stub.media_status != 206 else 400, "no"))
        start, arrived = int(asked[1]), len(whole) if whole else stub.arrived
        if not whole:
            whole = stub.audio
            with stub.more:
                stub.more.wait_for(lambda: stub.arrived > start or stub.media_status != 206, 20)
            arrived = stub.arrived
        if stub.media_status != 206:
            return self._send(error(stub.media_status, "no"))
        end = min(int(asked[2] or len(whole) - 1), arrived - 1)
        return self._bytes(206, whole[start:end + 1], "audio/wav", {
            "Content-Range": f"bytes {start}-{end}/{len(whole)}", "Accept-Ranges": "bytes",
            "ETag": '"one"', "Cache-Control": "private, no-store"})

    def _send(self, reply: Reply) -> None:
        if isinstance(reply.body, bytes):
            return self._bytes(reply.status, reply.body, "text/html", reply.headers)
        return self._bytes(reply.status, json.dumps(reply.body).encode(), "application/json",
                           reply.headers)

    def _bytes(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
               ) -> None:
        self.server.seen.append(Seen(self.command, self.path.partition("?")[0],
                                     self.headers.get("Prefer"), status,
                                     self.headers.get("Authorization"), self.headers.get("Cookie"),
                                     self.path.partition("?")[2]))
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)),
                            **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        with self.server.more:
            self.server.more.wait_for(lambda: not self.server.halting, 20)
        taker = f"{self.client_address[1]} {self.path}"
        self.server.sending.add(taker)
        try:
            self.wfile.write(body[:1] if self.server.cutting else body)
        finally:
            self.server.sending.discard(taker)
        self.close_connection |= self.server.cutting

    def log_message(self, format: str, *args: object) -> None:
        """`seen` keeps what was asked."""
