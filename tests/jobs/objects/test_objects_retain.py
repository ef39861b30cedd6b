"""`tapedeck retain` with an object store: its copy goes as well, and is seen to be gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import click, known_call, value_of
from objects_kit import Objects, evict, row_of, settings
from retain_kit import Own

TWILIO = {"RETENTION_AT_TWILIO": "true"}


@pytest.fixture
def own(make_stack: Callable[..., Stack], objects: Objects) -> Iterator[Own]:
    stack = make_stack(responders=1, overrides=settings(objects.proxy.endpoint))
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield Own(stack, connection)


@pytest.fixture
def old(own: Own, objects: Objects) -> Call:
    """A call of eight days ago, fetched, and stored."""
    call = known_call(own.stack, own.db, 1)
    click(call)
    assert own.stack.run("drain", "--once").returncode == 0
    own.db.execute("UPDATE call_log SET created_at = now() - interval '8 days'")
    assert objects.all_of(call) == {objects.key(call), objects.peaks_key(call)}
    assert row_of(own.db, call) == "object"
    return call


def left_at_twilio(own: Own, call: Call) -> bool:
    return not value_of(own.db, "SELECT recording_provider_deleted_at IS NOT NULL FROM call_log"
                                " WHERE call_sid = %s", call.call_sid)


@pytest.mark.parametrize("on_disk", [True, False])
def test_it_goes_everywhere(own: Own, objects: Objects, old: Call, on_disk: bool) -> None:
    if not on_disk:
        evict(old)
    assert old.call_sid in own.retain("--dry-run") and objects.has(old)
    own.retain(**TWILIO)
    assert objects.all_of(old) == set() and row_of(own.db, old) == "disk"
    assert own.files() == set() and not left_at_twilio(own, old)
    assert old.api.get(old.file_path).status == 410


def test_what_a_store_keeps_goes_the_next_time(own: Own, objects: Objects, old: Call) -> None:
    """And until then nothing goes at Twilio."""
    with objects.down():
        said = own.retain(code=1, **TWILIO)
        assert "OBJECT_STAYS" in said and "reason=unavailable" in said
    assert own.files() == set() and row_of(own.db, old) == "object" and left_at_twilio(own, old)
    assert old.api.get(old.file_path).status == 410, "it is deleted, wherever it still is"
    assert "OBJECT_DELETED" in own.retain(**TWILIO)
    assert objects.all_of(old) == set() and not left_at_twilio(own, old)


@pytest.mark.parametrize("ending", ["wav", "peaks.json"])
def test_a_store_that_only_says_so_is_not_believed(
    own: Own, objects: Objects, old: Call, ending: str
) -> None:
    """Of the recording or of its waveform."""
    key = objects.key(old, ending)
    kept = objects.client.get(key)
    assert kept

    def restore(data: bytes) -> bytes:
        if data.startswith(f"HEAD /tapes/{key} ".encode()):
            objects.client.put(key, kept)
        return data

    objects.proxy.spoil(to_store=restore)
    said = own.retain(code=1, **TWILIO)
    assert "OBJECT_STAYS" in said and "reason=differs" in said
    assert row_of(own.db, old) == "object" and left_at_twilio(own, old)
    objects.proxy.heal()
    objects.proxy.drop()
    own.retain(**TWILIO)
    assert objects.all_of(old) == set() and not left_at_twilio(own, old)


def test_a_waveform_that_no_row_tells_of_goes_too(own: Own, objects: Objects, old: Call) -> None:
    """Its runner died before it could write that it was there."""
    own.db.execute("UPDATE recording_objects SET peaks_bytes = NULL, peaks_sha256 = NULL")
    own.retain()
    assert objects.all_of(old) == set() and row_of(own.db, old) == "disk"


def test_without_its_settings_the_store_is_not_forgotten(
    own: Own, objects: Objects, old: Call
) -> None:
    said = own.retain(code=1, **TWILIO, S3_ENDPOINT="")
    assert "S3_ENDPOINT is not set" in said
    assert objects.has(old) and left_at_twilio(own, old)


def test_what_no_call_has_any_more_goes(own: Own, objects: Objects, old: Call) -> None:
    own.db.execute("DELETE FROM call_log")
    own.retain()
    assert objects.all_of(old) == set() and row_of(own.db, old) == "disk"


def many_more(own: Own, business: int = 0) -> None:
    """Objects of calls that stay."""
    for into in ("call_log (business_id, call_sid, recording_url)",
                 "recording_objects (business_id, call_sid, kind, bytes, sha256, etag, modified_ns)"):
        values = "'/x'" if into.startswith("call_log") else "'wav', 1, '', '', 0"
        own.db.execute(f"INSERT INTO {into} SELECT {business}, 'CA' || md5(n::text), {values}"
                       " FROM generate_series(1, 11000) n")


def seen(own: Own) -> tuple[int, int]:
    """How many objects the tour has passed by, and how many are marked."""
    return own.db.execute(
        "SELECT (SELECT count(*) FROM recording_objects o, retain_tour t"
        "  WHERE (o.business_id, o.call_sid) <= (t.business_id, t.call_sid)),"
        " (SELECT count(*) FROM recording_objects WHERE call_gone_at IS NOT NULL)").fetchone()


GONE = {
    "deleted": "DELETE FROM call_log WHERE call_sid = %s",
    "moved": "UPDATE call_log SET business_id = 2 WHERE call_sid = %s",
    "expired": "UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
}


@pytest.mark.parametrize("how", GONE)
def test_it_goes_the_next_time_however_many_stay(
    own: Own, objects: Objects, old: Call, how: str
) -> None:
    """More than a night's piece of the tour stands before it: what makes it a stray marks it."""
    many_more(own)
    own.db.execute(GONE[how], [old.call_sid])
    own.retain(RETENTION_DAYS="0")
    assert seen(own) == (10000, 0), "the rest is for another night"
    assert objects.has(old) is None and row_of(own.db, old) == "disk"
    assert value_of(own.db, "SELECT count(*) FROM recording_objects") == 11000


