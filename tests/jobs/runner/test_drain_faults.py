"""`tapedeck drain` and a provider that is slow, wrong or lying: every failure ends, and is told.

Whatever happens there is no half file, the slot is free again, and the run says why: a code for
programs, a sentence for people.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import (
    LATER, Db, assert_idle, assert_stored, click, files_of, known_call, make_due, run_of,
)

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
NewBusiness = Callable[[], int]

SENTENCE = re.compile(r"[A-Z][^\n]+\.")
ELSEWHERE = "http://127.0.0.1:9/elsewhere.wav"


@dataclass(frozen=True)
class Trouble:
    """What the provider does, the code it is known by, and the configuration that brings it out."""

    code: str
    faults: list[dict[str, Any]]
    settings: dict[str, str] = field(default_factory=dict)
    recording: dict[str, Any] = field(default_factory=dict)


# Half a second stands for the 30 s of STALL_TIMEOUT and the 10 min of TRANSFER_TIMEOUT.
IMPATIENT = {"STALL_TIMEOUT": "500ms"}
HURRIED = {"TRANSFER_TIMEOUT": "500ms"}

TROUBLES = {
    "truncated": Trouble("truncated", [fault("truncate", after_bytes=3000)]),
    "truncated, without a length": Trouble(
        "truncated", [fault("truncate", after_bytes=3000), fault("no_length")]),
    "nothing but headers": Trouble("truncated", [fault("truncate", after_bytes=0)]),
    "promises more than it sends": Trouble("truncated", [fault("lie_length", by=1000)]),
    "too short": Trouble("too_small", [fault("short")]),
    "an HTML page": Trouble("not_audio", [fault("html")]),
    "an HTML page that says audio": Trouble("not_audio", [fault("html_as_audio")]),
    "larger than allowed": Trouble("too_big", [], {"MAX_RECORDING_BYTES": "3000"}),
    "another address": Trouble("redirected", [fault("redirect", location=ELSEWHERE)]),
    "another address for good": Trouble(
        "redirected", [fault("redirect", location=ELSEWHERE, code=308)]),
    "stops sending": Trouble("stalled", [fault("stall", after_bytes=3000)], IMPATIENT),
    "never begins": Trouble("stalled", [fault("silent_forever")], IMPATIENT),
    "never says a word of it": Trouble("stalled", [fault("hold")], IMPATIENT),
    "takes for ever": Trouble("timed_out", [fault("stall", after_bytes=3000)], HURRIED),
    "takes for ever on the second rung": Trouble(
        "timed_out", [fault("stall", formats=["wav"])], HURRIED, {"channels": 1}),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_failed_attempt_leaves_a_reason_and_nothing_else(
    trouble: Trouble, new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    call = new_call(faults=trouble.faults, **trouble.recording)
    for attempt, status in ((1, "queued"), (2, "failed")):
        drain(RUN_ATTEMPTS="2", RETRY_DELAYS=LATER, **trouble.settings)
        run = run_of(db, call)
        assert (run.status, run.attempts, run.error_code) == (status, attempt, trouble.code)
        assert SENTENCE.fullmatch(run.error or "")
        assert run.lease_token is None and run.waits is (status == "queued")
        assert files_of(call) == []
        assert_idle(rds, call.business)
        if status == "queued":
            make_due(db, call)


# Oddities that are no faults: the bytes are good.
ODDITIES = {
    "no length": [fault("no_length")],
    "slow": [fault("trickle", bytes_per_second=400_000)],
    "late": [fault("latency", ms=50)],
}


@pytest.mark.parametrize("faults", ODDITIES.values(), ids=ODDITIES)
def test_what_is_odd_but_whole_is_stored(
    faults: list[dict[str, Any]], new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(faults=faults)
    drain()
    assert run_of(db, call).status == "completed"
    assert_stored(call, "wav2")


def test_a_length_that_is_met_is_all_there_is(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    """Whatever the header promises beyond it."""
    call = new_call(faults=[fault("lie_length", by=-1000)])
    drain()
    assert run_of(db, call).status == "completed"
    assert call.finished_file is not None
    assert call.finished_file.read_bytes() == call.source("wav2")[:-1000]


@pytest.mark.parametrize("trouble", ["stops sending", "too short", "truncated"])
def test_the_next_in_line_proceeds(
    trouble: str, stack: Stack, new_business: NewBusiness, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    """A recording that will not come must not hold up those behind it."""
    business, wrong = new_business(), TROUBLES[trouble]
    bad = known_call(stack, db, business, faults=wrong.faults)
    good = known_call(stack, db, business)
    for call in (bad, good):
        click(call)
    drain(RUN_ATTEMPTS="1", SLOTS_PER_BUSINESS="1", **wrong.settings)
    assert run_of(db, bad).status == "failed"
    assert run_of(db, good).status == "completed"
    assert_stored(good, "wav2")
    assert_idle(rds, business)


def test_a_bad_attempt_does_not_spoil_the_next(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    """Each attempt begins with an empty part file."""
    call = new_call(faults=[fault("truncate", after_bytes=50_000, first=1)])
    drain(RETRY_DELAYS=LATER)
    make_due(db, call)
    drain()
    assert_stored(call, "wav2")


def test_a_bad_rung_does_not_spoil_the_next(new_call: NewCall, drain: Drain) -> None:
    """The 400 of a rung has a body, too: JSON, that must not end up in the file."""
    call = new_call(channels=1)
    drain()
    assert_stored(call, "wav")


# Addresses and credentials.


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """Another host, which nobody may talk to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def assert_never_called(server: socket.socket) -> None:
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.accept()


