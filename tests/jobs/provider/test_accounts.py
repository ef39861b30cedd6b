"""Faults of the provider's account: it rests, its recordings wait uncounted, one goes first."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from psycopg.rows import class_row
from stack.calls import Call, new_sid
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    LATER, Db, Runner, assert_idle, assert_stored, click, files_of, known_call, make_due, run_of,
    until, until_idle, value_of,
)
from odd_provider import answer, odd_provider

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]
NewCall = Callable[..., Call]

SENTENCE = re.compile(r"[A-Z][^\n]+\.")
LONG = {"ACCOUNT_PAUSE": "1h"}
FAULTS = {
    "401": ("provider_auth", fault("status", code=401)),
    "403": ("provider_auth", fault("status", code=403)),
    "429": ("provider_busy", fault("status", code=429)),
    "500": ("provider_error", fault("status", code=500)),
    "502": ("provider_error", fault("status", code=502)),
    "503": ("provider_error", fault("status", code=503)),
}


@dataclass(frozen=True)
class Account:
    """What PostgreSQL knows of the provider's account; `pause` is what is left of it, in hours."""

    failures: int
    error_code: str | None
    error: str | None
    pause: float | None
    probing: bool


@pytest.fixture
def account(stack: Stack, db: Db) -> Callable[[], Account]:
    """account(): how the stack's account does."""

    def look() -> Account:
        with db.cursor(row_factory=class_row(Account)) as cursor:
            found = cursor.execute(
                "SELECT failures, error_code, error, probe_until > now() IS TRUE AS probing,"
                " (extract(epoch FROM paused_until - now()) / 3600)::float AS pause"
                " FROM provider_accounts WHERE account_sid = %s", [stack.account_sid]).fetchone()
        return found or Account(0, None, None, None, False)

    return look


def end_pause(db: Db) -> None:
    """The time of the pause has come, without anybody waiting for it."""
    db.execute("UPDATE provider_accounts SET paused_until = now(), probe_until = NULL")


def about(hours: float) -> Any:
    return pytest.approx(hours, abs=0.2)


WELL = Account(0, None, None, None, False)


# What pauses it.


@pytest.mark.parametrize("code, wrong", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_account_counts_against_no_recording(
    code: str, wrong: dict[str, Any], new_call: NewCall, drain: Command, db: Db, rds: redis.Redis,
    twilio: Control, account: Callable[[], Account],
) -> None:
    call = new_call(faults=[wrong])
    done = drain(RUN_ATTEMPTS="1", **LONG)
    assert_waits(db, call, code)
    assert files_of(call) == []
    assert_idle(rds, call.business)
    now = account()
    assert (now.failures, now.error_code, now.pause, now.probing) == (1, code, about(1), False)
    assert now.error == run_of(db, call).error
    assert f"ACCOUNT_PAUSED account={call.stack.account_sid} reason={code}" in done.stderr
    drain(**LONG)
    assert twilio.stats().recording(call.recording_sid).requests == 1, "it was not due yet"


def assert_waits(db: Db, call: Call, code: str) -> None:
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code, run.waits) == ("queued", 0, code, True)
    assert SENTENCE.fullmatch(run.error or "")
    assert run.lease_token is None


def test_a_dead_host_pauses_the_account(
    new_call: NewCall, drain: Command, db: Db, account: Callable[[], Account]
) -> None:
    call = new_call()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        base = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        drain(TWILIO_API_BASE=base, RUN_ATTEMPTS="1", **LONG)
    assert_waits(db, call, "unreachable")
    assert (account().failures, account().error_code) == (1, "unreachable")


@pytest.mark.parametrize("kind", ["short", "html", "truncate", "not_ready"])
def test_a_recordings_own_fault_pauses_nothing(
    kind: str, new_call: NewCall, drain: Command, account: Callable[[], Account]
) -> None:
    new_call(faults=[fault(kind)])
    drain(RETRY_DELAYS=LATER)
    assert account().pause is None


