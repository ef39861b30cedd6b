"""Two Redis servers, one the other's replica, and three Sentinels that watch them; all with
passwords, the Sentinels with another, and by TLS where that is wanted."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis
from stack import ports
from stack.errors import StackError
from stack.processes import Registry, Service

from jobs_kit import until

NAME = "tapedeck"
SENTINELS = 3
SERVER_WORD, SENTINEL_WORD = "p@ss", "hunter2"
SENTINEL_SETTINGS = f"""
bind 127.0.0.1
dir {{home}}
requirepass {SENTINEL_WORD}
sentinel sentinel-pass {SENTINEL_WORD}
sentinel monitor {NAME} 127.0.0.1 {{master}} 2
sentinel auth-pass {NAME} {SERVER_WORD}
sentinel down-after-milliseconds {NAME} 300
sentinel failover-timeout {NAME} 2000
"""


class Watched:
    """The first of the two begins as the master."""

    def __init__(self, home: Path, tls: Mapping[str, str] | None = None) -> None:
        """`tls`: the settings of redis_tls_kit."""
        self._home, self._tls = home, tls or {}
        (home / "log").mkdir(parents=True)
        self._registry = Registry(home, bound=True)
        self._servers: dict[int, str] = {}
        self._sentinels: list[int] = []

    def __enter__(self) -> Watched:
        first = self._start_server()
        self._start_server("--replicaof", "127.0.0.1", str(first))
        for _ in range(SENTINELS):
            self._start_sentinel(first)
        until(self._is_settled, "a replica in step, and Sentinels that know each other")
        return self

    def __exit__(self, *_exception: object) -> None:
        self._registry.stop_all()

    @property
    def url(self) -> str:
        """The first of these hosts is none of them: nobody listens there."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in (1, *self._sentinels))
        word = SERVER_WORD.replace("@", "%40")
        scheme = "rediss+sentinel" if self._tls else "redis+sentinel"
        trusts = f"&ssl_ca_certs={self._tls['tls-ca-cert-file']}" if self._tls else ""
        return (f"{scheme}://:{word}@{hosts}/{NAME}/1?sentinel_password={SENTINEL_WORD}{trusts}")

    @property
    def master(self) -> int:
        """Its port, as the Sentinels have it."""
        with self._client(self._sentinels[-1]) as client:
            return int(client.execute_command("SENTINEL", "get-master-addr-by-name", NAME)[1])

    def client(self) -> redis.Redis:
        """Of the database that the URL names, on the master."""
        return self._client(self.master, 1)

    def in_step(self) -> None:
        """Wait until the replica has all that the master has taken."""
        with self.client() as client:
            assert client.execute_command("WAIT", 1, 10_000) == 1

    def kill(self, port: int) -> None:
        """As a power cut does."""
        self._registry.stop(self._servers[port], signal.SIGKILL)

    def signal(self, port: int, number: int) -> None:
        self._registry.signal(self._servers[port], number)

    def fail_over(self) -> None:
        """Have the Sentinels make the other one the master."""
        with self._client(self._sentinels[0]) as client:
            client.execute_command("SENTINEL", "FAILOVER", NAME)

    def abandon(self, port: int) -> None:
        """The other one is the master, and this one is not told: it is cut off from the Sentinels,
        but not from us."""
        with self._client(port) as client:
            client.execute_command("ACL", "SETUSER", "default", "-slaveof", "-replicaof")
        self.fail_over()
        self.await_other(port)

    def without_replicas(self, port: int) -> None:
        """It answers NOREPLICAS as soon as it has none."""
        with self._client(port) as client:
            client.config_set("min-replicas-to-write", 1)

    def without_master(self, port: int) -> None:
        """It becomes a replica whose master nobody has heard of, and answers MASTERDOWN: to writes,
        too."""
        with self._client(port) as client:
            client.config_set("replica-serve-stale-data", "no")
            client.config_set("replica-read-only", "no")
            client.execute_command("ACL", "SETUSER", "default", "+replicaof")
            client.execute_command("REPLICAOF", "127.0.0.1", 1)

    def await_other(self, port: int) -> None:
        """Wait until the master is another."""
        until(lambda: self.master != port and self._role(self.master) == "master", "a new master")

    def await_replica(self, port: int) -> None:
        until(lambda: self._role(port) == "slave", "a master that learns that it is none")

    def _start_server(self, *arguments: str) -> int:
        port = ports.choose_port(0)
        self._servers[port] = f"redis-{port}"
        self._start(self._servers[port], port, [
            self._program("redis-server"), "--bind", "127.0.0.1",
            *(word for name, value in self._listening(port) for word in (f"--{name}", value)),
            "--dir", str(self._home), "--dbfilename", f"{port}.rdb", "--save", "",
            "--requirepass", SERVER_WORD, "--masterauth", SERVER_WORD,
            "--repl-diskless-sync-delay", "0", *arguments])
        return port

    def _start_sentinel(self, master: int) -> None:
        port = ports.choose_port(0)
        file = self._home / f"{port}.conf"
        listening = "".join(f"{name} {value}\n" for name, value in self._listening(port))
        file.write_text(listening + SENTINEL_SETTINGS.format(home=self._home, master=master))
        self._start(f"sentinel-{port}", port, [self._program("redis-sentinel"), str(file)])
        self._sentinels.append(port)

    def _listening(self, port: int) -> list[tuple[str, str]]:
        if not self._tls:
            return [("port", str(port))]
        return [("port", "0"), ("tls-port", str(port)), *self._tls.items()]

    def _start(self, name: str, port: int, argv: list[str]) -> None:
        service = Service(name, argv, os.environ, ready=lambda: self._role(port) is not None)
        self._registry.start(service)
        self._registry.await_ready(service)

    def _program(self, name: str) -> str:
        program = shutil.which(name)
        if not program:
            raise StackError(f"{name} is missing; run: make setup")
        return program

    def _client(self, port: int, database: int = 0) -> redis.Redis:
        word = SENTINEL_WORD if port in self._sentinels else SERVER_WORD
        return self._connect(port, word, db=database, decode_responses=True)

    def _connect(self, port: int, word: str, **wishes: Any) -> redis.Redis:
        if self._tls:
            wishes |= {"ssl": True, "ssl_ca_certs": self._tls["tls-ca-cert-file"]}
        return redis.Redis(host="127.0.0.1", port=port, password=word, socket_timeout=1, **wishes)

    def _role(self, port: int) -> str | None:
        for word in (SERVER_WORD, SENTINEL_WORD):
            with suppress(redis.RedisError), self._connect(port, word) as client:
                return str(client.execute_command("ROLE")[0].decode())
        return None

    def _is_settled(self) -> bool:
        known = []
        for port in self._sentinels:
            with self._client(port) as client:
                flat = client.execute_command("SENTINEL", "MASTER", NAME)
                told = dict(zip(flat[::2], flat[1::2]))
                known.append((told["num-slaves"], told["num-other-sentinels"]))
        return known == [("1", str(SENTINELS - 1))] * SENTINELS
