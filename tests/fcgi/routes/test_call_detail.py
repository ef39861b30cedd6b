"""One call in full, its download, and: looking at calls never starts a download."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from http_expect import brief, head_agrees, says
from http_given import Given, queue_of
from stack.calls import new_sid
from twilio.client import Control

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone.utc)
CONTENT = b"RIFF of a sort"
RUN_FIELDS = {
    "run_id", "call_sid", "job_type", "status", "cancel_requested", "can_cancel", "error",
    "retry_count", "created_at", "started_at", "completed_at",
}


# ---- one call ----


def test_a_call_in_full(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    said = [{"speaker": "agent", "start": 0.5, "end": 2.125, "text": "שלום, מדברת דנה"},
            {"speaker": "customer", "start": 2.5, "end": 3, "text": "שלום"}]
    call = given.recorded(business, final_transcript="נציג: שלום, מדברת דנה",
                          transcript_segments=json.dumps(said), transcript_source="whisper-1",
                          ai_summary="הציגה עצמה", summary_status="done")
    api = given.api(business)
    answer = api.get(f"/api/calls/{call}")
    assert answer.status == 200
    row = api.get("/api/calls").json["calls"][0]
    recordings = answer.json["recordings"]
    assert {**{name: answer.json[name] for name in row}, "recordings": len(recordings)} == row
    assert [(one["name"], one["transcript"]) for one in recordings] == [(call, said)]
    assert answer.json["transcript"] == said
    assert answer.json["transcript_text"] == "נציג: שלום, מדברת דנה"
    assert (answer.json["transcript_source"], answer.json["summary_status"]) == ("whisper-1", "done")
    assert (row["has_transcript"], row["summary"]) == (True, "הציגה עצמה")
    assert answer.json["runs"] == []
    head_agrees(api.head(f"/api/calls/{call}"), answer)


@pytest.mark.parametrize("direction, speakers", [
    ("inbound", ["customer", "agent"]), ("outbound-api", ["agent", "customer"]),
    ("outbound-dial", ["agent", "customer"]),
])
def test_who_is_on_which_channel(
    given: Given, new_business: Callable[[], int], direction: str, speakers: list[str]
) -> None:
    """Of the leg that was recorded, which its child's page plays, too."""
    business = new_business()
    call = given.recorded(business, direction=direction)
    given.file(business, call, b"RIFF")
    child = given.call(business, parent_call_sid=call, direction="outbound-dial")
    api = given.api(business)
    for one in (call, child):
        assert api.get(f"/api/calls/{one}").json["speakers"] == speakers
        assert api.post(f"/api/recordings/{one}/prepare").json["speakers"] == speakers
    assert [row["speakers"] for row in api.get("/api/calls").json["calls"]] == [speakers] * 2


@pytest.mark.parametrize("stored, shown", [
    (None, []), ("{}", []), ("7", []), ("[]", []),
    ('[1, {}, {"start": 2, "end": 1, "text": "x"}, {"start": "0", "end": 1, "text": "x"}]', []),
    ('[{"start": 0, "end": 1, "text": "x", "more": 1}]',
     [{"speaker": None, "start": 0, "end": 1, "text": "x"}]),
])
def test_segments_of_others_are_shown_as_far_as_they_are_some(
    given: Given, new_business: Callable[[], int], stored: str | None, shown: list[Any]
) -> None:
    """call_log is the CRM's: what lies there need not be ours."""
    business = new_business()
    call = given.recorded(business, final_transcript="text", transcript_segments=stored)
    answer = given.api(business).get(f"/api/calls/{call}")
    assert (answer.status, answer.json["transcript"]) == (200, shown)
    assert answer.json["transcript_text"] == "text"


