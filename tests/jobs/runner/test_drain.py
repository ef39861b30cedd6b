"""`tapedeck drain --once`: what is fetched, in which format, and when it is asked for again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    LATER, Db, assert_idle, assert_stored, change_run, click, files_of, insert_call, known_call,
    line_of, make_due, run_of, runs_of, value_of,
)

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
NewBusiness = Callable[[], int]

MONO = {"channels": 1}
ENCRYPTED = {"encrypted": True}

# What the provider has, what we ask for, which rung gives it, what its bytes are, what was asked.
LADDER: dict[str, tuple[dict[str, Any], str, str, str, list[str]]] = {
    "two channels": ({}, "", "wav2", "wav", ["wav2"]),
    "mono: 16113": (MONO, "", "wav", "wav", ["wav2", "wav"]),
    "mono, without wav": (MONO, "wav2,mp3,asis", "mp3", "mp3", ["wav2", "mp3"]),
    "mp3 first": ({}, "mp3,wav2", "mp3", "mp3", ["mp3"]),
    "encrypted: 16109": (ENCRYPTED, "mp3,wav", "wav", "wav", ["mp3", "wav"]),
    "as it is": ({}, "asis", "asis", "wav", ["asis"]),
    "the last rung": (MONO | ENCRYPTED, "wav2,mp3,asis", "asis", "wav", ["wav2", "mp3", "asis"]),
}
CONTENT_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}


@pytest.mark.parametrize("recording, formats, rung, extension, asked", LADDER.values(), ids=LADDER)
def test_the_first_format_there_is_gets_stored(
    recording: dict[str, Any], formats: str, rung: str, extension: str, asked: list[str],
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis, twilio: Control,
) -> None:
    call = new_call(**recording)
    drain(RECORDING_FORMATS=formats)
    assert_stored(call, rung, extension)
    run = run_of(db, call)
    size = len(call.source(rung))
    assert (run.status, run.format, run.bytes_received) == ("completed", rung, size)
    assert (run.attempts, run.error_code, run.error, run.lease_token) == (0, None, None, None)
    entries = twilio.stats().entries(call.recording_sid)
    assert [entry["format"] for entry in entries] == asked
    assert_idle(rds, call.business)
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.body) == (200, call.source(rung))
    assert answer.headers["Content-Type"] == CONTENT_TYPES[extension]


def test_no_format_at_all_is_final(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis, twilio: Control
) -> None:
    """Asking for the same formats again would be refused again."""
    call = new_call(**MONO)
    drain(RECORDING_FORMATS="wav2")
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("failed", 1, "no_format")
    assert twilio.stats().recording(call.recording_sid).requests == 1
    assert files_of(call) == []
    assert_idle(rds, call.business)


def test_files_are_for_our_own_group_only(new_call: NewCall, drain: Drain) -> None:
    """The web server reads them by its group; nobody else reads what people said."""
    call = new_call()
    drain()
    assert call.finished_file is not None
    assert call.finished_file.stat().st_mode & 0o777 == 0o640
    assert call.finished_file.parent.stat().st_mode & 0o777 == 0o750


def test_a_folder_is_not_shared_between_businesses(
    stack: Stack, db: Db, new_business: NewBusiness, drain: Drain
) -> None:
    """A call that two businesses know is fetched for the one that asked."""
    mine, other = new_business(), new_business()
    call = known_call(stack, db, mine)
    insert_call(db, Call(stack, other, call.call_sid, call.recording_sid, "", "", None),
                recording_url=call.recording_url)
    click(call)
    drain()
    assert_stored(call, "wav2")
    assert not (stack.recordings_dir / str(other)).exists()


# What is not ready yet.

EVERY_FORMAT = 4  # each is asked for, once


def test_what_is_not_ready_waits_without_a_slot(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis, twilio: Control
) -> None:
    """A 404 soon after the callback is no failure: Twilio calls back before its media is there."""
    call = new_call(faults=[fault("not_ready", first=EVERY_FORMAT)])
    drain()
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 0, "not_found")
    assert run.waits and run.lease_token is None
    assert_idle(rds, call.business)
    drain()
    asked = twilio.stats().recording(call.recording_sid).requests
    assert asked == EVERY_FORMAT, "it was not due yet"
    make_due(db, call)
    drain()
    assert_stored(call, "wav2")
    assert runs_of(db, call) == 1


def test_cleanup_offers_what_has_become_due(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis, run_tapedeck: Drain
) -> None:
    call = new_call(faults=[fault("not_ready", first=EVERY_FORMAT)])
    drain()
    make_due(db, call)
    assert run_tapedeck("cleanup").returncode == 0
    assert line_of(rds, call.business).jobs == [call.call_sid]
    drain()
    assert_stored(call, "wav2")


def test_a_click_does_not_shorten_the_wait(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis, twilio: Control
) -> None:
    """People who press play again and again must not hammer the provider."""
    call = new_call(faults=[fault("not_ready")])
    drain()
    for _ in range(3):
        click(call)
    drain()
    assert twilio.stats().recording(call.recording_sid).requests == EVERY_FORMAT
    assert_idle(rds, call.business)


def test_long_after_the_callback_404_is_a_failure(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(faults=[fault("not_ready")])
    db.execute("UPDATE call_log SET recording_announced_at = now() - interval '1 hour',"
               " created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'"
               " WHERE call_sid = %s", [call.call_sid])
    drain(RETRY_DELAYS=LATER)
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 1, "not_found")


# When it is tried again.


@pytest.mark.parametrize("attempts, hours", [(0, 1), (1, 3), (2, 5), (3, 5)])
def test_each_attempt_has_its_delay(
    attempts: int, hours: int, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """The last delay repeats."""
    call = new_call(faults=[fault("short")])
    change_run(db, call, attempts=attempts)
    drain(RUN_ATTEMPTS="9", RETRY_DELAYS="1h,3h,5h")
    waits = value_of(db, "SELECT extract(epoch FROM not_before - now()) / 3600 FROM recording_runs"
                     " WHERE call_sid = %s", call.call_sid)
    assert abs(float(waits) - hours) < 0.5
    assert run_of(db, call).attempts == attempts + 1


def test_a_failed_attempt_is_forgotten_once_it_is_here(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(faults=[fault("short", first=1)])
    drain(RETRY_DELAYS=LATER)
    make_due(db, call)
    drain()
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code, run.error) == ("completed", 1, None, None)
    assert_stored(call, "wav2")


def test_a_click_after_the_last_attempt_makes_a_new_run(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    """One failure does not open the breaker; the next click may try again."""
    call = new_call(faults=[fault("short", first=1)])
    drain(RUN_ATTEMPTS="1")
    assert run_of(db, call).status == "failed"
    click(call)
    drain()
    assert runs_of(db, call) == 2
    assert_stored(call, "wav2")


# What is not fetched at all.


def test_a_file_that_is_here_is_not_fetched_again(
    stack: Stack, new_business: NewBusiness, drain: Drain, db: Db, rds: redis.Redis, twilio: Control
) -> None:
    """A run rescued after its file got its name: the runner died before PostgreSQL knew."""
    call = known_call(stack, db, new_business())
    click(call)
    call.part_file.parent.mkdir(mode=0o750)
    (call.part_file.parent / f"{call.call_sid}.mp3").write_bytes(b"ID3" + b"\0" * 2000)
    drain()
    run = run_of(db, call)
    assert (run.status, run.format, run.bytes_received) == ("completed", "mp3", 2003)
    assert twilio.stats().recording(call.recording_sid).requests == 0
    assert_idle(rds, call.business)


URLS = {
    "elsewhere": "https://evil.example/2010-04-01/recording.wav",
    "a way up": "/2010-04-01/Accounts/../Recordings/RE",
    "nothing": "",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_an_address_that_is_not_twilios_is_refused(
    url: str, stack: Stack, new_business: NewBusiness, drain: Drain, db: Db, rds: redis.Redis,
    twilio: Control,
) -> None:
    """Whatever got into recording_url, and whenever: it is not fetched as it stands."""
    call = known_call(stack, db, new_business())
    click(call)
    db.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s", [url, call.call_sid])
    before = twilio.stats().total.requests
    drain()
    run = run_of(db, call)
    assert (run.status, run.error_code) == ("failed", "bad_recording_url")
    assert twilio.stats().total.requests == before
    assert_idle(rds, call.business)


def test_a_cancelled_run_is_not_started(
    stack: Stack, new_business: NewBusiness, drain: Drain, db: Db, rds: redis.Redis, twilio: Control
) -> None:
    """Redis may still grant what PostgreSQL has given up: the slot goes back at once."""
    business = new_business()
    first, second = (known_call(stack, db, business) for _ in range(2))
    for call in (first, second):
        click(call)
    change_run(db, first, status="cancelled")
    drain(SLOTS_PER_BUSINESS="1")
    assert twilio.stats().recording(first.recording_sid).requests == 0
    assert_stored(second, "wav2")
    assert_idle(rds, business)


def test_jobs_that_mean_nothing_are_dropped(
    stack: Stack, new_business: NewBusiness, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    """Nobody but us writes rec_jobs; still, a bad word in it must not stop the runner."""
    rds.rpush("rec_jobs", "nonsense", "0:CA1", f"1:{'CA' + 'g' * 32}", ":", "",
              f"{2**70}:CA{'0' * 32}", f"1:CA{'0' * 32}")
    call = known_call(stack, db, new_business())
    click(call)
    drain()
    assert_stored(call, "wav2")
    assert rds.llen("rec_jobs") == 0


@pytest.mark.parametrize("arguments", [("--once",), ("--linger", "1h")], ids=["once", "linger"])
def test_a_host_without_schedulers_does_nothing(
    arguments: tuple[str, ...], new_call: NewCall, run_tapedeck: Drain, db: Db, rds: redis.Redis
) -> None:
    """One env file serves web-only hosts as well: there the timer's job ends quietly."""
    call = new_call()
    before = line_of(rds, call.business)
    done = run_tapedeck("drain", *arguments, ENABLE_SCHEDULERS="false")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert line_of(rds, call.business) == before
    assert run_of(db, call).status == "queued"


def test_a_call_that_is_gone_frees_its_slot(
    drain: Drain, db: Db, rds: redis.Redis, stack: Stack, new_business: NewBusiness
) -> None:
    """The CRM's retention may delete a call while it waits."""
    call = known_call(stack, db, new_business())
    click(call)
    db.execute("DELETE FROM call_log WHERE call_sid = %s", [call.call_sid])
    drain()
    assert run_of(db, call).error_code == "bad_recording_url"
    assert_idle(rds, call.business)


def test_lingering_ends_by_itself(run_tapedeck: Drain) -> None:
    assert run_tapedeck("drain", "--linger", "1ms").returncode == 0


