"""The release before recordings were things of their own: its tree, from the history, and its programs."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from stack import pg_server
from stack import stack as stack_module
from stack.stack import ROOT, Stack

PROGRAMS = "programs"  # not "build": our make reads what is in there, and would mistake it for ours
FIRST_NEW = "db/migrations/140_recordings.sql"  # that release ends where this begins

ROWS = 100_000

# As it left them: calls with one recording each, and what came of it.
HISTORY = f"""
INSERT INTO call_log (business_id, call_sid, account_sid, direction, status, created_at,
    recording_url, recording_sid, recording_status, recording_duration, recording_announced_at)
SELECT 1, 'CA' || md5('call ' || n), 'AC' || md5('account'), 'inbound', 'completed',
    now() - n * interval '1 second', 'https://api.twilio.com/2010-04-01/Accounts/AC' || md5('account')
    || '/Recordings/RE' || md5('recording ' || n), 'RE' || md5('recording ' || n), 'completed', 5, now()
  FROM generate_series(1, {ROWS}) n;
INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid, recording_url, matched_at)
SELECT recording_sid, 'completed', account_sid, call_sid, recording_url, now() FROM call_log
"""


NEEDS = 14  # of PostgreSQL: it said CREATE OR REPLACE TRIGGER


def skip_without_its_postgres() -> None:
    if pg_server.major_version() < NEEDS:
        pytest.skip(f"that release needs PostgreSQL {NEEDS}")


class NoHistory(Exception):
    """A clone without it, or no clone at all."""


def tree() -> Path:
    """The folder of that release, built; made once for each folder of the source."""
    commit = _commit()
    home = ROOT / "build" / "old"
    home.mkdir(parents=True, exist_ok=True)
    with open(home / ".lock", "w") as lock:  # several workers, one build
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = home / commit
        if not (found / PROGRAMS / "tapedeck.fcgi").exists():
            _build(commit, found)
    return found


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    except OSError as error:
        raise NoHistory(f"git: {error}") from error
    if done.returncode != 0:
        raise NoHistory(done.stderr.strip().splitlines()[-1] if done.stderr else "git failed")
    return done.stdout.strip()


def _commit() -> str:
    added = _git("log", "--diff-filter=A", "--format=%H", "--", FIRST_NEW).splitlines()
    if not added:
        raise NoHistory(f"no commit of this clone adds {FIRST_NEW}")
    return _git("rev-parse", "--verify", f"{added[-1]}^")


def _build(commit: str, into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True,
                             check=True)
    subprocess.run(["tar", "-x", "-C", str(into)], input=archive.stdout, check=True)
    clean = {name: value for name, value in os.environ.items()
             if name not in ("BUILD", "SANITIZE", "MAKEFLAGS", "MFLAGS", "CFLAGS", "LDFLAGS")}
    done = subprocess.run(["make", "-s", "-j2", f"BUILD={PROGRAMS}", "all"], cwd=into, env=clean, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


class OldStack(Stack):
    """A stack of that release's programs, behind its web server's own files."""

    def __init__(self, run_dir: Path, tree: Path, **wishes: Any) -> None:
        super().__init__(run_dir, build_dir=tree / PROGRAMS, **wishes)
        self._tree = tree

    def _start_front(self, base: Path, port: int) -> None:
        stack_module.ROOT = self._tree
        try:
            super()._start_front(base, port)
        finally:
            stack_module.ROOT = ROOT
