"""What one call costs PostgreSQL and Redis, from its callbacks to its last step, by their own counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from speech.fake import FakeSpeech
from stack.calls import new_call
from stack.stack import Stack

CALLS = 100
SECONDS = 4
COUNTED = """
SELECT xact_commit, tup_inserted + tup_updated + tup_deleted FROM pg_stat_database
 WHERE datname = current_database()
"""


@dataclass(frozen=True)
class Cost:
    """Of one call."""

    callbacks: float  # commits
    commits: float
    rows: float  # written
    commands: float  # of Redis, those in scripts too
    redis_ms: float  # of its processor


def run(folder: Path, build: Path) -> Cost:
    """Two callbacks about the call, one about its recording, and a runner that does the rest."""
    with FakeSpeech() as speech, Stack(folder, build_dir=build, bound=True) as stack, \
            psycopg.connect(stack.database_url, autocommit=True) as db, \
            redis.Redis.from_url(stack.redis_url) as traffic:
        began = _counts(db, traffic)
        for business in range(1, CALLS + 1):
            call = new_call(stack, business, seconds=SECONDS, announced=False)
            for answer in (call.send_call_status(CallStatus="in-progress", CallDuration=None),
                           call.send_call_status(), call.send_recording_status()):
                assert answer.status == 204, answer
        announced = _counts(db, traffic)
        done = stack.run("drain", "--once", timeout=300, **speech.settings)
        assert done.returncode == 0, done.stderr
        (steps,) = db.execute("SELECT count(*) FROM call_steps WHERE status = 'done'").fetchone()
        assert steps == 3 * CALLS, f"{steps} steps were done"
        ended = _counts(db, traffic)
    each = [(end - start) / CALLS for start, end in zip(began, ended)]
    return Cost((announced[0] - began[0]) / CALLS, *each)


def _counts(db: psycopg.Connection, traffic: redis.Redis) -> tuple[float, ...]:
    """PostgreSQL's sessions hand their counts in when they have been idle for ten seconds."""
    db.execute("SELECT pg_sleep(11)")
    commits, rows = db.execute(COUNTED).fetchone()
    said = traffic.info("everything")
    return (commits, rows, said["total_commands_processed"],
            (said["used_cpu_user"] + said["used_cpu_sys"]) * 1000)


def lines(cost: Cost) -> list[str]:
    """The section of results.md."""
    return [f"A call, by the counts of both, from its callbacks to its last step: {cost.commits:.1f}"
            f" commits in PostgreSQL ({cost.callbacks:.1f} of them for its three callbacks),"
            f" {cost.rows:.1f} rows written; {cost.commands:.0f} commands in Redis, those in its"
            f" scripts too, and {cost.redis_ms:.1f} ms of its processor."]
