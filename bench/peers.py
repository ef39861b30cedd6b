"""Who serves a recording, and how each is started: what somebody would pick instead, and ours.

Each does the same work: checks an HS256 token (or, for a play link, its signature), finds the file
of that business, honours Range, and sends the same headers. The static files check nothing: they
are the ceiling.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack import front, ports
from stack.api import Api
from stack.front import connects
from stack.processes import Registry, Service
from stack.stack import ROOT, Stack

HERE = Path(__file__).resolve().parent / "peers"
WORKERS = 8
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
FRONT = "lighttpd"


@dataclass(frozen=True)
class Peer:
    """One that serves; `url` gives a call's address, `leaders` the processes it is made of."""

    name: str
    how: str
    url: Callable[[str], str]
    leaders: list[int]
    stores: list[int] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    static: bool = False


class Peers:
    """Starts them beside a stack, whose recordings and database they use."""

    def __init__(self, run_dir: Path, stack: Stack) -> None:
        self._run_dir, self._stack = run_dir, stack
        self._bearer = {"Authorization": f"Bearer {stack.token}"}
        self._registries: list[Registry] = []

    def stop(self) -> None:
        for registry in self._registries:
            registry.stop_all()

    def ours(self, stack: Stack, name: str, how: str) -> Peer:
        return Peer(
            name, how, lambda call: f"{stack.base_url}/api/recordings/file/{call}",
            [stack.pid("lighttpd"), stack.pid("responders")],
            [self._stack.pid("postgres"), self._stack.pid("redis")], self._bearer, ours=True,
        )

    def ungranted(self) -> Peer:
        """Ours behind a web server that answers nothing by itself."""
        registry, port = self._registry("ungranted"), ports.choose_port(0)
        stack = self._stack
        place = front.Place(ROOT, registry.run_dir, stack.run_dir / "sockets", stack.recordings_dir,
                            port, stack.build_dir / "tapedeck.fcgi", responders=0)
        service = front.lighttpd_service(place, {}, ENVIRONMENT)
        registry.start(service)
        registry.await_ready(service)
        return Peer(
            "file route, each range", "8 responders, X-Sendfile, lighttpd; no grants",
            lambda call: f"http://127.0.0.1:{port}/api/recordings/file/{call}",
            [registry.pid(FRONT), stack.pid("responders")],
            [stack.pid("postgres"), stack.pid("redis")], self._bearer, ours=True,
        )

    def play_link(self) -> Peer:
        api = Api(self._stack.base_url, self._stack.token)

        def url(call: str) -> str:
            link = api.post(f"/api/recordings/{call}/prepare").json["play_url"]
            return self._stack.base_url + link.removeprefix(self._stack.public_base_url)

        return Peer("play link", "lighttpd, fcgi/front/play_link.lua", url,
                    [self._stack.pid("lighttpd"), self._stack.pid("responders")],
                    [self._stack.pid("postgres"), self._stack.pid("redis")], ours=True)

    def lighttpd(self) -> list[Peer]:
        """The ceiling for what serves with our lighttpd.conf is what has its settings."""
        peers = []
        for name, kind, how in (
            ("static, lighttpd", "strict", "with the settings of our lighttpd.conf"),
            ("static, defaults", "static", "lighttpd as it comes: follows symbolic links"),
        ):
            registry, port = self._front(f"lighttpd-{kind}", kind, "0")
            peers.append(Peer(name, how, self._static(port), [registry.pid(FRONT)], static=True))
        return peers

    def nginx(self) -> Peer:
        registry, port = self._registry("nginx"), ports.choose_port(0)
        text = (HERE / "nginx.conf").read_text()
        for name, value in {"PORT": port, "WEB_DIR": self._web, "RUN": registry.run_dir}.items():
            text = text.replace(f"@{name}@", str(value))
        if os.geteuid() == 0:
            text = "user root;\n" + text
        conf = registry.run_dir / "nginx.conf"
        conf.write_text(text)
        self._start(registry, "nginx", ["nginx", "-c", str(conf)], port)
        return Peer("static, nginx", "sendfile, open_file_cache", self._static(port),
                    [registry.pid("nginx")], static=True)

    def flask(self) -> Peer:
        listen = ports.choose_port(0)
        registry, port = self._front("flask", "proxy", str(listen))
        self._start(registry, "gunicorn", [
            "gunicorn", "--workers", str(WORKERS), "--bind", f"127.0.0.1:{listen}",
            "--chdir", str(HERE), "flask_app:app"], listen,
            DATABASE_URL=self._stack.database_url)
        return Peer("Flask", f"gunicorn, {WORKERS} workers, behind lighttpd", self._app(port),
                    [registry.pid(FRONT), registry.pid("gunicorn")],
                    [self._stack.pid("postgres")], self._bearer)

    def php(self) -> Peer:
        run_dir = self._run_dir / "php"
        listen = run_dir / "php.sock"
        registry, port = self._front("php", "fastcgi", str(listen))
        program = next(str(path) for path in Path("/usr/sbin").glob("php-fpm*"))
        argv = [program, "--fpm-config", str(HERE / "php-fpm.conf")]
        self._start(registry, "php-fpm", argv + (["-R"] if os.geteuid() == 0 else []), listen,
                    LISTEN=str(listen))
        return Peer("PHP-FPM", f"{WORKERS} children, X-Sendfile, behind lighttpd",
                    self._app(port), [registry.pid(FRONT), registry.pid("php-fpm")],
                    headers=self._bearer)

    def node(self) -> list[Peer]:
        listen = ports.choose_port(0)
        registry, port = self._front("node", "proxy", str(listen))
        program = shutil.which("node") or "nodejs"
        self._start(registry, "node", [program, str(HERE / "server.js")], listen,
                    LISTEN=str(listen))
        alone, behind = [registry.pid("node")], [registry.pid(FRONT), registry.pid("node")]
        how = f"http, streams, {os.cpu_count()} processes"
        return [Peer("Node", f"{how}, behind lighttpd", self._app(port), behind,
                     headers=self._bearer),
                Peer("Node alone", how, self._app(listen), alone, headers=self._bearer)]

    # How they are started.

    @property
    def _web(self) -> Path:
        """A page folder in which the recordings of business 1 are static files."""
        return self._run_dir / "web"

    def _static(self, port: int) -> Callable[[str], str]:
        return lambda call: f"http://127.0.0.1:{port}/static/{call}.wav"

    def _app(self, port: int) -> Callable[[str], str]:
        return lambda call: f"http://127.0.0.1:{port}/recordings/{call}"

    def _registry(self, name: str) -> Registry:
        run_dir = self._run_dir / name
        (run_dir / "log").mkdir(parents=True)
        self._registries.append(Registry(run_dir, bound=True))
        return self._registries[-1]

    def _front(self, name: str, kind: str, listen: str) -> tuple[Registry, int]:
        registry, port = self._registry(name), ports.choose_port(0)
        self._start(registry, FRONT, ["lighttpd", "-D", "-f", str(HERE / "front.conf")], port,
                    PORT=str(port), KIND=kind, LISTEN=listen,
                    WEB_DIR=str(HERE if kind == "fastcgi" else self._web))
        return registry, port

    def _start(
        self, registry: Registry, name: str, argv: list[str], listens: int | Path, **env: str
    ) -> None:
        def ready() -> bool:
            if isinstance(listens, Path):
                return connects(socket.AF_UNIX, str(listens))
            return connects(socket.AF_INET, ("127.0.0.1", listens))

        service = Service(name, argv, {
            **ENVIRONMENT, "JWT_SECRET": self._stack.config["JWT_SECRET"],
            "RECORDINGS_DIR": str(self._stack.recordings_dir), **env}, ready=ready)
        registry.start(service)
        registry.await_ready(service)
