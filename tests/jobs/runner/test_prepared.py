"""Statements that are planned once a connection, in a session of our own: they go on when what they
were planned for has changed, and when they fail while they are prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from stack import pg_server
from stack.calls import Call, new_call
from stack.stack import Stack
from stack.statements import read_statements

from jobs_kit import Db, ends_though_nobody_waits, runs_of, unrecorded_call, until, value_of

FACTS = "oid = 'tapedeck_facts'::regproc"
STALE = "PG_REFUSED sqlstate=0A000"
GONE = "PG_REFUSED sqlstate=26000"


@pytest.fixture
def stack(make_stack: Callable[..., Stack]) -> Stack:
    """With one responder, so with one session."""
    return make_stack(responders=1)


@pytest.fixture
def owner(stack: Stack) -> Iterator[Db]:
    url = pg_server.as_role(stack.database_url, pg_server.OWNER)
    with psycopg.connect(url, autocommit=True) as db:
        yield db


@contextmanager
def trigger(owner: Db, table: str, event: str, does: str) -> Iterator[None]:
    owner.execute("CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql AS "
                  f"$$ BEGIN {does}; RETURN NEW; END $$")
    owner.execute(f"CREATE TRIGGER in_the_way BEFORE {event} ON {table}"
                  " FOR EACH ROW EXECUTE FUNCTION in_the_way()")
    try:
        yield
    finally:
        owner.execute("DROP FUNCTION in_the_way CASCADE")


def widen_facts(owner: Db) -> None:
    """The same facts in a function of the same name, which gives a column more."""
    takes, gives = owner.execute(
        "SELECT pg_get_function_identity_arguments(oid), pg_get_function_result(oid)"
        f" FROM pg_proc WHERE {FACTS}").fetchone() or ("", "")
    assert gives.endswith(")")
    count = len(takes.split(","))
    owner.execute("ALTER FUNCTION tapedeck_facts RENAME TO facts_before")
    owner.execute(
        f"CREATE FUNCTION tapedeck_facts({takes}) RETURNS {gives[:-1]}, more text)"
        " LANGUAGE sql STABLE AS 'SELECT f.*, NULL::text FROM"
        f" facts_before({', '.join(f'${n + 1}' for n in range(count))}) f'")


def asked(call: Call) -> int:
    return call.api.get(call.status_path).status


def test_a_plan_that_fits_no_more_is_made_anew(stack: Stack, owner: Db) -> None:
    call = new_call(stack, 1)
    assert asked(call) == asked(call) == 202
    assert STALE not in stack.logged("responders")
    widen_facts(owner)
    assert asked(call) == asked(call) == 202
    assert stack.logged("responders").count(STALE) == 1


def test_what_fails_while_it_is_prepared_works_afterwards(stack: Stack, owner: Db) -> None:
    call = new_call(stack, 1, announced=False)
    assert call.send_call_status().status == 204
    owner.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s",
                  [call.recording_url, call.call_sid])
    with trigger(owner, "recording_runs", "INSERT", "RAISE 'not now'"):
        assert call.api.post(call.prepare_path).status == 503
    for _ in range(2):
        assert call.api.post(call.prepare_path).status == 202


def test_a_transaction_that_lost_its_plans_is_tried_again(stack: Stack, owner: Db) -> None:
    """The callback is refused, and kept when it is sent once more."""
    for _ in range(2):  # its statements are prepared now
        new_call(stack, 1)
    call = new_call(stack, 1, announced=False)
    assert call.send_call_status().status == 204
    with trigger(owner, "recording_inbox", "INSERT", "DEALLOCATE ALL"):
        assert call.send_recording_status().status == 503
        assert GONE in stack.logged("responders")
    assert call.send_recording_status().status == 204
    assert runs_of(owner, call) == 1


def test_one_that_takes_too_long_is_ended_though_nobody_waits_for_it(
    make_stack: Callable[..., Stack]
) -> None:
    """Also when a transaction that failed was the first thing in its session."""
    stack = make_stack(responders=1, overrides={"PG_TIMEOUT": "2s"})
    url = pg_server.as_role(stack.database_url, pg_server.OWNER)
    with psycopg.connect(url, autocommit=True) as owner:
        stack.create_business(1)
        call = unrecorded_call(stack, 1)
        with trigger(owner, "call_log", "INSERT", "RAISE 'not now'"):
            call.send_call_status()
        assert value_of(owner, "SELECT count(*) FROM call_log") == 0
        assert call.send_call_status().status == 204
        owner.execute("UPDATE call_log SET recording_url = %s", [call.recording_url])
        ends_though_nobody_waits(stack, owner, url, "recording_runs",
                                 lambda: call.api.post(call.prepare_path))


CALLS = 20_000
FILL = """
SET session_replication_role = replica;
CREATE TEMP TABLE n AS SELECT 1 + n % 200 AS business, 'CA' || md5(n::text) AS call,
    'RE' || md5(n::text) AS recording FROM generate_series(1, %(calls)s) n;
