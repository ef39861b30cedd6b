"""`tapedeck migrate`: each file once, again from its beginning where it failed, never two at a time."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from stack.stack import Stack

from databases import MIGRATIONS, WAITS, Db, applied_in, new_database, schema_of, tables_of
from jobs_kit import until, value_of

Command = Callable[..., subprocess.CompletedProcess[str]]
Done = subprocess.CompletedProcess[str]
Migrate = Callable[..., Done]

LOCK = 7223372036854  # of shared/schema/schema.c
OURS = {
    "tapedeck_migrations", "business", "call_log", "appointments", "business_calendars",
    "recording_runs", "recording_inbox", "business_twilio_accounts", "business_phone_numbers",
    "provider_accounts", "reconcile_progress", "playback_audit", "call_steps", "call_webhooks",
    "call_webhook_deliveries", "business_retention", "recording_objects", "retain_tour",
    "tapedeck_recordings", "tapedeck_conference_calls", "tapedeck_revoked",
    "tapedeck_unknown_conferences", "tapedeck_recordings_without_call", "tapedeck_servers",
    "tapedeck_retain_nights", "tapedeck_step_pieces", "tapedeck_terms",
    "tapedeck_changes", "tapedeck_search", "tapedeck_search_fill",
    "tapedeck_unused_callbacks", "business_speech", "tapedeck_stars", "tapedeck_tags",
    "tapedeck_notes", "tapedeck_heard", "tapedeck_shares", "tapedeck_share_listenings",
}


@pytest.fixture
def url(stack: Stack) -> Iterator[str]:
    """An empty database."""
    with new_database(stack.database_url) as one:
        yield one


@pytest.fixture
def empty(url: str) -> Iterator[Db]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def migrate(run_tapedeck: Command, url: str) -> Migrate:
    """migrate("--check"): how it went in the database of this test."""
    return lambda *arguments: run_tapedeck("migrate", *arguments, DATABASE_URL=url)


def lines(word: str, names: list[str]) -> str:
    return "".join(f"{word:<8} {name}\n" for name in names)


def test_an_empty_database_gets_it_all(migrate: Migrate, empty: Db) -> None:
    done = migrate()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == lines("applied", MIGRATIONS) + "the schema is up to date\n"
    assert tables_of(empty) == OURS
    assert sorted(applied_in(empty)) == MIGRATIONS
    assert all(len(checksum) == 64 for checksum in applied_in(empty).values())


def test_again_is_nothing(migrate: Migrate, empty: Db) -> None:
    migrate()
    before = schema_of(empty), applied_in(empty)
    done = migrate()
    assert (done.returncode, done.stdout, done.stderr) == (0, "the schema is up to date\n", "")
    assert (schema_of(empty), applied_in(empty)) == before


def test_files_that_were_run_by_hand_are_run_again(migrate: Migrate, empty: Db) -> None:
    """Each of them is safe to run again, whoever ran it before."""
    migrate()
    before = schema_of(empty)
    empty.execute("DROP TABLE tapedeck_migrations")
    assert migrate().stdout == lines("applied", MIGRATIONS) + "the schema is up to date\n"
    assert schema_of(empty) == before


def test_check_names_what_is_missing_and_changes_nothing(
    migrate: Migrate, empty: Db
) -> None:
    done = migrate("--check")
    assert (done.returncode, done.stdout) == (1, lines("missing", MIGRATIONS))
    assert tables_of(empty) == set()
    migrate()
    done = migrate("--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "the schema is up to date\n", "")
    empty.execute("DELETE FROM tapedeck_migrations WHERE name = %s", [MIGRATIONS[2]])
    done = migrate("--check")
    assert (done.returncode, done.stdout) == (1, lines("missing", [MIGRATIONS[2]]))


def test_a_gap_is_filled(migrate: Migrate, empty: Db) -> None:
    """A file with a lower number may come later, from another branch."""
    migrate()
    empty.execute("DELETE FROM tapedeck_migrations WHERE name = %s", [MIGRATIONS[1]])
    assert migrate().stdout.startswith(lines("applied", [MIGRATIONS[1]]))


def test_a_newer_database_is_fine(migrate: Migrate, empty: Db) -> None:
    """While hosts are updated one after the other."""
    migrate()
    empty.execute("INSERT INTO tapedeck_migrations VALUES ('999_from_the_future', repeat('0', 64))")
    assert migrate().returncode == migrate("--check").returncode == 0


def test_a_file_that_was_changed_is_refused(migrate: Migrate, empty: Db) -> None:
    """And those after it are not tried."""
    migrate()
    changed, after = MIGRATIONS[2], MIGRATIONS[3:]
    empty.execute("UPDATE tapedeck_migrations SET checksum = repeat('0', 64) WHERE name = %s",
                  [changed])
    empty.execute("DELETE FROM tapedeck_migrations WHERE name = ANY(%s)", [after])
    done = migrate()
    assert done.returncode == 1
    assert done.stdout == lines("changed", [changed])
    assert len(done.stderr.splitlines()) == 1 and not done.stderr.rstrip().endswith(":")
    assert not set(applied_in(empty)).intersection(after)
    done = migrate("--check")
    assert (done.returncode, done.stdout) == (1, lines("changed", [changed])
                                              + lines("missing", after))


# What stands in the way of a file that has done some of its work by then.
CONFLICTS = {
    "001_crm_tables": "appointments",
    "020_recording_runs": "recording_runs",
}


@pytest.mark.parametrize("name, view", CONFLICTS.items(), ids=CONFLICTS)
def test_a_file_that_fails_is_done_again(
    name: str, view: str, migrate: Migrate, empty: Db
) -> None:
    empty.execute(f"CREATE VIEW {view} AS SELECT 1 AS id")
    done = migrate()
    at = MIGRATIONS.index(name)
    assert done.returncode == 1
    assert done.stdout.startswith(lines("applied", MIGRATIONS[:at]) + f"failed   {name}: ERROR: ")
    assert done.stderr.splitlines()[-1].startswith("tapedeck: the migration stopped: ERROR: ")
    assert sorted(applied_in(empty)) == MIGRATIONS[:at]
    empty.execute(f"DROP VIEW {view}")
    done = migrate()
    assert done.returncode == 0 and tables_of(empty) == OURS


def test_a_file_is_not_applied_unless_that_is_noted(migrate: Migrate, empty: Db) -> None:
    """Whatever keeps the note from being made: it is done again."""
    name = "020_recording_runs"
    empty.execute("CREATE TABLE tapedeck_migrations (name text PRIMARY KEY, checksum text NOT NULL,"
                  f" applied_at timestamptz NOT NULL DEFAULT now(), CHECK (name <> '{name}'))")
    assert migrate().returncode == 1
    assert sorted(applied_in(empty)) == MIGRATIONS[:MIGRATIONS.index(name)]
    empty.execute("ALTER TABLE tapedeck_migrations DROP CONSTRAINT tapedeck_migrations_name_check")
    assert migrate().returncode == 0 and sorted(applied_in(empty)) == MIGRATIONS


def test_the_lock_is_given_back_after_a_failure(migrate: Migrate, empty: Db) -> None:
    empty.execute("CREATE VIEW appointments AS SELECT 1 AS id")
    migrate()
    assert value_of(empty, "SELECT pg_try_advisory_lock(%s)", LOCK)


# Two at once.


@pytest.fixture
def begin(stack: Stack, url: str) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """begin(): a migration in the background."""
    begun: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        begun.append(subprocess.Popen(
            [str(stack.tapedeck), "migrate"], env=stack.environment(DATABASE_URL=url), text=True,
            cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def test_two_at_once_apply_each_file_once(
    begin: Callable[[], subprocess.Popen[str]], empty: Db
) -> None:
    said = [one.communicate(timeout=120) for one in [begin(), begin(), begin()]]
    assert {line for _, errors in said for line in errors.splitlines()} <= {WAITS}
    assert all(output.endswith("the schema is up to date\n") for output, _ in said)
    applied = sorted(line for output, _ in said for line in output.splitlines()
                     if line.startswith("applied"))
    assert applied == lines("applied", MIGRATIONS).splitlines()
    assert sorted(applied_in(empty)) == MIGRATIONS


def test_it_waits_while_another_migrates(
    begin: Callable[[], subprocess.Popen[str]], empty: Db
) -> None:
    empty.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    one = begin()
    until(lambda: value_of(
        empty, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tapedeck'"
        " AND datname = current_database() AND query = 'ROLLBACK' AND state = 'idle'",
    ), "its first try for the lock")
    assert tables_of(empty) == set() and one.poll() is None
    empty.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    output, _ = one.communicate(timeout=120)
    assert one.returncode == 0 and output.endswith("the schema is up to date\n")


# Databases that are not there.


def nowhere(stack: Stack, tmp_path: Path) -> str:
    return f"postgresql:///x?host={tmp_path}"


def no_such_database(stack: Stack, tmp_path: Path) -> str:
    return stack.database_url.replace("/tapedeck?", "/no_such_database?")


def nobody_listens(stack: Stack, tmp_path: Path) -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"postgresql://u@127.0.0.1:{server.getsockname()[1]}/x"


def no_url(stack: Stack, tmp_path: Path) -> str:
    return "postgresql://u@127.0.0.1:notaport/x"


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["migrate", "check"])
@pytest.mark.parametrize("where", [nowhere, no_such_database, nobody_listens, no_url])
def test_a_database_that_is_not_there_is_one_line(
    where: Callable[[Stack, Path], str], arguments: tuple[str, ...], stack: Stack, tmp_path: Path,
    run_tapedeck: Command,
) -> None:
    done = run_tapedeck("migrate", *arguments, DATABASE_URL=where(stack, tmp_path), timeout=20)
    assert (done.returncode, done.stdout) == (1, "")
    said = [line for line in done.stderr.splitlines() if not line.startswith("PG_UNAVAILABLE ")]
    assert len(said) == 1
    assert said[0].startswith("tapedeck: the database cannot be reached (")
    assert said[0].endswith("; check DATABASE_URL and that PostgreSQL runs")
