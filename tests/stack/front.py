"""The web server and the responders behind it, from the files that production uses, too."""

from __future__ import annotations

import http.client
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from .errors import StackError
from .processes import Service

SOCKET_NAME = "responders.sock"


def responders_service(
    root: Path, sockets: Path, binary: Path, count: int, env: Mapping[str, str]
) -> Service:
    path = sockets / SOCKET_NAME
    return Service(
        name="responders",
        argv=["/bin/sh", str(root / "spawn-fcgi.sh"), str(path), str(count), str(binary)],
        env={**env, "SOCKET_MODE": "0600"},
        ready=lambda: _connects(socket.AF_UNIX, str(path)),
    )


def lighttpd_service(
    root: Path, sockets: Path, recordings: Path, port: int, env: Mapping[str, str],
    config: Path | None = None,
) -> Service:
    """`config` instead of the reference configuration, which it may include as env.REFERENCE."""
    program = shutil.which("lighttpd", path=env.get("PATH", "") + ":/usr/sbin:/sbin")
    if not program:
        raise StackError("lighttpd is missing; run: make setup")
    reference = root / "lighttpd.conf"
    # lighttpd follows no symbolic link, not even on the way to its directories.
    settings = {
        "BIND": "127.0.0.1",
        "PORT": str(port),
        "WEB_DIR": str((root / "web").resolve()),
        "SOCKET": str((sockets / SOCKET_NAME).resolve()),
        "RECORDINGS_DIR": str(recordings.resolve()),
        "REFERENCE": str(reference),
    }
    return Service(
        name="lighttpd",
        argv=[program, "-D", "-f", str(config or reference)],
        env={**env, **settings},
        ready=lambda: _connects(socket.AF_INET, ("127.0.0.1", port)),
    )


def readiness(base_url: str) -> str:
    """The status and the beginning of what /readyz says, or why it says nothing."""
    connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return f"{answer.status} {answer.read(500).decode(errors='replace').strip()}"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error}"
    finally:
        connection.close()


def _connects(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as connection:
        connection.settimeout(1)
        try:
            connection.connect(address)
        except OSError:
            return False
    return True
