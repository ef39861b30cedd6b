"""Backup and restore as docs/install.md has it, command by command."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from stack.calls import Call
from stack.stack import ROOT, Stack

PAGE = ROOT / "docs" / "install.md"


def commands() -> list[str]:
    section = re.search(r"^## Backup and restore\n(.*?)^## ", PAGE.read_text(),
                        re.MULTILINE | re.DOTALL)
    assert section
    return re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Callable[..., None]:
    def run(command: str, **places: str) -> None:
        environment = stack.environment(
            **{"DATABASE_URL": stack.database_url, "RECORDINGS_DIR": str(stack.recordings_dir),
               **places}, PATH=f"{stack.build_dir}:/usr/bin:/bin")
        done = subprocess.run(["/bin/sh", "-euc", command], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    return run


def test_what_was_backed_up_is_there_again(
    stack: Stack, new_call: Callable[..., Call], drain: Callable[..., object],
    shell: Callable[..., None], tmp_path: Path,
) -> None:
    call = new_call(seconds=2)
    drain()
    backup, restore = commands()
    shell(backup)
    folder = tmp_path / "restored"
    folder.mkdir()
    url = re.sub(r"/[^/?]*\?", "/restored?", stack.database_url)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
    # Redis with nothing in it, as after a move.
    redis_url = stack.redis_url.replace("db=0", "db=7")
    try:
        shell(restore, DATABASE_URL=url, RECORDINGS_DIR=str(folder), REDIS_URL=redis_url)
        with psycopg.connect(url) as connection:
            found = connection.execute(
                "SELECT status FROM recording_runs WHERE call_sid = %s", [call.call_sid]).fetchall()
        assert found == [("completed",)]
    finally:
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE restored")
    (copy,) = folder.rglob(f"{call.call_sid}.wav")
    assert copy.read_bytes() == call.source()
    assert copy.stat().st_mode & 0o777 == 0o640
