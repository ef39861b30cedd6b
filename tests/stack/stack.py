"""A whole Tapedeck of one's own, in one directory: what `make up`, `make demo` and tests run.

    with Stack(run_dir) as stack:
        …  stack.base_url, stack.token, stack.twilio, stack.run("drain", "--once") …

The database, the sockets and the recordings are made on start and go on stop; the logs stay.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import (
    env_file, fake_speech, fake_twilio, front, fronts, pg_server, ports, programs, redis_server,
    timers,
)
from .errors import StackError, log_tail, without_times
from .layout import Layout
from .processes import MARK, Registry, Service, wait_until

if TYPE_CHECKING:
    from twilio.client import Control

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120.0
BUSINESSES = (1, 2)
TOKEN_TTL = "8h"
LINK_SECRETS = ("MEDIA_SECRET", "MEDIA_SECRET_PREVIOUS")
EXPORTED = (
    "BASE_URL", "TOKEN", "DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN", "TWILIO_API_BASE", "PUBLIC_BASE_URL", "JWT_SECRET", "MEDIA_SECRET",
    "TAPEDECK_ENV", "TAPEDECK",
)


class Stack:
    """One private stack; `start` returns when it is ready, or leaves nothing behind."""

    def __init__(
        self,
        run_dir: Path | str,
        port: int = 0,
        *,
        timers: bool = False,
        speech: bool = False,
        build_dir: Path | str = ROOT / "build",
        overrides: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        responders: int = 8,
        fast: bool = False,
        bound: bool = False,
        front: str | None = None,
        front_config: Path | None = None,
    ) -> None:
        """`environ` is a caller's environment whose configuration wins over what is made up here;
        `overrides` wins over that. `speech` adds fake speech and chat servers, unless the caller
        configured others. `fast` spares PostgreSQL its syncing; `bound`
        lets it all end when this process does, however it does. `front` is the web server's name,
        which FRONT says otherwise; `front_config` is another configuration of lighttpd's."""
        self.run_dir = Path(os.path.abspath(run_dir))
        self.build_dir = Path(os.path.abspath(build_dir))
        self.config: dict[str, str] = {}
        self.front = front or fronts.chosen(os.environ)
        self.base_url = ""
        self.token = ""
        self._wanted_port = port
        self._timers = timers
        self._speech = speech
        self._overrides = dict(overrides or {})
        self._environ = dict(environ or {})
        self._responders = responders
        self._fast = fast
        self._front_config = front_config
        self._made_up: frozenset[str] = frozenset()
        self._names: tuple[str, ...] = ()
        self._services: dict[str, Service] = {}
        self._layout = Layout(self.run_dir, brief=fast)
        self._registry = Registry(self.run_dir, bound)
        self._control: Control | None = None

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    # What it is.

    @property
    def database_url(self) -> str:
        """For tests, which may do more in a database of ours than our programs."""
        return self._database_as(pg_server.SUPERUSER)

    @property
    def owner_url(self) -> str:
        """For whoever migrates."""
        return self._database_as(pg_server.OWNER)

    @property
    def redis_url(self) -> str:
        return self.config["REDIS_URL"]

    @property
    def recordings_dir(self) -> Path:
        return Path(self.config["RECORDINGS_DIR"])

    @property
    def public_base_url(self) -> str:
        return self.config["PUBLIC_BASE_URL"]

    @property
    def account_sid(self) -> str:
        return self.config["TWILIO_ACCOUNT_SID"]

    @property
    def auth_token(self) -> str:
        return self.config["TWILIO_AUTH_TOKEN"]

    @property
    def twilio(self) -> Control:
        """The fake provider's control; there is none when a caller brought another provider."""
        if self._control is None:
            raise StackError("this stack runs no fake Twilio of its own; unset TWILIO_API_BASE")
        return self._control

    @property
    def tapedeck(self) -> Path:
        return self.build_dir / "tapedeck"

    def log(self, name: str) -> Path:
        return self._registry.log(name)

    def logged(self, name: str, since: int = 0) -> str:
        """What a program of ours has logged, from that byte on, without the times of its lines."""
        return without_times(self.log(name).read_bytes()[since:].decode())

    # The whole of it.

    def start(self) -> None:
        programs.check_built(self.build_dir)
        port = 0 if self.is_running() else ports.choose_port(self._wanted_port)
        with self._layout.locked():
            if self.is_running():
                raise StackError(f"a stack already runs in {self.run_dir}; end it with make down")
            self._layout.clean()
            try:
                self._begin(port)
            except BaseException:
                self._end()
                raise

    def stop(self) -> bool:
        """End what runs in the run directory, whoever started it; whether anything did."""
        if not self._layout.exists:
            return False
        with self._layout.locked():
            was_there = self.is_running()
            self._end()
            return was_there

    def is_running(self) -> bool:
        """Whether anything that was started in the run directory is alive."""
        self._registry.load()
        return self._registry.any_left()

    def is_healthy(self) -> bool:
        """Whether all of it runs and answers; for a stack that an earlier process started."""
        self.base_url = env_file.read_exports(self._layout.exports).get("BASE_URL", "")
        return bool(self.base_url) and self._registry.all_alive() and self._is_ready()

    # Single services, for tests of what happens without them.

    def halt(self, name: str, number: int = signal.SIGKILL) -> None:
        """End one service (postgres, redis, twilio, responders, timers, or the front end by its
        name), abruptly unless told otherwise."""
        self._registry.stop(self._keeper_of(name), number)

    def revive(self, name: str, **settings: str) -> None:
        """Start a service again that was halted, `settings` added to its environment."""
        service = self._services[self._keeper_of(name)]
        service = replace(service, env={**service.env, **settings})
        self._registry.start(service)
        self._registry.await_ready(service)

    def signal(self, name: str, number: int) -> None:
        """Signal a service and its children: SIGSTOP and SIGCONT make it hang and go on."""
        self._registry.signal(self._keeper_of(name), number)

    def pid(self, name: str) -> int:
        return self._registry.pid(self._keeper_of(name))

    def _keeper_of(self, name: str) -> str:
        """Where the web server starts the responders, they are a part of it."""
        within = name == "responders" and fronts.KINDS[self.front].starts_responders
        return self.front if within else name

    # Our own commands.

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment our programs run in, `settings` added."""
        return {**self._base_environment(), "TAPEDECK_ENV": str(self._layout.config), **settings}

    def run(
        self, *arguments: str, timeout: float = programs.COMMAND_SECONDS, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """`tapedeck ARGUMENTS`, ended by now; how it went is for the caller to look at."""
        return programs.run(self.tapedeck, arguments, self.environment(**settings), timeout)

    def create_business(self, business: int) -> None:
        pg_server.create_business(self.database_url, business)

    def new_business(self) -> int:
        """One that nobody else has."""
        business = 1000 + secrets.randbelow(2**31 - 2000)
        self.create_business(business)
        return business

    # How it starts.

    def _begin(self, port: int) -> None:
        base = self._layout.make(pg_server.server_user())
        self.base_url = f"http://127.0.0.1:{port}"
        # There is no env file yet, and the names must be known to write one.
        self._names = programs.config_names(self.tapedeck, self._base_environment())
        self._configure(base)
        self._start_stores(base)
        self._start_provider()
        self._await(*self._services)
        self._finish_config()
        self._tapedeck("migrate", DATABASE_URL=self.owner_url)
        for business in BUSINESSES:
            self.create_business(business)
        self.token = self._tapedeck("token", "--business", str(BUSINESSES[0]), "--ttl", TOKEN_TTL)
        self._start_front(base, port)
        self._write_exports()

    def _database_as(self, role: str) -> str:
        url = self.config["DATABASE_URL"]
        return pg_server.as_role(url, role) if "DATABASE_URL" in self._made_up else url

    def _configure(self, base: Path) -> None:
        defaults = {
            "DATABASE_URL": pg_server.url(base / "postgres"),
            "REDIS_URL": redis_server.url(base / "sockets"),
            "RECORDINGS_DIR": str(self._layout.recordings),
            "PUBLIC_BASE_URL": self.base_url,
            **env_file.fresh_secrets(),
            "SENDFILE": fronts.KINDS[self.front].sendfile,
        }
        chosen = {**env_file.caller_choices(self._environ, self._names), **self._overrides}
        self.config = {**defaults, **chosen}
        self._made_up = frozenset(defaults) - frozenset(chosen)
        # From the root on and without symbolic links: the web server follows none.
        self.config["RECORDINGS_DIR"] = os.path.realpath(self.config["RECORDINGS_DIR"])
        self.recordings_dir.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _start_stores(self, base: Path) -> None:
        env = self._base_environment()
        if "DATABASE_URL" in self._made_up:
            cache = ROOT / "build" / "stack"
            self._launch(pg_server.service(base / "postgres", cache, env, self._fast))
        if "REDIS_URL" in self._made_up:
            self._launch(redis_server.service(base / "sockets", env))

    def _start_provider(self) -> None:
        if "TWILIO_API_BASE" not in self.config:
            self._launch(
                fake_twilio.service(
                    ROOT, self._layout.announcement, self.account_sid, self.auth_token,
                    self._base_environment(),
                )
            )
        if self._speech and not any(name in self.config for name in fake_speech.SETTINGS):
            self._launch(
                fake_speech.service(ROOT, self._layout.heard_at, self._base_environment()))

    def _finish_config(self) -> None:
        if fake_twilio.NAME in self._services:
            address = self._layout.announcement.read_text().strip()
            self.config["TWILIO_API_BASE"] = address
            self._made_up |= {"TWILIO_API_BASE"}
            self._control = fake_twilio.control(address)
        if fake_speech.NAME in self._services:
            self.config.update(fake_speech.settings(self._layout.heard_at))
        env_file.write_config(self._layout.config, self.config)

    def _start_front(self, base: Path, port: int) -> None:
        env, kind = self.environment(), fronts.KINDS[self.front]
        place = front.Place(ROOT, self.run_dir, base / "sockets", self.recordings_dir, port,
                            self.build_dir / "tapedeck.fcgi", self._responders, self._front_config)
        if not kind.starts_responders:
            self._launch(front.responders_service(place, env))
        self._launch(kind.make(place, env, {**self._base_environment(), **self._link_secrets()}))
        if self._timers:
            self._launch(timers.service(self.tapedeck, env))
        self._await(*(set(self._services) & {"responders", self.front}))
        if not wait_until(self._is_ready, READY_SECONDS):
            raise StackError(
                f"{self.base_url}/readyz did not answer 200 within {READY_SECONDS:.0f} s "
                f"({front.readiness(self.base_url)}); see {self.log('responders')}"
                f"{log_tail(self.log('responders'))}"
            )

    def _link_secrets(self) -> dict[str, str]:
        """What the web server needs to check play links itself, and nothing more."""
        return {name: self.config[name] for name in LINK_SECRETS if name in self.config}

    def _write_exports(self) -> None:
        values = {
            **self.config, "BASE_URL": self.base_url, "TOKEN": self.token,
            "TAPEDECK_ENV": str(self._layout.config), "TAPEDECK": str(self.tapedeck),
        }
        exported = {name: values[name] for name in EXPORTED}
        env_file.write_exports(self._layout.exports, exported, self.build_dir, self._made_up)

    def _launch(self, service: Service) -> None:
        self.log(service.name).unlink(missing_ok=True)
        self._services[service.name] = service
        self._registry.start(service)

    def _await(self, *names: str) -> None:
        for name in names:
            self._registry.await_ready(self._services[name])

    def _tapedeck(self, *arguments: str, **settings: str) -> str:
        return programs.output(self.tapedeck, *arguments, env=self.environment(**settings))

    def _base_environment(self) -> dict[str, str]:
        return programs.base_environment((*self._names, env_file.SOURCED, "TAPEDECK_ENV", MARK))

    # How it ends, and whether it answers.

    def _end(self) -> None:
        self._registry.stop_all()
        self._services.clear()
        self._layout.clean()

    def _is_ready(self) -> bool:
        return front.readiness(self.base_url).startswith("200")
