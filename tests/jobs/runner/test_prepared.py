"""Statements that are planned once a connection, in a session of our own: they go on when what they
were planned for has changed, and when they fail while they are prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from stack import pg_server
from stack.calls import Call, new_call
from stack.stack import Stack

from jobs_kit import Db, runs_of

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
