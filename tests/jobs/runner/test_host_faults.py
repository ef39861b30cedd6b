"""Faults of this host and of the line are no recording's fault: nothing is counted against any, the
runner stops taking, and goes on by itself."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from stack.calls import Call, new_call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    Db, Runner, assert_stored, click, known_call, run_of, until, until_idle,
)
from steps_kit import steps_of

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]
SOON = {"ACCOUNT_PAUSE": "200ms", "ACCOUNT_PAUSE_MAX": "200ms", "RETRY_DELAYS": "50ms"}


@pytest.fixture
def business_disk(stack: Stack, new_business: NewBusiness) -> Iterator[tuple[int, Path]]:
    """A business whose folder is a small file system of its own."""
    business = new_business()
    folder = stack.recordings_dir / str(business)
    folder.mkdir(mode=0o750)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0750", "tapedeck-test", str(folder)],
        capture_output=True,
    ).returncode == 0
    if not mounted:
        pytest.skip("a small file system cannot be mounted here: that takes root")
    try:
        yield business, folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """No room is left."""
    path = folder / "CA0123456789abcdef0123456789abcdef.wav"
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o640)
    try:
        while os.write(file, b"f" * 65536) > 0:
            pass
    except OSError as error:
        assert error.errno == errno.ENOSPC
    finally:
        os.close(file)
    return path


def paused_hosts(db: Db) -> list[tuple[str, str]]:
    return db.execute("SELECT account_sid, error_code FROM provider_accounts"
                      " WHERE account_sid LIKE 'host:%' AND paused_until IS NOT NULL").fetchall()


def test_recordings_outlive_a_full_disk(
    stack: Stack, db: Db, rds: redis.Redis, business_disk: tuple[int, Path],
    runner: Callable[..., Runner], run_tapedeck: Command,
) -> None:
    """Sixty are announced, and there is no room in the middle of them: nobody does anything, and all
    play and have their steps."""
    business, folder = business_disk
    calls = [new_call(stack, business) for _ in range(20)]
    one = runner(**SOON, RUN_ATTEMPTS="1")
    until(lambda: calls[0].finished_file, "the first recording")
    filled = fill(folder)
    calls += [new_call(stack, business) for _ in range(40)]
    one.hear("HOST_PAUSED")
    [(host, reason)] = paused_hosts(db)
    assert reason == "disk_full"
    status = json.loads(run_tapedeck("status", "--json").stdout)
    assert [(one["host"], one["reason"]) for one in status["hosts_paused"]] == [
        (host.removeprefix("host:"), "disk_full")]
    assert not status["accounts_paused"]
    filled.unlink()
    for call in calls:
        until(lambda call=call: call.finished_file, "a recording")
    until_idle(rds, business)
    for call in calls:
        assert_stored(call, "wav2")
        assert (run_of(db, call).status, run_of(db, call).attempts) == ("completed", 0)
        assert "transcribe" in steps_of(db, call)
    until(lambda: not paused_hosts(db), "the end of the pause")


def test_a_read_only_disk_stops_the_runner(
    stack: Stack, db: Db, rds: redis.Redis, business_disk: tuple[int, Path], drain: Command,
    twilio: Control,
) -> None:
    """What waits is not taken: nothing is asked of the provider for a disk that takes nothing."""
    business, folder = business_disk
    calls = [known_call(stack, db, business) for _ in range(5)]
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    for call in calls:
        click(call)
    drain(ACCOUNT_PAUSE="1h", ACCOUNT_PAUSE_MAX="1h")
    runs = [run_of(db, call) for call in calls]
    assert {(run.status, run.attempts) for run in runs} == {("queued", 0)}
    assert "disk_error" in {run.error_code for run in runs}
    assert all(twilio.stats().recording(call.recording_sid).requests == 0 for call in calls)


def test_one_that_no_room_is_enough_for_fails_by_itself(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness,
    business_disk: tuple[int, Path], runner: Callable[..., Runner],
) -> None:
    """The host stores others: then it is this recording's own fault, and its attempts count."""
    business, folder = business_disk
    fill(folder)
    bad = known_call(stack, db, business)
    click(bad)
    one = runner(**SOON, RUN_ATTEMPTS="2")
    one.hear("HOST_PAUSED")
    good = known_call(stack, db, new_business())
    click(good)
    until(lambda: good.finished_file, "another's recording")
    until(lambda: run_of(db, bad).attempts > 0 or another(stack, db, new_business), "its own fault")
    until(lambda: run_of(db, bad).status == "failed" or another(stack, db, new_business), "its end")
    assert run_of(db, bad).error_code == "disk_full"


def another(stack: Stack, db: Db, new_business: NewBusiness) -> bool:
    call = known_call(stack, db, new_business())
    click(call)
    until(lambda: call.finished_file, "another's recording")
    return False


def test_lines_that_break_for_many_pause_the_account(
    stack: Stack, db: Db, new_business: NewBusiness, runner: Callable[..., Runner],
) -> None:
    """Three at a time: of each three, two may have bad luck, and the third knows that it is not."""
    business = new_business()
    calls = [known_call(stack, db, business, faults=[fault("stall", first=1)]) for _ in range(6)]
    for call in calls:
        click(call)
    one = runner(**SOON, STALL_TIMEOUT="1s", RUN_ATTEMPTS="2")
    one.hear("ACCOUNT_PAUSED")
    for call in calls:
        until(lambda call=call: call.finished_file, "a recording")
    attempts = sorted(run_of(db, call).attempts for call in calls)
    assert attempts[:2] == [0, 0] and attempts[-1] <= 1


def test_a_line_that_always_breaks_for_one_is_its_own(
    stack: Stack, db: Db, new_business: NewBusiness, runner: Callable[..., Runner],
) -> None:
    call = known_call(stack, db, new_business(), faults=[fault("stall")])
    click(call)
    runner(**SOON, STALL_TIMEOUT="200ms", RUN_ATTEMPTS="3")
    until(lambda: run_of(db, call).status == "failed", "its end")
    assert (run_of(db, call).error_code, run_of(db, call).attempts) == ("stalled", 3)
