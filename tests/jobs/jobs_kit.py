"""What the tests of the jobs share: calls ready to be fetched, what became of them, a runner."""

from __future__ import annotations

import fcntl
import os
import pty
import secrets
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import psycopg
import redis
from psycopg.rows import class_row
from stack import processes
from stack.api import Answer
from stack.calls import Call, new_call, new_number, new_sid
from stack.stack import Stack

DEADLINE = 120.0
POLL_SECONDS = 0.01
LATER = "1h"  # a retry delay that no test waits for: `make_due` ends it
T = TypeVar("T")
Db = psycopg.Connection[Any]


def until(check: Callable[[], T], what: str, seconds: float = DEADLINE) -> T:
    """What `check` gives, once that is something."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(POLL_SECONDS)
    return found


# Calls and runs, as PostgreSQL has them.


@dataclass(frozen=True)
class Run:
    """The columns of recording_runs that tests look at."""

    id: int
    status: str
    lane: str
    attempts: int
    recoveries: int
    lease_token: str | None
    error_code: str | None
    error: str | None
    format: str | None
    bytes_received: int | None
    waits: bool


def run_of(db: Db, call: Call) -> Run:
    """The newest run of a call."""
    with db.cursor(row_factory=class_row(Run)) as cursor:
        run = cursor.execute(
            "SELECT id, status, lane, attempts, recoveries, lease_token, error_code, error, format,"
            " bytes_received, coalesce(not_before > now(), false) AS waits FROM recording_runs"
            " WHERE business_id = %s AND call_sid = %s ORDER BY id DESC LIMIT 1",
            [call.business, call.call_sid],
        ).fetchone()
    assert run is not None, f"{call.call_sid} has no run"
    return run


def runs_of(db: Db, call: Call) -> int:
    return int(value_of(db, "SELECT count(*) FROM recording_runs WHERE call_sid = %s",
                        call.call_sid))


def value_of(db: Db, query: str, *values: Any) -> Any:
    """The one value of the one row of a query."""
    row = db.execute(query, values).fetchone()
    assert row is not None, query
    return row[0]


OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tapedeck'"
WAITING = OURS + " AND wait_event_type = 'Lock'"


def ends_though_nobody_waits(node: Stack, db: Db, url: str, table: str, asks: Callable[[], Answer]) -> None:
    """What is asked waits for a table that somebody at `url` holds, and its responder goes."""
    with psycopg.connect(url) as holder, ThreadPoolExecutor(1) as thread:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        answer = thread.submit(asks)
        until(lambda: value_of(db, WAITING), "a statement that waits for the table")
        node.halt("responders")
        until(lambda: value_of(db, WAITING) == 0, "its end")
        assert answer.exception() or answer.result().status >= 500


def change_run(db: Db, call: Call, **columns: Any) -> None:
    """Set columns of a call's runs; a value given as `sql(…)` is an expression."""
    parts = [f"{name} = {value.text if isinstance(value, Sql) else '%s'}"
             for name, value in columns.items()]
    values = [value for value in columns.values() if not isinstance(value, Sql)]
    db.execute(f"UPDATE recording_runs SET {', '.join(parts)} WHERE call_sid = %s",
               [*values, call.call_sid])


@dataclass(frozen=True)
class Sql:
    """An expression in SQL, as opposed to a value."""

    text: str


def make_due(db: Db, call: Call) -> None:
    """The time of a retry has come, without anybody waiting for it."""
    change_run(db, call, not_before=Sql("now()"))


def heard_of_long_ago(db: Db, call: Call) -> None:
    """Its runner has been silent for longer than STALE_AFTER and INFLIGHT_TTL."""
    change_run(db, call, heartbeat_at=Sql("now() - interval '1 hour'"))


def known_call(stack: Stack, db: Db, business: int, **recording: Any) -> Call:
    """A call whose recording we know of, and that nobody has asked for: no run, no prefetch."""
    call = new_call(stack, business, announced=False, **recording)
    insert_call(db, call, recording_url=call.recording_url)
    return call


