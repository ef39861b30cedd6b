"""After the storm: waits until all is at rest, then looks whether anything is missing."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row

from .answers import is_true
from .cast import Case
from .crowd import click
from .world import World

POLL = 0.1
KEYS = ("rec_slots:*", "rec_inflight:*", "rec_queue:*", "rec_later:*", "rec_queued:*", "rec_jobs")


@dataclass(frozen=True)
class Run:
    """What the history says of one run."""

    id: int
    call_sid: str
    status: str
    attempts: int
    recoveries: int
    error_code: str | None
    error: str | None
    created_at: Any
    completed_at: Any


def read_runs(world: World) -> dict[str, list[Run]]:
    """All runs, by call, oldest first."""
    found: dict[str, list[Run]] = {case.sid: [] for case in world.cases}
    with world.db() as db, db.cursor(row_factory=class_row(Run)) as cursor:
        rows = cursor.execute("SELECT id, call_sid, status, attempts, recoveries, error_code,"
                              " error, created_at, completed_at FROM recording_runs ORDER BY id")
        for run in rows:
            found.setdefault(run.call_sid, []).append(run)
    return found


def ask_for_the_missing(world: World) -> None:
    """Somebody clicks on whatever is not here: that fetches it, unless it has failed for good."""
    for case in world.cases:
        while case.finished() is None and not world.violations:
            answer = click(world, case, "file")
            if answer is not None and answer.status != 503:
                break
            time.sleep(POLL)


def unrest(world: World) -> list[str]:
    """What is still under way, or was left behind."""
    with world.db() as db:
        active = db.execute("SELECT business_id, call_sid, status, error_code, lease_token,"
                            " not_before, heartbeat_at FROM recording_runs"
                            " WHERE status IN ('queued', 'running') LIMIT 10").fetchall()
        unmatched = db.execute("SELECT call_sid FROM recording_inbox"
                               " WHERE matched_at IS NULL LIMIT 10").fetchall()
    with world.rds() as rds:
        keys = [key for pattern in KEYS for key in rds.scan_iter(pattern, count=1000)]
        left = [f"{key} = {_value(rds, key)}" for key in sorted(keys)]
    parts = [str(path) for path in world.stack.recordings_dir.glob("*/.*")]
    in_flight = world.stack.twilio.stats().total.in_flight
    return [
        *(f"an active run: {row}" for row in active),
        *(f"a callback waits for its call: {row[0]}" for row in unmatched),
        *(f"left in Redis: {text}" for text in left),
        *(f"a part file: {path}" for path in parts),
        *([f"{in_flight} in flight at the provider"] if in_flight else []),
    ]


def _value(rds: Any, key: str) -> Any:
    kind = rds.type(key)
    if kind == "list":
        return rds.lrange(key, 0, 9)
    return sorted(rds.smembers(key))[:9] if kind == "set" else rds.get(key)


def await_rest(world: World) -> float:
    """How long it took; what is not at rest in time is told."""
    began = time.monotonic()
    while left := unrest(world):
        if time.monotonic() - began > world.plan.quiet_seconds:
            for line in left:
                world.complain(f"not at rest after {world.plan.quiet_seconds:.0f} s: {line}")
            break
        time.sleep(POLL)
    return time.monotonic() - began


def judge_all(world: World) -> Counter[str]:
    """Each recording is here, byte for byte, or truly failed; how many of each."""
    outcomes: Counter[str] = Counter()
    runs = read_runs(world)
    for case in world.cases:
        outcomes[_judge(world, case, runs[case.sid])] += 1
        _judge_history(world, case, runs[case.sid])
    return outcomes


def _judge(world: World, case: Case, runs: list[Run]) -> str:
    path = case.finished()
    if path is not None:
        if path.suffix != ".wav" or not case.is_right(path.read_bytes()):
            world.complain(f"{case.sid}: {path.name} is not what the provider has")
        return "fetched"
    last = runs[-1] if runs else None
    if last is None or last.status != "failed":
        world.complain(f"{case.sid} ({case.trouble.name}) is not here, and its last run is {last}")
        return "missing"
    if not is_true(world, case, last.error_code, last.error):
        world.complain(f"{case.sid} ({case.trouble.name}) failed as {last.error_code}: "
                       f"{last.error}, which is not true")
    return f"failed {last.error_code}"


def _judge_history(world: World, case: Case, runs: list[Run]) -> None:
    completed = [run for run in runs if run.status == "completed"]
    if len(completed) > 1 + case.losses:
        world.complain(f"{case.sid} was completed {len(completed)} times, and lost {case.losses}")
    for run in runs:
        if run.status == "failed" and not is_true(world, case, run.error_code, run.error):
            world.complain(f"{case.sid} ({case.trouble.name}): run {run.id} failed as "
                           f"{run.error_code}: {run.error}, which is not true")


def history(world: World, sid: str) -> list[str]:
    """A call's runs, for a person to read; nothing when PostgreSQL does not answer."""
    try:
        return [str(run) for run in read_runs(world).get(sid, [])]
    except Exception as error:  # the violation itself is what matters
        return [f"(no history: {error})"]
