"""The audit's notes are stored once: by several at a time, by one that dies, after an outage."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import redis

from http_audit import (  # noqa: F401 (a fixture)
    BUSINESS, POSTED, SOON, actions, cleanup, listens, ready,
)
from http_given import Given, given_in
from stack.calls import new_sid
from stack.processes import wait_until
from stack.stack import ROOT, Stack

Tool = Callable[..., subprocess.CompletedProcess[str]]

LOCK = 20261121
HELD_UP = f"""
CREATE FUNCTION held_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NEW; END $$;
CREATE TRIGGER held_up BEFORE INSERT ON playback_audit
    FOR EACH ROW EXECUTE FUNCTION held_up();
"""


def test_a_runner_stores_them_too(
    given: Given, new_business: Callable[[], int], drain: Tool, rds: redis.Redis
) -> None:
    business = new_business()
    call = ready(given, business)
    listens(given, business, call)
    drain()
    assert actions(given, call) == ["file"]
    assert not rds.exists(POSTED)


def test_many_at_once_store_each_once(
    given: Given, stack: Stack, new_business: Callable[[], int], rds: redis.Redis
) -> None:
    business, plays = new_business(), 60
    call = ready(given, business)
    for _ in range(3):
        listens(given, business, call, plays)
        storers = [subprocess.Popen([str(stack.tapedeck), "cleanup"], env=stack.environment(),
                                    stderr=subprocess.DEVNULL, cwd="/") for _ in range(4)]
        assert [storer.wait(SOON) for storer in storers] == [0] * 4
    # Whoever found another at it has left that one's work to it.
    assert stack.run("cleanup").returncode == 0
    assert actions(given, call) == ["file"] * (3 * plays)
    assert not rds.exists(POSTED)


@contextmanager
def storing(given: Given) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A cleanup that is just about to write its notes, and held there by a lock of ours; and the
    server process that does it for it."""
    stack = given.stack
    with psycopg.connect(stack.database_url, autocommit=True) as holder:
        holder.execute(HELD_UP)
        holder.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        storer = subprocess.Popen([str(stack.tapedeck), "cleanup"], env=stack.environment(),
                                  stderr=subprocess.DEVNULL, cwd="/")
        try:
            assert wait_until(lambda: bool(_writers(given)), SOON)
            (backend,) = _writers(given)
            yield storer, backend
        finally:
            storer.kill()
            storer.wait()
            holder.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            holder.execute("DROP FUNCTION held_up CASCADE")


def _writers(given: Given) -> list[int]:
    rows = given.db.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'tapedeck'"
        " AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO playback_audit%'"
        " AND pid <> pg_backend_pid()").fetchall()
    return [row[0] for row in rows]


def _is_gone(given: Given, backend: int) -> bool:
    return given.db.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s",
                            [backend]).fetchone() is None


def test_a_storer_killed_after_it_wrote(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None], rds: redis.Redis
) -> None:
    """PostgreSQL goes on without it, so the notes are stored, but nobody has taken them away."""
    business = new_business()
    call = ready(given, business)
    listens(given, business, call, 5)
    with storing(given) as (storer, backend):
        storer.kill()
        storer.wait()
    assert wait_until(lambda: _is_gone(given, backend), SOON)
    assert actions(given, call) == ["file"] * 5
    assert rds.exists(POSTED), "the killed one could not know that it was done"
    listens(given, business, call, 2)
    cleanup()
    cleanup()
    assert actions(given, call) == ["file"] * 7
    assert not rds.exists(POSTED)


def test_a_storer_killed_before_it_wrote(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None], rds: redis.Redis
) -> None:
    business = new_business()
    call = ready(given, business)
    listens(given, business, call, 5)
    with storing(given) as (storer, backend):
        listens(given, business, call, 2)  # playing goes on meanwhile
        given.db.execute("SELECT pg_terminate_backend(%s)", [backend])
        storer.kill()
        storer.wait()
        assert wait_until(lambda: _is_gone(given, backend), SOON)
    assert actions(given, call) == []
    cleanup()
    cleanup()
    assert actions(given, call) == ["file"] * 7
    assert not rds.exists(POSTED)


