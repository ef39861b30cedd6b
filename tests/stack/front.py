"""The web server and the responders behind it, from the files that production uses, too.

There are three web servers to choose from, by the name of FRONT: lighttpd is the reference.
"""

from __future__ import annotations

import http.client
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import StackError
from .processes import Service

SOCKET_NAME = "responders.sock"


@dataclass(frozen=True)
class Place:
    """Where a front end finds what it needs, and may put what it makes."""

    root: Path  # of the source
    run_dir: Path
    sockets: Path
    recordings: Path
    port: int
    binary: Path  # of the responders
    responders: int
    config: Path | None = None  # lighttpd's, which may include the reference, env.REFERENCE

    @property
    def web(self) -> Path:
        return (self.root / "web").resolve()

    @property
    def socket(self) -> Path:
        return (self.sockets / SOCKET_NAME).resolve()


# The service, from its place, our programs' environment, and the environment of all else.
Make = Callable[[Place, Mapping[str, str], Mapping[str, str]], Service]


@dataclass(frozen=True)
class Kind:
    """One web server: how it is started, and how a finished file is handed to it."""

    make: Make
    sendfile: str
    starts_responders: bool = False


def responders_service(place: Place, env: Mapping[str, str]) -> Service:
    path = place.sockets / SOCKET_NAME
    return Service(
        name="responders",
        argv=["/bin/sh", str(place.root / "spawn-fcgi.sh"), str(path), str(place.responders),
              str(place.binary)],
        env={**env, "SOCKET_MODE": "0600"},
        ready=lambda: connects(socket.AF_UNIX, str(path)),
    )


def lighttpd_service(
    place: Place, _program_env: Mapping[str, str], env: Mapping[str, str]
) -> Service:
    reference = place.root / "lighttpd.conf"
    # lighttpd follows no symbolic link, not even on the way to its directories.
    settings = {
        "BIND": "127.0.0.1",
        "PORT": str(place.port),
        "WEB_DIR": str(place.web),
        "SOCKET": str(place.socket),
        "RECORDINGS_DIR": str(place.recordings.resolve()),
        "REFERENCE": str(reference),
        "RUN_DIR": str(place.run_dir),
        "LUA_DIR": str((place.root / "fcgi" / "front").resolve()),
    }
    return Service(
        name="lighttpd",
        argv=[program("lighttpd", env), "-D", "-f", str(place.config or reference)],
        env={**env, **settings},
        ready=listens(place.port),
    )


def program(name: str, env: Mapping[str, str]) -> str:
    """Web servers are often not in an ordinary user's PATH."""
    found = shutil.which(name, path=env.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise StackError(f"{name} is missing; run: make setup")
    return found


def listens(port: int) -> Callable[[], bool]:
    return lambda: connects(socket.AF_INET, ("127.0.0.1", port))


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


def connects(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as connection:
        connection.settimeout(1)
        try:
            connection.connect(address)
        except OSError:
            return False
    return True