def unrecorded_call(stack: Stack, business: int) -> Call:
    """A call that only its own values exist of: nowhere saved, and nothing at the provider."""
    return Call(stack, business, new_sid("CA"), new_sid("RE"), new_number(), new_number(), None)


def insert_call(db: Db, call: Call, recording_url: str | None = None) -> None:
    """The CRM's own insert, that no callback of ours has anything to do with."""
    db.execute(
        "INSERT INTO call_log (business_id, call_sid, recording_url, recording_announced_at)"
        " VALUES (%s, %s, %s, CASE WHEN %s::text IS NULL THEN NULL ELSE now() END)",
        [call.business, call.call_sid, recording_url, recording_url],
    )


def click(call: Call) -> None:
    """Somebody presses play on what is not here yet."""
    answer = call.api.get(call.file_path)
    assert answer.status == 202, f"a click got {answer.status}: {answer.body[:200]!r}"


# The queue, as Redis has it.


@dataclass(frozen=True)
class Line:
    """Who downloads and who waits in a business."""

    slots: set[str]
    queue: list[str]
    later: list[str]
    leases: set[str]
    jobs: list[str]
    progress: set[str]


def line_of(rds: redis.Redis, business: int) -> Line:
    def calls_with(key: str) -> set[str]:
        prefix = f"{key}:{business}:"
        return {name.removeprefix(prefix) for name in rds.scan_iter(prefix + "*", count=1000)}

    return Line(
        rds.smembers(f"rec_slots:{business}"),
        rds.lrange(f"rec_queue:{business}", 0, -1),
        rds.lrange(f"rec_later:{business}", 0, -1),
        calls_with("rec_inflight"),
        [job.split(":")[1] for job in rds.lrange("rec_jobs", 0, -1)
         if job.startswith(f"{business}:")],
        calls_with("rec_progress"),
    )


def lapse(rds: redis.Redis, call: Call) -> None:
    """The lease is over, as if nobody had renewed it for INFLIGHT_TTL."""
    assert rds.delete(f"rec_inflight:{call.business}:{call.call_sid}") == 1


def until_idle(rds: redis.Redis, business: int) -> None:
    """The slot is given back, but after the file got its name."""
    until(lambda: line_of(rds, business) == IDLE, f"idle business {business}")


IDLE = Line(set(), [], [], set(), [], set())


def assert_idle(rds: redis.Redis, business: int) -> None:
    """Nobody downloads, nobody waits: every slot was given back."""
    assert line_of(rds, business) == IDLE


# Files.


def files_of(call: Call) -> list[str]:
    """The recordings in the folder of a call's business, part files too; no waveforms, which come
    later or not at all."""
    folder = call.part_file.parent
    return sorted(path.name for path in folder.iterdir()
                  if ".peaks" not in path.name) if folder.is_dir() else []


def assert_stored(call: Call, format: str, extension: str = "wav") -> None:
    """The finished file is there, byte for byte what the provider has, and no part file."""
    mine = [name for name in files_of(call) if call.call_sid in name]
    assert mine == [f"{call.call_sid}.{extension}"]
    assert call.finished_file is not None
    assert call.finished_file.read_bytes() == call.source(format)


# A runner in the background.


def alive_in_session(session: int) -> bool:
    """Whether any process of it runs, or could."""
    return any(True for _ in processes.in_session(session))


