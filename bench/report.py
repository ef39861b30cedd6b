"""bench/results.md: the machine, the versions, the commands, and the tables."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path

from load import Figure
from peers import Peer
from serving import CONNECTIONS, SHAPES, Results

PACKAGES = ("lighttpd", "lighttpd-modules-lua", "nginx", "php8.2-fpm", "nodejs", "python3",
            "python3-flask", "python3-jwt", "gunicorn", "postgresql-15", "redis-server", "wrk",
            "hey", "gcc-12")
CEILING, ROUTE, LINK = "static, lighttpd", "file route", "play link"
BY_RATE = ("1 MB whole", "64 KiB Range")


QUIET = 0.5
BUSY = ("- **Others were at work on this machine.** Requests a second and milliseconds tell little "
        "then; processor time a request is less disturbed.")
WORK = ("CPU µs is the processor time a request, of web server, application, and database and Redis "
        "where there are any. Each peer is asked first whether its status, headers and bytes are "
        "right and whether it refuses a forged token. Ours also notes in Redis who listened; the "
        "others note nothing. GET by wrk, HEAD by hey.")


def machine() -> list[str]:
    cpu = next((line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = next(line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines()
                  if line.startswith("MemTotal"))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return [
        f"- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC; "
        f"{os.cpu_count()} × {cpu}; {int(memory) // 2**20} GiB; Linux {platform.release()}",
        f"- load average (1, 5, 15 minutes) before the first round: {load}",
        *([BUSY] if os.getloadavg()[0] > QUIET else []),
        f"- {versions()}",
    ]


def versions() -> str:
    said = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *PACKAGES],
        capture_output=True, text=True).stdout
    return ", ".join(line for line in said.splitlines() if len(line.split()) == 2)


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def milliseconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def serving(results: Results) -> list[str]:
    lines = ["## Serving", "", *(f"- **{peer.name}**: {peer.how}" for peer in results.peers), "",
             WORK, ""]
    for shape in SHAPES:
        lines += [f"### {shape.name}", ""]
        rows = [_row(results, peer, shape.name) for peer in results.peers]
        head = ["", *(f"{unit}, {n}" for n in CONNECTIONS
                      for unit in ("req/s", "p50", "p99", "CPU µs"))]
        lines += table(head, rows)
    return lines + _memory(results) + _targets(results)


def _row(results: Results, peer: Peer, shape: str) -> list[str]:
    row = [f"**{peer.name}**" if peer.ours else peer.name]
    for connections in CONNECTIONS:
        one = results.figures[peer.name, shape, connections]
        failed = f" ({one.failed} failed)" if one.failed else ""
        row += [f"{one.rate:,.0f} ±{one.spread / 2:.0%}{failed}", milliseconds(one.p50),
                milliseconds(one.p99), f"{one.cpu:,.0f}"]
    return row


def _memory(results: Results) -> list[str]:
    rows = [[peer.name, f"{results.memory[peer.name].all_kb / 1024:.0f}",
             *(f"{kb / 1024:.1f}" if kb else "" for kb in (
                 results.memory[peer.name].responder_kb,
                 results.memory[peer.name].responder_own_kb))]
            for peer in results.peers]
    return ["### Memory after all rounds", "",
            *table(["", "all processes, MB (Pss)", "one responder, MB (Rss)",
                    "of that its own (Private_Dirty)"], rows)]


def _targets(results: Results) -> list[str]:
    """What issue 9 asks for, with what was measured, said plainly either way."""
    def figure(peer: str, shape: str, connections: int = 32) -> Figure:
        return results.figures[peer, shape, connections]

    def share(peer: str, shape: str) -> float:
        return figure(peer, shape).rate / figure(CEILING, shape).rate

    others = [peer.name for peer in results.peers if not peer.ours and not peer.static]
    behind = [name for name in others if "alone" not in name]

    def ahead(value: Callable[[Figure], float], names: list[str], connections: int) -> float:
        """How many times the best of these needs what we need, at worst, over all shapes."""
        return min(min(value(figure(name, shape.name, connections)) for name in names)
                   / value(figure(ROUTE, shape.name, connections)) for shape in SHAPES)

    rate = min(figure(ROUTE, shape.name).rate / max(figure(name, shape.name).rate
                                                     for name in others) for shape in SHAPES)
    responder = max(one.responder_kb for one in results.memory.values()) / 1024
    checks = [
        ("play link, of a static file, 1 MB", share(LINK, BY_RATE[0]), 0.95),
        ("play link, of a static file, 64 KiB", share(LINK, BY_RATE[1]), 0.95),
        ("file route, of a static file, 1 MB", share(ROUTE, BY_RATE[0]), 0.97),
        ("file route, of a static file, 64 KiB", share(ROUTE, BY_RATE[1]), 0.55),
        ("file route, times the requests of the best peer, at worst", rate, 1.0),
        ("file route, CPU of the best peer behind lighttpd, at worst, times ours",
         ahead(lambda one: one.cpu, behind, 32), 2.0),
        ("file route, p99 at 256 connections of the best peer, at worst, times ours",
         ahead(lambda one: one.p99, others, 256), 1.0),
    ]
    rows = [[what, f"{value:.2f}", f"≥ {least:.2f}", "yes" if value >= least else "**no**"]
            for what, value, least in checks]
    rows.append(["one responder, resident, MB", f"{responder:.1f}", "< 8.00",
                 "yes" if responder < 8 else "**no**"])
    return ["### Against the targets (32 connections where none are named)", "",
            *table(["", "measured", "target", "reached"], rows)]
