"""A small HTTP client: sends what it is told, follows nothing, hides nothing."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

PATIENCE = 120.0


@dataclass(frozen=True)
class Answer:
    """One answer; header names in any case."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def retry_after(self) -> float:
        return float(self.headers.get("Retry-After", "0"))


class Api:
    """Requests to one base URL, by default with one bearer token."""

    # Looks at each answer: method, path, answer. The HTTP tests set it.
    watch: ClassVar[Callable[[str, str, Answer], None] | None] = None

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url
        self._token = token
        parts = urllib.parse.urlsplit(base_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    def with_token(self, token: str | None) -> Api:
        """The same for somebody else; None for nobody."""
        return Api(self.base_url, token)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = PATIENCE,
    ) -> Answer:
        """`path` goes out as it is. Without `token` this client's own is used; None sends none."""
        bearer = self._token if token == "" else token
        sent = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **(headers or {})}
        connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        try:
            connection.request(method, path, body, sent)
            got = connection.getresponse()
            answer = Answer(got.status, got.headers, got.read())
        finally:
            connection.close()
        if Api.watch is not None:
            Api.watch(method, path, answer)
        return answer

    def get(self, path: str, **how: Any) -> Answer:
        return self.request("GET", path, **how)

    def calls(self, query: str = "") -> list[dict[str, Any]]:
        """All rows of the list, page after page: on a busy machine a search gives what it has found in
        time, and goes on."""
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(1000):
            answer = self.get(f"/api/calls?{query}{cursor}")
            assert answer.status == 200, answer.body
            found += answer.json["calls"]
            if answer.json["next_cursor"] is None:
                return found
            cursor = f"&cursor={answer.json['next_cursor']}"
        raise AssertionError("there is no last page")

    def head(self, path: str, **how: Any) -> Answer:
        return self.request("HEAD", path, **how)

    def options(self, path: str, **how: Any) -> Answer:
        return self.request("OPTIONS", path, **how)

    def delete(self, path: str, **how: Any) -> Answer:
        return self.request("DELETE", path, **how)

    def put(self, path: str, **how: Any) -> Answer:
        return self.request("PUT", path, **how)

    def post(self, path: str, body: bytes = b"", **how: Any) -> Answer:
        return self.request("POST", path, body=body, **how)

    def raw(self, request: bytes, timeout: float = PATIENCE) -> bytes:
        """What comes back, to its end, for bytes that no well-behaved client would send."""
        received = b""
        with socket.create_connection((self._host, self._port), timeout=timeout) as connection:
            connection.sendall(request)
            while piece := connection.recv(65536):
                received += piece
        return received
