"""Waveforms follow their recordings into the object store: made once, shown by any node."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db, Runner, click, known_call, runs_of, until, value_of
from objects_kit import Objects, at, peaks_file, peaks_of, restart_responders, row_of


@pytest.fixture(scope="session")
def stack(stack_s3: Stack) -> Stack:
    """One of the two nodes; `other` is the other."""
    return stack_s3


def drain(node: Stack, **settings: str) -> str:
    """What its runner said."""
    done = node.run("drain", "--once", **settings)
    assert done.returncode == 0, done.stderr
    return done.stderr


def stored(stack: Stack, db: Db, objects: Objects, business: int) -> Call:
    """In the store, waveform and all, and on one node's disk."""
    one = known_call(stack, db, business, seconds=3)
    click(one)
    assert f"PEAKS_STORED business_id={one.business} sid={one.call_sid}" in drain(stack)
    assert row_of(db, one) == "object" and peaks_row(db, one) == peaks_file(one).stat().st_size
    objects.proxy.requests.clear()
    return one


@pytest.fixture
def call(stack: Stack, db: Db, objects: Objects, new_business: Callable[[], int]) -> Call:
    return stored(stack, db, objects, new_business())


@pytest.fixture
def there(other: Stack, call: Call) -> Call:
    """The same, asked for on the node that has nothing of it."""
    return at(other, call)


def peaks_row(db: Db, call: Call) -> int | None:
    """How many bytes of waveform the store has, as PostgreSQL knows it."""
    size = value_of(db, "SELECT peaks_bytes FROM recording_objects WHERE call_sid = %s",
                    call.call_sid)
    return None if size is None else int(size)


def forget_peaks(db: Db, objects: Objects, call: Call) -> None:
    """As of a recording that was stored before waveforms were."""
    peaks_file(call).unlink()
    objects.client.delete(objects.peaks_key(call))
    db.execute("UPDATE recording_objects SET peaks_bytes = NULL, peaks_sha256 = NULL"
               " WHERE call_sid = %s", [call.call_sid])


# ---- any node shows it ----


def test_both_nodes_show_the_same(
    stack: Stack, objects: Objects, call: Call, there: Call
) -> None:
    here, far = peaks_of(call), peaks_of(there)
    assert (here.status, far.status) == (200, 200), far.body
    assert far.body == here.body == objects.client.get(objects.peaks_key(call))
    assert json.loads(far.body)["length"] == 30
    for name in ("etag", "last-modified", "cache-control", "content-type", "content-length"):
        assert far.headers[name] == here.headers[name], name
    assert not peaks_file(there).exists() and there.finished_file is None
    head = objects.client.head(objects.peaks_key(call)).headers
    assert head["content-type"] == "application/json"
    assert "OBJECT" not in (said := drain(stack)) and "PEAKS" not in said, "once is enough"


def test_the_store_is_asked_once_or_not_at_all(objects: Objects, there: Call) -> None:
    far = peaks_of(there)
    assert objects.proxy.requests == [f"GET /tapes/{objects.peaks_key(there)}"]
    assert peaks_of(there, **{"If-None-Match": far.headers["etag"]}).status == 304
    head = there.api.request("HEAD", f"/api/recordings/{there.call_sid}/peaks")
    assert (head.status, head.headers["content-length"]) == (200, str(len(far.body)))
    assert objects.proxy.asked("GET .*") == 2


def test_a_disk_that_let_it_go_has_it_from_there(call: Call) -> None:
    before = peaks_of(call)
    peaks_file(call).unlink()
    after = peaks_of(call)
    assert (after.status, after.body) == (200, before.body)
    assert after.headers["etag"] == before.headers["etag"]


def test_another_business_does_not_see_it(
    other: Stack, there: Call, new_call: Callable[..., Call]
) -> None:
    stranger = at(other, new_call())
    assert stranger.api.get(f"/api/recordings/{there.call_sid}/peaks").status == 404


