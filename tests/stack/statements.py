"""The statements that our C holds, by name: what tests/unit/print_statements.c prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .stack import ROOT

PROGRAM = ROOT / "tests" / "unit" / "print_statements.c"

# What an ad-hoc line of make prints: the Makefile's own rule for a unit, with another output.
RULE = ("statements: ; @echo $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(TESTABLE_O) $(SHARED_LIBS)"
        " $(JOBS_LIBS) $(DECODER_LIBS)")


def read_statements(build_dir: Path, folder: Path, prepared: bool = False) -> dict[str, str]:
    """Compiles that program into `folder`, and runs it; all, or those alone that our programs prepare."""
    program = folder / "print_statements"
    _compile(build_dir, program)
    lines = subprocess.run([str(program)], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    rows = [line.split("\t", 2) for line in lines]
    assert len({name for name, *_ in rows}) == len(rows), "two statements have the same name"
    return {name: sql for name, how, sql in rows if how == "prepared" or not prepared}


def _compile(build_dir: Path, output: Path) -> None:
    objects = sorted((build_dir / "obj").rglob("*.o"))
    assert objects, f"nothing is built in {build_dir}; run: make all"
    sanitized = b"__asan_init" in objects[0].read_bytes()
    told = subprocess.run(
        ["make", "-s", "--no-print-directory", f"BUILD={build_dir}",
         f"SANITIZE={'yes' if sanitized else 'no'}", f"--eval={RULE}", "statements"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    command = [word for word in told.stdout.split() if word not in ("-MMD", "-MP")]
    done = subprocess.run([command[0], "-o", str(output), str(PROGRAM), *command[1:]], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
