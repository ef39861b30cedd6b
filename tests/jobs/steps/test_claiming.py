"""What a claim reads: what it takes, however much was done since a long transaction began.

Measured by the entries and pages that PostgreSQL says it read, not by time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from stack.stack import Stack
from stack.statements import read_statements

from jobs_kit import Db, until, value_of

MANY, TTL_MS = 100_000, 120_000
SEEN = 200  # a runner sees so many at one look
FEW_PAGES = 1_000  # of those that MANY entries lead to


@pytest.fixture(scope="module")
def statements(build_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return read_statements(build_dir, tmp_path_factory.mktemp("statements"))


@pytest.fixture
def own(make_stack: Callable[..., Stack]) -> Stack:
    """Where nothing else is to be done."""
    return make_stack(responders=1)


@pytest.fixture
def alone(own: Stack) -> Iterator[Db]:
    with psycopg.connect(own.database_url, autocommit=True) as db:
        yield db


@pytest.fixture
def snapshot(alone: Db) -> Iterator[None]:
    """Somebody's long transaction, while steps came and were done."""
    with psycopg.connect(alone.info.dsn) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM business")
        leave_dead(alone)
        yield


def leave_dead(db: Db) -> None:
    put_in(db, MANY, status="done")
    db.execute("ANALYZE call_steps")  # PostgreSQL believes that none waits
    db.execute("TRUNCATE call_steps CASCADE")
    put_in(db, MANY)
    db.execute("DELETE FROM call_steps")


def put_in(db: Db, count: int, business: int = 1, step: str = "notify", status: str = "queued") -> None:
    db.execute("INSERT INTO call_steps (business_id, call_sid, step, status)"
               " SELECT %s, 'CA' || md5(n::text), %s, %s FROM generate_series(1, %s) n",
               [business, step, status, count])


def ids_of(db: Db) -> list[str]:
    return [str(one) for one, in db.execute("SELECT id FROM call_steps WHERE status <> 'done'")]


def pages(db: Db, name: str, sql: str, arguments: str) -> int:
    """How many pages it read."""
    db.execute(f"PREPARE {name} AS {sql}")
    plan = value_of(db, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name} ({arguments})")
    db.execute(f"DEALLOCATE {name}")
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])


def entries_read(db: Db) -> int:
    return int(value_of(db, "SELECT idx_tup_read FROM pg_stat_user_indexes"
                        " WHERE indexrelname = 'call_steps_work'"))


def test_a_claim_reads_what_it_takes(
    alone: Db, snapshot: None, statements: dict[str, str]
) -> None:
    put_in(alone, 8, step="summarise")
    ids = ",".join(ids_of(alone))
    assert pages(alone, "step_claim", statements["step_claim"],
                 f"'token', 8, {TTL_MS}, '{{{ids}}}'") < FEW_PAGES
    assert value_of(alone, "SELECT count(*) FROM call_steps WHERE status = 'running'") == 8
    tokens = ",".join(["token"] * 8)
    assert pages(alone, "step_heartbeat", statements["step_heartbeat"],
                 f"'{{{ids}}}', '{{{tokens}}}'") < FEW_PAGES


def test_what_is_done_is_looked_at_once(alone: Db, statements: dict[str, str]) -> None:
    """Where no long transaction is: long before VACUUM comes."""
    leave_dead(alone)

    def again() -> bool:
        return pages(alone, "step_due", statements["step_due"], f"8, {TTL_MS}") < FEW_PAGES

    until(again, "that dead entries are skipped")


def test_a_summary_reads_its_own_call(alone: Db, statements: dict[str, str]) -> None:
    """And not all steps of its business."""
    put_in(alone, MANY, step="transcribe", status="done")
    put_in(alone, 1, step="summarise")
    assert pages(alone, "step_due", statements["step_due"], f"8, {TTL_MS}") < FEW_PAGES


def test_a_runner_looks_rarely_where_looking_is_dear(
    own: Stack, alone: Db, snapshot: None
) -> None:
    """Its steps end at once: each end may have made another due."""
    put_in(alone, SEEN)
    before = entries_read(alone)
    done = own.run("drain", "--once")
    assert done.returncode == 0, done.stderr
    assert value_of(alone, "SELECT count(*) FROM call_steps WHERE status = 'done'") == SEEN
    assert entries_read(alone) - before < 20 * MANY