def test_one_that_cannot_be_made_is_none_everywhere(
    stack: Stack, other: Stack, db: Db, objects: Objects, new_business: Callable[[], int]
) -> None:
    call = known_call(stack, db, new_business())
    path = call.part_file.parent / f"{call.call_sid}.wav"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(os.urandom(3000))
    assert peaks_of(call).status == 202
    assert "reason=unreadable" in drain(stack)
    assert row_of(db, call) == "object" and peaks_row(db, call) == 0
    for node in (stack, other):
        answer = peaks_of(at(node, call))
        assert (answer.status, answer.json["error"]) == (404, "no_peaks")
    assert objects.all_of(call) == {objects.key(call)}


# ---- what is not there is made again ----


@pytest.mark.parametrize("spoilt", [None, b"{}", b"x" * 4000], ids=["gone", "short", "others"])
@pytest.mark.parametrize("maker", ["stack", "other"])
def test_what_the_store_lost_is_made_again(
    stack: Stack, other: Stack, db: Db, objects: Objects, call: Call, there: Call,
    spoilt: bytes | None, maker: str,
) -> None:
    """By the node that has it, or by the one that has to bring the recording back first."""
    whole = peaks_of(call).body
    if spoilt is None:
        objects.client.delete(objects.peaks_key(call))
    else:
        objects.client.put(objects.peaks_key(call), spoilt)
    answer = peaks_of(there)
    assert (answer.status, answer.json["status"]) == (202, "processing")
    assert answer.retry_after > 0 and peaks_row(db, call) is None
    said = drain(stack if maker == "stack" else other)
    assert ("OBJECT_RECALLED" in said) == (maker == "other") and "PEAKS_STORED" in said
    assert (peaks_of(there).status, peaks_of(there).body) == (200, whole)
    assert objects.client.get(objects.peaks_key(call)) == whole
    assert runs_of(db, call) == 1, "nothing is fetched from the provider for it"


def test_one_that_was_stored_before_there_were_any(
    other: Stack, db: Db, objects: Objects, call: Call, there: Call
) -> None:
    whole = peaks_of(call).body
    forget_peaks(db, objects, call)
    assert peaks_of(there).status == 202
    said = drain(other)
    assert said.index("OBJECT_RECALLED") < said.index("PEAKS_DONE") < said.index("PEAKS_STORED")
    assert peaks_of(there).body == peaks_of(call).body == whole
    assert not peaks_file(call).exists(), "the first node has it from the store"


def test_another_recordings_waveform_is_not_shown(
    stack: Stack, db: Db, objects: Objects, call: Call
) -> None:
    """This disk has a newer one than the store."""
    assert call.finished_file is not None
    os.utime(call.finished_file, ns=(0, 1403716338 * 10**9))
    assert peaks_of(call).status == 202
    drain(stack)
    assert peaks_of(call).headers["etag"].startswith('"')
    assert value_of(db, "SELECT modified_ns FROM recording_objects WHERE call_sid = %s",
                    call.call_sid) == 1403716338 * 10**9
    peaks_file(call).unlink()
    assert peaks_of(call).status == 200


def test_of_other_bytes_than_ours_none_is_made(
    other: Stack, db: Db, objects: Objects, call: Call, there: Call
) -> None:
    forget_peaks(db, objects, call)
    objects.client.put(objects.key(call), call.source("wav2")[:-1] + b"?")
    assert peaks_of(there).status == 202
    assert "OBJECT_NOT_RECALLED" in drain(other)
    answer = peaks_of(there)
    assert (answer.status, answer.json["error"]) == (404, "no_peaks")
    assert there.finished_file is None


# ---- what the store may do ----


@pytest.fixture
def forgetful(other: Stack) -> Iterator[None]:
    """Responders that remember no fault of the store after the test."""
    yield
    restart_responders(other)


@pytest.mark.parametrize("known", [True, False], ids=["stored", "not stored"])
def test_while_the_store_is_away_the_recording_is_fetched_again(
    other: Stack, db: Db, objects: Objects, call: Call, there: Call, forgetful: None, known: bool
) -> None:
    """As for whoever wants to hear it; the other node shows what is on its disk."""
    if not known:
        forget_peaks(db, objects, call)
    with objects.down():
        assert known == (peaks_of(call).status == 200)
        assert peaks_of(there).status == 202 and runs_of(db, call) == 2
        drain(other)
        assert there.finished_file is not None and peaks_of(there).status == 200
    assert row_of(db, call) == "object", "that it is away says nothing about what it has"


