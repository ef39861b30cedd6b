"""docs/install-shared-hosting.md, followed to the letter, on an Apache of an ordinary user."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from stack import front, front_apache, pages, ports, processes
from stack.api import Api
from stack.calls import Call, new_call
from stack.stack import ROOT, Stack

PAGE = ROOT / "docs" / "install-shared-hosting.md"
BUSINESS = 1
# What hosts have and allow.
MODULES = (*front_apache.LOADED[:-1], "autoindex")
ALLOWED = """\
DocumentRoot "{pages}"
<Directory "{pages}">
    Require all granted
    Options Indexes FollowSymLinks
    AllowOverride FileInfo Options Limit
</Directory>
"""


@dataclass(frozen=True)
class Host:
    """A customer's account on a shared host."""

    home: Path
    base_url: str
    stack: Stack
    commands: dict[str, list[str]]

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.home), "PATH": f"{self.home}/fake:/usr/bin:/bin",
                       **{name: value for name, value in os.environ.items()
                          if name.endswith("SAN_OPTIONS")}}
        return subprocess.run(["/bin/sh", "-ec", command], cwd=self.home / "source",
                              env=environment, capture_output=True, text=True, timeout=60)

    def follow(self, heading: str) -> str:
        """Does what the page says below a heading."""
        done = [self.shell(block) for block in self.commands[heading]]
        assert done and all(one.returncode == 0 for one in done), [one.stderr for one in done]
        return "".join(one.stdout for one in done)

    # What a call of the stack asks of its stack, with this host in front.

    @property
    def recordings_dir(self) -> Path:
        return self.home / "tapedeck" / "recordings"

    @property
    def public_base_url(self) -> str:
        return self.base_url

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stack, name)


