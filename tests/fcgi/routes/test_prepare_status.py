"""prepare makes it play, status only tells, and their link opens one file for a while."""

from __future__ import annotations

import datetime
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
import redis

from http_expect import head_agrees, says
from http_given import Given, queue_of
from stack.api import Answer, Api
from stack.calls import Call, new_sid
from stack.stack import Stack

CONTENT = b"RIFF of a sort, of some length"
LATER = 4102444800  # 2100-01-01


def prepare(api: Api, call: str) -> Answer:
    return api.post(f"/api/recordings/{call}/prepare")


def status(api: Api, call: str) -> Answer:
    return api.get(f"/api/recordings/{call}/status")


# ---- what they say ----


def test_a_ready_one_comes_with_a_link_that_plays(
    given: Given, stack: Stack, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = given.recorded(business, recording_duration=7, duration=12, channels=2)
    given.file(business, call, CONTENT)
    asked = time.time()
    body = says(prepare(given.api(business), call), 200, "ready")
    assert (body["duration"], body["channels"]) == (7, 2)
    assert body["play_url"].startswith(f"{stack.public_base_url}/media/{business}/{call}.wav?")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(body["play_url"]).query)
    expires = datetime.datetime.fromisoformat(body["expires_at"])
    assert expires.timestamp() == int(query["exp"][0])
    assert asked + 3600 - 1 <= expires.timestamp() <= time.time() + 3600
    told = says(status(given.api(business), call), 200, "ready")
    assert told.keys() == body.keys() and told["duration"] == 7
    path = body["play_url"].removeprefix(stack.public_base_url)
    anybody = Api(stack.base_url)
    whole = anybody.get(path)
    assert (whole.status, whole.body) == (200, CONTENT)
    head_agrees(anybody.head(path), whole)
    part = anybody.get(path, headers={"Range": "bytes=5-9"})
    assert (part.status, part.body) == (206, CONTENT[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(CONTENT)}"


def test_what_is_not_known_is_null(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call = given.recorded(business, duration=None)
    given.file(business, call, CONTENT)
    body = says(prepare(given.api(business), call), 200, "ready")
    assert (body["duration"], body["channels"]) == (None, None)


def test_a_parents_recording_has_a_link_of_its_own_name(
    given: Given, stack: Stack, new_business: Callable[[], int]
) -> None:
    business = new_business()
    parent = given.recorded(business)
    child = given.call(business, parent_call_sid=parent)
    given.file(business, parent, CONTENT, "mp3")
    body = says(prepare(given.api(business), child), 200, "ready")
    path = body["play_url"].removeprefix(stack.public_base_url)
    assert path.startswith(f"/media/{business}/{parent}.mp3?")
    answer = Api(stack.base_url).get(path)
    assert (answer.headers["Content-Type"], answer.body) == ("audio/mpeg", CONTENT)


def test_asking_again_is_the_same_run(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    api = given.api(business)
    calls = [given.recorded(business) for _ in range(5)]
    first = [prepare(api, call) for call in calls]
    for answer in first:
        assert answer.status == 202 and answer.headers["Retry-After"] == "2"
        assert (answer.json["playable"], answer.json["play_url"]) == (False, None)
    bodies = [says(answer, 202, "processing") for answer in first[:3]]
    bodies += [says(answer, 202, "queued") for answer in first[3:]]
    assert [body.get("position") for body in bodies] == [None, None, None, 1, 2]
    runs = [run["id"] for run in given.rows("recording_runs", business_id=business)]
    assert [body["run_id"] for body in bodies] == [given.shown(run) for run in runs]
    before = given.everything(), queue_of(rds, business)
    assert [prepare(api, call).json for call in calls] == bodies
    assert [status(api, call).json for call in calls] == bodies
    assert [api.get(f"/api/recordings/file/{call}").status for call in calls] == [202] * 5
    assert (given.everything(), queue_of(rds, business)) == before


def test_progress_is_told(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call, api = given.recorded(business), given.api(business)
    prepare(api, call)
    rds.hset(f"rec_progress:{business}:{call}",
             mapping={"format": "wav2", "received": 100, "total": 9000})
    for answer in (prepare(api, call), status(api, call)):
        body = says(answer, 202, "processing")
        assert (body["bytes_received"], body["bytes_total"]) == (100, 9000)


def _absent(given: Given, business: int) -> str:
    return given.recorded(business)


def _failed(given: Given, business: int) -> str:
    call = given.recorded(business)
    given.failed_run(business, call)
    return call


def _prefetched(given: Given, business: int) -> str:
    call = given.recorded(business)
    given.run(business, call, lane="later")
    return call


@pytest.mark.parametrize("arrange", [_absent, _failed, _prefetched])
def test_status_starts_nothing(
    given: Given, rds: redis.Redis, new_business: Callable[[], int],
    arrange: Callable[[Given, int], str],
) -> None:
    business = new_business()
    call = arrange(given, business)
    before = given.everything(), queue_of(rds, business)
    answers = [status(given.api(business), call) for _ in range(3)]
    assert {answer.status for answer in answers} <= {200, 202, 500}
    assert (given.everything(), queue_of(rds, business)) == before


def test_status_of_one_nobody_asked_for(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    answer = status(given.api(business), given.recorded(business))
    assert (answer.status, answer.json["status"]) == (200, "absent")


@pytest.mark.parametrize("columns, code, answer_status", [
    ({}, "no_recording", 404),
    ({"recording_deleted_at": "2026-01-01", "recording_url": "x"}, "recording_expired", 410),
    ({"recording_status": "absent", "recording_reason": "silent"}, "recording_unavailable", 404),
])
@pytest.mark.parametrize("ask", [prepare, status])
def test_the_errors_are_those_of_the_file_route(
    given: Given, new_business: Callable[[], int], columns: dict[str, Any], code: str,
    answer_status: int, ask: Callable[[Api, str], Answer],
) -> None:
    business = new_business()
    call, api = given.call(business, **columns), given.api(business)
    body = says(ask(api, call), answer_status, code)
    assert body == api.get(f"/api/recordings/file/{call}").json
    says(ask(api, new_sid("CA")), 404, "call_not_found")


def test_failed_and_offline_are_errors_here_too(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    rds.delete("rec_runner")
    business = new_business()
    failed, stuck, api = _failed(given, business), given.recorded(business), given.api(business)
    given.waiting_run(business, stuck, "2 minutes")
    for ask in (status, prepare):
        answer = ask(api, failed)
        assert says(answer, 500, "recording_failed")["reason"] == "http_500"
        assert answer.retry_after > 0
        answer = ask(api, stuck)
        says(answer, 500, "worker_not_processing_queue")
        assert answer.retry_after > 0


def test_prepare_to_play_end_to_end(
    stack: Stack, new_call: Callable[..., Call], drain: Callable[..., Any]
) -> None:
    call = new_call(seconds=3)
    first = prepare(call.api, call.call_sid)
    assert first.status == 202
    drain()
    body = says(prepare(call.api, call.call_sid), 200, "ready")
    assert (body["duration"], body["channels"]) == (3, 2)
    path = body["play_url"].removeprefix(stack.public_base_url)
    assert Api(stack.base_url).get(path).body == call.source()


# ---- links ----


def _swap(link: str, old: str, new: str) -> str:
    assert old in link
    return link.replace(old, new, 1)


def _without(link: str, name: str) -> str:
    path, _, query = link.partition("?")
    kept = [pair for pair in query.split("&") if not pair.startswith(name + "=")]
    return path + "?" + "&".join(kept)


SPOILT: dict[str, Callable[[str], str]] = {
    "no query": lambda link: link.partition("?")[0],
    "no signature": lambda link: _without(link, "sig"),
    "no time": lambda link: _without(link, "exp"),
    "empty signature": lambda link: link.partition("sig=")[0] + "sig=",
    "empty time": lambda link: _swap(link, str(LATER), ""),
    "another time": lambda link: _swap(link, str(LATER), str(LATER + 1)),
    "a time with a sign": lambda link: _swap(link, str(LATER), f"%2B{LATER}"),
    "a time with more": lambda link: _swap(link, str(LATER), f"{LATER}x"),
    "a negative time": lambda link: _swap(link, str(LATER), f"-{LATER}"),
    "a time beyond numbers": lambda link: _swap(link, str(LATER), "9" * 40),
    "half a signature": lambda link: link[:-32],
    "a longer signature": lambda link: link + "0",
    "one digit changed": lambda link: link[:-1] + ("0" if link[-1] != "0" else "1"),
    "upper case": lambda link: link.partition("sig=")[0] + "sig="
    + link.partition("sig=")[2].upper(),
    "another business": lambda link: _swap(link, "/media/", "/media/1"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_link_opens_nothing(given: Given, stack: Stack, name: str) -> None:
    call = new_sid("CA")
    given.file(2, call, CONTENT)
    link = given.link(2, f"{call}.wav", LATER)
    assert Api(stack.base_url).get(link).status == 200
    answer = Api(stack.base_url, given.stack.token).get(SPOILT[name](link))
    says(answer, 403, "forbidden")


def test_a_link_opens_its_own_file_until_its_time(given: Given, stack: Stack) -> None:
    anybody = Api(stack.base_url)
    call, other, unknown = (new_sid("CA") for _ in range(3))
    given.file(2, call, CONTENT)
    given.file(2, other, CONTENT)
    given.file(1, call, CONTENT)
    link = given.link(2, f"{call}.wav", LATER)
    says(anybody.get(_swap(link, call, other)), 403, "forbidden")
    says(anybody.get(_swap(link, "/2/", "/1/")), 403, "forbidden")
    says(anybody.get(given.link(2, f"{call}.wav", int(time.time()) - 1)), 403, "forbidden")
    says(anybody.get(given.link(2, f"{call}.wav", 0)), 403, "forbidden")
    # Well signed, but there is no such file: an MP3's name on a WAV, a call without a file.
    says(anybody.get(given.link(2, f"{call}.mp3", LATER)), 404, "no_recording")
    says(anybody.get(_swap(link, ".wav", ".mp3")), 403, "forbidden")
    says(anybody.get(given.link(2, f"{unknown}.wav", LATER)), 404, "no_recording")
    for name in (f"{call}.ogg", f"{call}.wa", call, f".{call}.part", "x.wav"):
        says(anybody.get(given.link(2, name, LATER)), 400, "bad_parameter")