def address_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_our_credentials_nowhere(
    status: int, elsewhere: socket.socket, new_call: NewCall, drain: Drain, db: Db, twilio: Control
) -> None:
    location = f"{address_of(elsewhere)}/recording.wav"
    call = new_call(faults=[fault("redirect", location=location, code=status)])
    drain(RETRY_DELAYS=LATER)
    assert run_of(db, call).error_code == "redirected"
    assert_never_called(elsewhere)
    assert twilio.stats().recording(call.recording_sid).requests == 1


def test_a_redirect_within_the_provider_is_not_followed_either(
    new_call: NewCall, drain: Drain, db: Db, twilio: Control
) -> None:
    """Only the validated SIDs say what is fetched."""
    other = new_call(announced=False)
    location = f"{twilio.base_url}{other.recording.path if other.recording else ''}.wav"
    call = new_call(faults=[fault("redirect", location=location)])
    drain(RETRY_DELAYS=LATER)
    assert run_of(db, call).error_code == "redirected"
    assert twilio.stats().recording(other.recording_sid).requests == 0


def test_a_posted_address_is_not_where_we_fetch(
    elsewhere: socket.socket, stack: Stack, new_business: NewBusiness, drain: Drain, db: Db
) -> None:
    """Host and ending of a recording's URL are dropped; its SIDs under our own base count."""
    call = known_call(stack, db, new_business())
    path = call.recording_url.removeprefix("https://api.twilio.com")
    db.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s",
               [f"{address_of(elsewhere)}{path}.mp3?RequestedChannels=1", call.call_sid])
    click(call)
    drain()
    assert_stored(call, "wav2")
    assert_never_called(elsewhere)


def test_wrong_credentials_are_told_as_such(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    call = new_call()
    drain(TWILIO_AUTH_TOKEN="wrong", RETRY_DELAYS=LATER)
    assert run_of(db, call).error_code == "provider_auth"
    assert_idle(rds, call.business)


def test_a_provider_that_is_not_there(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    call = new_call()
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        drain(TWILIO_API_BASE=address_of(nobody), RETRY_DELAYS=LATER)
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 0, "unreachable")
    assert SENTENCE.fullmatch(run.error or "")
    assert_idle(rds, call.business)


def test_a_provider_that_does_not_let_us_in(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    """Connecting itself takes for ever: that is the host's fault, not the recording's."""
    call = new_call()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as crowd:
        for _ in range(4):
            guest = crowd.enter_context(socket.socket())
            guest.setblocking(False)
            guest.connect_ex(full.getsockname())
        drain(TWILIO_API_BASE=address_of(full), CONNECT_TIMEOUT="300ms", RETRY_DELAYS=LATER)
    assert run_of(db, call).error_code == "unreachable"
    assert_idle(rds, call.business)


def test_a_provider_that_speaks_no_http(
    elsewhere: socket.socket, new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    """It accepts, and says nothing: the stall timeout ends it."""
    call = new_call()
    drain(TWILIO_API_BASE=address_of(elsewhere), RETRY_DELAYS=LATER, **IMPATIENT)
    assert run_of(db, call).error_code == "stalled"
    assert_idle(rds, call.business)


def test_secrets_are_not_logged(
    stack: Stack, new_call: NewCall, drain: Drain
) -> None:
    new_call(faults=[fault("status", code=401)])
    done = drain(RETRY_DELAYS=LATER)
    said = done.stdout + done.stderr
    assert "reason=provider_auth" in said
    assert stack.auth_token not in said and "://" not in said
