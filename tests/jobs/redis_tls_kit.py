"""A Redis that speaks TLS, and authorities that sign for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from stack import ports
from stack.errors import StackError
from stack.processes import Registry, Service

WORD = "p@ss"
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Pair:
    """A certificate, and its key."""

    certificate: Path
    key: Path


class Authority:
    """What it signs is trusted by whoever is given its certificate."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self._home = home
        self.own = Pair(home / "authority.pem", home / "authority.key")
        openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=authority",
                "-keyout", self.own.key, "-out", self.own.certificate)

    @property
    def file(self) -> Path:
        return self.own.certificate

    def sign(self, name: str, for_hosts: str, days: int = 2) -> Pair:
        """One for these hosts ("DNS:…,IP:…"); with negative days it is over."""
        pair = Pair(self._home / f"{name}.pem", self._home / f"{name}.key")
        request = self._home / f"{name}.csr"
        openssl("req", "-new", *NEW_KEY, "-subj", f"/CN={name}", "-addext",
                f"subjectAltName={for_hosts}", "-keyout", pair.key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.own.certificate, "-CAkey", self.own.key,
                "-CAcreateserial", "-days", str(days), "-copy_extensions", "copy",
                "-out", pair.certificate)
        return pair


def tls_settings(authority: Authority, pair: Pair) -> dict[str, str]:
    """Of a server that speaks TLS to others and to its like, and asks for no certificate."""
    return {"tls-cert-file": str(pair.certificate), "tls-key-file": str(pair.key),
            "tls-ca-cert-file": str(authority.file), "tls-auth-clients": "no",
            "tls-replication": "yes"}


class TlsRedis:
    """It listens in both families, at one port by TLS and at another one without."""

    def __init__(self, home: Path, authority: Authority, pair: Pair) -> None:
        (home / "log").mkdir(parents=True)
        self._home, self._authority, self._pair = home, authority, pair
        self._registry = Registry(home, bound=True)
        self.port, self.plain_port = ports.choose_port(0), ports.choose_port(0)

    def __enter__(self) -> TlsRedis:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._registry.stop_all()

    def url(self, host: str = "localhost", scheme: str = "rediss", port: int | None = None,
            authority: Authority | None = None) -> str:
        trusted = quote(str((authority or self._authority).file))
        query = f"?ssl_ca_certs={trusted}" if scheme == "rediss" else ""
        return f"{scheme}://:{quote(WORD)}@{host}:{port or self.port}/1{query}"

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.plain_port, password=WORD, db=1, decode_responses=True)

    def start(self) -> None:
        program = shutil.which("redis-server")
        if not program:
            raise StackError("redis-server is missing; run: make setup")
        settings = {"port": str(self.plain_port), "tls-port": str(self.port),
                    "requirepass": WORD, "dir": str(self._home), "save": "",
                    **tls_settings(self._authority, self._pair)}
        argv = [program, "--bind", "127.0.0.1", "-::1",
                *(word for name, value in settings.items() for word in (f"--{name}", value))]
        service = Service("redis-tls", argv, os.environ, ready=self._answers)
        self._registry.start(service)
        self._registry.await_ready(service)

    def kill(self) -> None:
        """As a power cut does."""
        self._registry.stop("redis-tls", signal.SIGKILL)

    def signal(self, number: int) -> None:
        self._registry.signal("redis-tls", number)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
