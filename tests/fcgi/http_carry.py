"""What the web server sends by itself, beside the same from a responder.

The stack's own web server has the link secret, another one before the same responders does not, so
that each request can be asked of both. Who answered is told by the audit: what a responder gives
out it notes, what the web server sends it does not.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

import redis

from http_asks import SIZE, Ask
from http_given import MODIFIED_DATE, Given
from http_raw import talk_to
from stack.api import Answer

CONTENT = random.Random(1).randbytes(SIZE)
# Every part of a second counts in the entity tag.
MODIFIED_NS = 1403716338_123456789
ETAG = f'"{SIZE:x}-{MODIFIED_NS:x}"'
CHANGING = {"date", "connection", "x-request-id"}
NOTES = ("rec_audit", "rec_noted_until")  # what is new, and what goes on


@dataclass(frozen=True)
class Fronts:
    """The web server that sends by itself, and one that leaves all to the responders."""

    given: Given
    rds: redis.Redis
    own: str
    plain: str

    def file(self, business: int, call: str, kind: str = "wav", content: bytes = CONTENT) -> Path:
        path = self.given.file(business, call, content, kind)
        os.utime(path, ns=(0, MODIFIED_NS))
        return path

    def notes(self) -> int:
        """How many responders wrote. A note is on the wire before its answer is, so Redis has read
        it by the time it answers our second command, if not the first."""
        self.rds.ping()
        return int(self.rds.llen(NOTES[0])) + int(self.rds.hlen(NOTES[1]))

    def both(self, ask: Ask, path: str, token: str = "nobody's") -> tuple[Answer, Answer, bool]:
        """Both answers, and whether the first came from the web server itself."""
        self.rds.delete(*NOTES)
        own = send(self.own, ask, path, token)
        notes = self.notes()
        plain = send(self.plain, ask, path, token)
        return own, plain, notes == 0 and own.status in (200, 206) and ask.method == "GET"


def send(base_url: str, ask: Ask, path: str, token: str) -> Answer:
    (answer,) = talk_to(base_url, ask.to(path, token, ETAG), ask.method)
    return answer


def essence(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but the moment it was given, and what is drawn by lot."""
    kind = answer.headers["Content-Type"] or ""
    boundary = kind.partition("boundary=")[2]
    headers = sorted((name.lower(), value.replace(boundary, "B") if boundary else value)
                     for name, value in answer.headers.items() if name.lower() not in CHANGING)
    body = answer.body.replace(boundary.encode(), b"B") if boundary else answer.body
    return answer.status, headers, body


def get(*headers: tuple[str, str], method: str = "GET", version: str = "HTTP/1.1") -> Ask:
    return Ask(method, version, headers)


# What the web server sends itself.
CARRIED = [
    get(), get(("Range", "bytes=0-0")), get(("Range", "bytes=0-")), get(("Range", "bytes=-1")),
    get(("Range", "bytes=2999-")), get(("Range", "bytes=5-99999999")), get(("Range", "bytes=-9999")),
    get(("Range", "bytes=1000-1999"), ("If-Range", "{etag}")), get(("Accept-Encoding", "gzip")),
]

# What it leaves to a responder, as if it were not there.
LEFT = [
    get(method="HEAD", version="HTTP/1.0"), get(version="HTTP/1.0"),
    get(("Range", "bytes=0-4"), method="HEAD"), get(("Range", "bytes=0-4"), version="HTTP/1.0"),
    get(("Range", "bytes=0-1,5-6")), get(("Range", "bytes=5-2")), get(("Range", "bytes=-0")),
    get(("Range", "bytes=3000-")), get(("Range", "bytes=-")), get(("Range", "lines=0-4")),
    get(("Range", "BYTES=0-4")), get(("Range", "bytes=0-1"), ("Range", "bytes=5-6")),
    get(("Range", "bytes=0-9999999999999999")), get(("If-Range", '"x"')),
    get(("Range", "bytes=0-4"), ("If-Range", '"x"')),
    get(("Range", "bytes=0-4"), ("If-Range", MODIFIED_DATE)),
    get(("If-None-Match", "*")), get(("If-Match", "*")), get(("If-Match", '"x"')),
    get(("If-Modified-Since", MODIFIED_DATE)), get(("If-Unmodified-Since", MODIFIED_DATE)),
    get(("Origin", "https://friend.example")), get(method="POST"), get(method="OPTIONS"),
    get(("Content-Length", "0")),
]
