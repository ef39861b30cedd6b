"""docs/install-shared-hosting.md followed with the bundle on hosts that have none of our libraries, and
an older C library, kernel and shell than this machine. A real Apache in front of it is in
tests/stack/test_shared_hosting.py."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hosts.host import BUSYBOX, Host, root_of, started
from stack import fastcgi, pages, scratch, tls_front
from stack.calls import new_call
from stack.stack import ROOT, Stack

PAGE = pages.sections("install-shared-hosting.md")
OURS = ("libfcgi", "libhiredis", "libcjose", "libjansson", "libcurl", "libpq", "libsndfile", "libcrypto")
USER, BUSINESS = 1000, 1
ALL = os.environ.get("HOSTS") == "all"
# Keeps the lines, and runs none of them by itself.
CRONTAB = 'crontab() { [ "$1" = - ] && cat >"$HOME/crontab.lines"; }'


def busybox(home: Path) -> Path:
    """No C library at all."""
    if not BUSYBOX.exists():
        pytest.skip("no busybox-static: tests/stack/setup.sh hosts")
    for name in ("bin", "etc"):
        (home / name).mkdir(parents=True)
    (home / "bin" / "busybox").write_bytes(BUSYBOX.read_bytes())
    (home / "bin" / "busybox").chmod(0o755)
    listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout
    for applet in listed.split():
        if applet != "busybox":
            (home / "bin" / applet).symlink_to("busybox")
    return home


@dataclass(frozen=True)
class Account:
    """A customer's, on a shared host."""

    host: Host
    home: Path  # as the host names it

    def does(self, command: str) -> str:
        return self.host.does(f"cd {self.home}/source; {CRONTAB}\n{command}", user=USER,
                              HOME=str(self.home), PATH="/usr/bin:/bin")

    def follow(self, heading: str) -> str:
        assert PAGE[heading]
        return "".join(self.does(block) for block in PAGE[heading])

    def file(self, path: str) -> Path:
        return self.host.root / str(self.home)[1:] / path


@pytest.fixture(scope="module")
def bundle(plain: Path) -> Path:
    """As an operator makes it."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ("BUILD", "SANITIZE", "MAKEFLAGS", "MFLAGS", "CFLAGS", "LDFLAGS")}
    done = subprocess.run(["make", "-s", "-C", str(ROOT), "bundle"], capture_output=True, text=True,
                          env=clean, timeout=600)
    assert done.returncode == 0, done.stderr
    return ROOT / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def reachable(stack: Stack) -> Iterator[Stack]:
    """PostgreSQL and Redis that any user may reach, as a shared host's."""
    sockets = [Path(stack.database_url.partition("host=")[2].partition("&")[0]),
               Path(stack.config["REDIS_URL"].removeprefix("unix://").partition("?")[0])]
    paths = [sockets[0], sockets[0] / ".s.PGSQL.5432", sockets[1].parent, sockets[1]]
    modes = {one: one.stat().st_mode & 0o777 for one in paths}
    for one in modes:
        one.chmod(0o777)
    yield stack
    for one, mode in modes.items():
        one.chmod(mode)


# The root, and the kernel that it is given.
HOSTS = {"nothing but busybox, Linux 4.18": ("busybox", "4.18"), "Debian 12": ("bookworm", None),
         "Debian 11": ("bullseye", "4.18")}


@pytest.fixture(params=HOSTS)
def account(request: Any, reachable: Stack, bundle: Path, tmp_path: Path) -> Iterator[Account]:
    suite, kernel = HOSTS[request.param]
    if suite == "bullseye" and not ALL:
        pytest.skip("make test-hosts: making this root takes longest")
    root = busybox(tmp_path / "busybox") if suite == "busybox" else root_of(suite, "bare")
    found = [path.name for path in root.rglob("lib*.so*") if path.name.startswith(OURS)]
    assert [name for name in found if not name.startswith("libcrypto")] == [], "it has none of ours"
    shared = Path(reachable.database_url.partition("host=")[2].partition("&")[0]).parent
    home = Path("/home/customer")
    with scratch.folder() as place, started(root, place, shared, [
            "mkdir -p home/customer", f"tar -C home/customer -xzf {bundle}",
            f"mv home/customer/{bundle.name.removesuffix('.tar.gz')} home/customer/source"],
            kernel=kernel) as host:
        host.does(f"chown -R {USER}:{USER} {home}")
        yield Account(host, home)


def configure(account: Account, stack: Stack, provider: str) -> None:
    names = ("DATABASE_URL", "REDIS_URL", "JWT_SECRET", "MEDIA_SECRET", "TWILIO_ACCOUNT_SID",
             "TWILIO_AUTH_TOKEN")
    settings = account.file("tapedeck/tapedeck.env")
    pages.fill_in(settings, {
        **{name: stack.config[name] for name in names}, "PUBLIC_BASE_URL": stack.public_base_url,
        "RECORDINGS_DIR": f"{account.home}/tapedeck/recordings", "RUNNER_LINGER": "1s"})
    with open(settings, "a") as file:
        file.write(f"TWILIO_API_BASE={provider}\n")


def answers(account: Account, uri: str) -> bytes:
    """As mod_fcgid starts the program in the folder of pages, and asks it."""
    with scratch.folder() as folder, socket.socket(socket.AF_UNIX) as listening:
        folder.chmod(0o777)
        listening.bind(str(folder / "s"))
        listening.listen()
        program = subprocess.Popen(
            account.host.words([f"{account.home}/public_html/tapedeck.fcgi"], USER), stdin=listening,
            env={"PATH": "/usr/bin:/bin"}, stderr=subprocess.PIPE)
        try:
            return fastcgi.get(folder / "s", uri)
        finally:
            # What entered the host waits outside for the program.
            (inside,) = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
            os.kill(int(inside), signal.SIGTERM)
            _, said = program.communicate(timeout=60)
            assert program.returncode == 0, said


@pytest.fixture
def provider(account: Account, reachable: Stack, tmp_path: Path) -> Iterator[str]:
    """Its address. Whom the host trusts is where Alma keeps it."""
    signed, key = tls_front.certificate(tmp_path)
    trusted = account.host.root / "etc/pki/tls/certs"
    trusted.mkdir(parents=True)
    (trusted / "ca-bundle.crt").write_bytes(signed.read_bytes())
    with tls_front.before(urlsplit(reachable.config["TWILIO_API_BASE"]).port or 0, signed, key) as url:
        yield url


def test_the_page_can_be_followed(account: Account, reachable: Stack, provider: str) -> None:
    """All of it, up to a call that plays, with its waveform made by a child."""
    account.follow("Put it in place")
    configure(account, reachable, provider)
    said = account.follow("Fill in the settings")
    assert re.search(r"^database +ok", said, re.MULTILINE) and re.search(r"^disk +ok", said, re.MULTILINE)
    account.follow("Two cron lines")
    call = new_call(reachable, BUSINESS, seconds=2)
    for line in account.file("crontab.lines").read_text().splitlines():
        account.does(line.removeprefix("* * * * * "))
    log = account.file("tapedeck/drain.log").read_text()
    stored = account.file(f"tapedeck/recordings/{BUSINESS}/{call.call_sid}.wav")
    assert stored.read_bytes() == call.source(), log
    assert stored.with_suffix(".peaks.json").exists(), log
    assert b'"ready":true' in answers(account, "/readyz")
