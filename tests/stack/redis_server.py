"""A private Redis on a unix socket that keeps nothing on disk."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from .errors import StackError
from .processes import Service

SOCKET_NAME = "redis.sock"


def url(sockets: Path) -> str:
    return f"unix://{quote(str(sockets / SOCKET_NAME), safe='/')}?db=0"


def service(sockets: Path, env: Mapping[str, str]) -> Service:
    program = shutil.which("redis-server")
    if not program:
        raise StackError("redis-server is missing; run: make setup")
    path = sockets / SOCKET_NAME
    return Service(
        name="redis",
        argv=[program, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
              "--save", "", "--appendonly", "no", "--dir", str(sockets), "--daemonize", "no"],
        env=env,
        ready=lambda: _answers(path),
    )


def count(redis_url: str, command: str, key: str) -> int:
    """What a counting command (SCARD, LLEN …) says of a key."""
    import redis

    with redis.Redis.from_url(redis_url) as client:
        return int(client.execute_command(command, key))


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