def test_what_nothing_tells_of_is_found_on_the_tour(
    own: Own, objects: Objects, old: Call
) -> None:
    """TRUNCATE fires no trigger, nor does a restored dump. The tour goes on where it was."""
    many_more(own)
    own.db.execute("SET session_replication_role = replica")
    own.db.execute("DELETE FROM call_log WHERE call_sid = %s", [old.call_sid])
    own.db.execute("RESET session_replication_role")
    own.retain(RETENTION_DAYS="0")
    assert objects.has(old) and seen(own) == (10000, 0)
    own.retain(RETENTION_DAYS="0")
    assert objects.has(old) is None and row_of(own.db, old) == "disk"
    assert seen(own) == (0, 0), "it begins anew"


def test_what_was_one_before_there_were_marks_is_marked(own: Own, old: Call) -> None:
    own.db.execute("DELETE FROM call_log")
    own.db.execute("UPDATE recording_objects SET call_gone_at = NULL")
    own.db.execute("DELETE FROM tapedeck_migrations WHERE name = '130_strays'")
    done = own.stack.run("migrate", DATABASE_URL=own.stack.owner_url)
    assert done.returncode == 0, done.stderr
    assert seen(own)[1] == 1 and row_of(own.db, old) == "object"


def test_a_hold_that_comes_late_still_holds(own: Own, objects: Objects, old: Call) -> None:
    """The store failed, then somebody needs the recording: the object may be the last copy."""
    with objects.down():
        own.retain(code=1)
    own.db.execute("UPDATE call_log SET legal_hold = true")
    own.retain()
    assert objects.has(old) and row_of(own.db, old) == "object" and seen(own)[1] == 0
    own.db.execute("UPDATE call_log SET legal_hold = false")
    assert seen(own)[1] == 1
    own.retain()
    assert objects.has(old) is None and row_of(own.db, old) == "disk"


def test_a_call_that_is_written_anew_keeps_its_object(
    own: Own, objects: Objects, old: Call
) -> None:
    """As a CRM may do that deletes and inserts where others update; and it is not looked at again."""
    own.db.execute("CREATE TEMP TABLE written AS SELECT * FROM call_log")
    own.db.execute("DELETE FROM call_log")
    own.db.execute("INSERT INTO call_log SELECT * FROM written")
    assert seen(own)[1] == 1
    own.retain(RETENTION_DAYS="0")
    assert objects.has(old) and seen(own)[1] == 0


def test_a_crm_needs_no_right_to_our_tables(own: Own, objects: Objects, old: Call) -> None:
    """Its own deleting goes on, and marks the object all the same."""
    own.db.execute("CREATE ROLE crm")
    own.db.execute("GRANT SELECT, DELETE ON call_log TO crm")
    own.db.execute("SET ROLE crm")
    own.db.execute("CREATE TEMP TABLE recording_objects (business_id bigint, call_sid text)")
    own.db.execute("DELETE FROM call_log")
    own.db.execute("RESET ROLE")
    own.db.execute("DROP TABLE pg_temp.recording_objects")
    assert seen(own)[1] == 1
    own.retain()
    assert objects.has(old) is None


def test_the_table_tells_of_the_store(own: Own, old: Call) -> None:
    size = str(len(old.source("wav2")))
    lines = own.retain("--dry-run", **TWILIO).splitlines()
    assert lines[1].split()[1::4] == [old.call_sid, "disk,object,twilio"]
    evict(old)
    assert own.retain("--dry-run").splitlines()[1].split()[-2:] == [size, "disk,object"]