def test_many_that_meet_the_same_fault_are_one(
    stack: Stack, db: Db, new_business: NewBusiness, drain: Command, twilio: Control,
    account: Callable[[], Account],
) -> None:
    """Three were on their way; those behind them are not even tried."""
    business = new_business()
    twilio.account_faults(fault("status", code=503))
    calls = [known_call(stack, db, business, group=f"many-{business}") for _ in range(5)]
    for call in calls:
        click(call)
    drain(**LONG)
    assert twilio.stats().group(f"many-{business}").requests == 3
    assert (account().failures, account().pause) == (1, about(1))
    codes = [run_of(db, call).error_code for call in calls]
    assert codes == ["provider_error"] * 3 + ["account_paused"] * 2


# How long.


@pytest.mark.parametrize("status, wish, pause, hours", [
    (429, 7200, "1min", 2), (503, 7200, "1min", 2), (429, 7200, "1h", 2), (429, 1, "1h", 1),
    (500, 3 * 3600, "1h", 3),
])
def test_the_provider_says_how_long(
    status: int, wish: int, pause: str, hours: int, new_call: NewCall, drain: Command, db: Db,
    account: Callable[[], Account],
) -> None:
    call = new_call(faults=[fault("status", code=status, retry_after=wish)])
    drain(ACCOUNT_PAUSE=pause)
    assert account().pause == about(hours)
    assert run_of(db, call).waits


@pytest.mark.parametrize("wish, hours", [
    ("9223372036854775807", 24), ("99999999999999999999999", 1), ("-3600", 1), ("0", 1),
    ("Wed, 21 Oct 2015 07:28:00 GMT", 1), ("Sun, 06 Nov 2999 08:49:37 GMT", 24), ("soon", 1),
])
def test_no_wish_of_the_providers_has_no_end(
    wish: str, hours: int, new_call: NewCall, drain: Command, account: Callable[[], Account]
) -> None:
    new_call()
    busy = answer(status="429 Too Many Requests", Retry_After=wish)
    with odd_provider(lambda target: busy) as provider:
        drain(TWILIO_API_BASE=provider.url, **LONG)
    assert account().pause == about(hours)


def test_the_pause_grows_and_is_capped(
    new_call: NewCall, drain: Command, db: Db, account: Callable[[], Account]
) -> None:
    call = new_call(faults=[fault("status", code=500)])
    for failures, hours in enumerate((1, 2, 4, 5, 5), 1):
        drain(ACCOUNT_PAUSE="1h", ACCOUNT_PAUSE_MAX="5h", RUN_ATTEMPTS="1")
        assert (account().failures, account().pause) == (failures, about(hours))
        assert_waits(db, call, "provider_error")
        end_pause(db)
        make_due(db, call)


# Who waits for it.


def test_others_are_put_off_without_a_request(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, new_call: NewCall,
    drain: Command, twilio: Control,
) -> None:
    new_call(faults=[fault("status", code=401)])
    drain(**LONG)
    others = [known_call(stack, db, new_business()), new_call()]
    click(others[0])
    drain(**LONG)
    for call in others:
        assert_waits(db, call, "account_paused")
        assert_idle(rds, call.business)
        click(call)
        assert_idle(rds, call.business)
    drain(**LONG)
    stats = twilio.stats()
    assert [stats.recording(call.recording_sid).requests for call in others] == [0, 0]


def test_another_accounts_recordings_do_not_wait(
    stack: Stack, db: Db, new_business: NewBusiness, new_call: NewCall, drain: Command,
    twilio: Control,
) -> None:
    new_call(faults=[fault("status", code=401)])
    drain(**LONG)
    call = known_call(stack, db, new_business())
    path = f"/2010-04-01/Accounts/{new_sid('AC')}/Recordings/{call.recording_sid}"
    db.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s", [path, call.call_sid])
    click(call)
    drain(**LONG)
    assert {entry["status"] for entry in twilio.stats().log
            if entry["path"].startswith(path)} == {404}


def test_a_file_that_is_here_needs_no_account(
    stack: Stack, db: Db, new_business: NewBusiness, new_call: NewCall, drain: Command
) -> None:
    new_call(faults=[fault("status", code=401)])
    drain(**LONG)
    call = known_call(stack, db, new_business())
    click(call)
    call.part_file.parent.mkdir(mode=0o750)
    (call.part_file.parent / f"{call.call_sid}.wav").write_bytes(b"RIFF" + b"\0" * 2000)
    drain(**LONG)
    assert run_of(db, call).status == "completed"


# How it ends.


