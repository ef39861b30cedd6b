"""The wall clock steps back an hour, under a runner and under the responders: deadlines, leases and
links go by other clocks, or do not mind."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import redis
from stack.api import Api
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    Db, Runner, assert_idle, assert_stored, click, known_call, line_of, run_of, until, until_idle,
    value_of,
)

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]
NewRunner = Callable[..., Runner]

HOUR = 3600
BRIEF = {"INFLIGHT_TTL": "2s", "STALE_AFTER": "2s"}


class Clock:
    """The wall clock of those programs that run with its `settings`."""

    def __init__(self, file: Path) -> None:
        [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        self._file = file
        self.set("+0")
        self.settings = {
            "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
            "SANDBOX": "false",  # the library reads its file wherever that is
        }

    def set(self, offset: str) -> None:
        """All at once, so that nobody reads half of it."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset}\n")
        fresh.replace(self._file)

    def step_back(self) -> None:
        self.set("-1h")


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


def test_the_clock_is_stepped_indeed(clock: Clock, run_tapedeck: Command) -> None:
    """Told by the one thing we print that goes by the wall clock."""

    def expiry() -> int:
        part = run_tapedeck("token", "--business", "1", **clock.settings).stdout.split(".")[1]
        return int(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["exp"])

    before = expiry()
    clock.step_back()
    assert HOUR - 60 < before - expiry() <= HOUR


# Under a runner.


def test_a_runner_of_the_past_fetches_as_ever(
    clock: Clock, stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness,
    drain: Command,
) -> None:
    clock.step_back()
    call = known_call(stack, db, new_business())
    click(call)
    drain(**clock.settings)
    assert_stored(call, "wav2")
    assert (run_of(db, call).status, run_of(db, call).attempts) == ("completed", 0)
    assert_idle(rds, call.business)
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.body) == (200, call.source("wav2"))


def test_a_transfer_does_not_notice(
    clock: Clock, db: Db, rds: redis.Redis, held: Callable[..., tuple[Call, Runner]],
    cleanup: Command, twilio: Control,
) -> None:
    """Its heartbeats and its lease go on, so nobody takes it for dead."""
    call, one = held(**BRIEF, **clock.settings)
    clock.step_back()
    beats: set[datetime] = set()

    def has_outlived_its_lease() -> bool:
        beats.add(value_of(db, "SELECT heartbeat_at FROM recording_runs WHERE call_sid = %s",
                           call.call_sid))
        return len(beats) > 6

    until(has_outlived_its_lease, "heartbeats after the step")
    for settings in (BRIEF, {**BRIEF, **clock.settings}):
        cleanup(**settings)
    assert line_of(rds, call.business).leases == {call.call_sid}
    twilio.release(call.recording_sid)
    until(lambda: call.finished_file, "the recording")
    until_idle(rds, call.business)
    assert_stored(call, "wav2")
    run = run_of(db, call)
    assert (run.status, run.attempts, run.recoveries) == ("completed", 0, 0)
    assert twilio.stats().recording(call.recording_sid).requests == 1


TROUBLES = {
    "stalled": ({"STALL_TIMEOUT": "1s"}, "stall"),
    "timed_out": ({"TRANSFER_TIMEOUT": "1s"}, "stall"),
}


@pytest.mark.parametrize("code, settings, kind", [
    (code, settings, kind) for code, (settings, kind) in TROUBLES.items()])
def test_deadlines_and_delays_are_kept(
    code: str, settings: dict[str, str], kind: str, clock: Clock, stack: Stack, db: Db,
    rds: redis.Redis, new_business: NewBusiness, runner: NewRunner, twilio: Control,
) -> None:
    """None of them takes an hour longer: the attempt ends, the next one comes, clicks are heard."""
    call = known_call(stack, db, new_business(), faults=[fault(kind, first=1)])
    click(call)
    one = runner(RETRY_DELAYS="50ms", **settings, **clock.settings)
    twilio.wait("waiting", equals=1, sid=call.recording_sid)
    clock.step_back()
    one.hear(f"reason={code}")
    until(lambda: call.finished_file, "the second attempt")
    assert_stored(call, "wav2")
    after = known_call(stack, db, new_business())
    click(after)
    until(lambda: after.finished_file, "a click as ever")
    until_idle(rds, call.business)
    assert run_of(db, call).attempts == 1


def test_a_runner_of_the_past_ends_in_time(clock: Clock, runner: NewRunner) -> None:
    one = runner("--linger", "1s", **clock.settings)
    clock.step_back()
    one.ended_well()


def test_a_runner_of_the_past_is_seen(
    clock: Clock, rds: redis.Redis, drain: Command, run_tapedeck: Command
) -> None:
    """The mark of one that began an hour later, by its own clock, is still there."""
    drain()
    rds.pexpire("rec_runner", 10_000)
    clock.step_back()
    drain(**clock.settings)
    said = re.search(r"^runner +seen (\d+)s ago$", run_tapedeck("status").stdout, re.MULTILINE)
    assert said and int(said[1]) < 100


def test_part_files_of_the_future_stay(
    clock: Clock, stack: Stack, new_business: NewBusiness, cleanup: Command
) -> None:
    clock.step_back()
    folder = stack.recordings_dir / str(new_business())
    folder.mkdir()
    part = folder / ".CA0123456789abcdef0123456789abcdef.part"
    part.write_bytes(b"fresh")
    cleanup(STALE_AFTER="1ms", **clock.settings)
    assert part.exists()


# Under the responders.


def test_links_and_sessions_outlive_the_step(
    clock: Clock, make_stack: Callable[..., Stack]
) -> None:
    """Those given out before it still open, and so do those given out after."""
    stack = make_stack(responders=2)
    stack.halt("responders")
    stack.revive("responders", **clock.settings)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        call = known_call(stack, db, 1)
        click(call)
        assert stack.run("drain", "--once").returncode == 0
        api, anybody = call.api, Api(stack.base_url)

        def link() -> str:
            ready = api.post(call.prepare_path).json
            assert ready["status"] == "ready"
            return str(ready["play_url"]).removeprefix(stack.public_base_url)

        before = link()
        clock.step_back()
        after = link()
        assert before != after, "the responders' clock did not step"
        assert [anybody.get(path).status for path in (before, after)] == [200, 200]
        assert api.get("/api/calls").status == 200
        session = api.post("/api/session")
        assert session.status == 200 and "session=" in session.headers["Set-Cookie"]
        again = known_call(stack, db, 1)
        click(again)
        waited = again.api.get(again.status_path, headers={"Prefer": "wait=1"})
        assert waited.status == 202
        done = stack.run("drain", "--once", timeout=60, **clock.settings)
        assert done.returncode == 0, done.stderr
        assert again.api.get(again.file_path).body == again.source("wav2")
