"""An upgrade from the release before recordings were things of their own: its schema, its rows.

test_side_by_side.py does it with that release's programs, while they go on working.
"""

from __future__ import annotations

import hashlib
import select
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
from stack.calls import Call, new_call, new_sid
from stack.stack import ROOT, Stack

from databases import MIGRATIONS, Db, new_database
from jobs_kit import migrations, until, value_of
from old_release import HISTORY, skip_without_its_postgres

MakeStack = Callable[..., Stack]
OLD = [name for name in MIGRATIONS if name < "140"]
LONG = 10_000  # milliseconds, more than anybody is to wait

PLACES = """
SELECT md5(string_agg(ctid || ' ' || xmin, ',' ORDER BY id)) FROM call_log
 WHERE business_id = 1 AND call_sid <> 'CA' || md5('call 7')
"""
FILE = "SELECT pg_relation_filenode('call_log')"


def migrate_as_it_did(db: Db) -> None:
    db.execute("CREATE TABLE tapedeck_migrations (name text PRIMARY KEY, checksum text NOT NULL,"
               " applied_at timestamptz NOT NULL DEFAULT now())")
    for name in OLD:
        script = (ROOT / "db" / "migrations" / f"{name}.sql").read_bytes()
        with db.transaction():
            db.execute(script)
            db.execute("INSERT INTO tapedeck_migrations VALUES (%s, %s)",
                       [name, hashlib.sha256(script).hexdigest()])


@pytest.fixture
def url(stack: Stack) -> Iterator[str]:
    """A database of that release."""
    skip_without_its_postgres()
    with new_database(stack.database_url) as one:
        with psycopg.connect(one, autocommit=True) as db:
            migrate_as_it_did(db)
            db.execute("INSERT INTO business (id, name) VALUES (1, 'One')")
        yield one


@pytest.fixture
def old(url: str) -> Iterator[Db]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def upgrade(stack: Stack, url: str) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """upgrade(): it goes on in the background."""
    with migrations(stack, url) as start:
        yield start


# Transactions that go on for long: a backup, which reads all tables, and a CRM that has written.
LONG_ONES = {
    "a backup": "SELECT count(*) FROM recording_inbox, call_log, recording_runs WHERE false",
    "a writer": "UPDATE call_log SET status = 'busy' WHERE call_sid = 'CA' || md5('call 7')",
}
WAITS = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
 WHERE NOT granted AND datname = current_database()
