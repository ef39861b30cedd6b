"""bench/scale/results.md: the machine, the times, the plans, the flood."""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass

import report
from flood import Flood
from plans import Plan, shape
from probes import Figure, percentile

SLOWER = 1.5  # times the p99 among few calls
UNNOTICED_MS = 5.0  # what the machine's other work makes of a request, now and then
DELAY_MS = 100.0

machine = report.machine


@dataclass(frozen=True)
class Row:
    name: str
    small: Figure
    large: Figure

    def holds(self) -> bool:
        return not self.large.failed and self.large.p99 <= max(
            self.small.p99 * SLOWER, self.small.p99 + UNNOTICED_MS)


def faults(rows: list[Row], flood: Flood) -> list[str]:
    slow = [f"{row.name}: p99 {row.large.p99:.1f} ms, among few {row.small.p99:.1f} ms"
            for row in rows if not row.holds()]
    if flood.refused:
        slow.append(f"flood: {flood.refused} requests got no 202")
    if flood.delay() > DELAY_MS:
        slow.append(f"flood: another's click is {flood.delay():.0f} ms later")
    return slow


def page(machine_lines: list[str], wish: argparse.Namespace, rows: list[Row], plans: list[Plan],
         scans: list[str], flood: Flood, costs: list[str]) -> str:
    lines = [
        "# Scale", "", f"Written by `python3 bench/scale --calls {wish.calls} --runs {wish.runs}"
        f" --businesses {wish.businesses} --times {wish.times} --flood {wish.flood}`.",
        *machine_lines, "",
        f"Milliseconds, over HTTP or of the whole command, in {wish.small:,} calls and in"
        f" {wish.calls:,}, asked in turns, and as often before, untimed; p99 is the median of that"
        " of three series. As many businesses have work that waits in both. The large business has"
        f" a fifth of all calls. It holds when p99 is within {SLOWER} times, or within"
        f" {UNNOTICED_MS:.0f} ms.", "",
        *report.table(["", "p50, few", "p99, few", "p50, all", "p99, all", "times", "holds"],
                      [_row(row) for row in rows]),
        "## The flood", "", *_flood(flood), "## What a call takes", "", *costs, "## What is read", "",
        "By PostgreSQL's own account (auto_explain), in the large one."
        + (" **Large tables are read from end to end:**" if scans else
           " No large table is read from end to end."), "", *(f"- {scan}" for scan in scans),
        "", *_plans(plans),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(row: Row) -> list[str]:
    failed = f" ({row.large.failed} failed)" if row.large.failed else ""
    return [row.name, f"{row.small.p50:.1f}", f"{row.small.p99:.1f}", f"{row.large.p50:.1f}",
            f"{row.large.p99:.1f}{failed}", f"{row.large.p99 / row.small.p99:.1f}",
            "yes" if row.holds() else "**no**"]


def _flood(flood: Flood) -> list[str]:
    rows = [[name, str(len(times)), f"{statistics.median(times):.1f}",
             f"{percentile(times, 0.99):.1f}", f"{max(times):.1f}"]
            for name, times in (("nobody else asks", flood.alone),
                                ("while the flood comes in", flood.during),
                                ("while all of it waits", flood.after),
                                ("while `cleanup` goes through it", flood.cleanup))]
    return [f"One business asks for {flood.asked:,} recordings, four at a time, in"
            f" {flood.seconds:.0f} s ({flood.asked / flood.seconds:,.0f} a second);"
            f" {flood.refused} were refused. Another's click until its slot is granted,"
            " milliseconds:", "", *report.table(["", "clicks", "p50", "p99", "worst"], rows)]


def sizes(tables: list[tuple[str, int, int, int]]) -> list[str]:
    return report.table(["", "rows", "bytes a row", "and in indexes"],
                        [[name, f"{rows:,}", f"{own / rows:,.0f}", f"{indexes / rows:,.0f}"]
                         for name, rows, own, indexes in tables if rows > 0])


def _plans(plans: list[Plan]) -> list[str]:
    shapes = dict.fromkeys((plan.probe, shape(plan)) for plan in plans if shape(plan))
    return report.table(["", "reads"], [[probe, text] for probe, text in shapes])
