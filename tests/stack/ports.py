"""TCP ports on this machine, and the paths a unix socket may have."""

from __future__ import annotations

import errno
import random
import re
import socket
from pathlib import Path

from .errors import StackError

# Below the range the kernel gives to outgoing connections, so that none of them takes it first.
RANDOM_PORTS = range(20000, 32000)
SOCKET_PATH_MAX = 100


def parse_port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 <= int(text) <= 65535:
        raise StackError(f"PORT must be a number from 1 to 65535 (0: any free one), not {text!r}")
    return int(text)


def choose_port(wanted: int) -> int:
    """The wanted port if it is free; for 0, one that is."""
    if wanted == 0:
        return _any_port()
    problem = _why_not(wanted)
    if problem == errno.EADDRINUSE:
        raise StackError(f"port {wanted} is taken; choose another with PORT=…")
    if problem == errno.EACCES:
        raise StackError(f"port {wanted} is for root only; choose one from 1024 on with PORT=…")
    if problem:
        raise StackError(f"port {wanted} cannot be used; choose another with PORT=…")
    return wanted


def fits_socket(directory: Path) -> bool:
    """Whether sockets can live in a directory: the kernel allows 107 bytes, URLs plain letters."""
    path = str(directory)
    return len(path) <= SOCKET_PATH_MAX and re.fullmatch(r"[A-Za-z0-9_./+-]+", path) is not None


def _any_port() -> int:
    for port in random.SystemRandom().sample(RANDOM_PORTS, 100):
        if not _why_not(port):
            return port
    raise StackError("there is no free port; choose one with PORT=…")


def _why_not(port: int) -> int:
    with socket.socket() as probe:
        # lighttpd sets it as well: connections that just ended must not make a port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0
