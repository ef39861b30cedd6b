"""Behind a pgbouncer in transaction mode, whose few sessions all of ours share: each transaction
may get another one, and what the last client left there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from stack.api import Api
from stack.calls import Call, new_call, token_for
from stack.stack import Stack
from twilio.client import Control

from databases import MIGRATIONS, WAITS, applied_in, new_database
from jobs_kit import (OURS, Db, Runner, click, ends_though_nobody_waits, files_of, known_call, run_of, runs_of,
                      until, value_of)
from pooler_kit import SESSIONS, Pooled

SHARED = ("DATABASE_URL", "REDIS_URL", "JWT_SECRET", "MEDIA_SECRET", "TWILIO_ACCOUNT_SID",
          "TWILIO_AUTH_TOKEN", "TWILIO_API_BASE", "RECORDINGS_DIR")
CALLS = 12
RESPONDERS = 4
ADVISORY = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pooled]:
    with Pooled(tmp_path_factory.mktemp("pooled") / "run") as one:
        yield one


@pytest.fixture(scope="module")
def stack(
    pooled: Pooled, sanitizer_reports: Path, build_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A web node; all it does in PostgreSQL goes through the pooler, `tapedeck migrate` too."""
    with Stack(tmp_path_factory.mktemp("node") / "run", build_dir=build_dir, fast=True,
               bound=True, responders=RESPONDERS,
               overrides={"DATABASE_URL": pooled.url}) as one:
        yield one