@contextmanager
def migrations(stack: Stack, url: str) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Begins a `tapedeck migrate` of that database each time it is called; all end with the block."""
    begun: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        begun.append(subprocess.Popen(
            [str(stack.tapedeck), "migrate"], env=stack.environment(DATABASE_URL=url), text=True,
            cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        ))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()
        until(lambda: not alive_in_session(process.pid), "its end")


class Terminal:
    """A terminal of so many rows and columns (none: it does not say), and what was written on it."""

    def __init__(self, rows: int = 0, columns: int = 0) -> None:
        self._keeper, self.side = pty.openpty()
        fcntl.ioctl(self._keeper, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.seen = b""

    def read(self, most: int = 65536) -> bool:
        try:
            more = os.read(self._keeper, most)
        except OSError:  # the other side has gone
            return False
        self.seen += more
        return bool(more)

    def until(self, words: bytes, times: int = 1) -> None:
        while self.seen.count(words) < times:
            assert self.read(), self.seen

    def rest(self) -> bytes:
        """All that was written, once the other side has gone."""
        while self.read():
            pass
        return self.seen

    def close(self) -> None:
        os.close(self._keeper)


class Runner:
    """`tapedeck drain`, running beside the test; ended with the block, however that ends."""

    def __init__(
        self, stack: Stack, logs: Path, arguments: Sequence[str], settings: Mapping[str, str]
    ) -> None:
        self._stack = stack
        self._log = logs / f"runner-{secrets.token_hex(4)}.log"
        self._arguments = arguments
        self._environment = stack.environment(**settings)
        self._process: subprocess.Popen[bytes] | None = None
        self.began = 0.0  # it had by then

    def __enter__(self) -> Runner:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._stack.tapedeck), "drain", *self._arguments], env=self._environment,
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )
        self.hear("RUNNER_START")
        self.began = time.monotonic()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self._freeze()
            # Killed in the middle of its last leak check, it would look as if it had failed that.
            self.process.send_signal(
                signal.SIGCONT if "RUNNER_END" in self.said else signal.SIGKILL)
        self._is_gone()
        print(self.said)  # shown beside a failure

    def _freeze(self) -> None:
        """From here on it does nothing more, unless it has ended before."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def hear(self, text: str) -> None:
        """Wait until it has logged this."""
        until(lambda: text in self.said or self.process.poll() is not None, f"{text} in the log")
        assert text in self.said, f"it ended with {self.process.returncode}: {self.said}"

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """As kill -9 does: no last words."""
        self.process.kill()
        self._is_gone()

    def _is_gone(self) -> None:
        """Wait for its end, and for that of a child which it was just about to start: until then
        Redis may take that for the runner."""
        self.process.wait(DEADLINE)
        until(lambda: not alive_in_session(self.process.pid), "its children's end")

    def ended_well(self) -> None:
        """Wait for its end, which must be a good one."""
        assert self.process.wait(DEADLINE) == 0, self.said


# Steps that are too short to be hit are made longer: in their middle PostgreSQL waits for a lock that
# the test holds.
LOCK = 20261121
WAIT_FOR_TEST = f"""
CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'completed' THEN PERFORM pg_advisory_xact_lock_shared({LOCK}); END IF;
    RETURN NEW;
END $$
"""
# Where a runner is caught: as it marks its row, before the file has its name; or after that, as it
# commits.
MARKING = "CREATE TRIGGER wait_for_test BEFORE UPDATE"
COMMITTING = "CREATE CONSTRAINT TRIGGER wait_for_test AFTER UPDATE"


@contextmanager
def caught(stack: Stack, where: str) -> Iterator[Callable[[], int]]:
    """While this lasts, whoever completes a run waits there; what is given tells which backend."""
    deferred = "DEFERRABLE INITIALLY DEFERRED " if where == COMMITTING else ""
    with psycopg.connect(stack.database_url, autocommit=True) as own:
        own.execute(WAIT_FOR_TEST)
        own.execute(f"{where} ON recording_runs {deferred}FOR EACH ROW"
                    " EXECUTE FUNCTION wait_for_test()")
        own.execute("SELECT pg_advisory_lock(%s)", [LOCK])

        def backend() -> int:
            return int(until(lambda: value_of(
                own, "SELECT max(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ), "a runner that is about to complete"))

        try:
            yield backend
        finally:
            own.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            own.execute("DROP FUNCTION wait_for_test CASCADE")
