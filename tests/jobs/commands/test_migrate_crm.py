"""`tapedeck migrate` on a CRM's database: it adds what is missing, loses nothing, and it works."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from stack.api import Api
from stack.calls import Call, new_call, token_for
from stack.stack import Stack

from databases import (
    CALENDARS, CRM_ROWS, CRM_TABLES, MIGRATIONS, Db, applied_in, columns_of, new_database,
    rows_of, schema_of,
)
from jobs_kit import value_of

Command = Callable[..., subprocess.CompletedProcess[str]]

WITHOUT_TIME = "created_at"  # the one column of theirs whose NULLs are filled in
ID_TYPES = {"none": "bigint", "integer": "integer", "uuid": "uuid"}


@pytest.fixture(params=CALENDARS)
def calendars(request: pytest.FixtureRequest) -> str:
    """What kind of calendars the CRM has."""
    return str(request.param)


@pytest.fixture
def url(stack: Stack, calendars: str) -> Iterator[str]:
    with new_database(stack.database_url, CRM_TABLES, CRM_ROWS, CALENDARS[calendars]) as one:
        yield one


@pytest.fixture
def crm(url: str) -> Iterator[Db]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def migrate(run_tapedeck: Command, url: str) -> Callable[[], None]:
    def run() -> None:
        done = run_tapedeck("migrate", DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout

    return run


def test_all_rows_and_columns_are_kept(crm: Db, migrate: Callable[[], None]) -> None:
    before = schema_of(crm)
    kept = {table: [name for name in columns if name != WITHOUT_TIME]
            for table, columns in before.items()}
    rows = {table: rows_of(crm, table, names) for table, names in kept.items()}
    assert sum(len(some) for some in rows.values()) >= 10
    times = dict(crm.execute("SELECT id, created_at FROM call_log").fetchall())
    migrate()
    migrate()
    after = schema_of(crm)
    for table, columns in before.items():
        assert columns.items() <= after[table].items(), f"a column of {table} was changed"
    assert {table: rows_of(crm, table, names) for table, names in kept.items()} == rows
    for id_, time in crm.execute("SELECT id, created_at FROM call_log").fetchall():
        assert time is not None and times[id_] in (None, time)


def test_missing_columns_are_added(crm: Db, migrate: Callable[[], None]) -> None:
    migrate()
    columns = columns_of(crm, "call_log")
    for name in ("parent_call_sid", "recording_url", "recording_sid", "recording_announced_at",
                 "channels", "final_transcript", "ai_summary", "updated_at", "to_number",
                 "transcript_segments", "transcript_source", "summary_status"):
        assert name in columns
    assert sorted(applied_in(crm)) == MIGRATIONS
    assert value_of(crm, "INSERT INTO call_log (call_sid) VALUES ('CA') RETURNING created_at")


def test_an_appointment_outlives_its_calendar(
    calendars: str, crm: Db, migrate: Callable[[], None]
) -> None:
    """115: nullable, of the calendars' own type, set to NULL when the calendar goes."""
    migrate()
    assert columns_of(crm, "appointments")["calendar_id"] == ID_TYPES[calendars]
    assert value_of(crm, "SELECT count(*) FROM appointments WHERE calendar_id IS NULL") == 2
    if calendars == "none":
        crm.execute("INSERT INTO business_calendars (name) VALUES ('ours')")
    crm.execute("UPDATE appointments SET calendar_id = (SELECT id FROM business_calendars)"
                " WHERE title = 'teeth'")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        crm.execute("UPDATE appointments SET calendar_id = %s WHERE title = 'hair'",
                    ["00000000-0000-0000-0000-000000000000" if calendars == "uuid" else 77])
    crm.execute("DELETE FROM business_calendars")
    rows = crm.execute("SELECT title, calendar_id FROM appointments ORDER BY id").fetchall()
    assert rows == [("teeth", None), ("hair", None)]


def test_the_calendar_has_its_index(crm: Db, migrate: Callable[[], None]) -> None:
    """Without one, deleting a calendar reads every appointment."""
    migrate()
    assert value_of(crm, "SELECT count(*) FROM pg_index i JOIN pg_attribute a"
                    " ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
                    " WHERE i.indrelid = 'appointments'::regclass AND a.attname = 'calendar_id'"
                    " AND i.indisvalid") == 1
    rules = crm.execute("SELECT confdeltype, convalidated FROM pg_constraint"
                        " WHERE conrelid = 'appointments'::regclass AND contype = 'f'").fetchall()
    assert rules == [("n", True)]


