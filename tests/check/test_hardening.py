"""What the linker made of the hardening flags: read from the binaries that are installed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.stack import ROOT

PROGRAMS = {"tapedeck": 3, "tapedeck-decoder": 1, "tapedeck.fcgi": 3}  # calls that are fortified
INTEL = platform.machine() == "x86_64"

pytestmark = pytest.mark.skipif(not shutil.which("readelf"),
                                reason="readelf is not installed (package binutils)")


def readelf(path: Path, *options: str) -> str:
    return subprocess.run(["readelf", "-W", *options, str(path)], capture_output=True, text=True,
                          check=True, env={**os.environ, "LC_ALL": "C"}).stdout


def link_faults(headers: str) -> Iterator[str]:
    """From `readelf -h -l -d`: what the linker should have done and did not."""
    if not re.search(r"^\s*Type:\s+DYN", headers, re.MULTILINE) or "PIE" not in headers:
        yield "is not position-independent"
    if "GNU_RELRO" not in headers or not re.search(r"\bBIND_NOW\b|Flags:.*\bNOW\b", headers):
        yield "has no full RELRO"
    if not re.search(r"^\s*GNU_STACK\s.*\sRW\s", headers, re.MULTILINE):
        yield "has an executable stack"
    if re.search(r"^\s*LOAD\s.*\s(?:RWE|WE)\s", headers, re.MULTILINE):
        yield "has memory to write to and to execute"
    for tag in re.findall(r"\((RPATH|RUNPATH|TEXTREL)\)", headers):
        yield f"has {tag}"


def symbol_faults(symbols: str, fortified: int = 3) -> Iterator[str]:
    """From `readelf --dyn-syms`: what the compiler calls where it put a check, and of how many
    kinds at least."""
    if "__stack_chk_fail" not in symbols:
        yield "is not protected from smashed stacks"
    if len(set(re.findall(r"__(?:v?s?n?f?printf|mem\w+|read|str\w+)_chk", symbols))) < fortified:
        yield "is not fortified"


def flag_faults(producer: str) -> Iterator[str]:
    """From the debug information: which flags the compiler was given."""
    for flag in ("-fstack-protector-strong", "-fstack-clash-protection", "-fPIE"):
        if flag not in producer:
            yield f"is compiled without {flag}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_are_hardened(plain: Path, program: str) -> None:
    path = plain / program
    assert list(link_faults(readelf(path, "-h", "-l", "-d"))) == []
    assert list(symbol_faults(readelf(path, "--dyn-syms"), PROGRAMS[program])) == []


def test_objects_are_hardened(plain: Path) -> None:
    """Each of ours; the C library's own objects in a program decide about theirs."""
    objects = [path for path in sorted((plain / "obj").rglob("*.o"))
               if (ROOT / path.relative_to(plain / "obj").with_suffix(".c")).exists()]
    assert len(objects) > 50
    faults: list[str] = []
    for path in objects:
        if INTEL and not re.search(r"IBT.*SHSTK", readelf(path, "-n")):
            faults.append(f"{path.name}: has no -fcf-protection")
        producer = readelf(path, "--debug-dump=info")
        if " GNU C" in producer:  # clang does not write down its flags
            faults += [f"{path.name}: {fault}" for fault in flag_faults(producer)]
    assert faults == []


# ---- these checks can fail ----

SOURCE = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    char text[64];
    strcpy(text, argv[0]);
    (void)snprintf(text, (size_t)argc, "%s", argv[0]);
    memcpy(text, argv[0], (size_t)argc);
    return puts(text);
}
"""
SOFT = ["-O2", "-g", "-w", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fcf-protection=none"]
HARD = ["-O2", "-g", "-w", "-fPIE", "-fstack-protector-strong", "-fstack-clash-protection",
        "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"]


def compiled(folder: Path, *flags: str) -> Path:
    source, program = folder / "main.c", folder / "main"
    source.write_text(SOURCE)
    subprocess.run(["cc", *flags, "-o", str(program), str(source)], check=True)
    return program


def test_soft_programs_are_found(tmp_path: Path) -> None:
    hard = compiled(tmp_path, *HARD)
    assert list(link_faults(readelf(hard, "-h", "-l", "-d"))) == []
    assert list(symbol_faults(readelf(hard, "--dyn-syms"))) == []
    soft = compiled(tmp_path, *(SOFT if INTEL else SOFT[:-1]), "-no-pie", "-Wl,-z,norelro",
                    "-Wl,-z,execstack", "-Wl,-rpath,/x")
    assert list(link_faults(readelf(soft, "-h", "-l", "-d"))) == [
        "is not position-independent", "has no full RELRO", "has an executable stack",
        "has RUNPATH"]
    assert len(list(symbol_faults(readelf(soft, "--dyn-syms")))) == 2
    assert len(list(flag_faults(readelf(soft, "--debug-dump=info")))) >= 2
    lazy = compiled(tmp_path, *HARD, "-Wl,-z,lazy")
    assert list(link_faults(readelf(lazy, "-h", "-l", "-d"))) == ["has no full RELRO"]