@pytest.fixture(scope="module")
def other(
    stack: Stack, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Another one, on the same disk."""
    overrides = {name: stack.config[name] for name in SHARED}
    with Stack(tmp_path_factory.mktemp("other") / "run", build_dir=build_dir, fast=True,
               bound=True, responders=RESPONDERS, overrides=overrides) as one:
        yield one


@pytest.fixture
def db(pooled: Pooled, stack: Stack) -> Iterator[Db]:
    """What there is, seen past the pooler."""
    with psycopg.connect(pooled.direct, autocommit=True) as connection:
        yield connection


def at(node: Stack, call: Call) -> Call:
    return replace(call, stack=node)


def test_two_nodes_and_three_runners_share_three_sessions(
    stack: Stack, other: Stack, db: Db, twilio: Control, tmp_path: Path,
    new_business: Callable[[], int],
) -> None:
    business = new_business()
    again = ["--linger", "1h"]
    with ThreadPoolExecutor(CALLS) as crowd, Runner(stack, tmp_path, again, {}), \
            Runner(other, tmp_path, again, {}), Runner(other, tmp_path, again, {}):
        calls = list(crowd.map(lambda _: new_call(stack, business), range(CALLS)))
        for answer in crowd.map(lambda one: one.api.post(one.prepare_path), calls):
            assert answer.status in (200, 202), answer.body
        for one in calls:
            until(lambda one=one: run_of(db, one).status == "completed", "the download")
        for one, answer in zip(calls, crowd.map(lambda one: one.api.get(one.status_path), [
                at(other, one) for one in calls])):
            assert (answer.status, answer.json["status"]) == (200, "ready")
            assert at(other, one).api.get(one.file_path).body == one.source("wav2")
        assert 1 < value_of(db, OURS) <= SESSIONS
    listed = calls[0].api.get(f"/api/calls?limit={CALLS}").json["calls"]
    assert {one["call_sid"] for one in listed} == {one.call_sid for one in calls}
    for one in calls:
        assert (twilio.stats().recording(one.recording_sid).requests, runs_of(db, one)) == (1, 1)


def test_the_jobs_of_the_timers_leave_nothing_in_a_session(
    stack: Stack, pooled: Pooled, db: Db, new_business: Callable[[], int]
) -> None:
    one = known_call(stack, db, new_business())
    click(one)
    assert stack.run("drain", "--once").returncode == 0
    for n in range(3):  # each listener is a note, which cleanup stores, one cleanup at a time
        listener = Api(stack.base_url, token_for(stack, one.business, sub=f"listener {n}"))
        assert listener.get(one.file_path).status == 200
        jobs = [subprocess.Popen([stack.tapedeck, "cleanup"], env=stack.environment(), cwd="/")
                for _ in range(SESSIONS + 1)]
        assert [job.wait(120) for job in jobs] == [0] * (SESSIONS + 1)
        assert value_of(db, ADVISORY) == 0
    assert value_of(db, "SELECT count(*) FROM playback_audit WHERE call_sid = %s",
                    one.call_sid) == 3
    db.execute("UPDATE call_log SET recording_expires_at = now() WHERE call_sid = %s",
               [one.call_sid])
    done = stack.run("retain")
    assert f"RECORDING_DELETED business_id={one.business} sid={one.call_sid} " in done.stderr
    assert files_of(one) == [] and one.api.get(one.file_path).status == 410
    assert stack.run("status").returncode == 0
    with ExitStack() as all_of_them:
        for _ in range(SESSIONS):
            stranger = all_of_them.enter_context(psycopg.connect(pooled.url))
            assert value_of(stranger, "SHOW statement_timeout") == "0"


@pytest.mark.parametrize("way", ["direct", "url"])
def test_a_session_is_in_utc_whoever_had_it_before(
    way: str, stack: Stack, pooled: Pooled, db: Db, new_business: Callable[[], int],
    make_stack: Callable[..., Stack],
) -> None:
    """Without a pooler, too, whatever the server's own zone."""
    one = known_call(stack, db, new_business())
    db.execute("UPDATE call_log SET created_at = '2026-03-04 05:06:07+00' WHERE call_sid = %s",
               [one.call_sid])
    db.execute("ALTER DATABASE tapedeck SET timezone = 'Asia/Kathmandu'")
    pooled.stop()
    pooled.start()
    node = make_stack(responders=1, overrides={
        **{name: stack.config[name] for name in SHARED}, "DATABASE_URL": getattr(pooled, way)})
    try:
        with psycopg.connect(pooled.url, autocommit=True) as stranger:
            for _ in range(SESSIONS):
                stranger.execute("SET timezone = 'America/Lima'")
            listed = at(node, one).api.get("/api/calls").json["calls"]
    finally:
        db.execute("ALTER DATABASE tapedeck RESET timezone")
    assert [call["created_at"][:19] for call in listed] == ["2026-03-04T05:06:07"]


@pytest.mark.parametrize("what", ["statement", "transaction"])
def test_what_takes_too_long_is_ended_though_nobody_waits_for_it(
    what: str, stack: Stack, pooled: Pooled, db: Db, new_business: Callable[[], int],
    make_stack: Callable[..., Stack],
) -> None:
    """PostgreSQL does not see that its client has gone while a statement waits."""
    one = known_call(stack, db, new_business())
    node = make_stack(responders=1, overrides={
        **{name: stack.config[name] for name in SHARED}, "PG_TIMEOUT": "2s"})
    asks = at(node, one).send_call_status if what == "transaction" else (
        lambda: at(node, one).api.get("/api/calls"))
    ends_though_nobody_waits(node, db, pooled.direct, "call_log", asks)


REFUSE_AT_COMMIT = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON recording_runs DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def test_what_its_commit_refuses_has_failed(
    stack: Stack, db: Db, new_business: Callable[[], int]
) -> None:
    """The statement went well, and its rows were on their way already."""
    one = known_call(stack, db, new_business())
    db.execute(REFUSE_AT_COMMIT)
    try:
        before = len(stack.log("responders").read_text())
        answer = one.api.post(one.prepare_path)
    finally:
        db.execute("DROP FUNCTION refuse CASCADE")
    assert answer.status == 503 and runs_of(db, one) == 0
    said = stack.log("responders").read_text()[before:]
    assert "PG_FAILED sqlstate=P0001" in said and "PG_LOST" not in said
    click(one)


def test_three_migrate_at_once(stack: Stack, pooled: Pooled, db: Db) -> None:
    with new_database(pooled.direct) as empty:
        url = empty.replace(pooled.direct.split("?")[1], pooled.url.split("?")[1])
        jobs = [subprocess.Popen([stack.tapedeck, "migrate"], cwd="/", text=True,
                                 env=stack.environment(DATABASE_URL=url),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                for _ in range(3)]
        said = [job.communicate(timeout=120) for job in jobs]
        assert {line for _, errors in said for line in errors.splitlines()} <= {WAITS}
        applied = [line for output, _ in said for line in output.splitlines()
                   if line.startswith("applied")]
        with psycopg.connect(empty) as own:
            assert len(applied) == len(applied_in(own)) == len(MIGRATIONS)
        assert value_of(db, ADVISORY) == 0


def test_the_pooler_is_restarted(
    stack: Stack, other: Stack, pooled: Pooled, db: Db, twilio: Control,
    new_business: Callable[[], int], held: Callable[..., tuple[Call, Runner]],
) -> None:
    business = new_business()
    ready, wanted = known_call(stack, db, business), known_call(stack, db, business)
    click(ready)
    assert stack.run("drain", "--once").returncode == 0
    arriving, _ = held()
    pooled.stop()
    for node in (stack, other):
        for _ in range(RESPONDERS):  # any of them
            answer = at(node, wanted).api.post(wanted.prepare_path)
            assert answer.status == 503 and answer.retry_after > 0
            assert at(node, ready).api.get(ready.file_path).body == ready.source("wav2")
        assert at(node, wanted).send_call_status().status == 503
    pooled.start()
    for node in (stack, other):
        post = at(node, wanted).api.post
        until(lambda post=post: post(wanted.prepare_path).status in (200, 202),
              "a responder that goes on")
    twilio.release(arriving.recording_sid)
    for one in (arriving, wanted):
        until(lambda one=one: run_of(db, one).status == "completed", "the download")
        assert runs_of(db, one) == 1
        assert twilio.stats().recording(one.recording_sid).requests == 1
