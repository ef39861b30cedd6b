"""`tapedeck backfill`: days gone by, behind everybody who waits, and never twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import redis
from stack.calls import Call, new_call, new_sid
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    Db, Runner, Terminal, assert_idle, assert_stored, click, insert_call, known_call, line_of,
    run_of, runs_of, until, value_of,
)

Tool = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]
AHEAD = 20  # LATER_SLOTS times ten
TODAY = datetime.now(timezone.utc).date()
SINCE = (TODAY - timedelta(days=30)).isoformat()


@pytest.fixture(autouse=True)
def empty_shelf(twilio: Control) -> Iterator[None]:
    """The provider has no recordings but this test's."""
    twilio.reset()
    yield
    twilio.account_faults()


@pytest.fixture
def business(new_business: NewBusiness) -> int:
    return new_business()


def old_call(stack: Stack, db: Db, business: int, *, days: float = 3, told: bool = True,
             **recording: object) -> Call:
    """A call of some days ago; where `told` is false, no callback told of its recording."""
    when = datetime.now(timezone.utc) - timedelta(days=days)
    if told:
        call = known_call(stack, db, business, date_created=when.isoformat(), **recording)
    else:
        call = new_call(stack, business, announced=False, date_created=when.isoformat(),
                        **recording)
        insert_call(db, call)
    db.execute("UPDATE call_log SET created_at = %s, recording_announced_at = NULL"
               " WHERE call_sid = %s", [when, call.call_sid])
    return call


class Backfill:
    """A `tapedeck backfill` beside the test."""

    def __init__(self, stack: Stack, business: int, log: Path, *arguments: str,
                 **settings: str) -> None:
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [str(stack.tapedeck), "backfill", "--business", str(business), "--since", SINCE,
                 *arguments], env=stack.environment(**settings), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.DEVNULL)

    @property
    def said(self) -> str:
        return self._log.read_text()

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)


@pytest.fixture
def backfill(stack: Stack, tmp_path: Path) -> Iterator[Callable[..., Backfill]]:
    started: list[Backfill] = []

    def start(business: int, *arguments: str, **settings: str) -> Backfill:
        started.append(Backfill(stack, business, tmp_path / f"backfill-{len(started)}.log",
                                *arguments, **settings))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.interrupt()


def whole(stack: Stack, business: int, *arguments: str, **settings: str
          ) -> subprocess.CompletedProcess[str]:
    """A backfill from its beginning to its end."""
    return stack.run("backfill", "--business", str(business), "--since", SINCE, *arguments,
                     **settings)


# What is fetched.


def test_what_is_missing_is_fetched(
    stack: Stack, db: Db, business: int, new_business: NewBusiness,
    runner: Callable[..., Runner], rds: redis.Redis,
) -> None:
    """What calls know of, and what only the provider's list does; nobody else's."""
    mine = [old_call(stack, db, business, days=days) for days in (1, 2, 3)]
    untold = old_call(stack, db, business, told=False)
    theirs = [old_call(stack, db, new_business(), told=told) for told in (True, False)]
    older = old_call(stack, db, business, days=40)
    runner()
    done = whole(stack, business)
    assert done.returncode == 0, done.stdout + done.stderr
    for call in [*mine, untold]:
        assert_stored(call, "wav2")
        assert (run_of(db, call).lane, run_of(db, call).status) == ("later", "completed")
    assert [runs_of(db, call) for call in [*theirs, older]] == [0, 0, 0]
    assert value_of(db, "SELECT recording_url FROM call_log WHERE call_sid = %s",
                    theirs[1].call_sid) is None
    first, *_, last = done.stdout.splitlines()
    assert first.endswith("1 of them new to us; 0 are here, 4 are not")
    assert re.match(r"done: fetched 4 recordings, \d+\.\d [kM]B; 0 were here; 0 failed;", last)
    assert_idle(rds, business)


def test_a_second_start_does_nothing_twice(
    stack: Stack, db: Db, business: int, runner: Callable[..., Runner], twilio: Control
) -> None:
    calls = [old_call(stack, db, business, told=told) for told in (True, False, True)]
    runner()
    assert whole(stack, business).returncode == 0
    done = whole(stack, business)
    assert done.returncode == 0
    assert "0 of them new to us; 3 are here, 0 are not" in done.stdout
    assert "[####################] 0/0" in done.stdout
    assert [runs_of(db, call) for call in calls] == [1, 1, 1]
    fetched = [entry for entry in twilio.stats().log if entry["format"] != "list"]
    assert len(fetched) == 3


