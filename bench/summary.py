"""The few lines that README.md shows, between two marks of its own."""

from __future__ import annotations

from pathlib import Path

from by_length import MINUTES, SPEEDS, Sounds
from callbacks import Callbacks
from preparing import RECORDINGS, Preparing
from report import CEILING, LINK, ROUTE
from rq_set import WORKERS
from serving import Results

BEGIN, END = "<!-- make bench: -->", "<!-- :make bench -->"
SHAPE, CONNECTIONS = "64 KiB Range", 32


def table(results: Results, prepared: Preparing, sounds: Sounds, saved: Callbacks) -> list[str]:
    def rate(name: str) -> float:
        return results.figures[name, SHAPE, CONNECTIONS].rate

    best = max((peer.name for peer in results.peers if not peer.ours and not peer.static), key=rate)
    hour = sounds[SPEEDS[-1], MINUTES[-1]]
    rows = [
        (f"{SHAPE}, play link, requests a second", f"{rate(LINK):,.0f}",
         f"{rate(CEILING):,.0f} (a static file: nobody checks a signature)"),
        (f"{SHAPE}, file route, requests a second", f"{rate(ROUTE):,.0f}",
         f"{rate(best):,.0f} ({best})"),
        (f"a click until it sounds, {MINUTES[-1]} minutes of call at 1 MB/s", f"{hour.ours:.2f} s",
         f"{'' if hour.waited else '> '}{hour.usual:,.0f} s (wait for the file)"),
        ("recordings of 1 MB fetched and stored a second",
         f"{RECORDINGS / prepared.drain_s:,.0f} (one process)",
         f"{prepared.rq.done / prepared.rq.seconds:,.0f} ({WORKERS} RQ workers); "
         f"{RECORDINGS / prepared.plain_s:,.0f} (curl: no waveforms, nothing synced, no turns)"),
        ("callbacks saved and synced a second", f"{saved.answered:,.0f}",
         f"{saved.inserts:,.0f} (pgbench, that insert alone: no HTTP, no signature)"),
    ]
    return ["| | Tapedeck | beside it |", "|---|---:|---|",
            *("| " + " | ".join(row) + " |" for row in rows)]


def write(readme: Path, lines: list[str]) -> None:
    """Replaces what is between the marks."""
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text("\n".join([before + BEGIN, "", *lines, "", END + after]))
