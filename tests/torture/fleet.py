"""The jobs of a session: several runners, replaced as they end, and cleanup again and again."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from pathlib import Path

from .parts import Part
from .recoveries import Recoveries
from .runner import Runner, Tail
from .world import World

STEP = 0.03
CLEANUP_EVERY = 1.0
CLEANUP_SECONDS = 30.0
KILLED, TERMINATED = -9, -15
PATIENT, HASTY = "6", "2"  # RUN_ATTEMPTS: some give up early, so that runs do fail


class Fleet(Part):
    """Starts runners, hears what they log, and sees that each ends as it should."""

    def __init__(self, world: World, recoveries: Recoveries, rng: random.Random) -> None:
        super().__init__(world, "fleet", STEP)
        self._recoveries = recoveries
        self._rng = rng
        self._guard = threading.RLock()
        self._runners: list[Runner] = []
        self._count = 0
        self._wanted = world.plan.runners
        self._claimed: dict[str, set[str]] = {}
        self._others = {name: Tail(world.stack.log(name)) for name in ("responders", "cleanup")}

    def step(self) -> None:
        with self._guard:
            self._hear()
            for runner in [one for one in self._runners if one.status() is not None]:
                self._bury(runner)
            self._see_deadlines()
            awake = [one for one in self._runners if not one.frozen and one.must_end_by is None]
            for _ in range(self._wanted - len(awake)):
                self._start()

    # For the blows.

    def choose(self, rng: random.Random, frozen: bool = False) -> Runner | None:
        """A runner that is awake, or that is frozen, busy ones first."""
        with self._guard:
            self._hear()
            fit = [one for one in self._runners
                   if one.frozen == frozen and one.status() is None and one.must_end_by is None]
            busy = [one for one in fit if one.held]
            return rng.choice(busy or fit) if fit else None

    def kill(self, runner: Runner) -> list[str]:
        """Which calls were left alone by it."""
        with self._guard:
            runner.kill()
            self._hear()
            return sorted(runner.held)

    def awake(self) -> list[Runner]:
        with self._guard:
            return [one for one in self._runners if not one.frozen and one.status() is None]

    def claimed_meanwhile(self, runner: Runner, sids: set[str]) -> None:
        """Others have these now: what a thawed runner does to them is a violation."""
        with self._guard:
            self._claimed[runner.name] = sids

    def retire(self, seconds: float) -> None:
        """No new ones; those that are there are asked to end, and must."""
        with self._guard:
            self._wanted = 0
            for runner in self._runners:
                runner.terminate(seconds)
        deadline = time.monotonic() + seconds
        while self._runners and time.monotonic() < deadline:
            time.sleep(STEP)
        self.end()
        self.kill_all()

    def kill_all(self) -> None:
        with self._guard:
            self._wanted = 0
            for runner in self._runners:
                runner.kill()

    # How it goes on.

    def _start(self) -> None:
        self._count += 1
        name = f"runner-{self._count}"
        linger = f"{self._rng.randint(3000, 9000)}ms"
        env = self.world.stack.environment(RUN_ATTEMPTS=self._rng.choice((PATIENT, HASTY)))
        argv = [str(self.world.stack.tapedeck), "drain", "--linger", linger]
        self._runners.append(Runner(name, argv, env, self.world.stack.log(name)))

    def _hear(self) -> None:
        for runner in self._runners:
            for event, sid, line in runner.news():
                self.world.timeline.note(runner.name, line)
                self._judge(runner, event, sid)
                self._recoveries.heard(event, sid)
                self.world.heard(sid)
        for name, tail in self._others.items():
            for line in tail.lines():
                self.world.timeline.note(name, line)

    def _judge(self, runner: Runner, event: str, sid: str) -> None:
        taken = self._claimed.get(runner.name, set())
        if event == "RECORDING_START":
            taken.discard(sid)
        elif event == "RECORDING_DONE" and sid in taken:
            self.world.complain(f"{runner.name} completed {sid}, which others had by then")

    def _bury(self, runner: Runner) -> None:
        status = runner.status()
        # SIGTERM may come before a process has got as far as to say what it does with it.
        young = status == TERMINATED and runner.must_end_by is not None and not runner.has_spoken
        if status != 0 and not young and not (runner.killed and status == KILLED):
            self.world.complain(f"{runner.name} ended with {status}")
        self._hear()
        self._runners.remove(runner)
        self.world.timeline.note("fleet", f"{runner.name} ended: {status}")

    def _see_deadlines(self) -> None:
        for runner in self._runners:
            if runner.must_end_by is not None and time.monotonic() > runner.must_end_by:
                self.world.complain(f"{runner.name} did not end after SIGTERM")
                runner.kill()


class Cleaner(Part):
    """`tapedeck cleanup`, about once a second."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "cleanup", CLEANUP_EVERY)
        self._log: Path = world.stack.log("cleanup")
        self._said = Tail(self._log)

    def step(self) -> None:
        argv = [str(self.world.stack.tapedeck), "cleanup"]
        began = time.monotonic()
        with self._log.open("ab") as out:
            try:
                status = subprocess.run(argv, env=self.world.stack.environment(), cwd="/",
                                        stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                        timeout=CLEANUP_SECONDS).returncode
            except subprocess.TimeoutExpired:
                self.world.complain("cleanup did not end")
                return
        self.world.count(f"cleanups ended {status}")
        if not any(line.startswith("PG_") for line in self._said.lines()) and status == 0:
            self.world.cleaned(began)
        if status not in (0, 1):
            self.world.complain(f"cleanup ended with {status}")
