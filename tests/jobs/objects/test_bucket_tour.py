"""`tapedeck retain` and objects that no row tells of, as after a dump older than the bucket was
restored: what is kept gets its row back, what is over goes, and what is nobody's does after a day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
import pytest
from stack.calls import Call, new_sid
from stack.stack import Stack

from jobs_kit import assert_stored, click, known_call, runs_of, value_of
from objects_kit import Objects, evict, peaks_file, row_of, settings
from retain_kit import Own, killed_at_its_mark

MODIFIED = re.compile(rb"(?<=<LastModified>)[-0-9]{10}T[:0-9]{8}")


@pytest.fixture
def own(make_stack: Callable[..., Stack], objects: Objects) -> Iterator[Own]:
    """The bucket is all this test's, too."""
    stack = make_stack(responders=1, overrides=settings(objects.proxy.endpoint))
    for key in objects.client.keys():
        objects.client.delete(key)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield Own(stack, connection)


@pytest.fixture
def stored(own: Own, objects: Objects) -> Call:
    """A call whose recording the store has, and no disk."""
    call = known_call(own.stack, own.db, 1)
    click(call)
    assert own.stack.run("drain", "--once").returncode == 0
    evict(call)
    peaks_file(call).unlink()
    assert objects.all_of(call) == {objects.key(call), objects.peaks_key(call)}
    return call


def restored(own: Own) -> None:
    """The dump knew of no object, and of no run."""
    own.db.execute("DELETE FROM recording_objects")
    own.db.execute("DELETE FROM recording_runs")


def without_trigger(own: Own, statement: str) -> None:
    own.db.execute("SET session_replication_role = replica")
    own.db.execute(statement)
    own.db.execute("RESET session_replication_role")


@contextmanager
def days_later(objects: Objects) -> Iterator[None]:
    """What the store lists is two days old."""
    def older(match: re.Match[bytes]) -> bytes:
        then = datetime.fromisoformat(match[0].decode()) - timedelta(days=2)
        return then.isoformat().encode()

    objects.proxy.spoil(to_client=lambda data: MODIFIED.sub(older, data))
    yield
    objects.proxy.heal()


def place(own: Own) -> str:
    return str(value_of(own.db, "SELECT bucket_after FROM retain_tour"))


def put_many(objects: Objects, count: int) -> set[str]:
    keys = {f"1/{new_sid('CA')}.wav" for _ in range(count)}
    for key in keys:
        objects.client.put(key, b"R" * 2000)
    return keys


# ---- what is kept ----


def test_what_is_kept_gets_its_row_back(own: Own, objects: Objects, stored: Call) -> None:
    """And plays, without a second download; and comes back to a disk."""
    restored(own)
    with days_later(objects):
        said = own.retain()
    assert f"OBJECT_ADOPTED business_id=1 sid={stored.call_sid} " in said
    assert "BUCKET_TOURED objects=2 adopted=1 deleted=0 strange=0 ended=1" in said
    assert row_of(own.db, stored) == "object"
    assert stored.api.get(stored.file_path).status == 307
    assert own.stack.run("move", "--to", "disk").returncode == 0
    assert_stored(stored, "wav2")
    assert objects.all_of(stored) == set() and runs_of(own.db, stored) == 0


def test_a_young_one_is_about_to_get_its_row(own: Own, objects: Objects, stored: Call) -> None:
    restored(own)
    assert "objects=2 adopted=0 deleted=0" in own.retain()
    assert row_of(own.db, stored) == "disk" and len(objects.all_of(stored)) == 2


@pytest.mark.parametrize("size, table", [(1000, "recording_runs"), (5000, "call_steps")])
def test_what_cannot_be_it_is_not_adopted(
    own: Own, objects: Objects, stored: Call, size: int, table: str
) -> None:
    """Too small for a recording, or of another size than what was stored last. Nor does it go."""
    own.db.execute("DELETE FROM recording_objects")
    own.db.execute(f"DELETE FROM {table}")
    objects.client.put(objects.key(stored), b"R" * size)
    with days_later(objects):
        assert "adopted=0 deleted=0" in own.retain()
    assert row_of(own.db, stored) == "disk" and objects.has(stored)


def test_what_is_held_is_kept(own: Own, objects: Objects, stored: Call) -> None:
    restored(own)
    without_trigger(own, "UPDATE call_log SET recording_deleted_at = now(), legal_hold = true")
    with days_later(objects):
        own.retain()
    assert row_of(own.db, stored) == "object" and objects.has(stored)


def test_what_has_a_row_is_left_alone(own: Own, objects: Objects, stored: Call) -> None:
    before = own.db.execute("SELECT * FROM recording_objects").fetchall()
    with days_later(objects):
        assert "adopted=0 deleted=0" in own.retain()
    assert own.db.execute("SELECT * FROM recording_objects").fetchall() == before


# ---- what goes ----


