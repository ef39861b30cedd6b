"""Whoever is told by webhook: keeps what came, and answers as it is told to."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .server import Asked, Reply, Server

PATIENCE = 120.0


@dataclass(frozen=True)
class Told:
    """One request of ours."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["X-Tapedeck-Delivery"]

    def is_signed(self, secret: str) -> bool:
        """As a receiver checks it."""
        wanted = self.signature(secret, self.headers["X-Tapedeck-Timestamp"])
        return hmac.compare_digest(self.headers["X-Tapedeck-Signature"], wanted)

    def signature(self, secret: str, timestamp: str) -> str:
        """Over the timestamp, a dot and the raw body."""
        signed = timestamp.encode() + b"." + self.body
        return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Receiver:
    """An address to be told at; `replies` are given out first, then 204."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self._told: list[Told] = []
        self._changed = threading.Condition()
        self._server = Server(self._serve)

    def __enter__(self) -> Receiver:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url + "/told"

    @property
    def told(self) -> list[Told]:
        with self._changed:
            return list(self._told)

    def wait(self, count: int = 1, seconds: float = PATIENCE) -> list[Told]:
        """What came, once it is so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._told) >= count, seconds), \
                f"told {len(self._told)} times, not {count}"
            return list(self._told)

    def _serve(self, asked: Asked) -> Reply:
        with self._changed:
            self._told.append(Told(asked.headers, asked.body))
            self._changed.notify_all()
            return self._replies.pop(0) if self._replies else Reply(204)
