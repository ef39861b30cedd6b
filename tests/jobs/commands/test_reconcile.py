"""`tapedeck reconcile`: what callbacks never told us, once, and whatever the provider answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
import redis
from stack.calls import new_call
from stack.stack import Stack
from twilio.client import Control

from jobs_kit import Db, assert_stored, insert_call, line_of, run_of, runs_of, value_of
from odd_provider import odd_provider, page
from reconcile_kit import (  # noqa: F401 (fixtures)
    OTHER_ACCOUNT,
    Command,
    NewBusiness,
    ago,
    empty_shelf,
    everything,
    fails,
    is_told,
    lists,
    reconcile,
    silent_call,
    url_of,
)

# What it finds.


def test_a_recording_that_nobody_told_of_is_fetched(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness,
    reconcile: Callable[..., str], drain: Command,
) -> None:
    call = silent_call(stack, db, new_business(), seconds=3)
    assert reconcile() == "RECONCILE_DONE seen=1 news=1 ok=1"
    row = db.execute(
        "SELECT recording_sid, recording_status, recording_duration, channels,"
        " recording_announced_at IS NOT NULL FROM call_log WHERE call_sid = %s", [call.call_sid])
    assert row.fetchone() == (call.recording_sid, "completed", 3, 2, True)
    assert url_of(db, call) == (f"{stack.config['TWILIO_API_BASE']}/2010-04-01/Accounts/"
                                f"{stack.account_sid}/Recordings/{call.recording_sid}")
    assert (run_of(db, call).status, run_of(db, call).lane) == ("queued", "later")
    assert line_of(rds, call.business).jobs == [call.call_sid]
    drain()
    assert_stored(call, "wav2")


def test_one_without_its_call_waits_for_it(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    run_tapedeck: Command,
) -> None:
    call = new_call(stack, new_business(), announced=False)
    reconcile()
    assert value_of(db, "SELECT matched_at IS NULL FROM recording_inbox WHERE call_sid = %s",
                    call.call_sid)
    assert runs_of(db, call) == 0
    insert_call(db, call)
    assert run_tapedeck("cleanup").returncode == 0
    assert is_told(db, call) and runs_of(db, call) == 1


def test_what_is_known_changes_nothing(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness,
    reconcile: Callable[..., str], drain: Command,
) -> None:
    """Told by a callback, fetched or not; and what an earlier run found."""
    business = new_business()
    fetched = new_call(stack, business)
    drain()
    queued = new_call(stack, business)
    late = new_call(stack, business, announced=False)
    reconcile()
    before = everything(db), line_of(rds, business)
    for _ in range(2):
        reconcile()
        assert (everything(db)[:3], line_of(rds, business)) == (before[0][:3], before[1])
    assert [runs_of(db, call) for call in (fetched, queued, late)] == [1, 1, 0]
    assert late.send_call_status().status == 204
    assert runs_of(db, late) == 1
    reconcile()
    assert runs_of(db, late) == 1


def test_a_callback_that_comes_after_all_is_nothing_new(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str]
) -> None:
    call = silent_call(stack, db, new_business())
    reconcile()
    before = everything(db)
    assert call.send_recording_status().status == 204
    assert everything(db) == before


def test_a_file_that_is_here_is_not_fetched(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str]
) -> None:
    call = silent_call(stack, db, new_business())
    call.part_file.parent.mkdir(mode=0o750)
    (call.part_file.parent / f"{call.call_sid}.wav").write_bytes(b"RIFF")
    reconcile()
    assert is_told(db, call) and runs_of(db, call) == 0


def test_a_second_recording_does_not_replace_the_first(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    twilio: Control,
) -> None:
    """It is one of its own, and so is the third."""
    call = new_call(stack, new_business())
    others = {twilio.add_recording(seconds=1, seed=seed, call_sid=call.call_sid).sid
              for seed in (3, 4)}
    for _ in range(2):
        reconcile()
        assert is_told(db, call) and runs_of(db, call) == 1
        rows = db.execute("SELECT call_sid FROM recording_runs WHERE business_id = %s"
                          " AND lane = 'later'", [call.business]).fetchall()
        assert sorted(name for name, in rows) == sorted([call.call_sid, *others])


@pytest.mark.parametrize("status, kept, reason", [
    ("in-progress", "in-progress", None), ("processing", None, None), ("absent", "absent", "absent"),
    ("failed", "failed", "failed"),
])
def test_what_has_no_recording_is_noted(
    status: str, kept: str | None, reason: str | None, stack: Stack, db: Db,
    new_business: NewBusiness, reconcile: Callable[..., str],
) -> None:
    call = silent_call(stack, db, new_business(), status=status)
    reconcile()
    row = db.execute("SELECT recording_status, recording_reason, recording_url FROM call_log"
                     " WHERE call_sid = %s", [call.call_sid])
    assert row.fetchone() == (kept, reason, None)
    assert runs_of(db, call) == 0


def test_in_progress_and_then_completed(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    twilio: Control,
) -> None:
    """The next run sees what has become of it."""
    call = silent_call(stack, db, new_business(), status="in-progress")
    reconcile()
    twilio.reset()
    twilio.add_recording(sid=call.recording_sid, call_sid=call.call_sid)
    reconcile()
    assert is_told(db, call) and runs_of(db, call) == 1


# How far back, and how much at a time.


@pytest.mark.parametrize("window, told", [("1d", 1), ("3d", 2), ("40d", 3)])
def test_the_window_is_counted_in_days(
    window: str, told: int, stack: Stack, db: Db, new_business: NewBusiness,
    reconcile: Callable[..., str], twilio: Control,
) -> None:
    business = new_business()
    calls = [silent_call(stack, db, business, date_created=ago(days=days)) for days in (0, 2.5, 30)]
    reconcile(RECONCILE_WINDOW=window)
    assert [is_told(db, call) for call in calls] == [n < told for n in range(3)]
    [query] = lists(twilio)
    since = datetime.now(timezone.utc) - timedelta(days=int(window.removesuffix("d")))
    assert query == {"DateCreated>": since.date().isoformat(), "PageSize": "1000"}


def test_nothing_there_is_no_failure(reconcile: Callable[..., str], twilio: Control) -> None:
    assert reconcile() == "RECONCILE_DONE seen=0 news=0 ok=1"
    assert len(lists(twilio)) == 1


def test_several_pages(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    twilio: Control,
) -> None:
    business = new_business()
    calls = [silent_call(stack, db, business, date_created=ago(minutes=n)) for n in range(7)]
    reconcile(RECONCILE_PAGE_SIZE="2")
    assert all(is_told(db, call) for call in calls)
    assert [runs_of(db, call) for call in calls] == [1] * 7
    queries = lists(twilio)
    assert ["PageToken" in query for query in queries] == [False, True, True, True]
    assert {query["PageSize"] for query in queries} == {"2"}


def test_a_limited_run_is_continued_by_the_next(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    twilio: Control,
) -> None:
    """Newest first; what appears meanwhile is for the round after."""
    business = new_business()
    calls = [silent_call(stack, db, business, date_created=ago(minutes=n)) for n in range(7)]
    limits = {"RECONCILE_PAGE_SIZE": "2", "RECONCILE_PAGES": "2"}
    reconcile(**limits)
    assert [is_told(db, call) for call in calls] == [True] * 4 + [False] * 3
    newer = silent_call(stack, db, business)
    reconcile(**limits)
    assert all(is_told(db, call) for call in calls) and not is_told(db, newer)
    reconcile(**limits)
    assert is_told(db, newer)
    assert ["PageToken" in query for query in lists(twilio)] \
        == [False, True, True, True, False, True]
    assert [runs_of(db, call) for call in (*calls, newer)] == [1] * 8


def test_pages_that_never_end_do(
    stack: Stack, run_tapedeck: Command
) -> None:
    """Each page says that the next one is itself."""
    uri = f"/2010-04-01/Accounts/{stack.account_sid}/Recordings.json?Page=1"
    with odd_provider(lambda target: page([], uri)) as provider:
        done = run_tapedeck("reconcile", TWILIO_API_BASE=provider.url, RECONCILE_PAGES="5")
    assert done.returncode == 0
    assert len(provider.targets) == 5 and provider.targets[1:] == [uri] * 4


def test_a_place_that_is_lost_is_not_asked_for_for_ever(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    run_tapedeck: Command, twilio: Control,
) -> None:
    """The recording that a page token stands for was deleted at the provider: it answers 400."""
    business = new_business()
    for n in range(3):
        silent_call(stack, db, business, date_created=ago(minutes=n))
    limits = {"RECONCILE_PAGE_SIZE": "1", "RECONCILE_PAGES": "1"}
    reconcile(**limits)
    twilio.reset()
    call = silent_call(stack, db, business)
    fails(run_tapedeck("reconcile", **limits), "400")
    reconcile(**limits)
    assert is_told(db, call)


def test_a_kept_place_of_another_account_is_not_used(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str]
) -> None:
    call = silent_call(stack, db, new_business())
    db.execute("INSERT INTO reconcile_progress VALUES (%s, %s)", [
        stack.account_sid, f"/2010-04-01/Accounts/{OTHER_ACCOUNT}/Recordings.json?Page=3"])
    reconcile()
    assert is_told(db, call)
