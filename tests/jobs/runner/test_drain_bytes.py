"""`tapedeck drain` and what the bytes are: judged by themselves, whatever the provider calls them.

The fake Twilio is strict; here is a provider that says anything.
"""

from __future__ import annotations

import base64
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.odd_audio import frames, id3

from jobs_kit import (
    LATER, Db, assert_idle, click, files_of, insert_call, run_of, unrecorded_call,
)

Drain = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Reply:
    """What the provider answers; without a length it is whatever comes until it hangs up."""

    status: int = 200
    type: str | None = "audio/x-wav"
    body: bytes = b""
    length: int | None = None
    endless: bool = False  # then the body again and again
    hangs_up: bool = False  # no length: it ends where the connection does
    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)

    def send(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        self.credentials.append(request.headers.get("Authorization", ""))
        request.send_response(self.status)
        if self.type is not None:
            request.send_header("Content-Type", self.type)
        if not self.endless and not self.hangs_up:
            length = len(self.body) if self.length is None else self.length
            request.send_header("Content-Length", str(length))
        request.end_headers()
        request.wfile.write(self.body)
        while self.endless:
            request.wfile.write(self.body)
        if self.length is not None:
            request.connection.recv(1)  # nothing more comes, until the client leaves


@pytest.fixture
def provider() -> Iterator[Callable[[Reply], str]]:
    """provider(reply): the base URL of a provider that always answers so."""
    servers: list[ThreadingHTTPServer] = []

    def start(reply: Reply) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.close_connection = True
                try:
                    reply.send(self)
                except OSError:  # the client has left
                    pass

            def log_message(self, *_words: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_words: object) -> None:
                """A client that leaves early is what these tests are about."""

        server = Server(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


Provider = Callable[[Reply], str]


@pytest.fixture
def call(stack: Stack, db: Db, new_business: Callable[[], int]) -> Call:
    """A call that was clicked."""
    one = unrecorded_call(stack, new_business())
    insert_call(db, one, recording_url=one.recording_url)
    click(one)
    return one


def riff(size: int, said: int | None = None, kind: bytes = b"WAVE") -> bytes:
    """A RIFF file of `size` bytes, which says that it has `said`."""
    head = b"RIFF" + struct.pack("<I", (size if said is None else said) - 8) + kind + b"fmt "
    return head + b"\1" * (size - len(head))


WAV = riff(5000)
MPEG = frames(20)
ID3 = id3(500) + MPEG

# Content-Type and bytes: what is stored, and under which extension.
AUDIO: dict[str, tuple[str | None, bytes, str]] = {
    "WAV": ("audio/x-wav", WAV, "wav"),
    "WAV that is called MP3": ("audio/mpeg", WAV, "wav"),
    "MP3 that is called WAV": ("audio/x-wav", ID3, "mp3"),
    "MP3 without tags": ("audio/mpeg", MPEG, "mp3"),
    "WAV that is called nothing": (None, WAV, "wav"),
    "WAV that is called text": ("text/plain", WAV, "wav"),
    "less than the WAV says, as the answer said": ("audio/x-wav", riff(5000, said=6000), "wav"),
    "any bytes": ("application/octet-stream", WAV, "wav"),
    "S3's word for it": ("binary/octet-stream", ID3, "mp3"),
    "a type in capitals, with more": ("AUDIO/X-WAV; codec=7", WAV, "wav"),
    "as small as may be": ("audio/x-wav", riff(1001), "wav"),
    "a stream's WAV, of no known length": ("audio/x-wav", riff(5000, said=8), "wav"),
    "a stream's WAV, as long as may be": ("audio/x-wav", riff(5000, said=2**32 + 7), "wav"),
    "more than the WAV says": ("audio/x-wav", riff(5000, said=4000), "wav"),
}


@pytest.mark.parametrize("type_, body, extension", AUDIO.values(), ids=AUDIO)
def test_audio_is_stored_as_what_it_is(
    type_: str | None, body: bytes, extension: str, call: Call, provider: Provider, drain: Drain
) -> None:
    drain(TWILIO_API_BASE=provider(Reply(type=type_, body=body)))
    assert files_of(call) == [f"{call.call_sid}.{extension}"]
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.body) == (200, body)
    kind = {"wav": "audio/wav", "mp3": "audio/mpeg"}[extension]
    assert answer.headers["Content-Type"] == kind


REFUSED: dict[str, tuple[str, Reply]] = {
    "WAV that is called a page": ("not_audio", Reply(type="text/html", body=WAV)),
    "WAV that is called JSON": ("not_audio", Reply(type="application/json", body=WAV)),
    "another RIFF": ("not_audio", Reply(body=riff(5000, kind=b"AVI "))),
    "Ogg": ("not_audio", Reply(type="audio/ogg", body=b"OggS" * 1000)),
    "no bit rate": ("not_audio", Reply(body=b"\xff\xfb\x00\x44" + b"\0" * 3000)),
    "no sample rate": ("not_audio", Reply(body=b"\xff\xfb\x9c\x44" + b"\0" * 3000)),
    "nothing": ("too_small", Reply(body=b"")),
    "a byte too small": ("too_small", Reply(body=riff(1000))),
    "less than a header": ("too_small", Reply(body=WAV[:7])),
    "less than the WAV says": ("truncated", Reply(body=riff(5000, said=5017), hangs_up=True)),
    "a part": ("provider_refused", Reply(206, body=WAV)),
    "no content": ("provider_refused", Reply(204, body=b"")),
    "a teapot": ("provider_refused", Reply(418, body=WAV)),
    "a redirect to nowhere": ("redirected", Reply(302, body=WAV)),
    # These would go on for ever: their first bytes are enough, and nobody waits for more.
    "a page that never ends": ("not_audio", Reply(body=b"<html>" * 1000, length=10**9)),
    "audio that never ends": ("too_big", Reply(body=WAV, endless=True)),
}


@pytest.mark.parametrize("code, reply", REFUSED.values(), ids=REFUSED)
def test_what_is_no_recording_is_not_stored(
    code: str, reply: Reply, call: Call, provider: Provider, drain: Drain, db: Db,
    rds: redis.Redis,
) -> None:
    drain(TWILIO_API_BASE=provider(reply), RECORDING_FORMATS="wav2", RETRY_DELAYS=LATER,
          MAX_RECORDING_BYTES="1000000", STALL_TIMEOUT="10min")
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 1, code)
    assert files_of(call) == []
    assert_idle(rds, call.business)


