"""Stands in for systemd's timers: starts the jobs at their times, as long as the stack runs.

    python3 -m stack.timers TAPEDECK      in tests/

SIGTERM ends the jobs that run, with the same signal, and then this.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .processes import Service

TESTS = Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"
END_SECONDS = 8.0


@dataclass(frozen=True)
class Job:
    """A command, and the time from one start to the next; it never runs twice at once."""

    arguments: list[str]
    every: float


# A runner starts when the one before has ended, so that somebody always waits for a click.
JOBS = (
    Job(["drain", "--linger", "55"], every=1.0),
    Job(["cleanup"], every=60.0),
)


def service(tapedeck: Path, env: Mapping[str, str]) -> Service:
    """This file, as a service of the stack."""
    return Service("timers", [PYTHON, "-m", "stack.timers", str(tapedeck)], env, cwd=TESTS)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


class Keeper(threading.Thread):
    """Runs one job again and again until it is told to end."""

    def __init__(self, tapedeck: str, job: Job) -> None:
        super().__init__()
        self._argv = [tapedeck, *job.arguments]
        self._every = job.every
        self._guard = threading.Lock()
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        while True:
            next_start = time.monotonic() + self._every
            with self._guard:
                if self._ending.is_set():
                    return
                self._process = subprocess.Popen(self._argv, preexec_fn=_unblock)
            self._process.wait()
            self._ending.wait(max(0.0, next_start - time.monotonic()))

    def end(self) -> None:
        """Ask the job to end; it may take its time, up to END_SECONDS."""
        with self._guard:
            self._ending.set()
            if self._process is not None:
                self._process.terminate()

    def see_end(self, deadline: float) -> None:
        self.join(max(0.0, deadline - time.monotonic()))
        if self.is_alive() and self._process is not None:
            self._process.kill()
            self.join()


def main(tapedeck: str) -> None:
    # Blocked before there are threads, so that no thread but this one gets them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    keepers = [Keeper(tapedeck, job) for job in JOBS]
    for keeper in keepers:
        keeper.start()
    signal.sigwait(signals)
    for keeper in keepers:
        keeper.end()
    deadline = time.monotonic() + END_SECONDS
    for keeper in keepers:
        keeper.see_end(deadline)


if __name__ == "__main__":
    main(sys.argv[1])
