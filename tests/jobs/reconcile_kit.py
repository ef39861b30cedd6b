"""What the tests of `tapedeck reconcile` share."""

from __future__ import annotations

import subprocess
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from stack.calls import Call, new_call, new_sid
from stack.stack import Stack
from twilio.client import Control

from jobs_kit import Db, insert_call, value_of

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]

TOLD = ("call_log", "recording_runs", "recording_inbox", "reconcile_progress")
OTHER_ACCOUNT = new_sid("AC")


@pytest.fixture(autouse=True)
def empty_shelf(twilio: Control, db: Db) -> Iterator[None]:
    """The provider has no recordings but this test's, and its list is read from the start."""
    twilio.reset()
    db.execute("DELETE FROM reconcile_progress")
    yield
    db.execute("DELETE FROM reconcile_progress")


@pytest.fixture
def reconcile(run_tapedeck: Command) -> Callable[..., str]:
    """reconcile(NAME="value"): one run, which must go well; the words of its last line."""

    def run(**settings: str) -> str:
        done = run_tapedeck("reconcile", **settings)
        assert (done.returncode, done.stdout, complaints(done)) == (0, "", []), done.stderr
        return done.stderr.splitlines()[-1]

    return run


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("tapedeck: ")]


def fails(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit 1, and one line that says why."""
    assert (done.returncode, done.stdout) == (1, "")
    [line] = complaints(done)
    assert line.startswith("tapedeck: reconcile: ")
    assert all(word in line for word in words), line


def everything(db: Db) -> list[Any]:
    return [db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TOLD]


def silent_call(stack: Stack, db: Db, business: int, **recording: Any) -> Call:
    """A call that the CRM knows of, and whose recording no callback told of."""
    call = new_call(stack, business, announced=False, **recording)
    insert_call(db, call)
    return call


def url_of(db: Db, call: Call) -> str | None:
    found: str | None = value_of(db, "SELECT recording_url FROM call_log WHERE call_sid = %s",
                                 call.call_sid)
    return found


def is_told(db: Db, call: Call) -> bool:
    return (url_of(db, call) or "").endswith(f"/Recordings/{call.recording_sid}")


def lists(twilio: Control) -> list[dict[str, str]]:
    """What was asked of the list so far."""
    return [dict(urllib.parse.parse_qsl(entry["query"])) for entry in twilio.stats().log
            if entry["format"] == "list"]


def ago(**time: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**time)).isoformat()
