"""Every state of a recording, as the file route tells it: status, headers, code, both messages."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis

from http_expect import head_agrees, says
from http_given import Given, queue_of
from stack.api import Answer
from stack.calls import Call, new_sid

CONTENT = b"RIFF of a sort"
BREAKER_RESET = 3600


def path_of(call: str) -> str:
    return f"/api/recordings/file/{call}"


def click(given: Given, business: int, call: str) -> Answer:
    return given.api(business).get(path_of(call))


# ---- states that a click leaves as they are ----


@dataclass(frozen=True)
class Case:
    """What is there, and what the route must say of it."""

    name: str
    arrange: Callable[[Given, int], str]
    status: int
    code: str
    body: dict[str, Any] = field(default_factory=dict)
    retry_after: str | None = None


def _failed(given: Given, business: int) -> str:
    call = given.recorded(business)
    given.failed_run(business, call, error_code="not_audio", error="an error page came")
    return call


def _waiting(**columns: Any) -> Callable[[Given, int], str]:
    def arrange(given: Given, business: int) -> str:
        call = given.recorded(business)
        given.waiting_run(business, call, lane="click", **columns)
        return call

    return arrange


FIXED = [
    Case("no such call", lambda given, business: new_sid("CA"), 404, "call_not_found"),
    Case("no recording", lambda given, business: given.call(business), 404, "no_recording"),
    Case("an empty url is none",
         lambda given, business: given.call(business, recording_url=""), 404, "no_recording"),
    Case("in progress", lambda given, business: given.call(
        business, recording_sid=new_sid("RE"), recording_status="in-progress"),
        404, "no_recording"),
    Case("expired", lambda given, business: given.recorded(
        business, recording_deleted_at="2026-01-01"), 410, "recording_expired"),
    Case("absent", lambda given, business: given.call(
        business, recording_status="absent", recording_reason="too_short"),
        404, "recording_unavailable", {"reason": "too_short"}),
    Case("failed at the provider", lambda given, business: given.call(
        business, recording_status="failed", recording_reason="encryption_failed"),
        404, "recording_unavailable", {"reason": "encryption_failed"}),
    Case("failed here", _failed, 500, "recording_failed", {"reason": "not_audio"}),
    Case("running", _waiting(status="running", bytes_received=70, bytes_total=90),
         202, "processing", {"bytes_received": 70, "bytes_total": 90}, "2"),
    Case("running, length unknown", _waiting(status="running", bytes_received=70),
         202, "processing", {"bytes_received": 70}, "2"),
    Case("running again after a recovery",
         _waiting(status="running", recovered_at="now"), 202, "processing", {}, "5"),
    Case("waiting for its next attempt", _waiting(not_before="9999-01-01", attempts=1),
         202, "queued", {}, "2"),
]


@pytest.mark.parametrize("case", FIXED, ids=lambda case: case.name)
def test_states(given: Given, new_business: Callable[[], int], case: Case) -> None:
    business = new_business()
    call = case.arrange(given, business)
    before = given.everything()
    answer = click(given, business, call)
    body = says(answer, case.status, case.code)
    assert {name: body.get(name) for name in case.body} == case.body
    if case.code != "recording_failed":
        assert answer.headers["Retry-After"] == case.retry_after
    assert ("bytes_received" in body) == ("bytes_received" in case.body)
    head_agrees(given.api(business).head(path_of(call)), answer)
    assert given.everything() == before


def test_a_failure_tells_when_to_come_back(given: Given, new_business: Callable[[], int]) -> None:
    """Retry-After is what the breaker has left, by the database's clock before and after."""
    business = new_business()
    call = given.recorded(business)
    run = given.failed_run(business, call, "10 minutes", error="x" * 500)

    def left() -> float:
        found = given.db.execute(
            "SELECT %s - extract(epoch FROM now() - completed_at) FROM recording_runs "
            "WHERE id = %s", [BREAKER_RESET, run]).fetchone()
        assert found
        return float(found[0])

    most = left()
    answer = click(given, business, call)
    says(answer, 500, "recording_failed")
    assert left() <= answer.retry_after <= most + 1


def test_an_error_in_hebrew_is_told_however_long(
    given: Given, new_business: Callable[[], int]
) -> None:
    """Cutting a text to size must not cut a letter: JSON has no half letters."""
    business = new_business()
    for start in ("", "x"):
        call = given.recorded(business)
        given.failed_run(business, call, error=start + "שגיאה " * 100)
        body = says(click(given, business, call), 500, "recording_failed")
        assert body["detail"].startswith(start + "שגיאה שגיאה")


@pytest.mark.parametrize("columns, ago", [
    ({"attempts": 2}, "0"), ({}, "61 minutes"), ({"status": "cancelled"}, "0"),
])
def test_the_breaker_opens_for_nothing_less(
    given: Given, new_business: Callable[[], int], columns: dict[str, Any], ago: str
) -> None:
    business = new_business()
    call = given.recorded(business)
    given.failed_run(business, call, ago, **columns)
    says(click(given, business, call), 202, "processing")


