"""Two web nodes with a disk each, three runners on them, one PostgreSQL, one Redis, one object
store: any node plays any recording, and each is fetched once."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from speech.fake import FakeSpeech
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import Db, Runner, click, files_of, known_call, run_of, runs_of, until
from objects_kit import Objects, at, row_of
from steps_kit import saved, step_of

CALLS = 6


@pytest.fixture(scope="session")
def stack(stack_s3: Stack) -> Stack:
    """One of the two; `other` is the other."""
    return stack_s3


def sound(call: Call) -> bytes:
    """What its node plays, from wherever it leads to."""
    answer = call.api.get(call.file_path)
    if answer.status == 307:
        with urllib.request.urlopen(answer.headers["location"], timeout=120) as reply:
            return bytes(reply.read())
    assert answer.status == 200, answer.body
    return answer.body


def fetched(twilio: Control, call: Call) -> int:
    return twilio.stats().recording(call.recording_sid).requests


def test_any_node_plays_any_recording_fetched_once(
    stack: Stack, other: Stack, db: Db, objects: Objects, twilio: Control, tmp_path: Path,
    new_business: Callable[[], int],
) -> None:
    business = new_business()
    calls = [known_call(stack, db, business) for _ in range(CALLS)]
    again = ["--linger", "1h"]
    with Runner(stack, tmp_path, again, {}), Runner(other, tmp_path, again, {}), \
            Runner(other, tmp_path, again, {}):
        for one in calls:  # the runners may be faster than we are
            for node in (stack, other):
                assert at(node, one).api.post(one.prepare_path).status in (200, 202)
        for one in calls:
            until(lambda one=one: row_of(db, one) == "object", "the object")
    here = [at(node, one).finished_file is not None for one in calls for node in (stack, other)]
    assert here.count(True) == CALLS, "each is on one disk"
    for one in calls:
        for node in (stack, other):
            assert sound(at(node, one)) == one.source("wav2")
            assert at(node, one).api.post(one.prepare_path).json["status"] == "ready"
        assert (fetched(twilio, one), runs_of(db, one)) == (1, 1)


@pytest.fixture
def unstored(stack: Stack, db: Db, new_business: Callable[[], int]) -> Call:
    """Downloaded on one node a moment ago, and not in the store yet."""
    one = known_call(stack, db, new_business())
    click(one)
    done = stack.run("drain", "--once", S3_ENDPOINT="")
    assert done.returncode == 0, done.stderr
    assert run_of(db, one).status == "completed" and row_of(db, one) == "disk"
    return one


def test_what_is_being_stored_is_waited_for(
    stack: Stack, other: Stack, db: Db, objects: Objects, twilio: Control, unstored: Call
) -> None:
    there = at(other, unstored)
    for answer in (there.api.post(there.prepare_path), there.api.get(there.file_path),
                   there.api.get(there.status_path)):
        assert (answer.status, answer.json["status"]) == (202, "processing")
        assert answer.retry_after > 0
    assert unstored.api.get(unstored.file_path).status == 200, "where it is, it plays"
    assert stack.run("drain", "--once").returncode == 0
    assert sound(there) == unstored.source("wav2")
    assert (fetched(twilio, unstored), runs_of(db, unstored)) == (1, 1)


def test_it_is_waited_for_no_longer_than_a_minute(
    other: Stack, db: Db, objects: Objects, unstored: Call
) -> None:
    db.execute("UPDATE recording_runs SET completed_at = now() - interval '61 seconds'"
               " WHERE call_sid = %s", [unstored.call_sid])
    click(at(other, unstored))
    assert runs_of(db, unstored) == 2


def test_nobody_waits_for_an_upload_that_failed(
    stack: Stack, other: Stack, db: Db, objects: Objects, unstored: Call
) -> None:
    with objects.down():
        assert "OBJECT_FAILED" in stack.run("drain", "--once").stderr
        click(at(other, unstored))
    assert runs_of(db, unstored) == 2
    assert other.run("drain", "--once").returncode == 0
    assert sound(at(other, unstored)) == unstored.source("wav2")


def test_only_where_it_arrives_it_plays_early(
    stack: Stack, other: Stack, db: Db, objects: Objects, runner: Callable[..., Runner],
    new_business: Callable[[], int],
) -> None:
    one = known_call(stack, db, new_business(), seconds=20,
                     faults=[fault("trickle", bytes_per_second=200_000)])
    click(one)
    runner()
    until(lambda: one.api.post(one.prepare_path).json["playable"], "enough of it")
    answer = at(other, one).api.post(one.prepare_path)
    assert (answer.status, answer.json["playable"]) == (202, False)
    until(lambda: row_of(db, one) == "object", "the object")
    assert sound(at(other, one)) == one.source("wav2")


def transcribe_there(other: Stack, call: Call) -> str:
    """On the node that does not have the recording; what its runner said."""
    with FakeSpeech() as fake:
        assert other.run("transcribe", "--call", call.call_sid).returncode == 0
        done = other.run("drain", "--once", **fake.settings)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def stored(stack: Stack, db: Db, objects: Objects, new_business: Callable[[], int]) -> Call:
    """In the store, and on one node's disk."""
    one = known_call(stack, db, new_business(), seconds=12)
    click(one)
    assert stack.run("drain", "--once").returncode == 0
    assert row_of(db, one) == "object"
    return one


def test_a_runner_brings_back_what_it_has_to_hear(
    other: Stack, db: Db, twilio: Control, stored: Call
) -> None:
    assert "OBJECT_RECALLED" in transcribe_there(other, stored)
    here = at(other, stored).finished_file
    assert here is not None and here.read_bytes() == stored.source("wav2")
    assert stored.finished_file is not None
    assert here.stat().st_mtime_ns == stored.finished_file.stat().st_mtime_ns, "one entity tag"
    assert step_of(db, stored).status == "done" and saved(db, stored).transcript
    assert fetched(twilio, stored) == 1


def test_it_does_not_hear_other_bytes(
    other: Stack, db: Db, objects: Objects, stored: Call
) -> None:
    objects.client.put(objects.key(stored), stored.source("wav2")[:-1] + b"?")
    assert "OBJECT_NOT_RECALLED" in transcribe_there(other, stored)
    assert at(other, stored).finished_file is None and files_of(at(other, stored)) == []
    assert step_of(db, stored).error_code == "recording_away"


def test_what_the_store_lost_is_fetched_to_be_heard(
    other: Stack, db: Db, objects: Objects, stored: Call
) -> None:
    objects.client.delete(objects.key(stored))
    assert "OBJECT_LOST" in transcribe_there(other, stored)
    assert row_of(db, stored) in ("lost", "object") and runs_of(db, stored) == 2
    assert step_of(db, stored).error_code == "recording_missing"


def test_a_bucket_that_is_not_there_says_nothing_about_its_objects(
    other: Stack, db: Db, stored: Call
) -> None:
    with FakeSpeech() as fake:
        assert other.run("transcribe", "--call", stored.call_sid).returncode == 0
        said = other.run("drain", "--once", S3_BUCKET="no-such-bucket", **fake.settings).stderr
    assert "OBJECT_NOT_RECALLED" in said and "reason=refused" in said
    assert row_of(db, stored) == "object" and step_of(db, stored).error_code == "recording_away"