INSERT INTO call_log (business_id, call_sid, recording_sid, recording_url)
    SELECT business, call, recording, 'url' FROM n;
INSERT INTO tapedeck_recordings (business_id, recording_sid, name, call_sid, conference_sid, source, started_at)
    SELECT business, recording, call, call, 'CF' || md5(call), 'DialVerb', now() FROM n;
INSERT INTO tapedeck_conference_calls (conference_sid, call_sid) SELECT 'CF' || md5(call), call FROM n;
INSERT INTO recording_runs (business_id, call_sid, job_type) SELECT business, call, 'download' FROM n;
INSERT INTO call_steps (business_id, call_sid, step) SELECT business, call, 'transcribe' FROM n;
INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid, recording_url)
    SELECT recording, 'completed', 'AC', call, 'url' FROM n;
SET session_replication_role = origin;
"""
LARGE = ("call_log", "tapedeck_recordings", "tapedeck_conference_calls", "recording_runs", "call_steps",
         "recording_inbox")


def test_the_one_plan_of_each_reads_no_large_table(
    owner: Db, build_dir: Path, tmp_path: Path
) -> None:
    prepared = read_statements(build_dir, tmp_path, prepared=True)
    assert len(prepared) > 30
    owner.execute(FILL.replace("%(calls)s", str(CALLS)))  # type: ignore[arg-type]
    owner.execute("VACUUM ANALYZE")
    owner.execute("SET plan_cache_mode = force_generic_plan")
    read = {}
    for name, statement in prepared.items():
        owner.execute(f"PREPARE {name} AS {statement}")  # type: ignore[arg-type]
        (count,) = owner.execute("SELECT cardinality(parameter_types) FROM pg_prepared_statements"
                                 " WHERE name = %s", [name]).fetchone() or (0,)
        nothing = f"({', '.join(['NULL'] * count)})" if count else ""
        plan = owner.execute(f"EXPLAIN EXECUTE {name}{nothing}").fetchall()  # type: ignore[arg-type]
        read[name] = [line for (line,) in plan for table in LARGE if f"Seq Scan on {table}" in line]
    assert {name: lines for name, lines in read.items() if lines} == {}


def plans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from plans(child)


def test_a_claim_looks_at_few_of_many_runs(
    stack: Stack, owner: Db, build_dir: Path, tmp_path: Path
) -> None:
    """Its plan is made once, perhaps when PostgreSQL takes the queue for empty."""
    businesses, runs, taken = 20, 2000, 10
    claim = read_statements(build_dir, tmp_path)["run_claim"]
    owner.execute("ALTER TABLE recording_runs SET (autovacuum_enabled = off)")
    for business in range(1, businesses + 1):
        stack.create_business(business)
    owner.execute("INSERT INTO recording_runs (business_id, call_sid, job_type)"
                  " SELECT 1 + n %% %s, 'CA' || md5(n::text), 'download'"
                  " FROM generate_series(1, %s) n", [businesses, runs])
    jobs = owner.execute("SELECT array_agg(business_id)::text, array_agg(call_sid)::text,"
                         " array_agg('t' || id)::text FROM (SELECT * FROM recording_runs LIMIT %s) r",
                         [taken]).fetchone() or ()
    owner.execute("SET plan_cache_mode = force_generic_plan")
    owner.execute("PREPARE run_claim AS " + claim)  # type: ignore[arg-type]
    ((document,),) = owner.execute(
        "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE run_claim"
        f" ('{jobs[0]}', '{jobs[1]}', '{jobs[2]}', 120000, 3600000, 3, 86400000)")
    nodes = list(plans(document[0]["Plan"]))
    assert nodes[0]["Actual Rows"] == taken
    read = [one["Actual Rows"] * one["Actual Loops"] for one in nodes]
    dropped = [one.get(name, 0) * one["Actual Loops"] for one in nodes
               for name in ("Rows Removed by Filter", "Rows Removed by Join Filter")]
    assert max(read) <= taken and max(dropped) <= taken * runs / businesses