def test_a_success_closes_the_breaker(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call = given.recorded(business)
    given.failed_run(business, call)
    given.run(business, call, status="completed", completed_at="now")
    says(click(given, business, call), 202, "processing")


# ---- starting, waiting, playing ----


def test_a_click_on_an_absent_one_starts_it(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = given.recorded(business)
    answer = click(given, business, call)
    says(answer, 202, "processing")
    assert answer.headers["Retry-After"] == "2"
    run = given.row("recording_runs", business_id=business)
    assert (run["call_sid"], run["status"], run["job_type"], run["lane"]) == (
        call, "queued", "download", "click")
    assert rds.smembers(f"rec_slots:{business}") == {call}
    assert rds.get(f"rec_inflight:{business}:{call}").startswith("c:g:")
    assert f"{business}:{call}" in queue_of(rds, business)


def test_a_click_makes_a_prefetch_a_click(
    given: Given, rds: redis.Redis, new_call: Callable[..., Call]
) -> None:
    """The third prefetch waits, for only two may be at work; a person does not wait for it."""
    first = new_call()
    last = [new_call(first.business) for _ in range(2)][-1]
    assert rds.lrange(f"rec_later:{first.business}", 0, -1) == [last.call_sid]
    says(last.api.get(last.file_path), 202, "processing")
    assert given.row("recording_runs", call_sid=last.call_sid)["lane"] == "click"
    assert rds.exists(f"rec_later:{first.business}") == 0


def test_progress_is_what_redis_says(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = given.recorded(business)
    click(given, business, call)
    rds.hset(f"rec_progress:{business}:{call}",
             mapping={"format": "wav2", "received": 4096, "total": 8192})
    body = says(click(given, business, call), 202, "processing")
    assert (body["bytes_received"], body["bytes_total"]) == (4096, 8192)


def test_ten_clicks_give_three_active_and_seven_waiting(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    clicked = [given.recorded(business) for _ in range(10)]
    told = [click(given, business, call) for call in clicked]
    for answer in told[:3]:
        assert "position" not in says(answer, 202, "processing")
    assert [says(answer, 202, "queued")["position"] for answer in told[3:]] == [*range(1, 8)]
    assert rds.smembers(f"rec_slots:{business}") == set(clicked[:3])
    assert rds.lrange(f"rec_queue:{business}", 0, -1) == clicked[3:]
    # Again, in another order: nobody moves, nothing is started twice.
    again = {call: click(given, business, call).json.get("position") for call in clicked[::-1]}
    assert [again[call] for call in clicked] == [None] * 3 + [*range(1, 8)]
    assert len(given.rows("recording_runs", business_id=business)) == 10


def test_many_clicks_at_once_are_one_run(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = given.recorded(business)
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda _: click(given, business, call), range(16)))
    assert {answer.status for answer in answers} == {202}
    assert given.row("recording_runs", business_id=business)["status"] == "queued"
    assert queue_of(rds, business).count(f"{business}:{call}") == 1


def test_from_the_click_to_the_sound(
    new_call: Callable[..., Call], drain: Callable[..., Any]
) -> None:
    call = new_call()
    says(call.api.get(call.file_path), 202, "processing")
    drain()
    played = call.api.get(call.file_path)
    assert (played.status, played.body) == (200, call.source())
    part = call.api.get(call.file_path, headers={"Range": "bytes=44-1043"})
    assert (part.status, part.body) == (206, call.source()[44:1044])


def test_the_parents_recording_plays_for_the_child(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    parent = given.recorded(business)
    child = given.call(business, parent_call_sid=parent)
    says(click(given, business, child), 202, "processing")
    assert given.row("recording_runs", business_id=business)["call_sid"] == parent
    given.file(business, parent, CONTENT)
    assert click(given, business, child).body == CONTENT


def test_a_foreign_parents_recording_does_not(
    given: Given, new_business: Callable[[], int]
) -> None:
    theirs, ours = new_business(), new_business()
    parent = given.recorded(theirs)
    given.file(theirs, parent, CONTENT)
    child = given.call(ours, parent_call_sid=parent)
    says(click(given, ours, child), 404, "no_recording")


@pytest.mark.parametrize("method, path", [
    ("GET", "/api/recordings/file/{}"), ("HEAD", "/api/recordings/file/{}"),
    ("POST", "/api/recordings/{}/prepare"), ("GET", "/api/recordings/{}/status"),
    ("GET", "/api/calls/{}"), ("GET", "/api/calls/{}/download"),
])
@pytest.mark.parametrize("has_file", [False, True])
def test_a_foreign_call_is_no_call(
    given: Given, new_business: Callable[[], int], method: str, path: str, has_file: bool
) -> None:
    """Byte for byte, or others could find out which calls there are."""
    theirs = new_business()
    foreign = given.recorded(theirs)
    if has_file:
        given.file(theirs, foreign, CONTENT)
    api = given.api(new_business())

    def told(call: str) -> tuple[int, bytes, list[tuple[str, str]]]:
        answer = api.request(method, path.format(call))
        return answer.status, answer.body, [one for one in answer.headers.items()
                                            if one[0] not in ("Date", "X-Request-Id")]

    assert told(foreign) == told(new_sid("CA")) and told(foreign)[0] == 404
    assert given.rows("recording_runs", business_id=theirs) == []


@pytest.mark.parametrize("line", [{}, {"Range": "bytes=0-0,2-2"}, {"If-Match": "*"}])
def test_no_business_hears_anothers_folder(given: Given, line: dict[str, str]) -> None:
    """Whoever may write there made it a symbolic link."""
    call, mine, theirs = new_sid("CA"), 990_001, 990_002
    given.file(theirs, call, b"RIFF" + b"x" * 100)
    (given.stack.recordings_dir / str(mine)).symlink_to(given.stack.recordings_dir / str(theirs))
    try:
        given.call(mine, call_sid=call)
        link = given.link(mine, f"{call}.wav", 4102444800)
        for path in (f"/api/recordings/file/{call}", f"/api/calls/{call}/download"):
            assert given.api(mine).get(path, headers=line).status == 404, path
        refused = {403, 404} if given.stack.front == "lighttpd" else {404}  # docs/webservers.md says when
        assert given.api(mine).get(link, headers=line).status in refused
        assert given.api(theirs).get(f"/api/recordings/file/{call}", headers=line).status < 300
    finally:
        (given.stack.recordings_dir / str(mine)).unlink()
