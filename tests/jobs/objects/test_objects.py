"""Recordings go up to the object store once they are here, whatever the store does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db, Runner, assert_stored, click, known_call, run_of, until, value_of
from objects_kit import Objects, row_of

Drain = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def stack(stack_s3: Stack) -> Stack:
    return stack_s3


@pytest.fixture
def call(stack: Stack, db: Db, new_business: Callable[[], int]) -> Call:
    """A call that somebody wants to hear."""
    one = known_call(stack, db, new_business())
    click(one)
    return one


def test_it_is_stored_and_the_row_says_so(
    db: Db, drain: Drain, objects: Objects, call: Call
) -> None:
    said = drain().stderr
    assert_stored(call, "wav2")
    assert objects.has(call) == call.source("wav2")
    assert row_of(db, call) == "object"
    assert f"OBJECT_STORED business_id={call.business} sid={call.call_sid}" in said
    assert said.index("RECORDING_DONE") < said.index("OBJECT_STORED")
    assert objects.client.head(objects.key(call)).headers["content-type"] == "audio/wav"
    assert "OBJECT" not in drain().stderr, "once is enough"
    assert value_of(db, "SELECT count(*) FROM recording_runs WHERE object_at IS NULL"
                        " AND call_sid = %s", call.call_sid) == 0, "nor is it looked at again"


def test_while_the_store_is_down_it_plays_from_disk(
    db: Db, drain: Drain, objects: Objects, call: Call
) -> None:
    with objects.down():
        said = drain().stderr
        assert "OBJECT_FAILED" in said and "reason=unavailable" in said
        assert run_of(db, call).status == "completed" and row_of(db, call) == "disk"
        assert call.api.get(call.file_path).status == 200
    drain()
    assert objects.has(call) == call.source("wav2") and row_of(db, call) == "object"


def test_a_runner_that_lives_on_tries_again(
    db: Db, runner: Callable[..., Runner], objects: Objects, call: Call
) -> None:
    with objects.down():
        one = runner()
        one.hear("OBJECT_FAILED")
    one.hear("OBJECT_STORED")
    until(lambda: row_of(db, call) == "object", "the row")


def test_a_silent_store_holds_up_nothing(
    stack: Stack, db: Db, runner: Callable[..., Runner], objects: Objects, call: Call,
    new_business: Callable[[], int],
) -> None:
    objects.proxy.spoil(silent=True)
    one = runner(STALL_TIMEOUT="30s")
    until(lambda: objects.proxy.asked(f"PUT .*{call.call_sid}.*"), "an upload under way")
    other = known_call(stack, db, new_business())
    click(other)
    until(lambda: run_of(db, other).status == "completed", "a download meanwhile")
    assert "OBJECT_" not in one.said
    objects.proxy.heal()
    objects.proxy.drop()
    one.hear(f"OBJECT_STORED business_id={call.business}")


def test_a_lie_is_not_believed(db: Db, drain: Drain, objects: Objects, call: Call) -> None:
    """The store says that it has another size than it was given."""
    size = len(call.source("wav2"))
    objects.proxy.spoil(to_client=lambda data: data.replace(
        b"Content-Length: %d\r\nAccept" % size, b"Content-Length: %d\r\nAccept" % (size - 1)))
    assert "reason=differs" in drain().stderr
    assert row_of(db, call) == "disk"
    objects.proxy.heal()
    drain()
    assert row_of(db, call) == "object"


def test_a_runner_that_is_killed_leaves_it_to_the_next(
    db: Db, drain: Drain, runner: Callable[..., Runner], objects: Objects, call: Call
) -> None:
    objects.proxy.spoil(silent=True)
    one = runner()
    until(lambda: objects.proxy.asked(f"PUT .*{call.call_sid}.*"), "an upload under way")
    one.kill()
    objects.proxy.heal()
    drain()
    assert objects.has(call) == call.source("wav2") and row_of(db, call) == "object"


def test_a_runner_that_is_stopped_does_not_wait_for_the_store(
    runner: Callable[..., Runner], objects: Objects, call: Call
) -> None:
    objects.proxy.spoil(silent=True)
    one = runner(STALL_TIMEOUT="1h")
    until(lambda: objects.proxy.asked(f"PUT .*{call.call_sid}.*"), "an upload under way")
    one.terminate()
    one.ended_well()


def test_nor_for_one_that_is_read_back(
    runner: Callable[..., Runner], objects: Objects, call: Call
) -> None:
    """Its entity tag is another than that of our bytes."""
    objects.proxy.spoil(
        to_store=lambda data: b"" if data.startswith(b"GET ") else data,
        to_client=lambda data: re.sub(rb'(ETag: "?)[0-9a-f]{8}', rb"\g<1>beefbeef", data))
    one = runner(STALL_TIMEOUT="1h")
    until(lambda: objects.proxy.asked(f"GET .*{call.call_sid}.*"), "an object that is read back")
    one.terminate()
    one.ended_well()


def test_what_was_deleted_meanwhile_does_not_stay_there(
    db: Db, runner: Callable[..., Runner], objects: Objects, call: Call
) -> None:
    objects.proxy.spoil(silent=True)
    one = runner()
    until(lambda: objects.proxy.asked(f"PUT .*{call.call_sid}.*"), "an upload under way")
    db.execute("UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
               [call.call_sid])
    objects.proxy.heal()
    objects.proxy.drop()
    one.hear("OBJECT_DROPPED")
    assert objects.all_of(call) == set() and row_of(db, call) == "disk"


def test_an_mp3_is_stored_as_one(
    stack: Stack, db: Db, drain: Drain, objects: Objects, new_business: Callable[[], int]
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    drain(RECORDING_FORMATS="mp3")
    assert objects.client.get(objects.key(call, "mp3")) == call.source("mp3")
    assert value_of(db, "SELECT kind FROM recording_objects WHERE call_sid = %s",
                    call.call_sid) == "mp3"