def test_a_restored_dump_can_build_its_indexes(crm: Db, migrate: Callable[[], None]) -> None:
    """pg_restore knows no search_path: what an index is made of must not need one."""
    migrate()
    crm.execute("INSERT INTO call_log (call_sid, final_transcript) VALUES ('CA', 'שלום')")
    crm.execute("SET search_path = ''")
    crm.execute("REINDEX INDEX public.tapedeck_call_log_said")
    crm.execute("REINDEX INDEX public.tapedeck_call_log_number_pieces")
    crm.execute("RESET search_path")


# Appointments that know calendars already, in their own way.
HALF_WAY: dict[str, str] = {
    "the column, without its reference": "ALTER TABLE appointments ADD COLUMN calendar_id integer",
    "another reference to calendars":
        "ALTER TABLE appointments ADD COLUMN moved_from integer REFERENCES business_calendars (id)",
    "both, by another name":
        "ALTER TABLE appointments ADD COLUMN calendar_id integer CONSTRAINT theirs"
        " REFERENCES business_calendars (id) ON DELETE SET NULL",
}


@pytest.mark.parametrize("half", HALF_WAY.values(), ids=HALF_WAY)
@pytest.mark.parametrize("calendars", ["integer"], indirect=True)
def test_a_database_that_is_half_way_there(
    half: str, crm: Db, migrate: Callable[[], None]
) -> None:
    crm.execute(half)
    migrate()
    crm.execute("UPDATE appointments SET calendar_id = 1 WHERE title = 'teeth'")
    crm.execute("DELETE FROM business_calendars")
    assert value_of(crm, "SELECT count(*) FROM appointments WHERE calendar_id IS NULL") == 2
    assert value_of(crm, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
                    " AND conrelid = 'appointments'::regclass AND confdeltype = 'n'") == 1


# And then it works.


@pytest.fixture
def crm_stack(url: str, make_stack: Callable[..., Stack]) -> Stack:
    """A stack on the CRM's database; its start migrates it."""
    return make_stack(overrides={"DATABASE_URL": url})


@pytest.mark.parametrize("calendars", ["uuid"], indirect=True)
def test_everything_works_on_it(crm_stack: Stack, crm: Db) -> None:
    """List, webhooks, runner and file route, beside the rows that were there before."""
    api = Api(crm_stack.base_url, token_for(crm_stack, 1))
    listed = api.get("/api/calls?limit=10").json["calls"]
    assert [call["call_sid"][-1] for call in listed] == ["2", "1", "1"]
    assert all(call["created_at"] and not call["has_recording"] for call in listed)
    assert api.get("/api/recordings/file/" + listed[0]["call_sid"]).status == 404

    fresh = new_call(crm_stack, 1)
    known = adopt(crm_stack, listed[1]["call_sid"])
    assert known.send_call_status(CallStatus="completed", CallDuration="9").status == 204
    assert known.send_recording_status().status == 204
    assert crm_stack.run("drain", "--once").returncode == 0
    for call in (fresh, known):
        answer = api.get(call.file_path)
        assert (answer.status, answer.body) == (200, call.source("wav2"))
    rows = crm.execute("SELECT priority, duration, notes FROM call_log WHERE call_sid = %s"
                       " ORDER BY id", [known.call_sid]).fetchall()
    assert rows == [(5, 9, "first"), (5, 9, "twice")]
    assert api.get("/api/calls?limit=10").json["calls"][0]["call_sid"] == fresh.call_sid
    assert pages(api, 2) == [call["call_sid"] for call in api.get("/api/calls").json["calls"]]


def adopt(stack: Stack, call_sid: str) -> Call:
    """A call that the CRM knew before us, recorded just now."""
    call = new_call(stack, 1, announced=False)
    added = stack.twilio.add_recording(seconds=1, call_sid=call_sid)
    return Call(stack, 1, call_sid, added.sid, call.from_number, call.to_number, added)


def pages(api: Api, limit: int) -> list[Any]:
    """The whole list, page by page."""
    found: list[Any] = []
    path = f"/api/calls?limit={limit}"
    while path:
        page = api.get(path).json
        found += [call["call_sid"] for call in page["calls"]]
        cursor = page["next_cursor"]
        path = f"/api/calls?limit={limit}&cursor={cursor}" if cursor else ""
    return found
