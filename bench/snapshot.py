"""Steps as fast as a million calls a day bring them, while somebody keeps a transaction open.

    make && python3 bench/snapshot.py [--seconds 600] [--times 1]

A transaction that is open (pg_dump, a report, a forgotten psql) keeps PostgreSQL from removing what
was changed since: each step leaves dead entries in the index that a claim reads. Steps are put in,
claimed and ended by the statements of the programs, at --times the rate of a million calls a day, without
such a transaction and then with one. For each sixth of the time it prints how many were ended a second,
how many could have been (by the time that their statements took), and how many entries of the index
were read for a step. 1 is returned when a fifth of the rate is lost.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from stack.stack import Stack  # noqa: E402
from stack.statements import read_statements  # noqa: E402

CALLS_A_DAY, BUSINESSES, PARALLEL, PARTS, TTL_MS = 1_000_000, 50, 4, 6, 120_000
SEEN_MAX, REST_PER_LOOK = 1024, 9
MOST_LOST = 0.2


@dataclass
class Part:
    """A sixth of the time."""

    ended: int = 0
    took: float = 0.0
    read: int = 0

    @property
    def possible(self) -> float:
        return self.ended / self.took if self.took > 0 else 0.0


class Runner:
    """What a runner asks of PostgreSQL for its steps: jobs/steps/steps.c, without the work."""

    def __init__(self, db: "psycopg.Connection[Any]", statements: dict[str, str]) -> None:
        self._db = db
        self._seen: list[int] = []
        self._rests_until = 0.0
        for name in ("step_due", "step_claim", "step_end", "step_next"):
            db.execute(f"PREPARE {name} AS {statements[name]}")  # type: ignore[arg-type]

    def work(self) -> int:
        """How many steps it ended; 0 when it sees none, or rests from looking."""
        began = time.monotonic()
        if began >= self._rests_until:
            self._seen = [one for one, in self._db.execute(f"EXECUTE step_due ({SEEN_MAX}, {TTL_MS})")]
            ended = time.monotonic()
            self._rests_until = ended + REST_PER_LOOK * (ended - began)
        tried, self._seen = self._seen[:PARALLEL], self._seen[PARALLEL:]
        if not tried:
            return 0
        rows = self._db.execute(
            f"EXECUTE step_claim ('bench', {PARALLEL}, {TTL_MS}, '{{{','.join(map(str, tried))}}}')"
        ).fetchall()
        for step, business, call, name, *_ in rows:
            self._end(step, business, call, name)
        return len(rows)

    def _end(self, step: int, business: int, call: str, name: str) -> None:
        with self._db.transaction():
            self._db.execute(f"EXECUTE step_end ({step}, 'bench', 'done', NULL, NULL)")
            if name != "notify":
                after = "summarise" if name == "transcribe" else "notify"
                self._db.execute(f"EXECUTE step_next ({business}, '{call}', '{after}', false)")


def entries_read(db: "psycopg.Connection[Any]") -> int:
    db.execute("SELECT pg_stat_force_next_flush()")
    (read,) = db.execute("SELECT idx_tup_read FROM pg_stat_user_indexes"
                         " WHERE indexrelname = 'call_steps_work'").fetchone() or (0,)
    return int(read)


def feed(db: "psycopg.Connection[Any]", first: int, count: int) -> None:
    """The first steps of so many calls more, each saved by itself as when a recording is stored."""
    for number in range(first, first + count):
        db.execute("EXECUTE step_begin (%d, 'CA%032x')" % (number % BUSINESSES + 1, number))


def phase(url: str, statements: dict[str, str], seconds: float, times: float) -> list[Part]:
    parts, calls, rate = [Part() for _ in range(PARTS)], 0, times * CALLS_A_DAY / 86400
    with psycopg.connect(url, autocommit=True) as db, \
            psycopg.connect(url, autocommit=True) as feeding:
        feeding.execute("TRUNCATE call_steps CASCADE")
        feeding.execute(f"PREPARE step_begin AS {statements['step_begin']}")  # type: ignore[arg-type]
        runner, began, read = Runner(db, statements), time.monotonic(), entries_read(db)
        for number, part in enumerate(parts):
            while (now := time.monotonic() - began) < seconds * (number + 1) / PARTS:
                due = int(now * rate) - calls
                feed(feeding, calls, due)
                calls += due
                start = time.monotonic()
                ended = runner.work()
                part.took += time.monotonic() - start
                part.ended += ended
                if ended == 0:
                    time.sleep(0.01)
            part.read, read = entries_read(db) - read, entries_read(db)
    return parts


def main() -> int:
    parser = argparse.ArgumentParser(prog="snapshot")
    parser.add_argument("--seconds", type=float, default=600, help="for which the transaction is open")
    parser.add_argument("--times", type=float, default=1, help="a million calls a day")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        statements = read_statements(HERE.parent / "build", folder)
        with Stack(folder / "run", bound=True, responders=1) as stack:
            url = stack.database_url
            without = phase(url, statements, wanted.seconds, wanted.times)
            show("without", without, wanted.seconds)
            with psycopg.connect(url) as holder:
                holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                holder.execute("SELECT count(*) FROM business")
                beside = phase(url, statements, wanted.seconds, wanted.times)
            show("with", beside, wanted.seconds)
    lost = 1 - sum(one.ended for one in beside) / max(1, sum(one.ended for one in without))
    print(f"{max(0.0, lost):.0%} of the rate is lost")
    return 0 if lost <= MOST_LOST else 1


def show(name: str, parts: list[Part], seconds: float) -> None:
    print(f"{name} an open transaction:")
    for part in parts:
        print(f"  {part.ended * PARTS / seconds:6.1f} a second; {part.possible:6.1f} were possible;"
              f" {part.read / max(1, part.ended):8.1f} entries read a step", flush=True)


if __name__ == "__main__":
    sys.exit(main())
