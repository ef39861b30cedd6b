"""`--watch` of `retry` and `transcribe`: one line shows how far runners are with a business's work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest
import redis
from speech.fake import FakeSpeech, fault
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db, Runner, Terminal, value_of
from steps_kit import steps_of

Run = Callable[..., subprocess.CompletedProcess[str]]
DAY = ("--since", "2020-01-01")


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one


@pytest.fixture
def failed(
    fake: FakeSpeech, new_call: Callable[..., Call], new_business: Callable[[], int], drain: Run,
    db: Db,
) -> list[Call]:
    """Three calls of a business whose transcripts failed; the server is well again."""
    business = new_business()
    fake.faults("speech", fault("status", code=400))
    calls = [new_call(business, seconds=6) for _ in range(3)]
    drain(**fake.settings)
    assert all(steps_of(db, call)["transcribe"] == "failed" for call in calls)
    fake.faults("speech")
    return calls


def test_a_line_now_and_then(
    fake: FakeSpeech, failed: list[Call], runner: Callable[..., Runner], run_tapedeck: Run, db: Db
) -> None:
    runner(**fake.settings)
    done = run_tapedeck("transcribe", "--business", str(failed[0].business), *DAY, "--watch")
    assert (done.returncode, done.stderr) == (0, "")
    first, *bars, last = done.stdout.splitlines()
    assert first.startswith("3 steps are due again")
    assert re.fullmatch(r"\[#{20}\] 3/3  0s left", bars[-1])
    assert last == "done: 0 recordings are left, 0 failed"
    assert all(steps_of(db, call)["notify"] == "done" for call in failed)


def test_on_a_terminal_one_line_changes(
    fake: FakeSpeech, failed: list[Call], runner: Callable[..., Runner], stack: Stack
) -> None:
    """What fails once more is said, and no log line tears it."""
    fake.faults("speech", fault("status", code=400, first=1))
    terminal = Terminal()
    process = subprocess.Popen(
        [str(stack.tapedeck), "transcribe", "--business", str(failed[0].business), *DAY,
         "--watch"], env=stack.environment(), stdin=terminal.side, stdout=terminal.side,
        stderr=terminal.side)
    os.close(terminal.side)
    terminal.until(b"0/3")
    runner(**fake.settings)
    seen = terminal.rest()
    terminal.close()
    assert process.wait(120) == 1
    _, bar, end = seen.removesuffix(b"\r\n").split(b"\r\n")
    assert bar.startswith(b"\r[--------------------] 0/3  - left\x1b[K")
    assert re.search(rb"\r\[#{20}\] 3/3  0s left  1 failed\x1b\[K$", bar)
    assert end == b"done: 0 recordings are left, 1 failed"


def test_retry_waits_for_all_of_it(
    fake: FakeSpeech, new_call: Callable[..., Call], new_business: Callable[[], int],
    runner: Callable[..., Runner], run_tapedeck: Run, drain: Run, db: Db,
) -> None:
    """A recording that failed is fetched, and what follows it is done."""
    call = new_call(new_business(), seconds=6)
    db.execute("UPDATE recording_runs SET status = 'failed', completed_at = now()"
               " WHERE call_sid = %s", [call.call_sid])
    runner(**fake.settings)
    done = run_tapedeck("retry", "--business", str(call.business), "--watch")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "done: 0 recordings are left, 0 failed"
    assert steps_of(db, call) == {"transcribe": "done", "summarise": "done", "notify": "done"}


def test_it_ends_where_nobody_works(
    failed: list[Call], run_tapedeck: Run, rds: redis.Redis
) -> None:
    rds.delete("rec_runner")  # that of the runner before
    done = run_tapedeck("transcribe", "--business", str(failed[0].business), *DAY, "--watch",
                        RUNNER_GRACE="1s")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "no runner has been seen; is the drain timer running?: 3 recordings are left, 0 failed")


def test_somebody_has_seen_enough(failed: list[Call], stack: Stack, db: Db) -> None:
    process = subprocess.Popen(
        [str(stack.tapedeck), "transcribe", "--business", str(failed[0].business), *DAY,
         "--watch"], env=stack.environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    assert "0/3" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[0]
    assert (process.returncode, said) == (1, "stopped: 3 recordings are left, 0 failed\n")
    assert value_of(db, "SELECT count(*) FROM call_steps WHERE business_id = %s"
                    " AND status = 'queued'", failed[0].business) == 3, "the work stays in line"


@pytest.mark.parametrize("arguments", [
    ("retry", "--call", "CA" + "0" * 32, "--watch"),
    ("transcribe", "--call", "CA" + "0" * 32, "--watch")])
def test_a_call_is_not_watched(arguments: tuple[str, ...], run_tapedeck: Run) -> None:
    done = run_tapedeck(*arguments)
    assert done.returncode == 2 and "--business N" in done.stderr