def test_a_header_is_asked_where_nothing_else_says(
    call: Call, provider: Provider, drain: Drain
) -> None:
    """No length, no chunks: it may be wrong by what many writers are wrong."""
    drain(TWILIO_API_BASE=provider(Reply(body=riff(5000, said=5016), hangs_up=True)))
    assert files_of(call) == [f"{call.call_sid}.wav"]


def test_any_5xx_is_the_accounts_fault(
    call: Call, provider: Provider, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    """Also one that nobody has heard of; whatever comes with it is not looked at."""
    drain(TWILIO_API_BASE=provider(Reply(599, body=WAV)))
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 0, "provider_error")
    assert files_of(call) == []
    assert_idle(rds, call.business)


@pytest.mark.parametrize("status", [400, 406, 415])
def test_every_rung_is_asked_for_once(
    status: int, call: Call, provider: Provider, drain: Drain, db: Db
) -> None:
    reply = Reply(status, body=b"{}")
    drain(TWILIO_API_BASE=provider(reply))
    path = call.recording_url.removeprefix("https://api.twilio.com")
    assert reply.asked == [f"{path}.wav?RequestedChannels=2", f"{path}.wav", f"{path}.mp3", path]
    assert (run_of(db, call).status, run_of(db, call).error_code) == ("failed", "no_format")


KEY = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "its secret"}
ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "its: token"}


@pytest.mark.parametrize("settings, credentials", [
    (ACCOUNT, f"{ACCOUNT['TWILIO_ACCOUNT_SID']}:its: token"), (ACCOUNT | KEY, "SK1:its secret"),
], ids=["account", "key"])
def test_whose_credentials_are_sent(
    settings: dict[str, str], credentials: str, call: Call, provider: Provider, drain: Drain
) -> None:
    """An API key is preferred: it can be revoked without touching the webhooks' signature."""
    reply = Reply(body=WAV)
    drain(TWILIO_API_BASE=provider(reply), **settings)
    assert reply.credentials == ["Basic " + base64.b64encode(credentials.encode()).decode()]


def test_a_provider_that_hangs_up(call: Call, drain: Drain, db: Db, rds: redis.Redis) -> None:
    """It takes the connection, and closes it without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        drain(TWILIO_API_BASE=f"http://127.0.0.1:{server.getsockname()[1]}", RETRY_DELAYS=LATER)
    assert run_of(db, call).attempts == 1
    assert_idle(rds, call.business)