def test_its_runs_newest_first(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call = given.recorded(business)
    failed = given.failed_run(business, call, "2 hours", error="an error page came")
    running = given.run(business, call, status="running", started_at=NOON, attempts=1)
    given.run(business, given.recorded(business))
    runs = given.api(business).get(f"/api/calls/{call}").json["runs"]
    assert [run["run_id"] for run in runs] == [given.shown(running), given.shown(failed)]
    assert all(run.keys() >= RUN_FIELDS for run in runs)
    first, second = runs
    assert (first["status"], first["can_cancel"], first["retry_count"]) == ("running", True, 1)
    assert datetime.datetime.fromisoformat(first["started_at"]) == NOON
    assert first["completed_at"] is None and first["error"] is None
    assert (second["status"], second["can_cancel"]) == ("failed", False)
    assert (second["error"], second["call_sid"]) == ("an error page came", call)


@pytest.mark.parametrize("state, arrange", [
    ("ready", lambda given, business, call: given.file(business, call, CONTENT)),
    ("absent", lambda given, business, call: None),
    ("queued", lambda given, business, call: given.run(business, call)),
    ("processing", lambda given, business, call: given.run(business, call, status="running")),
    ("failed", lambda given, business, call: given.failed_run(business, call)),
])
def test_its_recordings_state_is_the_lists(
    given: Given, new_business: Callable[[], int], state: str,
    arrange: Callable[[Given, int, str], Any],
) -> None:
    business = new_business()
    call = given.recorded(business)
    arrange(given, business, call)
    api = given.api(business)
    assert api.get(f"/api/calls/{call}").json["recording_status"] == state
    assert api.get("/api/calls").json["calls"][0]["recording_status"] == state


def test_a_call_that_a_crm_holds_twice(given: Given, new_business: Callable[[], int]) -> None:
    """Nothing in its call_log forbids that, and nothing of ours may break on it."""
    business = new_business()
    call = given.recorded(business)
    given.call(business, call_sid=call)
    api = given.api(business)
    assert api.get(f"/api/calls/{call}").json["call_sid"] == call
    assert [row["call_sid"] for row in api.get("/api/calls").json["calls"]] == [call, call]
    for _ in range(2):
        says(api.get(f"/api/recordings/file/{call}"), 202, "processing")
    assert len(given.rows("recording_runs", business_id=business)) == 1


# ---- download ----


@pytest.mark.parametrize("columns, kind, name", [
    ({"direction": "inbound", "from_number": "+972501234567"}, "wav",
     "recording_2026-11-20_972501234567.wav"),
    ({"direction": "outbound-api", "to_number": "+1 (415) 555-0100"}, "mp3",
     "recording_2026-11-20_14155550100.mp3"),
    ({"direction": None, "from_number": "anonymous"}, "wav", "recording_2026-11-20.wav"),
    ({"direction": "inbound", "from_number": None}, "wav", "recording_2026-11-20.wav"),
    ({"direction": "inbound", "from_number": "sip:\"x\"; filename=5@\r\nX: y"}, "wav",
     "recording_2026-11-20_5.wav"),
    ({"direction": "inbound", "from_number": "9" * 500}, "wav",
     "recording_2026-11-20_" + "9" * 31 + ".wav"),
], ids=brief)
def test_a_download_has_a_name(
    given: Given, new_business: Callable[[], int], columns: dict[str, Any], kind: str, name: str
) -> None:
    business = new_business()
    call = given.recorded(business, created_at=NOON, **columns)
    given.file(business, call, CONTENT, kind)
    path, api = f"/api/calls/{call}/download", given.api(business)
    answer = api.get(path)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    head_agrees(api.head(path), answer)
    part = api.get(path, headers={"Range": "bytes=1-2"})
    assert (part.status, part.body) == (206, CONTENT[1:3])
    assert part.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_download_is_otherwise_as_the_file_route(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    api = given.api(business)
    expired = given.recorded(business, recording_deleted_at=NOON)
    says(api.get(f"/api/calls/{expired}/download"), 410, "recording_expired")
    says(api.get(f"/api/calls/{new_sid('CA')}/download"), 404, "call_not_found")
    absent = given.recorded(business)
    answer = api.get(f"/api/calls/{absent}/download")
    says(answer, 202, "processing")
    assert answer.headers["Retry-After"] == "2" and "Content-Disposition" not in answer.headers


# ---- looking starts nothing ----


def _calls_in_all_states(given: Given, business: int) -> dict[str, list[str]]:
    """Sixty calls; what the list calls each state, and the calls in it."""
    def some(make: Callable[[], str], count: int = 6) -> list[str]:
        return [make() for _ in range(count)]

    def with_run(lane: str, **columns: Any) -> str:
        call = given.recorded(business)
        given.run(business, call, lane=lane, **columns)
        return call

    def failed() -> str:
        call = given.recorded(business)
        given.failed_run(business, call)
        return call

    def ready() -> str:
        call = given.recorded(business)
        given.file(business, call, CONTENT)
        return call

    parent = given.recorded(business)
    return {
        "absent": [parent, *some(lambda: given.recorded(business), 5),
                   *some(lambda: given.call(business, parent_call_sid=parent))],
        "none": some(lambda: given.call(business)),
        "queued": some(lambda: with_run("click")) + some(lambda: with_run("later")),
        "processing": some(lambda: with_run("click", status="running")),
        "failed": some(failed),
        "ready": some(ready),
        "expired": some(lambda: given.recorded(business, recording_deleted_at=NOON)),
        "unavailable": some(lambda: given.call(business, recording_status="absent")),
    }


def test_opening_the_calls_list_starts_no_download(
    given: Given, rds: redis.Redis, twilio: Control, new_business: Callable[[], int]
) -> None:
    business = new_business()
    states = _calls_in_all_states(given, business)
    wanted = {call: state for state, calls in states.items() for call in calls}
    assert len(wanted) == 60
    before = (given.everything(), queue_of(rds, business), rds.lrange("rec_jobs", 0, -1),
              twilio.stats().total)
    assert queue_of(rds, business) == []
    api = given.api(business)
    seen: dict[str, str] = {}
    for limit, pages in ((7, 9), (50, 2)):
        query = ""
        for _ in range(pages):
            page = api.get(f"/api/calls?limit={limit}{query}").json
            seen.update({row["call_sid"]: row["recording_status"] for row in page["calls"]})
            query = f"&cursor={page['next_cursor']}"
        assert page["next_cursor"] is None
    assert seen == wanted
    for filters in ("has_recording=true", "search=972", "direction=inbound", "status=completed"):
        assert api.get(f"/api/calls?{filters}").status == 200
    for call in wanted:
        assert api.get(f"/api/calls/{call}").status == 200
        assert api.head("/api/calls").status == 200
    assert before == (given.everything(), queue_of(rds, business),
                      rds.lrange("rec_jobs", 0, -1), twilio.stats().total)
