"""What a listener notices while the runner, PostgreSQL or Redis is away: little, and the truth."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
import redis

from http_expect import head_agrees, says
from http_given import Given, given_in, queue_of
from stack import processes
from stack.api import Api
from stack.calls import new_call, new_sid
from stack.processes import wait_until
from stack.stack import Stack

CONTENT = b"RIFF of a sort"
BUSINESS = 1
SOON = 120.0


def path_of(call: str) -> str:
    return f"/api/recordings/file/{call}"


# ---- nobody downloads ----


def test_a_run_that_nobody_comes_for_is_told_so_and_kept(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    rds.delete("rec_runner")
    business = new_business()
    call = given.recorded(business)
    given.waiting_run(business, call, "61 seconds")
    answer = given.api(business).get(path_of(call))
    says(answer, 500, "worker_not_processing_queue")
    assert int(answer.headers["Retry-After"]) > 0
    head_agrees(given.api(business).head(path_of(call)), answer)
    assert given.row("recording_runs", call_sid=call)["status"] == "queued"
    assert f"{business}:{call}" in queue_of(rds, business), "a click offers it again"


def test_a_runner_seen_meanwhile_will_come(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = given.recorded(business)
    given.waiting_run(business, call, "61 seconds")
    try:
        rds.set("rec_runner", "1", px=150_000)
        says(given.api(business).get(path_of(call)), 202, "processing")
        # Seen, but before this one began to wait: who knows whether it still runs?
        rds.pexpire("rec_runner", 1000)
        says(given.api(business).get(path_of(call)), 500, "worker_not_processing_queue")
    finally:
        rds.delete("rec_runner")


def test_a_running_download_is_not_offline(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    rds.delete("rec_runner")
    business = new_business()
    call = given.recorded(business)
    given.waiting_run(business, call, "1 hour", status="running")
    says(given.api(business).get(path_of(call)), 202, "processing")


def test_the_grace_is_configured(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(overrides={"RUNNER_GRACE": "1h"}, responders=1)
    with given_in(stack) as given:
        call = given.recorded(BUSINESS)
        given.waiting_run(BUSINESS, call, "59 minutes")
        says(given.api(BUSINESS).get(path_of(call)), 202, "processing")
        given.db.execute("UPDATE recording_runs SET queued_at = now() - interval '61 minutes'")
        says(given.api(BUSINESS).get(path_of(call)), 500, "worker_not_processing_queue")


# ---- PostgreSQL is away ----


def test_without_postgresql_what_is_here_plays(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=2)
    with given_in(stack) as given:
        here, away = given.recorded(BUSINESS), given.recorded(BUSINESS)
        given.file(BUSINESS, here, CONTENT)
        api = given.api(BUSINESS)
        given.db.execute("CHECKPOINT")  # what follows is abrupt, and these stacks do not sync
    assert api.get(path_of(away)).status == 202
    stack.halt("postgres")
    for _ in range(3):  # each responder notices for itself
        assert api.get(path_of(here)).body == CONTENT
        assert api.get(path_of(here), headers={"Range": "bytes=0-3"}).status == 206
        answer = api.get(path_of(away))
        says(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
        head_agrees(api.head(path_of(away)), answer)
    _all_else_is_unavailable(api, here, away)
    download = api.get(f"/api/calls/{here}/download")
    assert (download.status, download.body) == (200, CONTENT)
    assert download.headers["Content-Disposition"] == \
        f'attachment; filename="recording_{here}.wav"'
    ready = says(api.post(f"/api/recordings/{here}/prepare"), 200, "ready")
    link = ready["play_url"].removeprefix(stack.public_base_url)
    assert api.with_token(None).get(link).body == CONTENT
    assert (ready["duration"], ready["channels"], ready["speakers"]) == (None, None, None)
    stack.revive("postgres")
    assert wait_until(lambda: api.get(path_of(away)).status == 202, SOON)


def _all_else_is_unavailable(api: Api, here: str, away: str) -> None:
    for answer in (api.get("/api/calls"), api.get(f"/api/calls/{here}"),
                   api.get(f"/api/calls/{away}/download"),
                   api.get(f"/api/recordings/{away}/status"),
                   api.post(f"/api/recordings/{away}/prepare"), api.get(path_of(new_sid("CA")))):
        says(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_restart_of_postgresql_costs_no_request(
    make_stack: Callable[..., Stack], how: signal.Signals
) -> None:
    """An idle responder's connection is dead after a restart, and nobody has to see that."""
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        call, api = given.call(BUSINESS), given.api(BUSINESS)
        given.db.execute("CHECKPOINT")
    says(api.get(path_of(call)), 404, "no_recording")
    stack.halt("postgres", how)
    stack.revive("postgres")
    says(api.get(path_of(call)), 404, "no_recording")


