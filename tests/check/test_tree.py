"""What is committed would work elsewhere, too: no names of one machine, and scripts that parse."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.stack import ROOT

from .tree import files, name_of

# Written so that this file is not found by itself.
MACHINE = re.compile(
    r"(?<![\w.-])/wor[k]/|\bfar[m]-\w|(?<![\w.])\.librar[y]/|\b(?:deb|snapshot)\.debian\.or[g]\b"
)
SHELL = re.compile(r"#!\s*/(?:usr/)?bin/(?:env\s+)?(sh|bash|dash)\b")


def machine_names(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        for found in MACHINE.finditer(line):
            yield f"{name}:{number}: {found[0]}"


def shell_of(path: Path) -> str | None:
    with path.open("rb") as file:
        found = SHELL.match(file.readline(128).decode(errors="replace"))
    if found:
        return "bash" if found[1] == "bash" else "sh"
    return "sh" if path.suffix == ".sh" else None


def shell_faults(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        if shell := shell_of(path):
            done = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True)
            if done.returncode != 0:
                yield f"{path}: {done.stderr.strip()}"


def test_no_machine_is_named() -> None:
    faults: list[str] = []
    for path in files():
        faults += machine_names(name_of(path), path.read_text(errors="replace"))
        faults += machine_names(name_of(path), f"{name_of(path)}\n")
    assert faults == []


def test_shell_scripts_parse() -> None:
    assert list(shell_faults(files())) == []
    scripts = {name_of(path) for path in files() if shell_of(path)}
    assert {".ci/run", "spawn-fcgi.sh", "db/embed.sh", "tests/stack/setup.sh"} <= scripts


# ---- these checks can fail ----

@pytest.mark.parametrize("line", ["cd /wor" "k/main", "see ../.librar" "y/env", "on far" "m-7",
                                  "http://deb.debian.or" "g/debian", '"/wor' 'k/x"'])
def test_machine_names_are_found(line: str) -> None:
    assert len(list(machine_names("a", f"fine\n{line}\n"))) == 1


@pytest.mark.parametrize("line", ["from .library import WAV", "twilio.library", "the network/x",
                                  "/srv/work/x", "a farm", "debian.org", "run/work/x"])
def test_other_words_are_fine(line: str) -> None:
    assert list(machine_names("a", line)) == []


def test_broken_scripts_are_found(tmp_path: Path) -> None:
    scripts = {"good.sh": "if true; then echo; fi\n", "bad.sh": "if true; then echo\n",
               "bad": "#!/bin/bash\nif [[ a ]]; then\n",
               "only-bash": "#!/usr/bin/env bash\na=(1)\n",
               "no-script": "if if if\n"}
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
    found = [fault.split(":")[0] for fault in shell_faults(sorted(tmp_path.iterdir()))]
    assert found == [str(tmp_path / "bad"), str(tmp_path / "bad.sh")]


def test_every_harness_has_seeds() -> None:
    """A fuzzer without a folder of seeds ends at once, and `make fuzz` with it."""
    harnesses = {path.stem.removeprefix("fuzz_") for path in ROOT.glob("tests/fuzz/fuzz_*.c")}
    seeded = {path.parent.name for path in ROOT.glob("tests/fuzz/corpus/*/*")}
    assert harnesses and harnesses == seeded
