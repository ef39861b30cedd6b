"""A plain S3 client for tests, with a signer of its own (AWS Signature Version 4)."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timezone

SERVICE, ALGORITHM = "s3", "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    """One bucket, as its owner sees it."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"
    host: str = field(init=False)

    def __post_init__(self) -> None:
        self.host = urllib.parse.urlsplit(self.endpoint).netloc

    def make_bucket(self) -> None:
        assert self.ask("PUT", "").status == 200

    def put(self, key: str, body: bytes) -> None:
        assert self.ask("PUT", key, body).status == 200

    def get(self, key: str) -> bytes | None:
        answer = self.ask("GET", key)
        return answer.body if answer.status == 200 else None

    def head(self, key: str) -> Answer:
        return self.ask("HEAD", key)

    def delete(self, key: str) -> None:
        assert self.ask("DELETE", key).status == 204

    def keys(self, prefix: str = "") -> set[str]:
        query = "list-type=2&prefix=" + urllib.parse.quote(prefix, safe="")
        body = self.ask("GET", "", query=query).body.decode()
        return set(re.findall(r"<Key>([^<]*)</Key>", body))

    def uploads(self) -> int:
        """How many uploads in parts are neither completed nor given up."""
        return self.ask("GET", "", query="uploads=").body.count(b"<Upload>")

    def ask(self, method: str, key: str, body: bytes = b"", query: str = "") -> Answer:
        path = f"/{self.bucket}/{key}" if key else f"/{self.bucket}"
        connection = http.client.HTTPConnection(self.host, timeout=120)
        try:
            target = path + (f"?{query}" if query else "")
            connection.request(method, target, body, self._sign(method, path, query, body))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read())
        finally:
            connection.close()

    def _sign(self, method: str, path: str, query: str, body: bytes) -> dict[str, str]:
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": self.host, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
                   "x-amz-date": stamp}
        signed = ";".join(headers)
        canonical = "\n".join([method, path, query,
                               *(f"{name}:{value}" for name, value in headers.items()), "", signed,
                               headers["x-amz-content-sha256"]])
        scope = f"{stamp[:8]}/{self.region}/{SERVICE}/aws4_request"
        text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers["authorization"] = (f"{ALGORITHM} Credential={self.access_key}/{scope},"
                                    f"SignedHeaders={signed},Signature={signature}")
        return headers
