"""Another build's responders beside ours, over the same calls: what a request takes in each.

    python3 bench/scale/beside.py BUILD [--calls 1000000] [--times 300] [--rounds 7]

BUILD holds the other tapedeck and tapedeck.fcgi, of an older release, say. Both are asked in turns, who
comes first in turns, too, so that whatever else the machine does falls on both. Ends with 1 when a
list's p99 is over 1.05 times the other's, by the median of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tests"), str(HERE.parent), str(HERE)]

import world  # noqa: E402
from probes import Probe, Site, percentile, probes  # noqa: E402
from stack.stack import Stack  # noqa: E402
from stacks import OVERRIDES, filled  # noqa: E402

HOLDS = 1.05
SHARED = ("DATABASE_URL", "REDIS_URL", "TWILIO_API_BASE", "JWT_SECRET", "MEDIA_SECRET")
READS = ("list", "search", "look", "runs")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/scale/beside.py")
    parser.add_argument("other", type=Path)
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


def round_of(probe: Probe, sites: list[Site], times: int) -> list[list[float]]:
    taken: list[list[float]] = [[], []]
    for turn in range(times):
        state = sites[0].random.getstate()
        for at in (0, 1) if turn % 2 else (1, 0):
            sites[at].random.setstate(state)  # both ask for the same
            began = time.perf_counter()
            if not probe.act(sites[at]):
                raise SystemExit(f"{probe.name}: an answer was none")
            taken[at].append((time.perf_counter() - began) * 1000)
    return taken


def compare(sites: list[Site], times: int, rounds: int) -> list[str]:
    """Names of the lists that do not hold."""
    slow = []
    print("| | p50, other | p50, ours | p99, other | p99, ours | p99, times |\n|---|--:|--:|--:|--:|--:|")
    for probe in probes(times):
        if not probe.name.startswith(READS):
            continue
        round_of(probe, sites, 10)
        each = [round_of(probe, sites, probe.rounds) for _ in range(rounds)]
        halves = [statistics.median(percentile(one[at], 0.5) for one in each) for at in (0, 1)]
        worst = [statistics.median(percentile(one[at], 0.99) for one in each) for at in (0, 1)]
        times_of = statistics.median(
            percentile(one[1], 0.99) / percentile(one[0], 0.99) for one in each)
        print(f"| {probe.name} | {halves[0]:.2f} | {halves[1]:.2f} | {worst[0]:.2f} | {worst[1]:.2f} |"
              f" {times_of:.2f} |", flush=True)
        if probe.name.startswith("list") and times_of > HOLDS:
            slow.append(probe.name)
    return slow


def main() -> int:
    wish = arguments()
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory())).resolve()
        ours = open_.enter_context(Stack(folder / "ours", bound=True, build_dir=wish.build,
                                         overrides=OVERRIDES))
        filled(ours, world.Size(wish.calls, wish.calls // 5, max(20, wish.calls // 2000)))
        shared = {name: ours.config[name] for name in SHARED}
        other = open_.enter_context(Stack(folder / "other", bound=True, build_dir=wish.other,
                                          overrides={**OVERRIDES, **shared}))
        slow = compare([Site(other), Site(ours)], wish.times, wish.rounds)
    for name in slow:
        print(f"{name}: over {HOLDS} times")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
