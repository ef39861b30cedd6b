"""What our triggers and indexes add to a row that a CRM writes into call_log.

    python3 bench/scale/writes.py [--calls 5000] [--rounds 5]

Each round writes and changes rows as they are, then without one of the things, in transactions that are
taken back; the rounds go in turns. A commit is not counted: it costs the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tests"), str(HERE.parent), str(HERE)]

import psycopg  # noqa: E402

from stack.stack import Stack  # noqa: E402

ROWS = 1_000
INDEXES = ("tapedeck_call_log_agent", "tapedeck_call_log_party", "tapedeck_call_log_line",
           "tapedeck_call_log_parent")
WITHOUT = {
    "as it is": (),
    "without what tells of changes (273, 300)": ("ALTER TABLE call_log DISABLE TRIGGER tapedeck_note_change",),
    "without the indexes of agents, parties, lines and legs (270, 300)": tuple(
        f"DROP INDEX {name}" for name in INDEXES),
    "without all triggers": ("ALTER TABLE call_log DISABLE TRIGGER USER",),
}
WRITE = """
INSERT INTO call_log (business_id, call_sid, parent_call_sid, created_at, direction, from_number, to_number,
    status, duration, agent_id)
SELECT 1 + n %% 100, 'CA' || md5(%(seed)s || n::text), CASE WHEN n %% 3 = 0 THEN 'CA' || md5(n::text) END,
    now() - n * interval '1 second', 'inbound', '+9725' || lpad((n * 7919 %% 100000000)::text, 8, '0'),
    '+97235550' || lpad((n %% 100)::text, 3, '0'), 'in-progress', NULL, 'agent ' || n %% 40
  FROM generate_series(1, %(rows)s) n
"""
CHANGE = "UPDATE call_log SET status = 'completed', duration = 60 WHERE call_sid = ANY (%(sids)s)"


def run(database_url: str, calls: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Microseconds of a row written, and of one changed, by what was left out."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in WITHOUT}
    with psycopg.connect(database_url) as db:
        db.execute(WRITE, {"seed": "before", "rows": calls})
        db.commit()
        db.execute("ANALYZE call_log")
        db.commit()
        for turn in range(rounds):
            for name, steps in WITHOUT.items():
                taken[name].append(_round(db, steps, f"round {turn}"))
                db.rollback()
    return {name: (statistics.median(one for one, _ in all_), statistics.median(two for _, two in all_))
            for name, all_ in taken.items()}


def _round(db: psycopg.Connection, steps: tuple[str, ...], seed: str) -> tuple[float, float]:
    for step in steps:
        db.execute(step)
    written = _timed(db, WRITE, {"seed": seed, "rows": ROWS})
    sids = [row[0] for row in db.execute(
        "SELECT 'CA' || md5(%s || n::text) FROM generate_series(1, %s) n", ["before", ROWS])]
    return written, _timed(db, CHANGE, {"sids": sids})


def _timed(db: psycopg.Connection, query: str, values: dict[str, object]) -> float:
    began = time.perf_counter()
    changed = db.execute(query, values).rowcount
    assert changed == ROWS, f"{changed} rows"
    return (time.perf_counter() - began) * 1e6 / ROWS


def lines(taken: dict[str, tuple[float, float]]) -> list[str]:
    """As a table; docs/scale.md tells of it."""
    return ["| a row of call_log, µs | written | changed |", "|---|---:|---:|",
            *(f"| {name} | {written:.0f} | {changed:.0f} |" for name, (written, changed) in taken.items())]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/scale/writes.py")
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, \
            Stack(Path(folder) / "run", bound=True, build_dir=wish.build.resolve()) as stack:
        print("\n".join(lines(run(stack.database_url, wish.calls, wish.rounds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
