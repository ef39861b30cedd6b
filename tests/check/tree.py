"""The source tree, as the checks see it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stack.stack import ROOT

COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def files(*suffixes: str) -> list[Path]:
    """What is committed, or would be: tracked, or new and not ignored."""
    names = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    paths = [ROOT / name for name in sorted(set(names)) if name]
    return [path for path in paths
            if path.is_file() and (not suffixes or path.name.endswith(suffixes))]


def name_of(path: Path) -> str:
    """How it is called in messages: its path from the root."""
    return path.relative_to(ROOT).as_posix()


def c_sources() -> Iterator[tuple[str, str]]:
    """Name and text of all our C."""
    for path in files(".c", ".h"):
        yield name_of(path), path.read_text()


def code_only(text: str) -> str:
    """C without comments, and with its literals empty; the lines stay where they are."""

    def blank(found: re.Match[str]) -> str:
        quote = found[0][0] if found[0][0] in "\"'" else " "
        return quote + "\n" * found[0].count("\n") + quote

    return COMMENT_OR_LITERAL.sub(blank, text)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"this needs a git checkout: {done.stderr.strip()}"
    return done.stdout
