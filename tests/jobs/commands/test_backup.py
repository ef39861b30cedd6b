"""Backup and restore as docs/install.md has it, command by command."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from retain_kit import Own
from stack.calls import Call, new_call
from stack.pg_server import find_binaries
from stack.stack import ROOT

PAGE = ROOT / "docs" / "install.md"


def commands() -> list[str]:
    section = re.search(r"^## Backup and restore\n(.*?)^## ", PAGE.read_text(),
                        re.MULTILINE | re.DOTALL)
    assert section
    return re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(own: Own, tmp_path: Path) -> Callable[[str], None]:
    def run(command: str) -> None:
        stack = own.stack
        environment = stack.environment(
            DATABASE_URL=stack.database_url, RECORDINGS_DIR=str(stack.recordings_dir),
            PATH=f"{stack.build_dir}:{find_binaries()}:/usr/bin:/bin")
        done = subprocess.run(["/bin/sh", "-euc", command], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    return run


def lose_everything(own: Own) -> None:
    own.db.execute("DROP SCHEMA public CASCADE")
    own.db.execute("CREATE SCHEMA public")
    own.db.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")  # as in a new database
    for folder in own.stack.recordings_dir.iterdir():
        shutil.rmtree(folder)
    with Redis.from_url(own.stack.redis_url) as redis:
        redis.flushall()


def heard(call: Call) -> tuple[int, bytes, int, bytes, str | None]:
    """The recording, its waveform, and its ETag."""
    whole = call.api.get(call.file_path)
    peaks = call.api.get(f"/api/recordings/{call.call_sid}/peaks")
    return whole.status, whole.body, peaks.status, peaks.body, whole.headers["ETag"]


def test_what_was_backed_up_plays_again(
    own: Own, shell: Callable[[str], None], tmp_path: Path
) -> None:
    """As it was, to the last byte and the same ETag: a player that was paused goes on."""
    call = new_call(own.stack, 1, seconds=2)
    assert own.stack.run("drain", "--once").returncode == 0
    before = heard(call)
    assert before[:3] == (200, call.source(), 200)
    backup, restore = commands()
    shell(backup)
    for name in ("tapedeck.dump", "recordings.tar"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, "nobody else may hear it"

    lose_everything(own)
    assert call.api.get(call.file_path).status == 503, "there is no table to look into"
    shell(restore)
    assert heard(call) == before
    assert call.finished_file and call.finished_file.stat().st_mode & 0o777 == 0o640
    listed = call.api.get("/api/calls").json["calls"]
    assert [row["call_sid"] for row in listed] == [call.call_sid]
