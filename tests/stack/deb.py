"""The Debian package that `make deb` has left in build/deb, where it is of this source."""

from __future__ import annotations

from pathlib import Path

import pytest

from .stack import ROOT

FOLDER = ROOT / "build" / "deb"
MADE_OF = [ROOT / "install.mk", *(ROOT / "debian").iterdir(),
           *(ROOT / "jobs" / "systemd").rglob("*")]


def made() -> list[Path]:
    return sorted(FOLDER.glob("tapedeck_*.deb"))


def is_fresh() -> bool:
    packages = made()
    return bool(packages) and packages[-1].stat().st_mtime > max(path.stat().st_mtime for path in MADE_OF)


needed = pytest.mark.skipif(not is_fresh(), reason="no package of this source: make test-deb")
