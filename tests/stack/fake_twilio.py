"""The fake Twilio as a service of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .processes import Service

if TYPE_CHECKING:
    from twilio.client import Control

NAME = "twilio"
PYTHON = "/usr/bin/python3"


def service(
    root: Path, announcement: Path, account: str, token: str, env: Mapping[str, str]
) -> Service:
    """It takes any free port and writes its address into `announcement` when it listens."""
    return Service(
        name=NAME,
        argv=[PYTHON, str(root / "tests" / "twilio" / "fake.py"), "--port", "0",
              "--account", account, "--token", token, "--announce", str(announcement),
              "--cache", str(root / "build" / "stack" / "speech")],
        env=env,
        ready=announcement.exists,
    )


def control(base_url: str) -> Control:
    from twilio.client import Control

    return Control(base_url)
