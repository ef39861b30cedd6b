"""Further web servers before the same responders and recordings, with settings of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack import front, ports
from stack.processes import Registry
from stack.stack import ROOT, Stack


@contextmanager
def another_front(
    stack: Stack, run_dir: Path, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Its address. Without MEDIA_SECRET among the settings it leaves all links to responders."""
    port = ports.choose_port(0)
    (run_dir / "log").mkdir(parents=True)
    server = Registry(run_dir, bound=True)
    place = front.Place(ROOT, run_dir, stack.run_dir / "sockets", stack.recordings_dir, port,
                        stack.build_dir / "tapedeck.fcgi", responders=0)
    service = front.lighttpd_service(place, {}, {"PATH": "/usr/bin:/usr/sbin", **(settings or {})})
    try:
        server.start(service)
        server.await_ready(service)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop_all()