@pytest.mark.parametrize("first", ["waveform", "upload"])
def test_a_waveform_that_does_not_get_there_holds_up_no_recording(
    stack: Stack, other: Stack, db: Db, objects: Objects, new_business: Callable[[], int],
    first: str,
) -> None:
    """Whichever is there first."""
    call = known_call(stack, db, new_business())
    click(call)
    if first == "waveform":
        drain(stack, S3_ENDPOINT="")
        assert peaks_file(call).exists() and row_of(db, call) == "disk"
    objects.proxy.spoil(to_store=lambda data: b"" if b".peaks.json" in data else data)
    said = drain(stack, STALL_TIMEOUT="500ms")
    assert "OBJECT_STORED" in said and "PEAKS_NOT_STORED" in said
    assert row_of(db, call) == "object" and peaks_row(db, call) is None
    objects.proxy.heal()
    objects.proxy.drop()
    assert peaks_of(at(other, call)).status == 202
    assert "PEAKS_STORED" in drain(stack)
    assert peaks_of(at(other, call)).status == 200


def test_what_was_deleted_meanwhile_does_not_stay_there(
    db: Db, runner: Callable[..., Runner], objects: Objects, call: Call
) -> None:
    """The recording was there before; its waveform is on its way."""
    go_on = threading.Event()

    def hold_up(data: bytes) -> bytes:
        if b".peaks.json" in data:
            go_on.wait(60)
        return data

    forget_peaks(db, objects, call)
    assert peaks_of(call).status == 202
    objects.proxy.spoil(to_store=hold_up)
    one = runner(STALL_TIMEOUT="1h")
    until(lambda: objects.proxy.asked("PUT .*peaks.json"), "an upload under way")
    db.execute("UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
               [call.call_sid])
    go_on.set()
    one.hear("OBJECT_DROPPED")
    assert objects.all_of(call) == {objects.key(call)}, "what retain deletes is not ours to delete"


def test_a_silent_store_holds_up_no_waveform_of_what_is_here(
    stack: Stack, other: Stack, db: Db, objects: Objects, tmp_path: Path,
    new_business: Callable[[], int],
) -> None:
    """However many of others are waited for."""
    business = new_business()
    away = [stored(stack, db, objects, business) for _ in range(4)]
    here = at(other, known_call(stack, db, business))
    click(here)
    drain(other, S3_ENDPOINT="")
    peaks_file(here).unlink()
    for one in away:
        forget_peaks(db, objects, one)
        assert peaks_of(at(other, one)).status == 202
    objects.proxy.spoil(silent=True)
    with Runner(other, tmp_path, ["--linger", "1h"], {"STALL_TIMEOUT": "1h"}):
        until(lambda: objects.proxy.asked("GET .*wav") >= 2, "recalls under way")
        assert peaks_of(here).status == 202
        until(lambda: peaks_file(here).exists(), "the waveform of what is here")
    objects.proxy.heal()
    objects.proxy.drop()


def test_a_stopped_runner_leaves_it_to_the_next(
    other: Stack, db: Db, objects: Objects, call: Call, there: Call, tmp_path: Path,
    rds: redis.Redis,
) -> None:
    forget_peaks(db, objects, call)
    assert peaks_of(there).status == 202
    objects.proxy.spoil(silent=True)
    with Runner(other, tmp_path, ["--linger", "1h"], {"STALL_TIMEOUT": "1h"}) as one:
        until(lambda: objects.proxy.asked(f"GET .*{call.call_sid}.wav"), "a recall under way")
        one.terminate()
        one.ended_well()
    assert f"{call.business}:{call.call_sid}" in rds.lrange("rec_peaks", 0, -1)
    assert there.finished_file is None
    objects.proxy.heal()
    objects.proxy.drop()
    drain(other)
    assert peaks_of(there).status == 200