def test_further_and_conferences_recordings_are_fetched_too(
    stack: Stack, db: Db, business: int, new_business: NewBusiness,
    runner: Callable[..., Runner], twilio: Control,
) -> None:
    """Each recording that the list has of a call or of a conference of ours; of nobody else's."""
    call, untold = old_call(stack, db, business), old_call(stack, db, business, told=False)
    theirs = old_call(stack, db, new_business())
    when = (datetime.now(timezone.utc) - timedelta(days=3)).isoformat()

    def another(**of: str) -> str:
        return twilio.add_recording(seconds=1, date_created=when, **of).sid  # type: ignore

    further = [another(call_sid=one.call_sid) for one in (call, untold, untold)]
    ours, others = new_sid("CF"), new_sid("CF")
    join(db, ours, call)
    join(db, others, theirs)
    conference, foreign = another(conference_sid=ours), another(conference_sid=others)
    nobodys = another(conference_sid=new_sid("CF"))
    runner()
    done = whole(stack, business)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 of them new to us; 0 are here, 6 are not" in done.stdout
    names = [row[0] for row in db.execute("SELECT call_sid FROM recording_runs WHERE business_id = %s"
                                          " AND status = 'completed'", [business])]
    own = {call.recording_sid: call.call_sid,
           value_of(db, "SELECT recording_sid FROM call_log WHERE call_sid = %s", untold.call_sid):
           untold.call_sid}
    every = [call.recording_sid, untold.recording_sid, *further, conference]
    assert sorted(names) == sorted(own.get(sid, sid) for sid in every)
    for sid in every:
        answer = call.api.get(f"/api/recordings/file/{own.get(sid, sid)}")
        assert (answer.status, answer.body) == (200, twilio.source(sid, "wav2"))
    assert [row[0] for row in db.execute("SELECT recording_sid FROM recording_inbox"
                                         " WHERE matched_at IS NULL AND recording_sid = ANY (%s)",
                                         [[foreign, nobodys, *every]])] == [nobodys]
    again = whole(stack, business)
    assert again.returncode == 0 and "0 of them new to us; 6 are here, 0 are not" in again.stdout


def join(db: Db, conference: str, call: Call) -> None:
    db.execute("INSERT INTO tapedeck_conference_calls (conference_sid, call_sid) VALUES (%s, %s)",
               [conference, call.call_sid])


def test_both_days_are_meant(
    stack: Stack, db: Db, business: int, runner: Callable[..., Runner]
) -> None:
    def on(day: date, clock: str) -> Call:
        call = known_call(stack, db, business)
        db.execute("UPDATE call_log SET created_at = %s WHERE call_sid = %s",
                   [f"{day} {clock}+00", call.call_sid])
        return call

    first, last = TODAY - timedelta(days=9), TODAY - timedelta(days=7)
    inside = [on(first, "00:00:00"), on(last, "23:59:59.9")]
    outside = [on(first - timedelta(days=1), "23:59:59.9"),
               on(last + timedelta(days=1), "00:00:00")]
    runner()
    done = stack.run("backfill", "--business", str(business), "--since", first.isoformat(),
                     "--until", last.isoformat())
    assert done.returncode == 0
    assert [call.finished_file is not None for call in inside + outside] == [
        True, True, False, False]


def test_what_is_gone_is_not_asked_for(
    stack: Stack, db: Db, business: int, runner: Callable[..., Runner], twilio: Control
) -> None:
    """Expired, deleted, or absent: there is nothing to fetch, and nothing to bring back."""
    for column, value in (("recording_expires_at", "now() - interval '1 day'"),
                          ("recording_deleted_at", "now()"), ("recording_status", "'absent'")):
        call = old_call(stack, db, business)
        db.execute(f"UPDATE call_log SET {column} = {value} WHERE call_sid = %s", [call.call_sid])
    runner()
    done = whole(stack, business)
    assert done.returncode == 0 and "0 are here, 0 are not" in done.stdout
    assert all(entry["format"] == "list" for entry in twilio.stats().log)