@pytest.mark.parametrize("how", ["recording_deleted_at = now()", "business_id = 2"])
def test_what_is_over_goes_at_once(own: Own, objects: Objects, stored: Call, how: str) -> None:
    restored(own)
    without_trigger(own, f"UPDATE call_log SET {how}")
    assert "OBJECT_DELETED" in own.retain()
    assert objects.all_of(stored) == set()


def test_what_is_nobodys_goes_when_it_is_a_day_old(
    own: Own, objects: Objects, stored: Call
) -> None:
    """The waveform alone, too; and no more is asked about it afterwards."""
    restored(own)
    without_trigger(own, "DELETE FROM call_log")
    lone = f"2/{new_sid('RE')}.peaks.json"
    objects.client.put(lone, b"{}")
    own.retain()
    assert len(objects.client.keys()) == 3
    with days_later(objects):
        own.retain()
    assert objects.client.keys() == set()
    assert "objects=0 adopted=0 deleted=0" in own.retain()


def test_the_wrong_bucket_keeps_everything(own: Own, objects: Objects, stored: Call) -> None:
    """What is over goes all the same; and the tour comes here again."""
    restored(own)
    without_trigger(own, "UPDATE call_log SET recording_deleted_at = now()")
    keys = put_many(objects, 25)
    with days_later(objects):
        said = own.retain(code=1)
        assert "25 of 27 objects belong to no call" in said
        assert objects.client.keys() == keys and place(own) == ""
        own.retain("--all")
    assert objects.client.keys() == set()


def test_strange_keys_are_left_alone(own: Own, objects: Objects) -> None:
    sid = new_sid("CA")
    strange = {"notes.txt", f"01/{sid}.wav", f"-0/{sid}.wav", f"1/{sid}.wav.bak", f"1/{sid}.ogg",
               f"1/{sid[:-1]}.wav", f"1/{sid}0.wav", f"x/1/{sid}.wav", f"1//{sid}.wav",
               f"99999999999999999999/{sid}.wav", f"1/AC{sid[2:]}.wav"}
    for key in strange:
        objects.client.put(key, b"x")
    with days_later(objects):
        assert f"objects=0 adopted=0 deleted=0 strange={len(strange)} ended=1" in own.retain()
    assert objects.client.keys() == strange


# ---- the tour ----


def test_it_goes_on_where_it_was_and_begins_anew(own: Own, objects: Objects) -> None:
    first, second = f"1/CA{'1' * 32}.wav", f"1/CA{'2' * 32}.wav"
    for key in (first, second):
        objects.client.put(key, b"x")
    own.db.execute("UPDATE retain_tour SET bucket_after = %s", [first.replace("/", "%2F")])
    with days_later(objects):
        own.retain()
        assert objects.client.keys() == {first} and place(own) == ""
        own.retain()
    assert objects.client.keys() == set()


def test_a_store_that_does_not_answer_is_told(own: Own, objects: Objects) -> None:
    with objects.down():
        assert "BUCKET_NOT_LISTED reason=unavailable" in own.retain(code=1)
    objects.proxy.spoil(to_client=lambda data: data.replace(b"<IsTruncated>", b"<IsTruncatex>"))
    assert "BUCKET_NOT_LISTED reason=refused" in own.retain(code=1)


def test_without_a_store_there_is_no_tour(own: Own) -> None:
    assert "BUCKET" not in own.retain(S3_ENDPOINT="")


# ---- without a row, when its time is over ----


def elsewhere(own: Own) -> None:
    """The tour does not come by."""
    own.db.execute("UPDATE retain_tour SET bucket_after = 'zzz'")


@pytest.mark.parametrize("extension", ["wav", "mp3"])
def test_what_is_due_goes_by_its_key(
    own: Own, objects: Objects, stored: Call, extension: str
) -> None:
    if extension == "mp3":
        objects.client.put(objects.key(stored, "mp3"), objects.has(stored) or b"")
        objects.client.delete(objects.key(stored))
    restored(own)
    elsewhere(own)
    own.db.execute("UPDATE call_log SET created_at = now() - interval '8 days'")
    own.retain()
    assert objects.all_of(stored) == set() and row_of(own.db, stored) == "disk"


def test_killed_between_mark_and_object(own: Own, objects: Objects, stored: Call) -> None:
    """The mark left a row to it, so that the next run finds it; until then Twilio keeps its own."""
    restored(own)
    own.db.execute("UPDATE call_log SET created_at = now() - interval '8 days'")
    killed_at_its_mark(own)
    assert len(objects.all_of(stored)) == 2 and row_of(own.db, stored) == "lost"
    elsewhere(own)
    with objects.down():
        own.retain(code=1, RETENTION_AT_TWILIO="true")
    assert own.stack.twilio.stats().entries(stored.recording_sid)[-1]["format"] != "json"
    own.retain(RETENTION_AT_TWILIO="true")
    assert objects.all_of(stored) == set() and row_of(own.db, stored) == "disk"
    assert value_of(own.db, "SELECT recording_provider_deleted_at IS NOT NULL FROM call_log")
