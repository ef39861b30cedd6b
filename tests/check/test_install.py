"""`make install` and `make uninstall`: every file in its place, and the places in every file."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from stack.programs import NAMES
from stack.stack import ROOT

PLACES = {"PREFIX": "/opt/td", "sysconfdir": "/opt/td/etc", "statedir": "/srv/td"}


def make(target: str, build_dir: Path, root: Path) -> None:
    """With the binaries that are there: what is tested here is where they go."""
    names = [f"{name}={value}" for name, value in PLACES.items()]
    built = [f"--assume-old={build_dir / name}" for name in NAMES]
    done = subprocess.run(
        ["make", "-s", "-C", str(ROOT), f"BUILD={build_dir}", f"DESTDIR={root}", *built, *names,
         target], capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "SANITIZE": "yes"})
    assert done.returncode == 0, done.stderr


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def root(build_dir: Path, tmp_path: Path) -> Path:
    make("install", build_dir, tmp_path)
    return tmp_path


def test_everything_is_in_its_place(root: Path) -> None:
    there = files(root)
    assert {*(f"opt/td/bin/{name}" for name in NAMES), "opt/td/etc/tapedeck/tapedeck.env",
            "opt/td/lib/tapedeck/spawn-fcgi.sh", "opt/td/share/tapedeck/nginx.conf",
            "opt/td/share/tapedeck/lighttpd.service.conf",
            "opt/td/share/man/man1/tapedeck.1",
            "opt/td/share/bash-completion/completions/tapedeck",
            "opt/td/share/doc/tapedeck/LICENSE",
            "opt/td/lib/systemd/system/tapedeck-.service.d/closed.conf"} <= there
    web = {f"opt/td/share/tapedeck/web/{name}" for name in files(ROOT / "web")}
    units = {f"opt/td/lib/systemd/system/{name}" for name in files(ROOT / "jobs" / "systemd")}
    assert web | units <= there
    version = json.loads((root / "opt/td/share/tapedeck/npm/package.json").read_text())["version"]
    one = root / f"opt/td/share/tapedeck/web/recording-player-{version}.js"
    assert one.read_bytes() == (root / "opt/td/share/tapedeck/npm/recording-player.js").read_bytes()
    assert one.with_name(one.name + ".sri").exists()
    settings = root / "opt/td/etc/tapedeck/tapedeck.env"
    assert settings.stat().st_mode & 0o777 == 0o600


def test_the_places_are_in_every_file(root: Path) -> None:
    for path in root.rglob("*"):
        if path.suffix in (".service", ".timer", ".path", ".conf", ".1"):
            text = path.read_text()
            assert not re.search(r"/usr/local|(?<!/opt/td)/etc/tapedeck|/var/lib/tapedeck", text), \
                path
    unit = (root / "opt/td/lib/systemd/system/tapedeck-drain.service").read_text()
    assert "ExecStart=/opt/td/bin/tapedeck drain\n" in unit


def test_settings_survive(root: Path, build_dir: Path) -> None:
    settings = root / "opt/td/etc/tapedeck/tapedeck.env"
    settings.write_text("DATABASE_URL=mine\n")
    make("install", build_dir, root)
    assert settings.read_text() == "DATABASE_URL=mine\n"
    make("uninstall", build_dir, root)
    assert files(root) == {"opt/td/etc/tapedeck/tapedeck.env"}
