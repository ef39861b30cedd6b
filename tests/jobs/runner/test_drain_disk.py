"""`tapedeck drain` and the disk: other writers, leftovers, odd things in the way, no room."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control

from jobs_kit import (
    LATER, Db, Runner, assert_idle, assert_stored, click, files_of, known_call, make_due, run_of,
    until, until_idle,
)

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]


@pytest.fixture
def call(stack: Stack, db: Db, new_business: NewBusiness) -> Call:
    """A call that was clicked; its business has no folder yet."""
    one = known_call(stack, db, new_business())
    click(one)
    return one


@pytest.fixture
def folder(call: Call) -> Path:
    """The folder of its business."""
    path = call.part_file.parent
    path.mkdir(mode=0o750)
    return path


@contextmanager
def locked_part(call: Call, content: bytes = b"another writer's bytes") -> Iterator[None]:
    """A part file that another process writes."""
    call.part_file.write_bytes(content)
    with call.part_file.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# Other writers.


def test_another_writers_part_file_is_waited_for(
    call: Call, folder: Path, rds: redis.Redis, runner: Callable[..., Runner], twilio: Control
) -> None:
    with locked_part(call):
        one = runner()
        one.hear("RECORDING_START")
        # It looked before anything is asked of it, and again after a second: still locked.
        assert call.part_file.read_bytes() == b"another writer's bytes"
        assert twilio.stats().recording(call.recording_sid).requests == 0
    until(lambda: call.finished_file, "the recording")
    assert_stored(call, "wav2")
    until_idle(rds, call.business)


def test_a_part_file_that_stays_locked_is_a_failed_attempt(
    call: Call, folder: Path, drain: Drain, db: Db, rds: redis.Redis, twilio: Control
) -> None:
    with locked_part(call):
        drain(LOCK_TIMEOUT="1ms", RETRY_DELAYS=LATER)
        run = run_of(db, call)
        assert (run.status, run.attempts, run.error_code) == ("queued", 1, "locked")
        assert call.part_file.read_bytes() == b"another writer's bytes"
        assert_idle(rds, call.business)
        assert twilio.stats().recording(call.recording_sid).requests == 0
    make_due(db, call)
    drain()
    assert_stored(call, "wav2")


def test_a_stopping_runner_does_not_wait_for_the_lock(
    call: Call, folder: Path, db: Db, runner: Callable[..., Runner], drain: Drain
) -> None:
    with locked_part(call):
        one = runner()
        one.hear("RECORDING_START")
        one.process.terminate()
        one.ended_well()
        assert run_of(db, call).status == "queued"
        assert call.part_file.exists()
    drain()
    assert_stored(call, "wav2")


def test_what_a_dead_runner_left_is_overwritten(
    call: Call, folder: Path, drain: Drain
) -> None:
    """Longer than the recording, so that no old byte can hide at its end."""
    call.part_file.write_bytes(b"x" * (len(call.source("wav2")) + 100_000))
    drain()
    assert_stored(call, "wav2")


# Odd things in the way: none is followed, none is replaced.


def link_for_folder(call: Call, other: Path) -> None:
    call.part_file.parent.symlink_to(other)


def file_for_folder(call: Call, other: Path) -> None:
    call.part_file.parent.write_bytes(b"a file")


def link_for_part(call: Call, other: Path) -> None:
    call.part_file.parent.mkdir()
    call.part_file.symlink_to(other / "victim")


def folder_for_part(call: Call, other: Path) -> None:
    call.part_file.parent.mkdir()
    call.part_file.mkdir()


def folder_for_finished(call: Call, other: Path) -> None:
    call.part_file.parent.mkdir()
    (call.part_file.parent / f"{call.call_sid}.wav").mkdir()


@pytest.mark.parametrize("put", [
    link_for_folder, file_for_folder, link_for_part, folder_for_part, folder_for_finished,
])
def test_what_cannot_be_written_is_a_failed_attempt(
    put: Callable[[Call, Path], None], call: Call, drain: Drain, db: Db, rds: redis.Redis,
    tmp_path: Path,
) -> None:
    (tmp_path / "victim").write_bytes(b"victim")
    put(call, tmp_path)
    drain(RETRY_DELAYS=LATER)
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 1, "disk_error")
    assert run.error and run.error.endswith(".")
    assert [path.name for path in tmp_path.iterdir() if "runner" not in path.name] == ["victim"]
    assert (tmp_path / "victim").read_bytes() == b"victim"
    assert call.finished_file is None or call.finished_file.is_dir()
    assert_idle(rds, call.business)


def test_no_recordings_folder_at_all(
    call: Call, drain: Drain, db: Db, rds: redis.Redis, tmp_path: Path
) -> None:
    drain(RECORDINGS_DIR=str(tmp_path / "nowhere"), RETRY_DELAYS=LATER)
    assert run_of(db, call).error_code == "disk_error"
    assert not (tmp_path / "nowhere").exists()
    assert_idle(rds, call.business)


# No room.


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """The business's folder on a disk of 64 KiB, of which 40 are free."""
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0750", "tapedeck-test", str(folder)],
        capture_output=True,
    ).returncode == 0
    if not mounted:
        pytest.skip("a small file system cannot be mounted here: that takes root")
    try:
        (folder / "CA0123456789abcdef0123456789abcdef.wav").write_bytes(b"f" * 24 * 1024)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_a_reason(
    call: Call, small_disk: Path, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    before = [(path.name, path.read_bytes()) for path in small_disk.iterdir()]
    assert len(call.source("wav2")) > 40 * 1024
    drain(RUN_ATTEMPTS="1")
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 0, "disk_full")
    assert run.error == "There is no room on the disk."
    assert [(path.name, path.read_bytes()) for path in small_disk.iterdir()] == before
    assert_idle(rds, call.business)


def end_pause(db: Db, call: Call) -> None:
    """This host has rested for long enough."""
    db.execute("UPDATE provider_accounts SET paused_until = now() WHERE paused_until > now()")
    make_due(db, call)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_read_only_disk_is_a_reason(
    call: Call, small_disk: Path, drain: Drain, db: Db, rds: redis.Redis, twilio: Control
) -> None:
    """As a kernel leaves it that found the disk faulty: what is there still plays."""
    before = [(path.name, path.read_bytes()) for path in small_disk.iterdir()]
    remount(small_disk, "ro")
    drain()
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 0, "disk_error")
    assert run.error == "The recording could not be written."
    assert twilio.stats().recording(call.recording_sid).requests == 0
    assert [(path.name, path.read_bytes()) for path in small_disk.iterdir()] == before
    db.execute("INSERT INTO call_log (business_id, call_sid) VALUES (%s, %s)",
               [call.business, "CA0123456789abcdef0123456789abcdef"])
    here = call.api.get("/api/recordings/file/CA0123456789abcdef0123456789abcdef")
    assert (here.status, len(here.body)) == (200, 24 * 1024)
    assert_idle(rds, call.business)
    remount(small_disk, "rw,size=1m")
    end_pause(db, call)
    drain()
    assert_stored(call, "wav2")


def test_room_again_is_enough(
    call: Call, small_disk: Path, drain: Drain, db: Db
) -> None:
    drain()
    assert run_of(db, call).error_code == "disk_full"
    remount(small_disk, "size=1m")
    end_pause(db, call)
    drain()
    assert_stored(call, "wav2")
    assert len(files_of(call)) == 2
