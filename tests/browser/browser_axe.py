"""axe-core, from npm: fetched once into build/npm, for tests that can do without."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from stack.stack import ROOT

PACKAGE = "axe-core@4.14.1"
HOME = ROOT / "build" / "npm"
SCRIPT = HOME / "node_modules" / "axe-core" / "axe.min.js"
SECONDS = 120
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => done(violations.map(
    ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes.map((one) => one.target.join(" ")).join(", ")}`)),
    (error) => done([String(error)]));
"""


def fetch() -> str | None:
    """axe-core's source, or None where there is neither a copy nor a way to get one."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not SCRIPT.exists():
            _install(HOME)
    return SCRIPT.read_text() if SCRIPT.exists() else None


def _install(home: Path) -> None:
    npm = shutil.which("npm")
    if not npm:
        return
    command = [npm, "install", "--prefix", str(home), "--no-save", "--no-audit", "--no-fund",
               "--ignore-scripts", PACKAGE]
    try:
        subprocess.run(command, capture_output=True, timeout=SECONDS, cwd=home)
    except subprocess.TimeoutExpired:
        return
