"""What a recording callback sets in motion: the call's row, one run, and nothing twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from http_expect import says
from http_given import Given, queue_of
from stack.calls import RECORDING_STATUS, Call, new_call, new_sid
from stack.stack import Stack

OLDER = "/recording_status_callback"


@pytest.fixture
def call(stack: Stack, new_business: Callable[[], int]) -> Call:
    """A call whose own callback is saved; of its recording nothing has been said."""
    made = new_call(stack, new_business(), recorded=False)
    return made


def saved(answer: Any) -> None:
    assert (answer.status, answer.body) == (204, b"")


# ---- completed ----


@pytest.mark.parametrize("path", [RECORDING_STATUS, OLDER])
def test_completed_is_kept_and_queues_one_run(
    given: Given, rds: redis.Redis, stack: Stack, call: Call, path: str
) -> None:
    saved(call.send_recording_status(path=path, RecordingDuration="17", RecordingChannels="1"))
    row = given.row("call_log", call_sid=call.call_sid)
    base = stack.config["TWILIO_API_BASE"]
    assert row["recording_url"] == \
        f"{base}/2010-04-01/Accounts/{stack.account_sid}/Recordings/{call.recording_sid}"
    assert (row["recording_sid"], row["recording_status"]) == (call.recording_sid, "completed")
    assert (row["recording_duration"], row["channels"], row["duration"]) == (17, 1, 5)
    assert row["business_id"] == call.business
    run = given.row("recording_runs", business_id=call.business)
    assert (run["call_sid"], run["status"], run["lane"]) == (call.call_sid, "queued", "later")
    assert run["job_type"] in ("download", "full")
    assert f"{call.business}:{call.call_sid}" in queue_of(rds, call.business)


def test_its_duration_is_the_calls_where_nobody_knew(given: Given, call: Call) -> None:
    given.db.execute("UPDATE call_log SET duration = NULL WHERE call_sid = %s", [call.call_sid])
    saved(call.send_recording_status(RecordingDuration="17"))
    assert given.row("call_log", call_sid=call.call_sid)["duration"] == 17


@pytest.mark.parametrize("said", ["-1", "-5", "", "junk", "1.5", "99999999999", "0x5", " 5", None])
def test_a_duration_that_is_none_is_not_stored(given: Given, call: Call, said: str | None) -> None:
    given.db.execute("UPDATE call_log SET duration = NULL WHERE call_sid = %s", [call.call_sid])
    saved(call.send_recording_status(RecordingDuration=said))
    row = given.row("call_log", call_sid=call.call_sid)
    assert (row["recording_duration"], row["duration"]) == (None, None)
    assert row["recording_url"] and given.row("recording_runs", call_sid=call.call_sid)


@pytest.mark.parametrize("said", ["0", "3", "-1", "two", "", None])
def test_channels_that_are_none_are_not_stored(given: Given, call: Call, said: str | None) -> None:
    saved(call.send_recording_status(RecordingChannels=said))
    assert given.row("call_log", call_sid=call.call_sid)["channels"] is None


@pytest.mark.parametrize("shape", [
    "https://api.twilio.com{path}", "http://api.twilio.com{path}.wav", "{path}.json",
    "https://api.twilio.com{path}.mp3?RequestedChannels=2", "https://evil.example{path}", None, "",
])
def test_a_url_is_rebuilt_never_believed(
    given: Given, stack: Stack, call: Call, shape: str | None
) -> None:
    path = f"/2010-04-01/Accounts/{stack.account_sid}/Recordings/{call.recording_sid}"
    saved(call.send_recording_status(RecordingUrl=shape and shape.format(path=path)))
    kept = given.row("call_log", call_sid=call.call_sid)["recording_url"]
    assert kept == stack.config["TWILIO_API_BASE"] + path


def test_no_run_for_what_is_here(given: Given, call: Call) -> None:
    given.file(call.business, call.call_sid, b"RIFF of a sort")
    saved(call.send_recording_status())
    assert given.row("call_log", call_sid=call.call_sid)["recording_url"]
    assert given.rows("recording_runs", business_id=call.business) == []


# ---- again, in disorder, too early ----


def test_the_same_event_again_is_nothing_new(given: Given, rds: redis.Redis, call: Call) -> None:
    saved(call.send_recording_status())
    before = given.everything(), queue_of(rds, call.business)
    for path in (RECORDING_STATUS, OLDER):
        saved(call.send_recording_status(path=path))
        saved(call.send_recording_status(path=path, RecordingDuration="99"))
    assert (given.everything(), queue_of(rds, call.business)) == before
    assert len(given.rows("recording_inbox", call_sid=call.call_sid)) == 1


def test_the_same_event_many_times_at_once(given: Given, call: Call) -> None:
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda _: call.send_recording_status(), range(16)))
    assert {answer.status for answer in answers} == {204}
    assert given.row("recording_inbox", call_sid=call.call_sid)["matched_at"]
    assert given.row("recording_runs", business_id=call.business)["status"] == "queued"


def test_after_its_run_ended_the_same_event_starts_no_other(given: Given, call: Call) -> None:
    saved(call.send_recording_status())
    given.db.execute("UPDATE recording_runs SET status = 'completed' WHERE call_sid = %s",
                     [call.call_sid])
    saved(call.send_recording_status())
    assert len(given.rows("recording_runs", call_sid=call.call_sid)) == 1


@pytest.mark.parametrize("order", [*itertools.permutations(["in-progress", "completed"]),
                                   ("in-progress", "completed", "in-progress"),
                                   ("completed", "in-progress", "completed")])
def test_in_progress_never_undoes_completed(
    given: Given, call: Call, order: tuple[str, ...]
) -> None:
    for status in order:
        known = status == "completed"
        saved(call.send_recording_status(RecordingStatus=status,
                                         RecordingDuration="5" if known else None))
    row = given.row("call_log", call_sid=call.call_sid)
    assert (row["recording_status"], row["recording_duration"]) == ("completed", 5)
    assert row["recording_url"] and row["recording_sid"] == call.recording_sid
    assert len(given.rows("recording_runs", call_sid=call.call_sid)) == 1


def test_in_progress_is_noted(given: Given, call: Call) -> None:
    saved(call.send_recording_status(RecordingStatus="in-progress", RecordingDuration=None))
    row = given.row("call_log", call_sid=call.call_sid)
    assert (row["recording_status"], row["recording_url"]) == ("in-progress", None)
    assert given.rows("recording_runs", business_id=call.business) == []
    says(call.api.get(call.file_path), 404, "no_recording")


def test_a_second_recording_does_not_replace_the_first(given: Given, call: Call) -> None:
    saved(call.send_recording_status())
    first = given.row("call_log", call_sid=call.call_sid)
    other = new_sid("RE")
    for status in ("in-progress", "absent", "completed"):
        saved(call.send_recording_status(RecordingSid=other, RecordingStatus=status,
                                         RecordingUrl=None))
    assert given.row("call_log", call_sid=call.call_sid) == first
    assert len(given.rows("recording_runs", call_sid=call.call_sid)) == 1


def test_a_recording_before_its_call_waits_for_it(
    given: Given, rds: redis.Redis, stack: Stack, new_business: Callable[[], int]
) -> None:
    call = new_call(stack, new_business(), announced=False)
    saved(call.send_recording_status(RecordingStatus="in-progress"))
    saved(call.send_recording_status())
    waiting = given.rows("recording_inbox", call_sid=call.call_sid)
    assert [one["matched_at"] for one in waiting] == [None, None]
    assert given.rows("call_log", call_sid=call.call_sid) == []
    assert given.rows("recording_runs", call_sid=call.call_sid) == []
    saved(call.send_call_status(CallStatus="ringing", CallDuration=None))
    row = given.row("call_log", call_sid=call.call_sid)
    assert (row["recording_sid"], row["recording_status"]) == (call.recording_sid, "completed")
    assert given.row("recording_runs", business_id=call.business)["lane"] == "later"
    assert f"{call.business}:{call.call_sid}" in queue_of(rds, call.business)
    assert all(one["matched_at"]
               for one in given.rows("recording_inbox", call_sid=call.call_sid))
    before = given.rows("recording_runs", call_sid=call.call_sid)
    saved(call.send_call_status())
    assert given.rows("recording_runs", call_sid=call.call_sid) == before


# ---- absent, failed ----


@pytest.mark.parametrize("status, code, reason", [
    ("absent", None, "absent"), ("absent", "16101", "too_short"), ("absent", "16102", "silent"),
    ("failed", "16104", "encryption_failed"), ("failed", None, "failed"),
    ("failed", "99999", "failed"), ("absent", "junk", "absent"), ("absent", "", "absent"),
])
def test_absent_and_failed_keep_the_reason(
    given: Given, call: Call, status: str, code: str | None, reason: str
) -> None:
    saved(call.send_recording_status(RecordingStatus=status, ErrorCode=code, RecordingUrl=None,
                                     RecordingDuration=None))
    row = given.row("call_log", call_sid=call.call_sid)
    assert (row["recording_status"], row["recording_reason"]) == (status, reason)
    assert row["recording_url"] is None
    assert given.rows("recording_runs", business_id=call.business) == []
    body = says(call.api.get(call.file_path), 404, "recording_unavailable")
    assert body["reason"] == reason


def test_a_recording_after_an_absent_one_plays(given: Given, call: Call) -> None:
    saved(call.send_recording_status(RecordingStatus="absent", RecordingSid=new_sid("RE"),
                                     RecordingUrl=None))
    saved(call.send_recording_status())
    says(call.api.get(call.file_path), 202, "processing")
