"""Single services of a stack: halted and revived, killed and replaced, started by the clock."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
import redis

from stack import processes
from stack.api import Api
from stack.processes import wait_until
from stack.stack import Stack


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if (stat := processes.read_stat(pid)) and stat.alive]


def children(parent: int) -> set[int]:
    return {
        pid for pid in processes.all_pids()
        if (stat := processes.read_stat(pid)) and stat.alive and stat.parent == parent
    }


def command_line(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def test_services_can_be_halted_and_revived(tmp_path: Path, build_dir: Path) -> None:
    with Stack(tmp_path / "run", build_dir=build_dir, fast=True, bound=True,
               responders=1) as stack:
        stack.halt("redis")
        with redis.Redis.from_url(stack.redis_url) as client:
            with pytest.raises(redis.ConnectionError):
                client.ping()
            stack.revive("redis")
            assert client.ping()
        stack.halt("postgres")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(stack.database_url)
        stack.revive("postgres")
        psycopg.connect(stack.database_url).close()
        assert wait_until(lambda: Api(stack.base_url).get("/readyz").status == 200, 10)


def test_a_killed_responder_is_replaced_every_time(tmp_path: Path, build_dir: Path) -> None:
    with Stack(tmp_path / "run", build_dir=build_dir, fast=True, bound=True,
               responders=2) as stack:
        supervisor = stack.pid("responders")

        def responders() -> set[int]:
            return children(supervisor)

        # Past the first second, in which multiwatch starts them without a pause.
        time.sleep(2)
        for _ in range(6):
            assert wait_until(lambda: len(responders()) == 2, 10)
            victim = min(responders())
            os.kill(victim, signal.SIGKILL)
            # While it dies it may take one last connection with it.
            assert wait_until(lambda: not alive([victim]), 10)
            assert Api(stack.base_url).get("/healthz").status == 200
        assert wait_until(lambda: len(responders()) == 2, 10)


def test_timers_run_the_jobs_and_end_with_the_stack(tmp_path: Path, build_dir: Path) -> None:
    with Stack(tmp_path / "run", build_dir=build_dir, fast=True, bound=True,
               responders=1, timers=True) as stack:
        timers = stack.pid("timers")

        def drains() -> list[int]:
            return [
                pid for pid in children(timers)
                if b"drain" in command_line(pid)
            ]

        assert wait_until(lambda: len(drains()) == 1, 10)
        first = drains()[0]
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: len(drains()) == 1 and drains() != [first], 10)
        last = drains()
    assert alive([timers, *last]) == []
