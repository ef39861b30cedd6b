"""After the storm: waits until all is at rest, then looks whether anything is missing."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
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
    business_id: int
    call_sid: str
    job_type: str
    status: str
    attempts: int
    recoveries: int
    error_code: str | None
    error: str | None
    created_at: Any
    completed_at: Any


def read_runs(world: World) -> dict[str, list[Run]]:
    """All runs, by the name of their recording, oldest first."""
    found: dict[str, list[Run]] = {}
    with world.db() as db, db.cursor(row_factory=class_row(Run)) as cursor:
        rows = cursor.execute("SELECT id, business_id, call_sid, job_type, status, attempts,"
                              " recoveries, error_code, error, created_at, completed_at"
                              " FROM recording_runs ORDER BY id")
        for run in rows:
            found.setdefault(run.call_sid, []).append(run)
    return found


def ask_for_the_missing(world: World) -> None:
    """Somebody clicks on whatever is not here: that fetches it, unless it has failed for good."""
    deadline = time.monotonic() + world.plan.quiet_seconds
    for case in world.cases:
        while not case.is_gone and case.finished() is None and not world.violations:
            answer = click(world, case, "prepare")
            if answer is not None and answer.status != 503:
                break
            if time.monotonic() > deadline:
                world.complain(f"{case.sid} cannot be asked for")
            time.sleep(POLL)


def unrest(world: World) -> list[str]:
    """What is still under way, or was left behind."""
    with world.db() as db:
        active = db.execute("SELECT business_id, call_sid, status, error_code, lease_token,"
                            " not_before, heartbeat_at FROM recording_runs"
                            " WHERE status IN ('queued', 'running') LIMIT 10").fetchall()
        unmatched = db.execute("SELECT call_sid FROM recording_inbox"
                               " WHERE matched_at IS NULL LIMIT 10").fetchall()
        steps = db.execute("SELECT business_id, call_sid, step, status, error_code FROM call_steps"
                           " WHERE status IN ('queued', 'running') LIMIT 10").fetchall()
        untold = db.execute("SELECT call_sid, attempts, error_code FROM call_webhook_deliveries"
                            " WHERE status = 'waiting' LIMIT 10").fetchall()
    with world.rds() as rds:
        keys = [key for pattern in KEYS for key in rds.scan_iter(pattern, count=1000)]
        left = [f"{key} = {_value(rds, key)}" for key in sorted(keys)]
    parts = [str(path) for path in world.stack.recordings_dir.glob("*/.*")]
    in_flight = world.stack.twilio.stats().total.in_flight
    return [
        *(f"an active run: {row}" for row in active),
        *(f"a callback waits for its call: {row[0]}" for row in unmatched),
        *(f"a step: {row}" for row in steps),
        *(f"nobody was told: {row}" for row in untold),
        *(f"a file of what was taken away: {path}" for path in _taken_away(world)),
        *(f"left in Redis: {text}" for text in left),
        *(f"a part file: {path}" for path in parts),
        *([f"{in_flight} in flight at the provider"] if in_flight else []),
    ]


def _taken_away(world: World) -> list[Path]:
    """Files of recordings that may not be heard where they are."""
    found = []
    for case in world.cases:
        fate = case.talk.fate
        if fate is not None and (case.is_gone or case.talk.business != fate.was_business):
            found += [path for path in (case.path(fate.was_business),) if path.exists()]
    return found


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
    _judge_rows(world)
    for case in world.cases:
        own = runs.get(case.name or case.sid, [])
        outcomes[_judge(world, case, own)] += 1
        _judge_history(world, case, own)
        fate = case.talk.fate
        for link in fate.links if fate else ():
            if (status := case.talk.api.get(link, token=None).status) not in (404, 410):
                world.complain(f"{case.sid} was {fate and fate.kind}, and {link} gives {status}")
    return outcomes


def _judge_rows(world: World) -> None:
    """One row each, of the right business, and of no other."""
    with world.db() as db:
        rows = db.execute("SELECT recording_sid, name, business_id::bigint, call_sid,"
                          " conference_sid FROM tapedeck_recordings").fetchall()
    right = [(case.sid, case.name, case.talk.business,
              None if case.talk.conference else case.call.call_sid, case.talk.conference)
             for case in world.cases if not case.talk.is_deleted]
    for row in set(rows).symmetric_difference(right):
        world.complain(f"{row[0]}: the row {row} {'is wrong' if row in rows else 'is missing'}")


def _judge(world: World, case: Case, runs: list[Run]) -> str:
    if case.is_gone:
        return f"{case.talk.fate and case.talk.fate.kind} by the CRM"
    path = case.finished()
    if path is not None:
        if not case.is_right(path.read_bytes()):
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
    completed = [run for run in runs if run.status == "completed"
                 and run.business_id == case.talk.business]
    if len(completed) > 1 + case.losses:
        world.complain(f"{case.sid} was completed {len(completed)} times, and lost {case.losses}")
    for run in runs:
        if run.status == "failed" and not is_true(world, case, run.error_code, run.error) \
                and case.talk.fate is None:
            world.complain(f"{case.sid} ({case.trouble.name}): run {run.id} failed as "
                           f"{run.error_code}: {run.error}, which is not true")


def history(world: World, sid: str) -> list[str]:
    """A call's runs, for a person to read; nothing when PostgreSQL does not answer."""
    try:
        case, runs = world.by_sid(sid), read_runs(world)
        return [str(run) for run in runs.get(case.name or sid if case else sid, [])]
    except Exception as error:  # the violation itself is what matters
        return [f"(no history: {error})"]