def resting(db: Db, stack: Stack, failures: int = 3) -> None:
    """Its pause has just run out."""
    db.execute("INSERT INTO provider_accounts (account_sid, failures, paused_until, error_code)"
               " VALUES (%s, %s, now(), 'provider_busy')", [stack.account_sid, failures])


def test_after_the_pause_one_goes_first_and_the_others_follow(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, twilio: Control,
    runner: Callable[..., Runner], account: Callable[[], Account],
) -> None:
    """Six of two businesses could go at once: one does, and when it has come all the others do."""
    group = f"probe-{new_business()}"
    calls = [known_call(stack, db, business, group=group, faults=[fault("hold")])
             for business in (new_business(), new_business()) for _ in range(4)]
    resting(db, stack)
    for call in calls:
        click(call)
    runner(ACCOUNT_PAUSE="1ms")
    twilio.wait("held", equals=1, group=group)
    codes: list[str | None] = until(
        lambda: codes if (codes := [run_of(db, call).error_code for call in calls])
        .count("account_paused") == 7 else [], "all others put off")
    assert account().probing
    assert twilio.stats().group(group).requests == 1
    twilio.release(calls[codes.index(None)].recording_sid)
    twilio.wait("held", equals=6, group=group)
    assert account() == WELL
    for call in calls:
        twilio.release(call.recording_sid)
    until(lambda: all(call.finished_file for call in calls), "all recordings")
    for call in calls:
        assert_stored(call, "wav2")
        until_idle(rds, call.business)
    assert {run_of(db, call).attempts for call in calls} == {0}


@pytest.mark.parametrize("answer", [[], [fault("not_ready")]], ids=["good", "not yet"])
def test_any_answer_of_its_own_ends_the_pause(
    answer: list[dict[str, Any]], stack: Stack, db: Db, new_call: NewCall, drain: Command,
    account: Callable[[], Account],
) -> None:
    resting(db, stack)
    new_call(faults=answer)
    drain()
    assert account() == WELL


@pytest.mark.parametrize("wrong", [
    fault("truncate"), fault("html"), fault("redirect", location="http://127.0.0.1:9/"),
    fault("silent_forever"),
], ids=lambda wrong: str(wrong["kind"]))
def test_a_probe_that_fails_by_itself_makes_way_for_the_next(
    wrong: dict[str, Any], stack: Stack, db: Db, new_business: NewBusiness, drain: Command,
    twilio: Control, account: Callable[[], Account],
) -> None:
    """Its own recording is at fault: that does not hold up the others."""
    first = known_call(stack, db, new_business(), faults=[wrong])
    second = known_call(stack, db, new_business())
    resting(db, stack)
    for call in (first, second):
        click(call)
    drain(RETRY_DELAYS=LATER, STALL_TIMEOUT="300ms")
    assert run_of(db, first).attempts == 1
    assert_waits(db, second, "account_paused")
    make_due(db, second)
    drain()
    assert_stored(second, "wav2")
    assert account() == WELL


def test_what_began_before_the_pause_does_not_end_it(
    new_call: NewCall, held: Callable[..., tuple[Call, Runner]], drain: Command, twilio: Control,
    account: Callable[[], Account],
) -> None:
    """The provider asked for two hours; that an older transfer comes to its end is no answer."""
    older, one = held("--once")
    new_call(faults=[fault("status", code=429, retry_after=7200)])
    drain()
    twilio.release(older.recording_sid)
    one.ended_well()
    assert_stored(older, "wav2")
    assert account().pause == about(2)


@pytest.mark.parametrize("its_end", [[], [fault("truncate", after_bytes=9000)]],
                         ids=["good", "bad"])
def test_what_began_before_the_pause_is_no_probe(
    its_end: list[dict[str, Any]], stack: Stack, db: Db, new_business: NewBusiness,
    runner: Callable[..., Runner], twilio: Control, account: Callable[[], Account],
) -> None:
    """It ends while the probe is under way: nobody else may go for that."""
    older = known_call(stack, db, new_business(), faults=[fault("hold"), *its_end])
    click(older)
    first = runner("--once", RUNNER_TRANSFERS="1")  # it leaves the probe to the other
    twilio.wait("held", equals=1, sid=older.recording_sid)
    # Its beginning is reckoned back from its end: to within the time that telling of it takes.
    until(lambda: value_of(db, "SELECT started_at < now() - interval '2 s' FROM recording_runs"
                               " WHERE call_sid = %s", older.call_sid), "some distance")
    resting(db, stack)
    probe = known_call(stack, db, new_business(), faults=[fault("hold")])
    click(probe)
    runner("--once")
    twilio.wait("held", equals=1, sid=probe.recording_sid)
    twilio.release(older.recording_sid)
    first.ended_well()
    assert run_of(db, older).status == ("queued" if its_end else "completed")
    assert (account().failures, account().probing) == (3, True)


