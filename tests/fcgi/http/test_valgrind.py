"""A thousand requests of every kind to responders that valgrind watches: no error, no leak."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from stack.stack import ROOT, Stack

REQUESTS = 1000
ERROR = 99
OPTIONS = (f"--error-exitcode={ERROR}", "--leak-check=full",
           "--errors-for-leak-kinds=definite,indirect,possible")
# Stands in for the responder; a folder with it is a build like another.
WATCHER = """#!/bin/sh
exec valgrind {options} --log-file='{folder}/%p.log' '{responder}'
"""

pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")


@pytest.fixture(scope="module")
def leak() -> ModuleType:
    """bench/leak.py, for its requests and its client."""
    spec = importlib.util.spec_from_file_location("bench_leak", ROOT / "bench" / "leak.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, plain: Path) -> Path:
    """A build whose responder runs under valgrind, and the folder of what valgrind says."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "tapedeck").symlink_to(plain / "tapedeck")
    watch(folder, plain / "tapedeck.fcgi")
    return folder


def watch(folder: Path, responder: Path) -> None:
    watcher = folder / "tapedeck.fcgi"
    watcher.write_text(WATCHER.format(options=" ".join(OPTIONS), folder=folder,
                                      responder=responder))
    watcher.chmod(0o755)


def said(folder: Path) -> list[str]:
    """What valgrind has to say of each responder."""
    return [path.read_text() for path in sorted(folder.glob("*.log"))]


def test_a_thousand_requests(
    make_stack: Callable[..., Stack], leak: ModuleType, watched: Path
) -> None:
    stack = make_stack(build_dir=watched, responders=2)
    asked, client = leak.requests_of(stack), leak.Client(stack)
    for first in range(0, REQUESTS, leak.BATCH):
        client.send([asked[(first + n) % len(asked)] for n in range(leak.BATCH)])
    stack.halt("responders", signal.SIGTERM)
    reports = said(watched)
    assert len(reports) == 2, "each of them was watched, and none was replaced"
    for report in reports:
        assert "ERROR SUMMARY: 0 errors" in report, report


# ---- this can fail ----

LEAKS = """
#include <stdlib.h>
#include <string.h>
int main(void)
{
    char *volatile lost = malloc(100);
    lost = malloc(%s);
    int seen = lost[0] == 'x';
    free(lost);
    return seen;
}
"""


@pytest.mark.parametrize("size, said_of_it", [
    ("1", "definitely lost"), ("0", "Invalid read")], ids=["leak", "read"])
def test_what_is_wrong_is_said(tmp_path: Path, size: str, said_of_it: str) -> None:
    (tmp_path / "main.c").write_text(LEAKS % size)
    subprocess.run(["cc", "-g", "-o", str(tmp_path / "main"), str(tmp_path / "main.c")], check=True)
    watch(tmp_path, tmp_path / "main")
    done = subprocess.run([str(tmp_path / "tapedeck.fcgi")], env=os.environ)
    assert done.returncode == ERROR
    (report,) = said(tmp_path)
    assert said_of_it in report and "ERROR SUMMARY: 0 errors" not in report