def test_requests_under_way_while_postgresql_restarts_are_told_so(
    make_stack: Callable[..., Stack]
) -> None:
    """They are not left waiting, and those that come next are served."""
    stack = make_stack(responders=3)
    with given_in(stack) as given:
        call, api = given.recorded(BUSINESS), given.api(BUSINESS)
        given.db.execute("CHECKPOINT")
    paths = [path_of(call), "/api/calls", f"/api/recordings/{call}/status"]
    with closing(psycopg.connect(stack.database_url)) as locking, given_in(stack) as given, \
            ThreadPoolExecutor(len(paths)) as people:
        locking.execute("LOCK TABLE call_log IN ACCESS EXCLUSIVE MODE")
        under_way = [people.submit(api.get, path) for path in paths]
        assert wait_until(lambda: _waiting_for_locks(given) == len(paths), SOON)
        stack.halt("postgres", signal.SIGQUIT)  # all at once: no lock is released on the way
        for answer in under_way:
            says(answer.result(SOON), 503, "unavailable")
            assert answer.result().headers["Retry-After"] == "5"
    stack.revive("postgres")
    for _ in range(3):
        assert [api.get(path).status for path in paths[1:]] == [200, 200]
    says(api.get(paths[0]), 202, "processing")


def _waiting_for_locks(given: Given) -> int:
    row = given.db.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    assert row
    return int(row[0])


@contextmanager
def hanging(stack: Stack, service: str) -> Iterator[None]:
    """It holds its connections and says nothing, and neither do its children."""
    leader = stack.pid(service)
    processes.send(leader, signal.SIGSTOP)  # first, so that it has no more children
    pids = [leader, *(pid for pid in processes.all_pids()
                      if (stat := processes.read_stat(pid)) and stat.parent == leader)]
    for pid in pids:
        processes.send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            processes.send(pid, signal.SIGCONT)


def test_a_postgresql_that_hangs_is_not_waited_for(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(overrides={"PG_TIMEOUT": "100ms"}, responders=1)
    with given_in(stack) as given:
        away, here, api = given.recorded(BUSINESS), new_sid("CA"), given.api(BUSINESS)
        given.file(BUSINESS, here, CONTENT)
    with hanging(stack, "postgres"):
        says(api.get(path_of(away)), 503, "unavailable")
        assert api.get(path_of(here)).body == CONTENT
    assert wait_until(lambda: api.get(path_of(away)).status == 202, SOON)


# ---- Redis is away ----


def test_without_redis_clicks_are_kept_and_start_later(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=2)
    with given_in(stack) as given:
        here = given.recorded(BUSINESS)
        given.file(BUSINESS, here, CONTENT)
        wanted = [given.recorded(BUSINESS) for _ in range(5)]
        api = given.api(BUSINESS)
        stack.halt("redis")
        assert api.get(path_of(here)).body == CONTENT
        for call in wanted * 2:
            body = says(api.get(path_of(call)), 202, "queued")
            assert "position" not in body
        kept = [run["id"] for run in given.rows("recording_runs", status="queued")]
        assert len(kept) == len(wanted)
        assert len(api.get("/api/calls").json["calls"]) == 6
        stack.revive("redis")
        with redis.Redis.from_url(stack.redis_url, decode_responses=True) as rds:
            assert wait_until(lambda: _click_all(given, wanted, rds), SOON)
        assert [run["id"] for run in given.rows("recording_runs")] == kept


def _click_all(given: Given, wanted: list[str], rds: redis.Redis) -> bool:
    """Click again, and see whether all of them are in line now."""
    for call in wanted:
        assert given.api(BUSINESS).get(path_of(call)).status == 202
    return int(rds.scard(f"rec_slots:{BUSINESS}")) == 3 \
        and int(rds.llen(f"rec_queue:{BUSINESS}")) == 2


def test_what_came_without_redis_is_fetched_when_it_is_back(
    make_stack: Callable[..., Stack]
) -> None:
    stack = make_stack(responders=1)
    stack.halt("redis")
    call = new_call(stack, BUSINESS)
    says(call.api.get(call.file_path), 202, "queued")
    stack.revive("redis")
    done = stack.run("drain", "--once")
    assert done.returncode == 0, done.stderr
    assert call.api.get(call.file_path).body == call.source()


def test_a_restart_of_redis_costs_no_click(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        first, second, api = given.recorded(BUSINESS), given.recorded(BUSINESS), given.api(BUSINESS)
        says(api.get(path_of(first)), 202, "processing")
        stack.halt("redis")
        stack.revive("redis")
        says(api.get(path_of(second)), 202, "processing")


def test_a_redis_that_forgot_everything_is_told_again(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = given.recorded(business)
    given.api(business).get(path_of(call))
    for key in rds.scan_iter(f"rec_*:{business}*"):
        rds.delete(key)
    rds.lrem("rec_jobs", 0, f"{business}:{call}")
    says(given.api(business).get(path_of(call)), 202, "processing")
    assert f"{business}:{call}" in queue_of(rds, business)


def test_a_redis_that_hangs_is_not_waited_for(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(overrides={"REDIS_TIMEOUT": "50ms"}, responders=1)
    with given_in(stack) as given:
        call, api = given.recorded(BUSINESS), given.api(BUSINESS)
        with hanging(stack, "redis"):
            says(api.get(path_of(call)), 202, "queued")
        assert given.row("recording_runs", call_sid=call)["status"] == "queued"
