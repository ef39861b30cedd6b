"""What the tests of the steps share: how steps stand, what was saved, what is really said, and
recordings of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from speech import hearing
from stack.calls import Call
from twilio import speech as speech_audio

from jobs_kit import Db, value_of

# The first channel of an inbound call is the customer's; the test audio has voice 0 there.
SPEAKERS = ("customer", "agent")

# How often each kind of server refuses before it is asked as it wants to be.
SPEECH = {
    "whisper-1": 0, "gpt-4o-transcribe": 1, "gpt-4o-mini-transcribe": 1, "gpt-transcribe": 1,
    "gpt-4o-transcribe-diarize": 1, "groq": 0, "azure": 0, "mistral": 4, "vllm": 1, "speaches": 0,
    "localai": 0, "whisper.cpp": 0, "slash": 0,
}
CHAT_KINDS = {
    "whisper-1": 0, "gpt-5": 1, "o-series": 1, "groq": 0, "azure": 0, "mistral": 0, "vllm": 0,
    "localai": 0, "ollama": 0, "lmstudio": 1, "plain": 2,
}


@dataclass(frozen=True)
class Step:
    """The columns of call_steps that tests look at."""

    status: str
    attempts: int
    error_code: str | None
    error: str | None
    delay: float  # seconds until it is due
    lease_token: str | None


@dataclass(frozen=True)
class Saved:
    """What call_log has of what was said."""

    transcript: str | None
    segments: list[dict[str, Any]]
    source: str | None
    summary: str | None
    summary_status: str | None


def steps_of(db: Db, call: Call) -> dict[str, str]:
    """The state of each step of a call."""
    rows = db.execute("SELECT step, status FROM call_steps WHERE call_sid = %s", [call.call_sid])
    return dict(rows.fetchall())


def step_of(db: Db, call: Call, step: str = "transcribe") -> Step:
    row = db.execute(
        "SELECT status, attempts, error_code, error,"
        " extract(epoch FROM not_before - now())::float8, lease_token"
        " FROM call_steps WHERE call_sid = %s AND step = %s", [call.call_sid, step]).fetchone()
    assert row is not None, f"{call.call_sid} has no step {step}"
    return Step(*row)


def make_steps_due(db: Db, call: Call) -> None:
    """The time of a retry has come, and that of a server that pauses."""
    db.execute("UPDATE tapedeck_servers SET paused_until = now()")
    db.execute("UPDATE call_steps SET not_before = now() WHERE call_sid = %s", [call.call_sid])


def saved(db: Db, call: Call) -> Saved:
    row = db.execute(
        "SELECT final_transcript, transcript_segments::text, transcript_source, ai_summary,"
        " summary_status FROM call_log WHERE call_sid = %s", [call.call_sid]).fetchone()
    assert row is not None
    return Saved(row[0], json.loads(row[1] or "[]"), *row[2:])


def expected(call: Call) -> list[tuple[str, str, float]]:
    """Speaker, text and beginning of each phrase that the recording's two channels really have."""
    stereo = memoryview(call.source("wav2")[44:]).cast("h")
    found = [(SPEAKERS[channel], one.text, one.start) for channel in (0, 1)
             for one in hearing.hear(stereo[channel::2].tobytes())]
    return sorted(found, key=lambda one: one[2])


def wav_of(*channels: bytes) -> bytes:
    """A recording of these channels, as long as the first."""
    mixed = bytearray(len(channels[0]) * len(channels))
    for number, samples in enumerate(channels):
        for byte in (0, 1):
            mixed[2 * number + byte::2 * len(channels)] = samples[byte::2]
    return speech_audio.wav(bytes(mixed), len(channels))


def put_file(call: Call, file: bytes) -> None:
    """The recording is here already, whatever the provider has."""
    path = call.part_file.with_name(f"{call.call_sid}.wav")
    path.parent.mkdir(mode=0o750, exist_ok=True)
    path.write_bytes(file)
