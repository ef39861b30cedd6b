"""One session: the stack, the storm, the calm after it, and what came of it."""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from speech.receiver import Receiver
from stack.stack import Stack

from . import telling, verdict
from .blows import TERM_SECONDS, Blows
from .announcer import Announcer
from .casting import gather
from .crm import Crm
from .crowd import Clicker
from .fleet import Cleaner, Fleet
from .plan import SETTINGS, Plan
from .recoveries import Recoveries
from .watch import Thief, Watch
from .world import Timeline, World

RESPONDERS = 4
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1:log_path={log}",
    "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99:log_path={log}",
}
TAIL = 60
CALLS_SHOWN = 3
STEP = 0.01
SID = re.compile(r"(?:CA|RE)[0-9a-f]{32}")


@dataclass
class Report:
    """What a session found."""

    seed: int
    seconds: float = 0.0
    most_in_flight: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    longest: dict[str, tuple[float, str]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)


def run(plan: Plan, run_dir: Path, build_dir: Path) -> Report:
    """A whole session; what it found is for the caller to look at."""
    report = Report(plan.seed)
    began = time.monotonic()
    with _sanitizers(run_dir.parent / f"{run_dir.name}-sanitizer") as found:
        with Stack(run_dir, build_dir=build_dir, responders=RESPONDERS, fast=not plan.fsync,
                   bound=True, overrides=SETTINGS, speech=True) as stack, Receiver() as receiver:
            _torment(plan, stack, receiver, report)
        report.violations += [path.read_text(errors="replace") for path in found()]
    report.seconds = time.monotonic() - began
    return report


@contextmanager
def _sanitizers(folder: Path) -> Iterator[Callable[[], list[Path]]]:
    """Sanitizers write into files of this session's own."""
    folder.mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in SANITIZERS}
    for name, options in SANITIZERS.items():
        os.environ[name] = options.format(log=folder / "report")
    try:
        yield lambda: sorted(folder.iterdir())
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _torment(plan: Plan, stack: Stack, receiver: Receiver, report: Report) -> None:
    chance = random.Random(plan.seed)
    world = World(stack, plan, gather(stack, plan, chance), Timeline(stack.log("timeline")))
    recoveries = Recoveries(lambda text: world.timeline.note("recovery", text))
    fleet = Fleet(world, recoveries, _roll(chance))
    watch = Watch(world, fleet)
    secrets = telling.subscribe(stack, {talk.business for talk in world.talks}, receiver)
    _commit_for_real(world)
    try:
        fleet.start()
        watch.start()
        _storm(world, Blows(world, fleet, recoveries, _roll(chance)), chance)
        fleet.retire(TERM_SECONDS)
        watch.end()
        if not world.violations:
            report.outcomes = verdict.judge_all(world)
            telling.judge_transcripts(world)
            telling.judge_told(world, receiver.told, secrets)
    finally:
        fleet.kill_all()
        report.most_in_flight = watch.most_in_flight
        report.tally, report.longest = world.tally, recoveries.longest
        report.violations, report.evidence = world.violations, _evidence(world)
        world.timeline.close()


def _roll(chance: random.Random) -> random.Random:
    """Chance of one's own, so that no thread's luck depends on another's speed."""
    return random.Random(chance.random())


def _commit_for_real(world: World) -> None:
    """A stack that spares its syncing forgets commits when PostgreSQL is killed; ours may not."""
    with world.db() as db:
        db.execute("ALTER DATABASE tapedeck SET synchronous_commit = on")
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                   " WHERE datname = current_database() AND pid <> pg_backend_pid()")


def _storm(world: World, blows: Blows, chance: random.Random) -> None:
    """Everything at once, for as long as the plan says or until something is wrong; then calm."""
    crowd = [Clicker(world, n, _roll(chance)) for n in range(world.plan.clickers)]
    announcer, thief = Announcer(world, _roll(chance)), Thief(world, _roll(chance))
    cleaner, crm = Cleaner(world), Crm(world, _roll(chance))
    for part in (announcer, thief, cleaner, crm, *crowd):
        part.start()
    _blow(world, blows, chance)
    blows.undo_all()
    announcer.finish()
    for part in (thief, crm, *crowd):
        part.end()
    if not world.violations:
        world.timeline.note("session", "calm")
        verdict.ask_for_the_missing(world)
        world.tally["calm ms"] = round(verdict.await_rest(world) * 1000)
        telling.await_waveforms(world)
    cleaner.end()


def _blow(world: World, blows: Blows, chance: random.Random) -> None:
    end = time.monotonic() + world.plan.seconds
    next_blow = time.monotonic() + chance.uniform(0.5, 1.5)
    while time.monotonic() < end and not world.violations:
        blows.undo_due()
        if time.monotonic() >= next_blow:
            blows.deal()
            next_blow = time.monotonic() + chance.uniform(*world.plan.between_blows)
        time.sleep(STEP)


def _evidence(world: World) -> list[str]:
    """For each call that a violation names, its history and what was logged of it; then the end."""
    lines: list[str] = []
    for sid in sorted(set(SID.findall("\n".join(world.violations))))[:CALLS_SHOWN]:
        case = world.by_sid(sid)
        trouble = f"{case.name}, trouble {case.trouble.name}, lost {case.losses} times" if case \
            else "unknown"
        lines += [f"---- {sid}: {trouble}", *verdict.history(world, sid)]
        lines += world.timeline.tail(TAIL, case.name if case and case.name else sid)
    return [*lines, "---- the end of the timeline", *world.timeline.tail(TAIL)] if lines else \
        world.timeline.tail(TAIL)
