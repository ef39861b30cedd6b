"""What went wrong, in a line for people."""

from __future__ import annotations

import re
from pathlib import Path

LOG_LINES = 8
TIME = re.compile(r"^20\d\d-\d\d-\d\dT\S+ ", re.MULTILINE)


class StackError(Exception):
    """One clear line: what is wrong and what to do about it."""


def without_times(log: str) -> str:
    """Lines of our programs as they log them anywhere but into a file."""
    return TIME.sub("", log)


def log_tail(log: Path, lines: int = LOG_LINES) -> str:
    """The last lines of a log, indented, to follow an error's line; nothing if there are none."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in text.splitlines()[-lines:])