def test_a_second_storer_leaves_it_to_the_first(
    given: Given, stack: Stack, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = ready(given, business)
    listens(given, business, call, 3)
    with storing(given) as (storer, _):
        assert stack.run("cleanup").returncode == 0, "it waits for nobody"
        assert storer.poll() is None
        listens(given, business, call)
    assert stack.run("cleanup").returncode == 0
    assert wait_until(lambda: stack.run("cleanup").returncode == 0
                      and actions(given, call) == ["file"] * 4, SOON)


def test_only_what_was_stored_is_taken_away(rds: redis.Redis) -> None:
    """A storer whose lock PostgreSQL lost, and who comes late, takes nothing of the next one's."""
    trim = (ROOT / "db" / "queue" / "trim.lua").read_text()
    key = f"test_{new_sid('CA')}"
    rds.rpush(key, "a", "b", "c", "d")
    assert rds.eval(trim, 1, key, "b", 2) == 0
    assert rds.lrange(key, 0, -1) == ["a", "b", "c", "d"]
    assert rds.eval(trim, 1, key, "a", 2) == 1
    assert rds.eval(trim, 1, key, "a", 2) == 0, "once"
    assert rds.lrange(key, 0, -1) == ["c", "d"]
    assert rds.eval(trim, 1, key, "c", 9) == 1 and not rds.exists(key)
    assert rds.eval(trim, 1, key, "c", 9) == 0


def test_a_bad_note_spoils_no_good_one(
    given: Given, stack: Stack, new_business: Callable[[], int], rds: redis.Redis
) -> None:
    """We write none, but Redis is a house with many doors."""
    business = new_business()
    call, other = ready(given, business), ready(given, business)
    listens(given, business, call, 3)
    bad = ["not json", "{", "[]", "1", '{"id":1}', '{"id":"\\u0000","at":1}', "",
           '{"id":"x","at":"soon","business_id":1,"call_sid":"x","action":"x"}',
           '{"id":"x","at":1,"business_id":1},{"id":"y"', "x" * 3_000_000]
    for note in bad:
        rds.rpush(POSTED, note)
        listens(given, business, other)
    done = stack.run("cleanup")
    assert done.returncode == 0
    assert actions(given, call) == ["file"] * 3 and actions(given, other) == ["file"] * len(bad)
    assert not rds.exists(POSTED)
    assert 0 < done.stderr.count("AUDIT_DROPPED notes=1\n") <= len(bad)
    assert "not json" not in done.stderr


def test_without_its_table_nothing_is_dropped(make_stack: Callable[..., Stack]) -> None:
    """The programs are newer than the schema: what they note waits for `tapedeck migrate`."""
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        call = ready(given, BUSINESS)
        given.db.execute("ALTER TABLE playback_audit RENAME TO not_yet")
        listens(given, BUSINESS, call, 2)
        stack.run("cleanup")
        given.db.execute("ALTER TABLE not_yet RENAME TO playback_audit")
        assert stack.run("cleanup").returncode == 0
        assert actions(given, call) == ["file"] * 2


def test_after_a_long_outage_none_is_dropped(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None], rds: redis.Redis
) -> None:
    """After hours without PostgreSQL there are a great many."""
    business, call, count = new_business(), new_sid("CA"), 100_000
    note = ('{"id":"%s%025d","at":1700000000,"business_id":%d,"call_sid":"%s","action":"file",'
            '"subject":"%s","address":"127.0.0.1"}')
    for first in range(0, count, 10_000):
        rds.rpush(POSTED, *(note % ("0000000", first + n, business, call, "x" * 60)
                            for n in range(10_000)))
    assert wait_until(lambda: cleanup() is None and not rds.exists(POSTED), SOON)
    stored = given.db.execute("SELECT count(*) FROM playback_audit WHERE call_sid = %s",
                              [call]).fetchone()
    given.db.execute("DELETE FROM playback_audit WHERE call_sid = %s", [call])
    assert stored == (count,)
