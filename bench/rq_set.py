"""A set of RQ workers drains the same recordings: what a Python shop would pick instead."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass

import psycopg
import redis

from load import family, memory_kb
from peers import ENVIRONMENT, HERE
from stack.stack import Stack

WORKERS, RECORDINGS = 32, 400
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Drained:
    """Figures of one run."""

    seconds: float
    mb: float  # all workers, halfway (Pss)
    done: int


def drain(stack: Stack, database: psycopg.Connection) -> Drained:
    """Some of the runs that are queued in PostgreSQL; nobody counts slots or keeps a lease."""
    _enqueue(stack, database)
    environment = {**ENVIRONMENT, "DATABASE_URL": stack.database_url, "PYTHONPATH": str(HERE),
                   "LC_ALL": "C.UTF-8"}
    began = time.monotonic()
    workers = [subprocess.Popen(["rq", "worker", "--burst", "--quiet", "--url", stack.redis_url],
                                env=environment, cwd="/", stderr=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL) for _ in range(WORKERS)]
    try:
        done, mb = 0, 0.0
        while done < RECORDINGS and time.monotonic() - began < PATIENCE_S:
            time.sleep(0.05)
            (done,) = database.execute(
                "SELECT count(*) FROM recording_runs WHERE status = 'completed'").fetchone()
            if mb == 0 and done > RECORDINGS / 2:
                mb = memory_kb(family([one.pid for one in workers])) / 1024
        return Drained(time.monotonic() - began, mb, done)
    finally:
        for one in workers:
            one.terminate()
        for one in workers:
            one.wait()


def _enqueue(stack: Stack, database: psycopg.Connection) -> None:
    from rq import Queue  # only here: what else is measured needs no RQ

    with redis.Redis.from_url(stack.redis_url) as client:
        queue = Queue(connection=client)
        wishes = database.execute(
            "SELECT c.recording_url, r.business_id, r.call_sid FROM recording_runs r"
            " JOIN call_log c USING (business_id, call_sid) WHERE r.status = 'queued' LIMIT %s",
            [RECORDINGS]).fetchall()
        queue.enqueue_many([
            Queue.prepare_data("rq_job.fetch", (url, str(stack.recordings_dir), business, call),
                               result_ttl=0)
            for url, business, call in wishes])
