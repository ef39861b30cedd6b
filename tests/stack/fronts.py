"""The web servers that there are, by the names that FRONT takes."""

from __future__ import annotations

from collections.abc import Mapping

from . import front_apache, front_nginx
from .errors import StackError
from .front import Kind, lighttpd_service

KINDS = {
    "lighttpd": Kind(lighttpd_service, "x-sendfile"),
    "apache": Kind(front_apache.service, "x-sendfile", starts_responders=True),
    "nginx": Kind(front_nginx.service, "x-accel-redirect"),
}
REFERENCE = "lighttpd"


def chosen(environ: Mapping[str, str]) -> str:
    """FRONT, else the reference."""
    name = environ.get("FRONT") or REFERENCE
    if name not in KINDS:
        raise StackError(f"FRONT is {', '.join(KINDS)}; not {name!r}")
    return name