def test_failures_are_told_and_left_alone(
    stack: Stack, db: Db, business: int, runner: Callable[..., Runner]
) -> None:
    good = old_call(stack, db, business)
    old_call(stack, db, business, faults=[fault("html")])
    runner(RUN_ATTEMPTS="1", BREAKER_FAILURES="1")
    settings = {"RUN_ATTEMPTS": "1", "BREAKER_FAILURES": "1"}
    done = whole(stack, business, **settings)
    assert done.returncode == 1 and "fetched 1 recordings" in done.stdout
    assert "; 1 failed; 0 failed lately" in done.stdout and "2/2" in done.stdout
    assert_stored(good, "wav2")
    done = whole(stack, business, **settings)
    assert done.returncode == 1 and "; 0 failed; 1 failed lately and are left alone" in done.stdout


def test_without_the_list_what_is_known_is_fetched(
    stack: Stack, db: Db, business: int, runner: Callable[..., Runner]
) -> None:
    call = old_call(stack, db, business)
    runner()
    done = whole(stack, business, TWILIO_API_BASE="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "the provider answered 0 (unreachable)" in done.stderr
    assert "the provider's list could not be read" in done.stderr
    assert call.finished_file is not None


# Behind everybody, and a little at a time.


def test_no_more_than_some_wait(
    stack: Stack, db: Db, business: int, backfill: Callable[..., Backfill], rds: redis.Redis,
    runner: Callable[..., Runner],
) -> None:
    """Without a runner the line fills to its measure and no further; then it all goes through."""
    calls = [old_call(stack, db, business, seconds=1) for _ in range(AHEAD + 15)]
    assert stack.run("cleanup").returncode == 0  # Redis is known to have lost nothing
    rds.set("rec_runner", "1", px=150_000)
    one = backfill(business)

    def waiting() -> int:
        return int(value_of(db, "SELECT count(*) FROM recording_runs WHERE business_id = %s"
                            " AND status = 'queued'", business))

    until(lambda: waiting() == AHEAD, "a full line")
    until(lambda: f"0/{len(calls)}" in one.said, "a line that says so")
    line = line_of(rds, business)
    assert (len(line.slots), len(line.queue), len(line.later)) == (2, 0, AHEAD - 2)
    runner()
    highest = 0
    while one.process.poll() is None:
        highest = max(highest, waiting())
    assert one.process.returncode == 0 and highest <= AHEAD
    assert all(call.finished_file for call in calls)


def test_a_click_does_not_wait_for_it(
    stack: Stack, db: Db, business: int, backfill: Callable[..., Backfill],
    runner: Callable[..., Runner], twilio: Control,
) -> None:
    """Both slots of the backfill are held up, the line behind them is full: a click plays."""
    for _ in range(5):
        old_call(stack, db, business, faults=[fault("hold")], group="past")
    wanted = old_call(stack, db, business, days=20)
    runner()
    one = backfill(business)
    twilio.wait("held", equals=2, group="past")
    until(lambda: runs_of(db, wanted) == 1, "the wanted call in the line")
    assert run_of(db, wanted).status == "queued"
    click(wanted)
    until(lambda: wanted.finished_file, "what was clicked on, before all that waits")
    assert one.process.poll() is None
    twilio.release()
    assert one.process.wait(120) == 0


# Stopping, and going on.


def test_ctrl_c_ends_the_showing_and_not_the_work(
    stack: Stack, db: Db, business: int, backfill: Callable[..., Backfill],
    runner: Callable[..., Runner], twilio: Control, rds: redis.Redis,
) -> None:
    """What is in the line is fetched all the same; the same command goes on from there."""
    calls = [old_call(stack, db, business, seconds=1, faults=[fault("hold", first=1)],
                      group="past") for _ in range(AHEAD + 5)]
    runner()
    one = backfill(business)
    twilio.wait("held", equals=2, group="past")
    until(lambda: sum(runs_of(db, call) for call in calls) == AHEAD, "a full line")
    assert one.interrupt() == 1
    assert f"stopped: fetched 0 recordings" in one.said
    assert f"{AHEAD} are in the line, and are fetched all the same" in one.said
    twilio.release()
    until(lambda: sum(call.finished_file is not None for call in calls) == AHEAD, "all of them")
    assert sum(runs_of(db, call) for call in calls) == AHEAD
    done = whole(stack, business)
    assert done.returncode == 0 and f"{AHEAD} are here, 5 are not" in done.stdout
    assert all(call.finished_file for call in calls)
    assert [runs_of(db, call) for call in calls] == [1] * len(calls)
    assert_idle(rds, business)


def test_a_second_one_joins_the_first(
    stack: Stack, db: Db, business: int, backfill: Callable[..., Backfill],
    runner: Callable[..., Runner], twilio: Control,
) -> None:
    calls = [old_call(stack, db, business, faults=[fault("hold", first=1)], group="past")
             for _ in range(4)]
    runner()
    both = [backfill(business), backfill(business)]
    twilio.wait("held", equals=2, group="past")
    until(lambda: all("0/4" in one.said for one in both), "both at it")
    twilio.release()
    assert [one.process.wait(120) for one in both] == [0, 0]
    assert [runs_of(db, call) for call in calls] == [1] * 4


def test_what_somebody_cancels_stays_cancelled(
    stack: Stack, db: Db, business: int, backfill: Callable[..., Backfill],
    runner: Callable[..., Runner], twilio: Control,
) -> None:
    call = old_call(stack, db, business, faults=[fault("hold", first=1)])
    runner()
    one = backfill(business)
    twilio.wait("held", equals=1, sid=call.recording_sid)
    run = run_of(db, call).id
    assert call.api.post(f"/api/recordings/runs/{run}/cancel").status == 200
    assert one.process.wait(120) == 1
    assert "1 were cancelled by somebody" in one.said and runs_of(db, call) == 1


def test_without_a_runner_it_ends(
    stack: Stack, db: Db, business: int, rds: redis.Redis
) -> None:
    call = old_call(stack, db, business)
    rds.delete("rec_runner")
    done = whole(stack, business, RUNNER_GRACE="300ms")
    assert done.returncode == 1 and "no runner has been seen" in done.stdout
    assert run_of(db, call).status == "queued"


def test_what_does_not_move_ends(
    stack: Stack, db: Db, business: int, rds: redis.Redis
) -> None:
    old_call(stack, db, business)
    rds.set("rec_runner", "1", px=150_000)
    done = whole(stack, business, ACCOUNT_PAUSE_MAX="200ms", ACCOUNT_PAUSE="100ms")
    assert done.returncode == 1 and "nothing has moved for long" in done.stdout


def test_without_redis_it_goes_on_later(
    stack: Stack, db: Db, business: int, backfill: Callable[..., Backfill],
    runner: Callable[..., Runner],
) -> None:
    """What could not be put in line is in PostgreSQL, and the next runner finds it there."""
    call = old_call(stack, db, business)
    one = backfill(business, REDIS_URL="unix:///nowhere")
    until(lambda: runs_of(db, call) == 1, "the run")
    runner()
    assert one.process.wait(120) == 0
    assert_stored(call, "wav2")


# How it looks.


def test_on_a_terminal_one_line_changes(
    stack: Stack, db: Db, business: int, runner: Callable[..., Runner]
) -> None:
    """A bar, and no log line that tears it."""
    for _ in range(3):
        old_call(stack, db, business)
    runner()
    terminal = Terminal()
    process = subprocess.Popen(
        [str(stack.tapedeck), "backfill", "--business", str(business), "--since", SINCE],
        env=stack.environment(), stdin=terminal.side, stdout=terminal.side,
        stderr=terminal.side)
    os.close(terminal.side)
    seen = terminal.rest()
    terminal.close()
    assert process.wait(120) == 0
    listed, bar, end = seen.removesuffix(b"\r\n").split(b"\r\n")
    assert listed.endswith(b"\r3 recordings in the provider's list, 0 of them new to us;"
                           b" 0 are here, 3 are not")
    assert re.search(rb"\r\[#{20}\] 3/3  \d+\.\d [kM]B  \S+ [kM]?B/s  0s left\x1b\[K$", bar)
    assert end.startswith(b"done: fetched 3 recordings")
    assert b"RECORDING_" not in seen


BAD = {
    "no business": ["--since", SINCE], "no day": ["--business", "1"],
    "no number": ["--business", "x", "--since", SINCE],
    "half a day": ["--business", "1", "--since", "2026-11"],
    "a day that is none": ["--business", "1", "--since", "2026-02-30"],
    "a month that is none": ["--business", "1", "--since", "2026-00-10"],
    "a day and more": ["--business", "1", "--since", "2026-01-01T00:00"],
    "a day to come": ["--business", "1", "--since", (TODAY + timedelta(days=2)).isoformat()],
    "the wrong way round": ["--business", "1", "--since", "2026-01-02", "--until", "2026-01-01"],
    "an option too many": ["--business", "1", "--since", SINCE, "--all"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_arguments(arguments: list[str], run_tapedeck: Tool) -> None:
    done = run_tapedeck("backfill", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tapedeck: [^\n]+\n", done.stderr)
