"""How the fake's own tests ask it things: as a plain client of Twilio would."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse
from concurrent.futures import Future, ThreadPoolExecutor

ACCOUNT = "AC" + "1" * 32
TOKEN = "correct horse"
BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
LIST = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json"


class Reply:
    """One answer, read to its end or to where it broke off."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.broken = False
        try:
            self.body = answer.read()
        except http.client.IncompleteRead as error:
            self.body, self.broken = error.partial, True

    @property
    def code(self) -> int:
        return json.loads(self.body)["code"]


class Provider:
    """The fake's Twilio side as a client sees it."""

    def __init__(self, base_url: str) -> None:
        self.address = urllib.parse.urlsplit(base_url).netloc
        self._opened: list[http.client.HTTPConnection] = []

    def open(
        self, path: str, method: str = "GET", auth: str | None = BASIC
    ) -> http.client.HTTPConnection:
        """Ask, and leave the answer and the closing to the caller, or to `close` at the latest."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        self._opened.append(connection)
        connection.request(method, path, headers={"Authorization": auth} if auth else {})
        return connection

    def ask(self, path: str, method: str = "GET", auth: str | None = BASIC) -> Reply:
        connection = self.open(path, method, auth)
        try:
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def in_background(self, pool: ThreadPoolExecutor, path: str) -> Future[Reply]:
        return pool.submit(self.ask, path)
