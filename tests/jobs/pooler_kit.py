"""A PostgreSQL of its own behind a pgbouncer in transaction mode, with few sessions for all."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import psycopg
from stack import pg_server
from stack.errors import StackError
from stack.layout import Layout
from stack.processes import Registry, Service
from stack.stack import ROOT

PORT = 6432  # a part of its socket's name, and of nothing else
SESSIONS = 3
SETTINGS = f"""
[databases]
* = host={{home}} port=5432

[pgbouncer]
listen_addr =
listen_port = {PORT}
unix_socket_dir = {{home}}
auth_type = trust
auth_file = {{home}}/users
pool_mode = transaction
default_pool_size = {SESSIONS}
server_login_retry = 1
"""


class Pooled:
    """The server lasts as long as this; the pooler can be ended and started meanwhile."""

    def __init__(self, run_dir: Path) -> None:
        self._layout = Layout(run_dir, brief=True)
        self._registry = Registry(run_dir, bound=True)

    def __enter__(self) -> Pooled:
        with self._layout.locked():
            base = self._layout.make(pg_server.server_user())
        self._home = base / "postgres"
        server = pg_server.service(self._home, ROOT / "build" / "stack", os.environ, fast=True)
        self._registry.start(server)
        self._registry.await_ready(server)
        self._write("pgbouncer.ini", SETTINGS.format(home=self._home))
        roles = (pg_server.ROLE, pg_server.OWNER)
        self._write("users", "".join(f'"{role}" ""\n' for role in roles))
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._registry.stop_all()
        self._layout.clean()

    @property
    def direct(self) -> str:
        """Past the pooler; as the owner, who migrates."""
        return pg_server.url(self._home, pg_server.OWNER)

    @property
    def url(self) -> str:
        return f"{self.direct}&port={PORT}"

    def start(self) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if not program:
            raise StackError("pgbouncer is missing; run: make setup")
        service = Service("pgbouncer", [program, str(self._home / "pgbouncer.ini")], os.environ,
                          user=pg_server.server_user(), ready=self._answers)
        self._registry.start(service)
        self._registry.await_ready(service)

    def stop(self) -> None:
        """At once, and whoever is in the middle of something with it."""
        self._registry.stop("pgbouncer", signal.SIGKILL)
        (self._home / f".s.PGSQL.{PORT}").unlink(missing_ok=True)

    def _write(self, name: str, text: str) -> None:
        (self._home / name).write_text(text)
        (self._home / name).chmod(0o644)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=1):
                return True
        except psycopg.OperationalError:
            return False
