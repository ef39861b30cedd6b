"""The run directory: what lies in it, who may use it, and what goes when the stack ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import ports, scratch
from .errors import StackError

# Marks a directory as one of ours: nothing is ever removed from another.
STAMP = ".tapedeck-stack"
LONGEST_SOCKET = "postgres/.s.PGSQL.5432.lock"
PLACED = ("postgres", "sockets")
OWN_FILES = ("env", "tapedeck.env", "pids.json", "pids.new", "twilio.url", "speech.url")
OWN_DIRS = (*PLACED, "recordings")


class Layout:
    """One run directory; a `brief` one has its database in memory, where there is room for it."""

    def __init__(self, run_dir: Path, brief: bool = False) -> None:
        self.run_dir = run_dir
        self._brief = brief
        self.logs = run_dir / "log"
        self.recordings = run_dir / "recordings"
        self.config = run_dir / "tapedeck.env"
        self.exports = run_dir / "env"
        self.announcement = run_dir / "twilio.url"
        self.heard_at = run_dir / "speech.url"

    @property
    def exists(self) -> bool:
        return (self.run_dir / STAMP).exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Those who start or stop in the same run directory take turns."""
        try:
            self.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.exists and any(self.run_dir.iterdir()):
                raise StackError(
                    f"{self.run_dir} holds other things; choose another directory with RUN_DIR=…"
                )
            lock = (self.run_dir / STAMP).open("w")
        except OSError as error:
            raise StackError(
                f"{self.run_dir} cannot be used ({error.strerror}); choose another with RUN_DIR=…"
            ) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def make(self, pg_user: str | None) -> Path:
        """Make the directories; where `postgres` and `sockets` go is returned.

        That is the run directory itself, unless it is a brief one, or its path is too long for a
        socket or closed to the user that PostgreSQL runs as.
        """
        self.logs.mkdir(mode=0o700, exist_ok=True)
        if pg_user:
            self.run_dir.chmod(0o711)
        base = self.run_dir if not self._brief and self._suits(pg_user) else self._scratch(pg_user)
        (base / "sockets").mkdir(mode=0o700)
        return base

    def clean(self) -> None:
        """Remove all that a stack makes here, but for the logs."""
        for name in OWN_FILES:
            (self.run_dir / name).unlink(missing_ok=True)
        for name in OWN_DIRS:
            path = self.run_dir / name
            if path.is_symlink():
                scratch.remove(Path(os.readlink(path)).parent)
                path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)

    def _suits(self, pg_user: str | None) -> bool:
        if not ports.fits_socket(self.run_dir / LONGEST_SOCKET):
            return False
        if pg_user is None:
            return True
        seen = subprocess.run(["test", "-x", str(self.run_dir)], user=pg_user, group=pg_user,
                              extra_groups=[], cwd="/")
        return seen.returncode == 0

    def _scratch(self, pg_user: str | None) -> Path:
        made = scratch.make(lasting=not self._brief)
        for name in PLACED:
            (self.run_dir / name).symlink_to(made / name)
        if pg_user:
            made.chmod(0o711)
        return made
