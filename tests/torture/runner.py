"""One `tapedeck drain` of a session: what it holds, as its own log tells, and its sockets."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from stack.errors import without_times

BEGINS = "RECORDING_START"
ENDS = frozenset({
    "RECORDING_DONE", "RECORDING_RETRY", "RECORDING_FAILED", "RECORDING_LOST",
    "RECORDING_RETURNED", "RECORDING_CANCELLED",
})


class Tail:
    """The whole lines that a file has got since it was last read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def lines(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._at += len(whole)
        return without_times(whole.decode(errors="replace")).splitlines()


def parse(line: str) -> tuple[str, dict[str, str]]:
    """A log line's event, and its values."""
    event, _, rest = line.partition(" ")
    return event, dict(word.split("=", 1) for word in rest.split() if "=" in word)


class Runner:
    """A process that may be killed, frozen and thawed."""

    def __init__(self, name: str, argv: list[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.held: set[str] = set()
        self.frozen = False
        self.killed = False
        self.has_spoken = False
        self.must_end_by: float | None = None
        self._tail = Tail(log)
        with log.open("ab") as out:
            self._process = subprocess.Popen(argv, env=dict(env), cwd="/", stdout=out, stderr=out,
                                             stdin=subprocess.DEVNULL, start_new_session=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    def status(self) -> int | None:
        """How it ended, or None."""
        return self._process.poll()

    def news(self) -> list[tuple[str, str, str]]:
        """What it has logged since: event, call and the line."""
        found = []
        for line in self._tail.lines():
            self.has_spoken = True
            event, values = parse(line)
            sid = values.get("sid", "")
            if event == BEGINS:
                self.held.add(sid)
            elif event in ENDS:
                self.held.discard(sid)
            found.append((event, sid, line))
        return found

    def kill(self) -> None:
        """As kill -9 does: no last words."""
        self.killed = True
        self._process.kill()
        self._process.wait()

    def terminate(self, seconds: float) -> None:
        self.must_end_by = time.monotonic() + seconds
        self._process.send_signal(signal.SIGTERM)

    def freeze(self) -> None:
        self.frozen = True
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self.frozen = False

    def ports(self) -> list[int]:
        """The local TCP ports it is connected from."""
        mine = _socket_inodes(self.pid)
        with open("/proc/net/tcp") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        return [int(row[1].split(":")[1], 16) for row in rows if row[9] in mine]

    def written_files(self) -> dict[tuple[int, int], str]:
        """The part files that it has open, by device and inode."""
        found = {}
        for fd in _descriptors(self.pid):
            try:
                target = os.readlink(fd)
                if target.removesuffix(" (deleted)").endswith(".part"):
                    stat = os.stat(fd)
                    found[stat.st_dev, stat.st_ino] = target
            except OSError:
                continue
        return found


def _descriptors(pid: int) -> list[str]:
    try:
        return [f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return []


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    for fd in _descriptors(pid):
        try:
            target = os.readlink(fd)
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found
