"""Packages from npm, fetched once into build/npm, for tests that can do without."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from stack.stack import ROOT

HOME = ROOT / "build" / "npm"
MODULES = HOME / "node_modules"
SECONDS = 120


def fetch(*packages: str) -> Path | None:
    """The folder of modules with all of these (`name@version`) in it, or None where one is neither
    here nor to be had."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [one for one in packages if not _place(one).exists()]
        if missing and not _install(packages):
            return None
    return MODULES


def _place(package: str) -> Path:
    return MODULES / package.rpartition("@")[0] / "package.json"


def _install(packages: tuple[str, ...]) -> bool:
    npm = shutil.which("npm")
    if not npm:
        return False
    command = [npm, "install", "--prefix", str(HOME), "--no-audit", "--no-fund", "--no-package-lock",
               "--ignore-scripts", *packages]
    try:
        subprocess.run(command, capture_output=True, timeout=SECONDS, cwd=HOME)
    except subprocess.TimeoutExpired:
        return False
    return all(_place(one).exists() for one in packages)
