"""`tapedeck migrate` on a CRM that goes on reading and writing: which locks it takes on call_log, how
long it would wait for one, and how many calls it reads or writes while it has it."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Callable, Iterator

import psycopg
import pytest
from stack.stack import Stack

from databases import CRM_ROWS, CRM_TABLES, MIGRATIONS, Db, applied_in, new_database
from jobs_kit import migrations, until, value_of

Begin = Callable[[], subprocess.Popen[str]]

ROWS = 40_000  # some megabytes, of which half say no time
CALLS = f"""
INSERT INTO call_log (business_id, call_sid, status, notes, created_at)
SELECT 1 + n %% 2, 'CA' || md5(n::text), 'completed', repeat('x', 100),
       CASE WHEN n %% 2 = 0 THEN now() END FROM generate_series(1, {ROWS}) n
""".replace("%%", "%")

# What each command of a migration holds on call_log and has done to it, noted in its own transaction.
NOTES = """
CREATE TABLE notes (
    tag text, before boolean, timeout_ms bigint, modes text[], rows_read bigint, rows_written bigint
);
CREATE FUNCTION note(tag text, before boolean) RETURNS void LANGUAGE sql AS $$
    INSERT INTO notes SELECT tag, before,
        (SELECT setting::bigint FROM pg_settings WHERE name = 'lock_timeout'),
        ARRAY(SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND granted
                 AND relation = 'call_log'::regclass),
        coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0), coalesce(n_tup_upd, 0)
      FROM pg_stat_xact_user_tables WHERE relname = 'call_log';
    SELECT pg_stat_force_next_flush(); -- or the next transaction's count goes on from here
$$;
CREATE FUNCTION note_command() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note(tg_tag, tg_event = 'ddl_command_start');
END $$;
CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note('UPDATE', false);
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON call_log FOR EACH STATEMENT EXECUTE FUNCTION note_update();
CREATE EVENT TRIGGER note_start ON ddl_command_start EXECUTE FUNCTION note_command();
CREATE EVENT TRIGGER note_end ON ddl_command_end EXECUTE FUNCTION note_command();
"""
# Others who read or write wait for whoever has one of these.
STRONG = ["ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"]

SHORT_MS = 100  # with it an ACCESS EXCLUSIVE lock may be waited for, with everybody behind it
FEW = 0         # calls that may be read or written by whoever has such a lock
PIECE = 64 * 8192 // 64  # rows that 64 pages may hold, at the most

STATE = """
SELECT CASE WHEN i.indisvalid THEN 'good' ELSE 'broken' END FROM pg_index i JOIN pg_class c
    ON c.oid = i.indexrelid WHERE c.relname = %s
"""
# A file that begins with an index of call_log.
FILE, INDEX = "131_search_newest", "tapedeck_call_log_newest_said"
BUILDS = "SELECT max(pid) FROM pg_stat_progress_create_index WHERE datname = current_database()"
WAITING = BUILDS + " AND phase LIKE 'waiting for%%'"
WAITING_LONG = WAITING + (" AND (SELECT clock_timestamp() - query_start > '400 ms' FROM pg_stat_activity AS who"
                          " WHERE who.pid = pg_stat_progress_create_index.pid)")


@pytest.fixture
def url(stack: Stack) -> Iterator[str]:
    with new_database(stack.database_url, CRM_TABLES, CRM_ROWS, CALLS) as one:
        yield one


@pytest.fixture
def crm(url: str) -> Iterator[Db]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def begin(stack: Stack, url: str) -> Iterator[Begin]:
    """begin(): a migration in the background."""
    with migrations(stack, url) as start:
        yield start


@pytest.fixture
def but_one(crm: Db, run_tapedeck: Callable[..., subprocess.CompletedProcess[str]], url: str) -> Db:
    """All is applied, but FILE."""
    assert run_tapedeck("migrate", DATABASE_URL=url).returncode == 0
    crm.execute(f"DROP INDEX {INDEX}")
    crm.execute("DELETE FROM tapedeck_migrations WHERE name = %s", [FILE])
    return crm


@pytest.fixture
def noted(crm: Db) -> Db:
    """Where NOTES are taken; each transaction's own count can be told from PostgreSQL 15 on."""
    if crm.info.server_version < 150000:
        pytest.skip("PostgreSQL 15 or newer tells what a transaction has read")
    crm.execute(NOTES)
    return crm


def ends_well(process: subprocess.Popen[str]) -> str:
    """What it said."""
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, ""), output
    assert output.endswith("the schema is up to date\n")
    return output


def writer(url: str) -> psycopg.Connection[tuple[int]]:
    """A transaction that has written to call_log; ends with its connection."""
    connection = psycopg.connect(url)
    connection.execute("UPDATE call_log SET priority = 1 WHERE id = 1")
    return connection


