"""`make torture`: the environment says which seed, how long, and which binaries."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from pathlib import Path

from stack.stack import ROOT

from . import plan
from .session import Report, run

USAGE = "make torture [SEED=n] [MINUTES=n] [SHORT=yes] [BUILD=build/asan]"


def main() -> int:
    try:
        seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
        minutes = float(os.environ.get("MINUTES") or 3)
    except ValueError:
        print(f"SEED and MINUTES are numbers: {USAGE}", file=sys.stderr)
        return 2
    wanted = plan.short(seed) if os.environ.get("SHORT") else plan.full(seed, minutes)
    print(f"seed {seed}: {wanted.recordings} recordings, {wanted.businesses} businesses, "
          f"{wanted.seconds:.0f} s of faults", flush=True)
    base = Path(tempfile.mkdtemp(prefix="tapedeck-torture-"))
    report = run(wanted, base / "run", build_dir())
    print(describe(report))
    print(f"logs: {base / 'run' / 'log'}")
    return 1 if report.violations else 0


def build_dir() -> Path:
    """BUILD, else the sanitized binaries, else the plain ones."""
    if chosen := os.environ.get("BUILD"):
        return ROOT / chosen
    sanitized = ROOT / "build" / "asan"
    return sanitized if (sanitized / "tapedeck").exists() else ROOT / "build"


def describe(report: Report) -> str:
    """The figures, or what was violated and all that helps to see why."""
    tally, longest = report.tally, report.longest
    lines = [f"seed {report.seed}, {report.seconds:.0f} s, "
             f"at most {report.most_in_flight} of a business in flight"]
    lines += _group("blows survived", "blows ", tally)
    lines += _group("answers", "answers ", tally)
    lines += _group("recordings", "", report.outcomes)
    lines.append("also: " + ", ".join(
        f"{tally[name]} {name}" for name in
        ("transfers cut by a kill", "files checked", "files lost", "files cut", "callbacks 204",
         "callbacks 503", "calls deleted", "calls moved", "calls marked", "refused", "waveforms",
         "transcripts", "without transcript", "webhooks")
    ))
    lines.append("longest recovery: " + ", ".join(
        f"{seconds:.1f} s after {kind}" for kind, (seconds, _) in
        sorted(longest.items(), key=lambda one: -one[1][0])
    ))
    lines.append(f"at rest {tally['calm ms'] / 1000:.1f} s after the last fault")
    if report.violations:
        lines += ["", *report.evidence, ""]
        lines += [f"VIOLATED (seed {report.seed}): {text}" for text in report.violations]
    return "\n".join(lines)


def _group(title: str, prefix: str, tally: dict[str, int]) -> list[str]:
    parts = [f"{count} {name.removeprefix(prefix)}" for name, count in sorted(tally.items())
             if name.startswith(prefix)]
    return [f"{title}: {', '.join(parts)}"]
