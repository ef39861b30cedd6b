"""Processes that outlive their starter, and are found again, and ended, by what /proc says.

A process is known by its pid *and* its start time, so a stranger that got the same pid later is
never signalled. Each one leads a session of its own; its children are found by that session and
by a mark in their environment, even when the leader died without them.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from .errors import StackError, log_tail

MARK = "TAPEDECK_STACK"
POLL_SECONDS = 0.01
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Service:
    """How to start something, how to see that it is ready, and how to ask it to end."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    cwd: Path = Path("/")
    user: str | None = None
    ready: Callable[[], bool] = lambda: True
    ready_seconds: float = 60.0
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0


@dataclass(frozen=True)
class Running:
    """A started process, as pids.json keeps it."""

    name: str
    pid: int
    started: int
    stop_signal: int
    stop_seconds: float


@dataclass
class Registry:
    """The processes of one run directory; pids.json always tells which they are."""

    run_dir: Path
    bound: bool = False
    running: list[Running] = field(default_factory=list)
    children: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.run_dir / "pids.json"

    def load(self) -> None:
        """Take over what an earlier process started here."""
        try:
            entries = json.loads(self.file.read_text())["processes"]
            self.running = [Running(**entry) for entry in entries]
        except FileNotFoundError:
            self.running = []
        except (ValueError, TypeError, KeyError) as error:
            raise StackError(f"{self.file} is damaged ({error}); remove it by hand") from error

    def log(self, name: str) -> Path:
        return self.run_dir / "log" / f"{name}.log"

    def start(self, service: Service) -> None:
        """Start it; that it is ready is for `await_ready` to see."""
        with self.log(service.name).open("ab") as log:
            process = subprocess.Popen(
                service.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=service.cwd,
                env={**service.env, MARK: str(self.run_dir)}, start_new_session=True,
                preexec_fn=_end_with_parent if self.bound else None,
                user=service.user, group=service.user, extra_groups=[] if service.user else None,
            )
        self.children[process.pid] = process
        stat = read_stat(process.pid)
        self.running = [one for one in self.running if one.name != service.name]
        self.running.append(
            Running(service.name, process.pid, stat.started if stat else 0,
                    service.stop_signal, service.stop_seconds)
        )
        self._save()

    def await_ready(self, service: Service) -> None:
        deadline = time.monotonic() + service.ready_seconds
        while not service.ready():
            if not self.is_alive(service.name):
                raise StackError(
                    f"{service.name} ended while starting; see {self.log(service.name)}"
                    f"{log_tail(self.log(service.name))}"
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{service.name} was not ready within {service.ready_seconds:.0f} s; see "
                    f"{self.log(service.name)}{log_tail(self.log(service.name))}"
                )
            time.sleep(POLL_SECONDS)

    def pid(self, name: str) -> int:
        return self._named(name).pid

    def is_alive(self, name: str) -> bool:
        return self._leads(self._named(name))

    def all_alive(self) -> bool:
        return bool(self.running) and all(self._leads(one) for one in self.running)

    def any_left(self) -> bool:
        return any(self._leads(one) or self._members(one) for one in self.running)

    def signal(self, name: str, number: int) -> None:
        """Signal a process and all its children, as a terminal would."""
        running = self._named(name)
        for pid in self._members(running):
            send(pid, number)

    def stop(self, name: str, number: int | None = None) -> None:
        """End one process and its children; bounded, whatever they do."""
        running = self._named(name)
        if number is not None:
            running = replace(running, stop_signal=number)
        self._end(running)
        self.running.remove(self._named(name))
        self._save()

    def stop_all(self) -> None:
        """End them all, the last one started first."""
        for running in reversed(self.running):
            self._end(running)
        self.running = []
        self.file.unlink(missing_ok=True)

    def _named(self, name: str) -> Running:
        for running in self.running:
            if running.name == name:
                return running
        raise StackError(f"{name} is no process of this stack")

    def _end(self, running: Running) -> None:
        """Whoever was seen is waited for until it is gone: a process that dies loses its memory,
        and with it the mark, some time before the sockets it listens on."""
        seen = self._members(running)
        if self._leads(running):
            send(running.pid, signal.SIGCONT)
            send(running.pid, running.stop_signal)
            wait_until(lambda: not self._leads(running), running.stop_seconds)
        seen |= self._members(running)
        for pid in filter(lambda pid: lives(pid, seen[pid]), seen):
            send(pid, signal.SIGKILL)
        wait_until(lambda: not self._leads(running) and not any(map(lives, seen, seen.values()))
                   and not self._members(running), 5.0)

    def _leads(self, running: Running) -> bool:
        child = self.children.get(running.pid)
        if child is not None:
            child.poll()
        stat = read_stat(running.pid)
        return stat is not None and stat.alive and stat.started == running.started

    def _members(self, running: Running) -> dict[int, int]:
        """Those alive in its session, and when they started; when the leader is gone, only those
        that bear our mark."""
        led = self._leads(running)
        mark = f"{MARK}={self.run_dir}".encode()
        return {
            pid: stat.started for pid, stat in in_session(running.pid)
            if led or (stat.started >= running.started and mark in read_environment(pid))
        }

    def _save(self) -> None:
        text = json.dumps({"processes": [asdict(one) for one in self.running]}, indent=1)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text + "\n")
        fresh.replace(self.file)


@dataclass(frozen=True)
class Stat:
    """What /proc/PID/stat says, as far as it matters here."""

    alive: bool
    parent: int
    session: int
    started: int


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM when the thread that started this process is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def read_stat(pid: int) -> Stat | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name stands in parentheses and may hold anything, parentheses too.
    fields = text.rpartition(b")")[2].split()
    # A first thread may have ended before the others: they still hold what the process had open.
    alive = fields[0] not in (b"Z", b"X") or int(fields[17]) > 1
    return Stat(alive, int(fields[1]), int(fields[3]), int(fields[19]))


def lives(pid: int, started: int) -> bool:
    """Whether the process that had this pid then still is there."""
    stat = read_stat(pid)
    return stat is not None and stat.alive and stat.started == started


def read_environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def in_session(session: int) -> Iterator[tuple[int, Stat]]:
    """Those alive in it. Asked often, so the kernel is asked no more than it takes."""
    for pid in all_pids():
        try:
            if os.getsid(pid) != session:
                continue
        except OSError:
            continue  # it has just ended
        stat = read_stat(pid)
        if stat is not None and stat.alive and stat.session == session:
            yield pid, stat


def all_pids() -> Iterable[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_until(check: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