@pytest.mark.parametrize(("code", "reason"), [(429, "provider_busy"), (401, "provider_auth")])
def test_some_faults_are_never_a_recordings_own(
    code: int, reason: str, stack: Stack, db: Db, new_call: NewCall, drain: Command,
    account: Callable[[], Account],
) -> None:
    """However often, and although others work in between."""
    call = new_call(faults=[fault("status", code=code)])
    for _ in range(3):
        drain(RUN_ATTEMPTS="1", **LONG)
        assert_waits(db, call, reason)
        assert account().failures == 1
        end_pause(db)
        new_call()
        drain()
        assert account() == WELL
        make_due(db, call)


def test_a_probe_that_is_killed_holds_up_nobody_for_long(
    stack: Stack, db: Db, new_business: NewBusiness, held: Callable[..., tuple[Call, Runner]],
    drain: Command, account: Callable[[], Account],
) -> None:
    resting(db, stack)
    _, one = held("--once")
    assert account().probing
    one.kill()
    call = known_call(stack, db, new_business())
    click(call)
    drain()
    assert_waits(db, call, "account_paused")
    left = db.execute("SELECT probe_until - now() <= interval '1 min' FROM provider_accounts")
    assert left.fetchone() == (True,)
    db.execute("UPDATE provider_accounts SET probe_until = now()")
    make_due(db, call)
    drain()
    assert_stored(call, "wav2")
    assert account() == WELL


def test_a_recording_that_always_fails_is_counted_in_the_end(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness, twilio: Control,
    runner: Callable[..., Runner], account: Callable[[], Account],
) -> None:
    """The account works for everybody else, so the fault is the recording's own: it fails, and
    the others, before and behind it, do not notice."""
    business = new_business()
    bad = known_call(stack, db, business, faults=[fault("status", code=500)])
    good = [known_call(stack, db, business) for _ in range(6)]
    click(bad)
    runner(ACCOUNT_PAUSE="100ms", RETRY_DELAYS="50ms", BREAKER_RESET="1h")
    until(lambda: account().failures == 1, "the pause")
    for call in good[:3]:
        click(call)
    until(lambda: run_of(db, bad).status == "failed", "the end of its attempts")
    run = run_of(db, bad)
    assert (run.attempts, run.error_code) == (3, "provider_error")
    for call in good[3:]:
        click(call)
    until(lambda: all(call.finished_file for call in good), "the others")
    assert account() == WELL
    assert {run_of(db, call).attempts for call in good} == {0}
    answer = bad.api.get(bad.file_path)
    assert (answer.status, answer.json["error"]) == (500, "recording_failed")
    assert answer.json["reason"] == "provider_error"
    until_idle(rds, business)


# By hand.


def rests(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("account")]


@pytest.mark.parametrize("way", ["--call", "--business"])
def test_status_tells_of_the_pause_and_retry_ends_it(
    way: str, stack: Stack, db: Db, run_tapedeck: Command, drain: Command, new_call: NewCall,
    account: Callable[[], Account],
) -> None:
    """For everybody: the others that waited for it go on, too."""
    assert rests(run_tapedeck("status")) == []
    call = new_call(faults=[fault("status", code=403, first=1)])
    drain(**LONG)
    other = new_call()
    drain(**LONG)
    [line] = rests(run_tapedeck("status"))
    assert re.fullmatch(rf"account +{stack.account_sid} rests for 3[56]\d\ds: provider_auth", line)
    assert_waits(db, other, "account_paused")
    word = call.call_sid if way == "--call" else str(call.business)
    done = run_tapedeck("retry", way, word)
    assert (done.returncode, done.stdout) == (0, "1 recordings are in line again\n")
    assert account().pause is None
    assert rests(run_tapedeck("status")) == []
    drain()
    assert_stored(call, "wav2")
    assert_stored(other, "wav2")
