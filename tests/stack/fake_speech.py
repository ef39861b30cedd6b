"""The fake speech and chat server as a service of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .processes import Service

NAME = "speech"
PYTHON = "/usr/bin/python3"
KEY = "sk-tapedeck-demo"
SETTINGS = ("TRANSCRIBE_URL", "SUMMARY_URL", "OPENAI_API_KEY")


def service(root: Path, announcement: Path, env: Mapping[str, str]) -> Service:
    """It takes any free port and writes its address into `announcement` when it listens."""
    return Service(
        name=NAME,
        argv=[PYTHON, str(root / "tests" / "speech" / "program.py"), "--key", KEY,
              "--announce", str(announcement)],
        env=env,
        ready=announcement.exists,
    )


def settings(announcement: Path) -> dict[str, str]:
    url = announcement.read_text().strip()
    return {"TRANSCRIBE_URL": url, "SUMMARY_URL": url, "OPENAI_API_KEY": KEY}
