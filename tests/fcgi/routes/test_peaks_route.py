"""GET /api/recordings/{call_sid}/peaks: the waveform, and what is said while there is none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from http_expect import head_agrees, says
from http_given import MODIFIED, MODIFIED_DATE, Given
from stack.calls import new_sid
from stack.stack import Stack

WAVEFORM = (b'{"version":2,"channels":1,"sample_rate":8000,"samples_per_pixel":800,"bits":8,'
            b'"length":1,"data":[-1,1]}')


def path_of(call: str) -> str:
    return f"/api/recordings/{call}/peaks"


def put_peaks(recording: Path, content: bytes = WAVEFORM, modified: float = MODIFIED) -> Path:
    """A waveform as the runner leaves it: with the recording's own time."""
    path = recording.with_name(recording.stem + ".peaks.json")
    path.write_bytes(content)
    os.utime(path, ns=(0, round(modified * 10**9)))
    return path


@pytest.fixture
def business(new_business: Callable[[], int], rds: redis.Redis) -> Iterator[int]:
    yield new_business()
    rds.delete("rec_peaks")


def test_a_waveform(given: Given, business: int) -> None:
    call = given.call(business)
    put_peaks(given.file(business, call, b"audio"))
    got = given.api(business).get(path_of(call))
    assert (got.status, got.body) == (200, WAVEFORM)
    assert got.headers["Content-Type"] == "application/json; charset=utf-8"
    assert got.headers["Cache-Control"] == "private, no-cache"
    assert got.headers["Last-Modified"] == MODIFIED_DATE and got.headers["ETag"][0] == '"'
    head_agrees(given.api(business).head(path_of(call)), got)


def test_it_may_be_kept_and_asked_about(given: Given, business: int) -> None:
    call = given.call(business)
    put_peaks(given.file(business, call, b"audio"))
    api = given.api(business)
    etag = api.get(path_of(call)).headers["ETag"]
    same = api.get(path_of(call), headers={"If-None-Match": etag})
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", etag)
    assert api.get(path_of(call), headers={"If-None-Match": '"x"'}).status == 200
    assert api.get(path_of(call), headers={"If-Match": '"x"'}).status == 412
    ranged = api.get(path_of(call), headers={"Range": "bytes=0-3"})
    assert (ranged.status, ranged.body) == (200, WAVEFORM)


def test_where_there_is_none_a_runner_is_asked(
    given: Given, business: int, rds: redis.Redis
) -> None:
    call = given.call(business)
    given.file(business, call, b"audio")
    got = given.api(business).get(path_of(call))
    assert says(got, 202, "processing") and got.retry_after == 2
    assert rds.lrange("rec_peaks", 0, -1) == [f"{business}:{call}"]


def test_one_of_another_recording_is_none(given: Given, business: int) -> None:
    call = given.call(business)
    put_peaks(given.file(business, call, b"audio"), modified=MODIFIED - 1)
    assert given.api(business).get(path_of(call)).status == 202


def test_what_cannot_be_read_has_none(given: Given, business: int, rds: redis.Redis) -> None:
    call = given.call(business)
    put_peaks(given.file(business, call, b"audio"), b"")
    got = given.api(business).get(path_of(call))
    assert says(got, 404, "no_peaks") and "Retry-After" not in got.headers
    assert not rds.exists("rec_peaks")


def test_a_child_leg_has_its_parents(given: Given, business: int, rds: redis.Redis) -> None:
    parent = given.recorded(business)
    child = given.call(business, parent_call_sid=parent)
    recording = given.file(business, parent, b"audio")
    assert given.api(business).get(path_of(child)).status == 202
    assert rds.lrange("rec_peaks", 0, -1) == [f"{business}:{parent}"]
    put_peaks(recording)
    assert given.api(business).get(path_of(child)).body == WAVEFORM


def test_other_states_answer_as_the_file_route_does(given: Given, business: int) -> None:
    api = given.api(business)
    unknown, empty, fresh = new_sid("CA"), given.call(business), given.recorded(business)
    says(api.get(path_of(unknown)), 404, "call_not_found")
    says(api.get(path_of(empty)), 404, "no_recording")
    first = api.get(path_of(fresh))
    assert (first.status, first.headers["Retry-After"]) == (202, "2")
    assert given.row("recording_runs", call_sid=fresh)["status"] == "queued"


def test_while_it_arrives_there_is_the_waveform_so_far(
    given: Given, business: int, new_business: Callable[[], int], rds: redis.Redis
) -> None:
    """As the runner published it, beside what is said without it."""
    call, api = given.recorded(business), given.api(business)
    api.get(path_of(call))
    rds.hset(f"rec_progress:{business}:{call}",
             mapping={"format": "wav2", "received": 70000, "total": 90000})
    bare = api.get(path_of(call))
    assert says(bare, 202, "processing")["bytes_received"] == 70000 and "peaks" not in bare.json
    rds.set(f"rec_waveform:{business}:{call}", WAVEFORM, px=60000)
    got = api.get(path_of(call))
    assert got.json == {**bare.json, "peaks": json.loads(WAVEFORM)}
    assert got.headers["Cache-Control"] == "no-store" and got.headers["Retry-After"] == "2"
    head_agrees(api.head(path_of(call)), got)
    says(given.api(new_business()).get(path_of(call)), 404, "call_not_found")


def test_another_business_has_no_such_call(
    given: Given, business: int, new_business: Callable[[], int]
) -> None:
    call = given.call(business)
    put_peaks(given.file(business, call, b"audio"))
    says(given.api(new_business()).get(path_of(call)), 404, "call_not_found")


def test_the_gate(given: Given, stack: Stack, business: int) -> None:
    api = given.api(business)
    says(api.get(path_of(new_sid("CA")), token=None), 401, "unauthorized")
    says(api.get("/api/recordings/CA1/peaks"), 400, "bad_parameter")
    says(api.get(path_of(new_sid("CA")) + "?x=1"), 400, "bad_parameter")
    assert api.post(path_of(new_sid("CA"))).headers["Allow"] == "GET, HEAD, OPTIONS"
