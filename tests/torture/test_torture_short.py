"""The short form of `make torture`, with a seed of its own each time; SEED repeats one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from torture import plan
from torture.cli import describe
from torture.session import run


def test_nothing_is_lost_whatever_goes_wrong(tmp_path: Path, build_dir: Path) -> None:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    report = run(plan.short(seed), tmp_path / "run", build_dir)
    print(describe(report))
    assert not report.violations, describe(report)
