"""Whether it lives, whether it is ready, and in words what is wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import psycopg
import pytest
import redis

from http_expect import head_agrees, says
from http_given import given_in
from stack import processes
from stack.api import Answer, Api
from stack.calls import new_sid
from stack.processes import wait_until
from stack.stack import ROOT, Stack

SOON = 120.0
WORDS = ("postgresql", "redis", "disk", "runner")


def ready(stack: Stack) -> Answer:
    return Api(stack.base_url).get("/readyz")


def test_healthz(stack: Stack) -> None:
    api = Api(stack.base_url)
    answer = api.get("/healthz")
    version = stack.run("--version").stdout.removeprefix("tapedeck ").strip()
    assert version.startswith((ROOT / "VERSION").read_text().strip())
    assert (answer.status, answer.json) == (200, {"ok": True, "version": version})
    assert answer.headers["Tapedeck-Version"] == version
    assert answer.headers["Cache-Control"] == "no-store"
    head_agrees(api.head("/healthz"), answer)


def test_readyz_when_all_is_well(stack: Stack, rds: redis.Redis) -> None:
    rds.set("rec_runner", "1", px=150_000)
    try:
        answer = ready(stack)
        head_agrees(Api(stack.base_url).head("/readyz"), answer)
    finally:
        rds.delete("rec_runner")
    assert (answer.status, answer.json["ready"]) == (200, True)
    assert {name: answer.json[name] for name in WORDS} == dict.fromkeys(WORDS, "ok")


def test_an_unseen_runner_is_told_and_fails_nothing(stack: Stack, rds: redis.Redis) -> None:
    rds.delete("rec_runner")
    answer = ready(stack)
    assert (answer.status, answer.json["redis"]) == (200, "ok")
    assert answer.json["runner"].startswith("none seen")


def test_without_redis_requests_still_work(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    stack.halt("redis")
    answer = ready(stack)
    assert (answer.status, answer.json["ready"]) == (200, True)
    assert (answer.json["redis"], answer.json["runner"]) == ("not reachable", "unknown")
    assert (answer.json["postgresql"], answer.json["disk"]) == ("ok", "ok")
    stack.revive("redis")
    assert wait_until(lambda: ready(stack).json["redis"] == "ok", SOON)


def test_without_postgresql_it_lives_and_is_not_ready(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    stack.halt("postgres")
    answer = ready(stack)
    body = says(answer, 503, "unavailable")
    assert (body["ready"], body["postgresql"]) == (False, "not reachable")
    assert (body["redis"], body["disk"]) == ("ok", "ok")
    assert Api(stack.base_url).get("/healthz").status == 200
    stack.revive("postgres")
    assert wait_until(lambda: ready(stack).status == 200, SOON)


def test_a_flood_leaves_responders_for_those_who_listen(make_stack: Callable[..., Stack]) -> None:
    """While PostgreSQL does not answer, two look whether it is there; the others say what those saw last, or
    that nobody knows, and go on."""
    stack = make_stack(responders=6, overrides={"PG_TIMEOUT": "20s"})
    with given_in(stack) as given:
        call = new_sid("CA")
        given.file(1, call, b"RIFF of a sort")
        link = given.link(1, f"{call}.wav", 4102444800)
    assert ready(stack).status == 200
    locked = psycopg.connect(stack.database_url)
    locked.execute("LOCK TABLE tapedeck_migrations IN ACCESS EXCLUSIVE MODE")
    asking = [threading.Thread(target=ready, args=(stack,), daemon=True) for _ in range(2)]
    try:
        for one in asking:
            one.start()
        rds = redis.Redis.from_url(stack.redis_url, decode_responses=True)
        assert wait_until(lambda: [rds.zcard(key) for key in rds.keys("rec_asking:*")] == [2], SOON)
        (places,) = rds.keys("rec_asking:*")
        wait_until(lambda: not rds.keys("rec_readyz:*"), SOON)
        for _ in range(12):
            says(ready(stack), 503, "unavailable")
            assert Api(stack.base_url).get(link).status == 200
        seen = {"ready": True, "postgresql": "ok", "redis": "ok", "disk": "ok", "runner": "seen"}
        rds.set(f"rec_readyz:{places.partition(':')[2]}", json.dumps(seen), px=60_000)
        assert (ready(stack).status, ready(stack).json) == (200, seen)
        assert rds.zcard(places) == 2, "nobody else looked"
    finally:
        locked.close()
    for one in asking:
        one.join(SOON)


def test_without_its_tables_it_is_not_ready(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        given.db.execute("ALTER TABLE recording_runs RENAME TO elsewhere")
        body = says(ready(stack), 503, "unavailable")
        assert "tapedeck migrate" in body["postgresql"] and body["ready"] is False
        given.db.execute("ALTER TABLE elsewhere RENAME TO recording_runs")
        assert ready(stack).status == 200


def test_without_its_disk_it_is_not_ready(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    away = stack.recordings_dir.with_name("away")
    stack.recordings_dir.rename(away)
    body = says(ready(stack), 503, "unavailable")
    assert "RECORDINGS_DIR" in body["disk"] and body["ready"] is False
    assert str(stack.recordings_dir).encode() not in ready(stack).body, "no path in an answer"
    away.rename(stack.recordings_dir)
    assert ready(stack).status == 200


@pytest.mark.parametrize("number", [2, 15])
def test_a_responder_that_is_told_to_end_is_replaced(
    make_stack: Callable[..., Stack], number: int
) -> None:
    """A request that comes meanwhile waits in the socket; nobody gets a 502 or a 503 for it."""
    stack = make_stack(responders=2)
    with given_in(stack) as given:
        call = new_sid("CA")
        given.file(1, call, b"RIFF of a sort")
        api = given.api(1)
    leader = stack.pid("responders")
    for pid in list(processes.all_pids()):
        stat = processes.read_stat(pid)
        if stat and stat.parent == leader:
            processes.send(pid, number)
    for _ in range(5):
        assert api.get(f"/api/recordings/file/{call}").status == 200