def broken_ones(db: Db) -> list[str]:
    return [name for (name,) in db.execute(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")]


def test_what_makes_others_wait_takes_no_time(begin: Begin, noted: Db) -> None:
    """However many calls there are: none of them is read or written by who has such a lock."""
    ends_well(begin())
    notes = noted.execute("SELECT tag, rows_read, rows_written FROM notes"
                          " WHERE NOT before AND modes && %s::text[]", [STRONG]).fetchall()
    assert {"ALTER TABLE", "DROP INDEX", "CREATE TRIGGER"} <= {tag for tag, _, _ in notes}
    assert [one for one in notes if max(one[1:]) > FEW] == []
    indexes = value_of(noted, "SELECT count(*) FROM pg_index WHERE indisvalid"
                       " AND indrelid = 'call_log'::regclass")
    assert indexes >= 9 and broken_ones(noted) == []


def test_nobody_waits_long_behind_it(begin: Begin, noted: Db) -> None:
    """Whoever waits for a lock keeps those waiting who come after it: it gives up soon."""
    ends_well(begin())
    notes = noted.execute("SELECT DISTINCT tag, timeout_ms FROM notes WHERE before"
                          " AND tag NOT IN ('CREATE INDEX', 'CREATE TABLE')").fetchall()
    assert {"ALTER TABLE", "DROP INDEX", "CREATE TRIGGER"} <= {tag for tag, _ in notes}
    assert [one for one in notes if not 0 < one[1] <= SHORT_MS] == []


def test_rows_are_written_a_few_at_a_time(begin: Begin, noted: Db) -> None:
    ends_well(begin())
    most, together = noted.execute("SELECT max(rows_written), sum(rows_written) FROM notes"
                                   " WHERE tag = 'UPDATE'").fetchone() or (0, 0)
    assert 0 < most <= PIECE and together >= ROWS / 2
    assert value_of(noted, "SELECT count(*) FROM call_log WHERE created_at IS NULL") == 0


def test_an_index_that_was_broken_off_is_built_again(begin: Begin, but_one: Db, url: str) -> None:
    with writer(url) as other:
        process = begin()
        until(lambda: value_of(but_one, WAITING), "its wait for the writer")
        but_one.execute(f"SELECT pg_cancel_backend(({BUILDS}))")
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 1 and f"failed   {FILE}: " in output, errors
        assert value_of(but_one, STATE, INDEX) == "broken"
        other.rollback()
    ends_well(begin())
    assert broken_ones(but_one) == [] and sorted(applied_in(but_one)) == MIGRATIONS
    assert value_of(but_one, STATE, INDEX) == "good"


def test_one_that_somebody_still_builds_is_left_alone(begin: Begin, but_one: Db, url: str) -> None:
    """PostgreSQL goes on although its client was killed: the next one waits until it is done."""
    with writer(url) as other:
        killed = begin()
        until(lambda: value_of(but_one, WAITING), "its wait for the writer")
        builder = value_of(but_one, BUILDS)
        killed.kill()
        process = begin()
        until(lambda: select.select([process.stderr], [], [], 0)[0], "that it says it waits")
        assert value_of(but_one, BUILDS) == builder and process.poll() is None
        other.rollback()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, output + errors
    assert set(errors.splitlines()) == {f"MIGRATION_WAITS name={FILE} retry_ms=2000"}
    assert broken_ones(but_one) == [] and sorted(applied_in(but_one)) == MIGRATIONS


def test_two_at_once_build_each_index_once(begin: Begin, but_one: Db, url: str) -> None:
    with writer(url) as other:
        first = begin()
        until(lambda: value_of(but_one, WAITING), "its wait for the writer")
        second = begin()
        until(lambda: value_of(
            but_one, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tapedeck'"
            " AND datname = current_database() AND query = 'ROLLBACK' AND state = 'idle'",
        ), "the second one's try for the lock")
        other.rollback()
    assert "applied" in ends_well(first) and "applied" not in ends_well(second)
    assert broken_ones(but_one) == []


def test_the_timeouts_of_its_role_do_not_end_it(begin: Begin, but_one: Db, url: str) -> None:
    name = value_of(but_one, "SELECT current_database()")
    for setting in ("lock_timeout", "statement_timeout"):
        but_one.execute(f"ALTER DATABASE {name} SET {setting} = '200ms'")
    with writer(url.replace("?", "?options=-cstatement_timeout%3D0%20-clock_timeout%3D0&")) as other:
        process = begin()
        until(lambda: value_of(but_one, WAITING_LONG), "its wait for the writer, longer than that")
        other.rollback()
    ends_well(process)
    assert broken_ones(but_one) == []


def test_it_says_what_it_waits_for(begin: Begin, but_one: Db, url: str) -> None:
    with writer(url) as other:
        process = begin()
        until(lambda: select.select([process.stdout], [], [], 0)[0], "that it says something")
        assert process.stdout is not None
        said = process.stdout.readline()
        pid = other.info.backend_pid
        assert said == (f"working  {FILE}: {INDEX}: waiting for writers before build,"
                        f" of process {pid}\n")
        other.rollback()
    ends_well(process)
