"""A recording that is in the object store and not on this disk plays all the same; and where the
store fails, it comes from the provider again."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from stack.api import Answer
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db, assert_stored, click, known_call, run_of, runs_of, value_of
from objects_kit import Objects, evict, restart_responders, row_of

Drain = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def stack(stack_s3: Stack) -> Stack:
    return stack_s3


@pytest.fixture
def call(
    stack: Stack, db: Db, drain: Drain, objects: Objects, new_business: Callable[[], int]
) -> Call:
    """Its recording is in the store, and on no disk here."""
    one = known_call(stack, db, new_business())
    click(one)
    drain()
    evict(one)
    assert row_of(db, one) == "object"
    return one


@pytest.fixture
def streaming(stack: Stack) -> Iterator[None]:
    """Responders that pass the bytes on."""
    stack.halt("responders")
    stack.revive("responders", S3_PLAY="stream")
    yield
    stack.halt("responders")
    stack.revive("responders", S3_PLAY="redirect")


@pytest.fixture
def forgetful(stack: Stack) -> Iterator[None]:
    """Responders that remember no fault of the store, before or after the test."""
    yield
    restart_responders(stack)


def fetch(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=120) as answer:
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}


def location(answer: Answer) -> str:
    assert answer.status == 307, answer.body
    return answer.headers["location"]


# ---- the client goes to the store ----


def test_the_play_link_leads_to_the_store(call: Call, objects: Objects) -> None:
    body = call.api.post(call.prepare_path).json
    assert body["status"] == "ready"
    assert body["play_url"].startswith(f"{objects.proxy.endpoint}/tapes/{objects.key(call)}?X-Amz-")
    status, sound, headers = fetch(body["play_url"])
    assert (status, sound) == (200, call.source("wav2"))
    assert headers["content-type"] == "audio/wav" and headers["content-disposition"] == "inline"
    status, sound, headers = fetch(body["play_url"], Range="bytes=100-199")
    assert (status, sound) == (206, call.source("wav2")[100:200])
    assert call.api.get(call.status_path).json["status"] == "ready"
    assert not call.finished_file


def test_the_store_is_asked_once(call: Call, objects: Objects) -> None:
    """Whoever presses play waits for that answer."""
    for method, path in (("POST", call.prepare_path), ("GET", call.status_path),
                         ("GET", call.file_path)):
        objects.proxy.requests.clear()
        assert call.api.request(method, path).status in (200, 307)
        assert objects.proxy.requests == [f"HEAD /tapes/{objects.key(call)}"], path


def test_the_file_route_redirects_there(call: Call) -> None:
    answer = call.api.get(call.file_path)
    assert fetch(location(answer))[1] == call.source("wav2")
    assert answer.headers["cache-control"] == "private, no-store" and answer.body == b""


def test_head_is_answered_here(call: Call) -> None:
    answer = call.api.request("HEAD", call.file_path)
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(call.source("wav2"))))
    assert answer.headers["content-type"] == "audio/wav"


def test_a_download_has_its_name(call: Call) -> None:
    answer = call.api.get(f"/api/calls/{call.call_sid}/download")
    headers = fetch(location(answer))[2]
    assert headers["content-disposition"].startswith('attachment; filename="recording_')


def test_a_link_given_out_before_goes_on(
    stack: Stack, db: Db, drain: Drain, objects: Objects, new_business: Callable[[], int]
) -> None:
    """It was on disk when somebody pressed play."""
    call = known_call(stack, db, new_business())
    click(call)
    drain()
    path = call.api.post(call.prepare_path).json["play_url"].removeprefix(stack.public_base_url)
    assert path.startswith("/media/") and call.api.get(path).body == call.source("wav2")
    evict(call)
    answer = call.api.with_token(None).get(path)
    assert fetch(location(answer))[1] == call.source("wav2")


def test_another_business_is_not_sent_there(call: Call, new_call: Callable[..., Call]) -> None:
    other = new_call()
    assert other.api.get(call.file_path).status == 404


def test_what_is_deleted_is_not_played_from_there(db: Db, call: Call) -> None:
    db.execute("UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
               [call.call_sid])
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.json["error"]) == (410, "recording_expired")


# ---- we pass the bytes on ----


def test_streamed_it_is_the_same_answer_as_from_disk(
    stack: Stack, db: Db, drain: Drain, new_business: Callable[[], int], streaming: None
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    drain()
    asked = [{}, {"Range": "bytes=0-99"}, {"Range": "bytes=-10"}, {"Range": "bytes=5-9,20-29"},
             {"Range": "bytes=999999999-"}, {"If-None-Match": "*"}, {"If-Match": '"other"'}]
    before = [call.api.get(call.file_path, headers=headers) for headers in asked]
    link = call.api.post(call.prepare_path).json["play_url"]
    evict(call)
    after = [call.api.get(call.file_path, headers=headers) for headers in asked]

    def told(answer: Answer) -> tuple[object, ...]:
        boundary = answer.headers.get("content-type", "").rpartition("boundary=")[2].encode()
        return (answer.status, answer.body.replace(boundary or b"\0", b"B"),
                *(answer.headers.get(name) for name in ("etag", "last-modified", "content-range",
                                                         "content-length", "accept-ranges")))

    assert [told(answer) for answer in after] == [told(answer) for answer in before]
    assert after[0].body == call.source("wav2")
    again = call.api.post(call.prepare_path).json["play_url"]
    assert again.split("?")[0] == link.split("?")[0]
    assert fetch(again)[1] == call.source("wav2")


# ---- what the store may do ----


def test_what_the_store_lost_is_fetched_again(
    db: Db, drain: Drain, objects: Objects, call: Call
) -> None:
    objects.client.delete(objects.key(call))
    assert call.api.get(call.file_path).status == 202
    assert row_of(db, call) == "lost" and runs_of(db, call) == 2
    drain()
    assert_stored(call, "wav2")
    assert row_of(db, call) == "object" and objects.has(call) == call.source("wav2")


def test_status_starts_nothing(db: Db, objects: Objects, call: Call) -> None:
    objects.client.delete(objects.key(call))
    assert call.api.get(call.status_path).json["status"] == "absent"
    assert runs_of(db, call) == 1 and row_of(db, call) == "lost"


def test_other_bytes_than_ours_are_not_played(db: Db, objects: Objects, call: Call) -> None:
    objects.client.put(objects.key(call), b"something else")
    assert call.api.get(call.file_path).status == 202
    assert row_of(db, call) == "lost"


@pytest.mark.parametrize("how", ["down", "silent", "denied"])
def test_while_the_store_is_away_it_is_fetched_again(
    db: Db, drain: Drain, objects: Objects, call: Call, forgetful: None, how: str
) -> None:
    if how == "down":
        objects.proxy.down()
    elif how == "silent":
        objects.proxy.spoil(silent=True)
    else:
        objects.proxy.spoil(to_client=lambda data: data.replace(b"HTTP/1.1 200", b"HTTP/1.1 403"))
    try:
        assert call.api.get(call.file_path).status == 202
        assert call.api.post(call.prepare_path).status == 202
        assert row_of(db, call) == "object", "that it is away says nothing about what it has"
        drain()
        assert_stored(call, "wav2")
        assert call.api.get(call.file_path).body == call.source("wav2")
        assert run_of(db, call).status == "completed"
    finally:
        if how == "down":
            objects.proxy.up()
    objects.proxy.heal()
    drain()
    assert call.finished_file
    assert value_of(db, "SELECT modified_ns FROM recording_objects WHERE call_sid = %s",
                    call.call_sid) == call.finished_file.stat().st_mtime_ns


def test_a_store_that_is_silent_is_waited_for_once(
    objects: Objects, call: Call, stack: Stack, forgetful: None
) -> None:
    objects.proxy.spoil(silent=True)
    objects.proxy.requests.clear()
    for _ in range(8):
        assert call.api.get(call.file_path).status == 202
    assert 0 < objects.proxy.asked("HEAD .*") < 6, "once a responder, for some seconds"


def test_a_stream_that_breaks_off_is_seen_to(
    objects: Objects, call: Call, streaming: None
) -> None:
    """Fewer bytes than were promised, never others."""
    half = len(call.source("wav2")) // 2
    seen = [0]

    def cut(data: bytes) -> bytes:
        if b"audio/wav" in data and b"206" in data[:20]:
            seen[0] = 1
            objects.proxy.drop()
        return data[:half]

    objects.proxy.spoil(to_client=cut)
    with pytest.raises(Exception):
        answer = call.api.get(call.file_path)
        assert len(answer.body) == len(call.source("wav2"))
