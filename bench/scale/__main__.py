"""Ten million calls beside ten thousand: what each thing takes, and by which indexes.

    python3 bench/scale [--calls 10000000] [--runs 2000000] [--businesses 5000] [--flood 100000]

Needs some 15 GB under the temporary folder, and half an hour. Ends with 1 when a statement reads a
large table from end to end, when something takes over 1.5 times as long (p99) among all these calls
as among ten thousand, or when one business's flood delays another's click by over 100 ms.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tests"), str(HERE.parent)]

import cost  # noqa: E402
import flood  # noqa: E402
import plans  # noqa: E402
import table  # noqa: E402
import world  # noqa: E402
from probes import Probe, Site, measure, probes  # noqa: E402
from stack.stack import Stack  # noqa: E402
from stacks import OVERRIDES, filled, tell  # noqa: E402

def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/scale")
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=2_000_000)
    parser.add_argument("--businesses", type=int, default=5_000)
    parser.add_argument("--small", type=int, default=10_000, help="calls to compare with")
    parser.add_argument("--times", type=int, default=300, help="of each request")
    parser.add_argument("--flood", type=int, default=100_000, help="requests of one business")
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build")
    parser.add_argument("--into", type=Path, default=HERE / "results.md")
    return parser.parse_args()


def timed(all_probes: list[Probe], sites: list[Site]) -> list[table.Row]:
    rows = []
    for probe in all_probes:
        small, large = measure(probe, sites)
        rows.append(table.Row(probe.name, small, large))
        tell(f"{probe.name}: {small.p50:.1f} {small.p99:.1f}; {large.p50:.1f} {large.p99:.1f} ms")
    return rows


def main() -> int:
    wish = arguments()
    size = world.Size(wish.calls, wish.runs, wish.businesses)
    machine = table.machine()
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory())).resolve()
        sites = [Site(filled(open_.enter_context(Stack(
            folder / str(one.calls), bound=True, build_dir=wish.build, overrides=OVERRIDES)), one))
            for one in (size.of(wish.small), size)]
        rows = timed(probes(wish.times), sites)
        found = plans.collect(sites[1], probes(1))
        tables = plans.rows_of(sites[1])
        sizes = world.sizes(sites[1].db)
        flooded = flood.run(sites[1], wish.flood)
        costs = cost.lines(cost.run(folder / "cost", wish.build)) + ["", *table.sizes(sizes)]
    scans = plans.scans(found, tables)
    faults = scans + table.faults(rows, flooded)
    page = table.page(machine, wish, rows, found, scans, flooded, costs)
    wish.into.write_text(page)
    for fault in faults:
        print(fault)
    tell(f"written: {wish.into}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
