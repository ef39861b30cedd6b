"""What callbacks announced, and what failed for something that passed, is fetched after all, with all
its steps: by itself, by hand, by its callback once more, by a click, by a backfill."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from stack.calls import Call, new_call
from stack.stack import Stack

from jobs_kit import (
    Db, Runner, Sql, assert_stored, change_run, click, known_call, run_of, runs_of,
)
from steps_kit import steps_of

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]


@pytest.fixture
def failed(stack: Stack, db: Db, new_business: NewBusiness) -> Call:
    """Announced, and failed eleven minutes ago after all its attempts."""
    call = new_call(stack, new_business())
    fail(db, call, minutes=11)
    return call


def fail(db: Db, call: Call, *, minutes: float, **columns: object) -> None:
    change_run(db, call, status="failed", attempts=3, error_code="stalled",
               completed_at=Sql(f"now() - interval '{minutes} minutes'"))
    if columns:
        change_run(db, call, **columns)


def again(db: Db, call: Call) -> str:
    return run_of(db, call).status


def test_it_is_tried_again_by_itself(
    failed: Call, db: Db, cleanup: Command, drain: Command
) -> None:
    cleanup()
    assert again(db, failed) == "queued"
    drain()
    assert_stored(failed, "wav2")
    assert "transcribe" in steps_of(db, failed)


@pytest.mark.parametrize("minutes, status", [(9, "failed"), (11, "queued")])
def test_not_before_ten_minutes(
    minutes: int, status: str, failed: Call, db: Db, cleanup: Command
) -> None:
    fail(db, failed, minutes=minutes)
    cleanup()
    assert again(db, failed) == status


@pytest.mark.parametrize("times, minutes, status", [
    (2, 19, "failed"), (2, 21, "queued"), (5, 159, "failed"), (5, 161, "queued"),
    (12, 1439, "failed"), (12, 1441, "queued"), (39, 1441, "queued"), (40, 1441, "failed"),
])
def test_each_wait_is_twice_as_long(
    times: int, minutes: int, status: str, failed: Call, db: Db, cleanup: Command
) -> None:
    for _ in range(times - 1):
        db.execute("INSERT INTO recording_runs (business_id, call_sid, job_type, lane, status,"
                   " error_code) VALUES (%s, %s, 'full', 'later', 'failed', 'stalled')",
                   [failed.business, failed.call_sid])
    fail(db, failed, minutes=minutes)
    cleanup()
    assert again(db, failed) == status


@pytest.mark.parametrize("columns", [
    {"error_code": "no_format"}, {"error_code": "bad_recording_url"}, {"error_code": "too_big"},
    {"job_type": "download"}, {"error_code": "empty", "final": True},
])
def test_what_cannot_pass_or_was_not_announced_stays(
    columns: dict[str, str], failed: Call, db: Db, cleanup: Command
) -> None:
    fail(db, failed, minutes=11, **columns)
    cleanup()
    assert again(db, failed) == "failed"


@pytest.mark.parametrize("change", [
    "UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
    "DELETE FROM call_log WHERE call_sid = %s",
])
def test_what_is_not_wanted_any_more_stays(
    change: str, failed: Call, db: Db, cleanup: Command, run_tapedeck: Command
) -> None:
    db.execute(change, [failed.call_sid])
    cleanup()
    assert again(db, failed) == "failed"
    run_tapedeck("retry", "--business", str(failed.business))
    assert again(db, failed) == "failed"


def test_by_hand_whenever_it_failed(
    failed: Call, db: Db, run_tapedeck: Command, drain: Command
) -> None:
    fail(db, failed, minutes=60 * 24 * 90)
    said = run_tapedeck("retry", "--business", str(failed.business)).stdout
    assert said == "1 recordings are in line again\n"
    drain()
    assert_stored(failed, "wav2")
    assert "transcribe" in steps_of(db, failed)


def test_its_callback_once_more_opens_the_way(failed: Call, db: Db, drain: Command) -> None:
    fail(db, failed, minutes=1)
    for _ in range(2):
        assert failed.send_recording_status().status == 204
        assert (again(db, failed), runs_of(db, failed)) == ("queued", 2)
    drain()
    assert_stored(failed, "wav2")
    assert "transcribe" in steps_of(db, failed)
    failed.send_recording_status()
    assert runs_of(db, failed) == 2


def test_a_callback_of_another_account_opens_nothing(
    failed: Call, db: Db, stack: Stack
) -> None:
    url = failed.recording_url.replace(stack.account_sid, "AC" + "0" * 32)
    failed.send_recording_status(AccountSid="AC" + "0" * 32, RecordingUrl=url)
    assert again(db, failed) == "failed"


def test_a_click_brings_the_steps_too(failed: Call, db: Db, drain: Command) -> None:
    fail(db, failed, minutes=60 * 3)
    click(failed)
    drain()
    assert_stored(failed, "wav2")
    assert "transcribe" in steps_of(db, failed)


def test_a_click_on_what_was_never_announced_brings_none(
    stack: Stack, db: Db, new_business: NewBusiness, drain: Command
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    drain()
    assert_stored(call, "wav2")
    assert steps_of(db, call) == {}


SPEECH = {"TRANSCRIBE_URL": "http://127.0.0.1:9/v1", "TRANSCRIBE_MODEL": "whisper-1"}


@pytest.mark.parametrize("settings, steps", [({}, set()), (SPEECH, {"transcribe"})])
def test_a_backfill_brings_the_steps_where_there_are_any(
    settings: dict[str, str], steps: set[str], stack: Stack, db: Db, new_business: NewBusiness,
    run_tapedeck: Command, drain: Command, runner: Callable[..., Runner],
) -> None:
    business = new_business()
    here, absent = (known_call(stack, db, business) for _ in range(2))
    db.execute("UPDATE call_log SET created_at = now() - interval '3 days' WHERE business_id = %s",
               [business])
    click(here)
    drain()
    runner(**settings)
    done = run_tapedeck("backfill", "--business", str(business), "--since", "2020-01-01", **settings)
    assert done.returncode == 0, done.stderr
    for call in (here, absent):
        assert_stored(call, "wav2")
        assert set(steps_of(db, call)) == steps