"""


def says(process: subprocess.Popen[str]) -> bool:
    """Does it say that it waits, or anything else that is no good news?"""
    return bool(select.select([process.stderr], [], [], 0)[0])


@pytest.mark.parametrize("long_one", LONG_ONES.values(), ids=LONG_ONES)
def test_nobody_waits_for_it_and_no_call_is_rewritten(
    upgrade: Callable[[], subprocess.Popen[str]], url: str, old: Db, long_one: str
) -> None:
    """It may have to wait for such a one; then callbacks and the CRM do not wait for it."""
    old.execute(HISTORY)
    with psycopg.connect(url) as other:
        other.execute(long_one)
        before = value_of(old, PLACES), value_of(old, FILE)
        process = upgrade()
        until(lambda: says(process) or value_of(old, WAITS), "its wait")
        old.execute(f"SET statement_timeout = {LONG}")
        for _ in range(3):
            old.execute("INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid,"
                        " recording_url) VALUES (%s, 'completed', '', %s, '')",
                        [new_sid("RE"), new_sid("CA")])
            old.execute("INSERT INTO call_log (business_id, call_sid) VALUES (2, %s)", [new_sid("CA")])
    said, errors = process.communicate(timeout=120)
    assert said.endswith("the schema is up to date\n"), said + errors
    assert (value_of(old, PLACES), value_of(old, FILE)) == before, "each row in its place"


# What that release left behind, and what its programs do beside ours.


@pytest.fixture
def upgraded(url: str, make_stack: MakeStack) -> Stack:
    return make_stack(overrides={"DATABASE_URL": url})


@pytest.fixture
def call(upgraded: Stack) -> Call:
    """One with its recording, as that release wrote it: no row of its own."""
    one = new_call(upgraded, 1)
    with psycopg.connect(upgraded.database_url, autocommit=True) as db:
        db.execute("DELETE FROM tapedeck_recordings")
    return one


def left_in_the_inbox(db: Db, call: Call, days: int) -> str:
    """A second recording, which that release kept and never took up."""
    added = call.stack.twilio.add_recording(seconds=3, seed=7, call_sid=call.call_sid)
    url = call.recording_url.replace("https://api.twilio.com", call.stack.config["TWILIO_API_BASE"])
    db.execute("INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid,"
               " recording_url, duration, channels, received_at) VALUES (%s, 'completed', %s, %s, %s,"
               " 3, 2, now() - make_interval(days => %s))",
               [added.sid, call.stack.account_sid, call.call_sid,
                url.replace(call.recording_sid, added.sid), days])
    return added.sid


def test_a_second_recording_from_then_plays_and_is_as_old_as_it_is(
    upgraded: Stack, old: Db, call: Call
) -> None:
    second = left_in_the_inbox(old, call, 20)
    assert upgraded.run("cleanup").returncode == 0
    assert upgraded.run("drain", "--once").returncode == 0
    for name, source in ((call.call_sid, call.recording_sid), (second, second)):
        answer = call.api.get(f"/api/recordings/file/{name}")
        assert (answer.status, answer.body) == (200, upgraded.twilio.source(source, "wav2"))
    assert value_of(old, "SELECT round(extract(epoch FROM now() - started_at) / 86400)"
                    " FROM tapedeck_recordings WHERE recording_sid = %s", second) == 20
    full = call.api.get(f"/api/calls/{call.call_sid}").json
    assert [one["recording_sid"] for one in full["recordings"]] == [second, call.recording_sid]


def test_its_first_recordings_are_found_by_their_own_names(upgraded: Stack, call: Call) -> None:
    """They have no rows of their own; what it kept of their callbacks tells whose they are."""
    assert upgraded.run("drain", "--once").returncode == 0
    for path in (f"/api/recordings/file/{call.recording_sid}",
                 f"/api/recordings/{call.recording_sid}/status"):
        assert call.api.get(path).status == 200
        assert replace(call, business=2).api.get(path).status == 404
    ready = call.api.post(f"/api/recordings/{call.recording_sid}/prepare").json
    assert ready["recording"] == call.call_sid, "there is one file of it"


def test_it_ends_when_its_time_is_over(upgraded: Stack, old: Db, call: Call) -> None:
    second = left_in_the_inbox(old, call, 20)
    assert upgraded.run("cleanup").returncode == 0
    assert upgraded.run("drain", "--once").returncode == 0
    assert upgraded.run("retain", RETENTION_DAYS="10").returncode == 0
    assert value_of(old, "SELECT deleted_at IS NOT NULL FROM tapedeck_recordings"
                    " WHERE recording_sid = %s", second) is True
    assert call.finished_file is not None, "the call is of today"


def own_recording(db: Db, call: Call) -> str:
    sid = new_sid("RE")
    db.execute("INSERT INTO tapedeck_recordings (business_id, recording_sid, name, call_sid,"
               " recording_url) VALUES (1, %s, %s, %s, 'https://example.org')",
               [sid, sid, call.call_sid])
    return sid


def test_a_step_that_an_older_runner_has_no_call_for_is_not_over(old: Db, call: Call) -> None:
    there, gone = own_recording(old, call), new_sid("RE")
    for sid in (there, gone):
        old.execute("INSERT INTO call_steps (business_id, call_sid, step, status, lease_token)"
                    " VALUES (1, %s, 'transcribe', 'running', 'theirs')", [sid])
    old.execute("UPDATE call_steps SET status = 'failed', lease_token = NULL, completed_at = now(),"
                " attempts = attempts + 1, again = false, error_code = 'no_call', error = 'gone'"
                " WHERE lease_token = 'theirs'")
    assert old.execute("SELECT call_sid, status, attempts FROM call_steps WHERE call_sid LIKE 'RE%'"
                       " ORDER BY status").fetchall() == [(gone, "failed", 1), (there, "queued", 0)]


def test_an_older_retain_marks_no_object_of_a_recording(old: Db, call: Call) -> None:
    there, gone, deleted = own_recording(old, call), new_sid("RE"), own_recording(old, call)
    for sid in (there, gone, deleted):
        old.execute("INSERT INTO recording_objects (business_id, call_sid, kind, bytes, sha256, etag,"
                    " modified_ns, stored_at) VALUES (1, %s, 'wav', 1, '', '', 1, now())", [sid])
    old.execute("UPDATE recording_objects SET call_gone_at = now() WHERE call_sid = ANY (%s)",
                [[there, gone]])
    old.execute("UPDATE tapedeck_recordings SET deleted_at = now() WHERE recording_sid = %s", [deleted])
    marked = old.execute("SELECT call_sid FROM recording_objects WHERE call_gone_at IS NOT NULL")
    assert {sid for (sid,) in marked.fetchall()} == {gone, deleted}
    old.execute("DELETE FROM tapedeck_recordings WHERE recording_sid = %s", [there])
    assert value_of(old, "SELECT call_gone_at IS NOT NULL FROM recording_objects WHERE call_sid = %s",
                    there) is True