@pytest.fixture(scope="module")
def bundle(build_dir: Path) -> Path:
    """Of the programs that are tested."""
    sanitize = "yes" if build_dir.name == "asan" else "no"
    done = subprocess.run(["make", "-s", "-C", str(ROOT), f"BUILD={build_dir}",
                           f"SANITIZE={sanitize}", "bundle"], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"]}, timeout=300)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


def unpack(bundle: Path, home: Path) -> None:
    subprocess.run(["tar", "-C", str(home), "-xzf", str(bundle)], check=True)
    (home / bundle.name.removesuffix(".tar.gz")).rename(home / "source")


@pytest.fixture(scope="module")
def stack(build_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """This host's own: cron's lines do what is due for everybody, also for the calls of other tests."""
    with Stack(tmp_path_factory.mktemp("hosted") / "run", build_dir=build_dir, responders=1, fast=True,
               bound=True) as one:
        yield one


@pytest.fixture(scope="module")
def host(stack: Stack, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    home = tmp_path_factory.mktemp("home")
    unpack(bundle, home)
    crontab = home / "fake" / "crontab"  # keeps the lines, and runs none of them by itself
    crontab.parent.mkdir()
    crontab.write_text('#!/bin/sh\n[ "$1" = - ] || exit 1\ncat >"$HOME/crontab.lines"\n')
    crontab.chmod(0o755)
    one = Host(home, f"http://127.0.0.1:{ports.choose_port(0)}", stack,
               pages.sections(PAGE.name))
    one.follow("Put it in place")
    config = {name: stack.config[name] for name in (
        "DATABASE_URL", "REDIS_URL", "JWT_SECRET", "MEDIA_SECRET", "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN")}
    pages.fill_in(home / "tapedeck" / "tapedeck.env", {**config, "PUBLIC_BASE_URL": one.base_url, "RUNNER_LINGER": "1s",
                 "RECORDINGS_DIR": str(one.recordings_dir)})
    with open(home / "tapedeck" / "tapedeck.env", "a") as settings:
        settings.write(f"TWILIO_API_BASE={stack.config['TWILIO_API_BASE']}\n")
    with running_apache(one):
        yield one


class running_apache:
    """The host's web server, of which its customers see the log at most."""

    def __init__(self, host: Host) -> None:
        (host.home / "log").mkdir()
        home = Path(host.stack.config["REDIS_URL"].removeprefix("unix://").split("?")[0]).parent
        self.home = home / "shared"  # sockets need a short path
        self.home.mkdir()
        port = int(host.base_url.rpartition(":")[2])
        place = front.Place(ROOT, host.home, home, host.recordings_dir, port, Path(), 3)
        config = self.home / "apache.conf"
        config.write_text(front_apache.server(self.home, place, MODULES)
                          + ALLOWED.format(pages=host.home / "public_html"))
        self.service = processes.Service(
            "apache", [*front_apache.as_ordinary_user(), front.program("apache2", os.environ),
                       "-D", "FOREGROUND", "-f", str(config)], os.environ,
            ready=front.listens(port), stop_seconds=front_apache.STOP_SECONDS)
        self.registry = processes.Registry(host.home, bound=True)

    def __enter__(self) -> None:
        self.registry.start(self.service)
        self.registry.await_ready(self.service)

    def __exit__(self, *_exception: object) -> None:
        self.registry.stop_all()


@pytest.fixture(scope="module")
def made(host: Host) -> str:
    """The tables are there, and what `status` said."""
    return host.follow("Fill in the settings")


@pytest.fixture(scope="module")
def cron(host: Host, made: str) -> list[str]:
    host.follow("Two cron lines")
    return (host.home / "crontab.lines").read_text().splitlines()


def test_the_settings_are_enough(host: Host, made: str) -> None:
    assert "disk         ok" in made
    assert (host.home / "tapedeck" / "tapedeck.env").stat().st_mode & 0o077 == 0


def test_a_call_comes_in_and_plays(host: Host, cron: list[str]) -> None:
    call = replace(new_call(host, BUSINESS, seconds=3), stack=host)  # type: ignore[arg-type]
    assert call.api.get(call.status_path).status == 202
    assert len(cron) == 2 and all(line.startswith("* * * * * ") for line in cron)
    for line in cron:
        done = host.shell(line.removeprefix("* * * * * "))
        assert done.returncode == 0, done.stderr
    assert call.finished_file and call.finished_file.read_bytes() == call.source()
    plays(call)
    assert Api(host.base_url).get("/readyz").json["ready"] is True


def test_the_lines_that_are_good_to_have(host: Host, cron: list[str]) -> None:
    """Run as cron runs them, after the first two."""
    more = re.findall(r"^\| `(?:[\d*/]+ ){5}(.+?)` \|", PAGE.read_text(), re.MULTILINE)
    assert len(more) == 3
    for line in [*(line.removeprefix("* * * * * ") for line in cron), *more]:
        done = host.shell(line)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    logs = {path.name for path in (host.home / "tapedeck").glob("*.log*")}
    assert logs == {"drain.log.old", "cleanup.log.old"}
    said = (host.home / "tapedeck" / "cleanup.log.old").read_text()
    assert re.search(r"^20\d\d-\d\d-\d\dT\S+ CLEANUP_DONE", said, re.MULTILINE)


def plays(call: Call) -> None:
    source = call.source()
    whole = call.api.get(call.file_path)
    assert (whole.status, whole.body) == (200, source)
    for range_, status, body in (("bytes=100-199", 206, source[100:200]),
                                 ("bytes=-5", 206, source[-5:]), ("bytes=9999999-", 416, None)):
        part = call.api.get(call.file_path, headers={"Range": range_})
        assert part.status == status and body in (None, part.body)
    etag = whole.headers["ETag"]
    assert call.api.get(call.file_path, headers={"If-None-Match": etag}).status == 304
    assert call.api.get(call.file_path, headers={"If-Match": '"x"'}).status == 412
    many = call.api.get(call.file_path, headers={"Range": "bytes=0-1,5-6"})
    assert many.headers["Content-Type"].startswith("multipart/byteranges")
    link = call.api.post(call.prepare_path).json["play_url"]
    assert Api(call.stack.base_url).get(link.removeprefix(call.stack.base_url)).body == source


def test_webhooks_are_signed_over_what_was_sent(host: Host, made: str) -> None:
    call = new_call(host, BUSINESS, recorded=False, announced=False)  # type: ignore[arg-type]
    path = f"/webhook/call_status?business_id=%3{BUSINESS}"  # an encoded digit, as it was sent
    assert call.send_call_status(path=path).status == 204
    refused = Api(host.base_url).post(path, b"CallSid=x", headers={
        "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"})
    assert refused.status == 403 and refused.json["error"] == "forbidden"


@pytest.mark.parametrize("path", [
    "/.htaccess", "/.tapedeck.env", "/tapedeck.env", "/tapedeck.fcgi", "/tapedeck.fcgi/healthz",
    "/errors/", "/../tapedeck/tapedeck.env", "/%2e%2e/tapedeck/tapedeck.env", "//tapedeck.env",
    "/api/../tapedeck.env", "/api/%2e%2e/tapedeck.env", "/media/1/.x.part", "/api/calls%00",
])
def test_nothing_else_comes_out(host: Host, made: str, path: str) -> None:
    answer = Api(host.base_url).get(path)
    assert answer.status in (400, 403, 404)
    assert b"SECRET" not in answer.body and b"exec" not in answer.body
    assert b"Index of" not in answer.body


def test_the_pages_are_there(host: Host, made: str) -> None:
    page = Api(host.base_url).get("/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    player = Api(host.base_url).get("/recording-player.js", headers={"Accept-Encoding": "gzip"})
    assert player.headers["Access-Control-Allow-Origin"] == "*"
    assert player.headers["Content-Encoding"] in ("gzip", None), "where mod_deflate is there"
    assert page.headers["Access-Control-Allow-Origin"] is None
    refused = Api(host.base_url).post("/api/session", b"x" * 70_000)
    assert refused.status == 413 and refused.json["error"] == "too_large"
