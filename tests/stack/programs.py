"""Our own programs, run as an operator would run them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from .errors import StackError

COMMAND_SECONDS = 240.0
NAMES = ("tapedeck", "tapedeck.fcgi")


def check_built(build_dir: Path) -> None:
    for name in NAMES:
        if not os.access(build_dir / name, os.X_OK):
            raise StackError(f"{build_dir / name} is not there; run: make all")


def base_environment(hidden: Iterable[str]) -> dict[str, str]:
    """Ours, without what would configure our programs or libpq behind our back."""
    names = set(hidden)
    return {
        name: value for name, value in os.environ.items()
        if name not in names and not name.startswith(("PG", "MAKE", "MFLAGS"))
    }


def run(
    tapedeck: Path, arguments: tuple[str, ...], env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """How it went is for the caller to look at."""
    return subprocess.run(
        [str(tapedeck), *arguments], env=dict(env), cwd="/", stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout,
    )


def output(tapedeck: Path, *arguments: str, env: Mapping[str, str]) -> str:
    """What a command printed that has to succeed."""
    try:
        done = run(tapedeck, arguments, env, COMMAND_SECONDS)
    except OSError as error:
        raise StackError(f"{tapedeck} does not run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise StackError(f"tapedeck {arguments[0]} did not end") from error
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip() or "it gave no reason"
        raise StackError(f"tapedeck {arguments[0]} failed: {said.splitlines()[-1]}")
    return done.stdout.strip()


def config_names(tapedeck: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    """What can be configured: each build is asked once, however many stacks begin."""
    try:
        build = (tapedeck, tapedeck.stat().st_mtime_ns)
    except OSError:
        build = (tapedeck, 0)
    if build not in _NAMES:
        _NAMES[build] = tuple(output(tapedeck, "config", "--names", env=env).split())
    return _NAMES[build]


_NAMES: dict[tuple[Path, int], tuple[str, ...]] = {}
