"""What came decides what it is: the header's promises, the format's name and the type do not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from speech.fake import FakeSpeech
from speech.fake import fault as speech_fault
from stack.calls import Call
from stack.stack import Stack
from twilio import odd_audio
from twilio import speech as speech_audio
from twilio.client import Control, fault
from twilio.odd_audio import EMPTY, MP3S, NO_MP3, WAVS, frames, tone, wav

from jobs_kit import (
    LATER, Db, assert_idle, click, files_of, make_due, run_of, runs_of, until,
)
from steps_kit import steps_of

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
Given = Callable[..., Call]


@pytest.fixture
def given(new_call: NewCall, twilio: Control) -> Given:
    """given(bytes, formats, faults): a call whose recording the provider has with these bytes."""

    def make(content: bytes, *faults: dict[str, object], formats: tuple[str, ...] = (),
             type: str = "audio/x-wav") -> Call:
        call = new_call(channels=2)
        twilio.give(call.recording_sid, content, formats, type)
        twilio.faults(call.recording_sid, *faults)
        return call

    return make


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one
        assert one.refused == [], "the server had to refuse what we sent"


def stored(call: Call, content: bytes, extension: str, type: str) -> None:
    """It is here as it came, under its own name and type."""
    assert files_of(call) == [f"{call.call_sid}.{extension}"]
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers["Content-Type"] == type
    link = call.api.post(call.prepare_path).json["play_url"]
    assert f".{extension}?" in link
    played = call.api.get(link)
    assert (played.status, played.body, played.headers["Content-Type"]) == (200, content, type)


def waveform(call: Call) -> dict[str, object]:
    path = call.part_file.parent / f"{call.call_sid}.peaks.json"
    return dict(json.loads(until(path.read_text if path.exists() else lambda: "", "a waveform")))


SPEECH_S = 12


def speech() -> bytes:
    """Speech in one channel, as samples."""
    return speech_audio.call(3, SPEECH_S, 1)[speech_audio.HEADER_BYTES:]


def heard(call: Call, fake: FakeSpeech, drain: Drain, db: Db, seconds: float) -> None:
    """Fetched; what was said in it is written down, and its waveform is as long as it is."""
    drain(**fake.settings)
    assert run_of(db, call).status == "completed", run_of(db, call).error_code
    assert steps_of(db, call)["transcribe"] == "done"
    text = db.execute("SELECT final_transcript FROM call_log WHERE call_sid = %s",
                      [call.call_sid]).fetchone()
    assert text is not None and text[0]
    made = waveform(call)
    assert abs(int(made["length"]) - seconds * 10) <= 5
    assert max(made["data"]) > 5


@pytest.mark.parametrize("make", WAVS.values(), ids=WAVS)
def test_a_header_is_no_truth(
    make: odd_audio.Make, given: Given, fake: FakeSpeech, drain: Drain, db: Db
) -> None:
    content = make(speech())
    call = given(content)
    heard(call, fake, drain, db, SPEECH_S)
    stored(call, content, "wav", "audio/wav")


def test_an_odd_number_of_bytes_without_a_pad(given: Given, drain: Drain, db: Db) -> None:
    samples = bytes((0xFF, 0x7F, 0x80, 0x55)) * 4000 + b"\x55"
    content = wav(samples, code=7, bits=8, plus=1)
    call = given(content)
    drain()
    stored(call, content, "wav", "audio/wav")
    assert int(waveform(call)["length"]) == 21


@pytest.mark.parametrize("make", MP3S.values(), ids=MP3S)
def test_an_mp3_begins_with_its_first_frame(
    make: odd_audio.Make, given: Given, fake: FakeSpeech, drain: Drain, db: Db, tmp_path: Path
) -> None:
    fake.any_rate = True
    fake.faults("speech", speech_fault("text", value="אמרו משהו"))
    content = make(speech_audio.mp3(speech_audio.call(3, SPEECH_S, 1), tmp_path, 1))
    call = given(content, type="audio/mpeg")
    heard(call, fake, drain, db, SPEECH_S)
    stored(call, content, "mp3", "audio/mpeg")


OTHERS = {
    "FLAC": (odd_audio.FLAC, 8000, "flac", "audio/flac"),
    "Opus": (odd_audio.OGG_OPUS, 8000, "oga", "audio/ogg"),
    "Vorbis": (odd_audio.OGG_VORBIS, 8000, "oga", "audio/ogg"),
}


@pytest.mark.parametrize("format, rate, extension, type", OTHERS.values(), ids=OTHERS)
def test_other_formats_have_their_own_names(
    format: int, rate: int, extension: str, type: str, given: Given, fake: FakeSpeech,
    drain: Drain, db: Db, tmp_path: Path,
) -> None:
    fake.any_rate = True
    fake.faults("speech", speech_fault("text", value="אמרו משהו"))
    content = odd_audio.encoded(speech(), format, tmp_path, rate=rate)
    call = given(content, type="application/octet-stream")
    drain(**fake.settings)
    assert steps_of(db, call)["transcribe"] == "done"
    assert abs(int(waveform(call)["length"]) - SPEECH_S * 10) <= 5
    stored(call, content, extension, type)


@pytest.mark.parametrize("said", [None, 24, 0], ids=["whole", "no samples said", "nothing said"])
def test_w64(
    said: int | None, given: Given, fake: FakeSpeech, drain: Drain, db: Db
) -> None:
    content = odd_audio.w64(speech(), said=said)
    call = given(content)
    heard(call, fake, drain, db, SPEECH_S)
    stored(call, content, "w64", "audio/x-w64")


# What is no recording, and never will be.


def final(call: Call, drain: Drain, db: Db, rds: redis.Redis, code: str) -> dict[str, object]:
    """Asked for once; from then on every click has the answer at once."""
    drain(RETRY_DELAYS=LATER)
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("failed", 1, code)
    asked = call.stack.twilio.stats().recording(call.recording_sid).requests
    for _ in range(2):
        answer = call.api.get(call.file_path)
        assert (answer.status, answer.json["error"]) == (404, "recording_unavailable")
        assert answer.json["reason"] == code
    assert call.api.post(call.prepare_path).json["reason"] == code
    drain()
    assert runs_of(db, call) == 1
    assert call.stack.twilio.stats().recording(call.recording_sid).requests == asked
    assert files_of(call) == []
    assert_idle(rds, call.business)
    return dict(answer.json)


@pytest.mark.parametrize("content", EMPTY.values(), ids=EMPTY)
def test_a_header_alone_is_empty(
    content: bytes, given: Given, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    said = final(given(content), drain, db, rds, "empty")
    assert "empty" in str(said["message"]) and "ריקה" in str(said["message_he"])


@pytest.mark.parametrize("format", [odd_audio.OGG_OPUS, odd_audio.OGG_VORBIS],
                         ids=["Opus", "Vorbis"])
def test_an_ogg_without_sound_is_empty(
    format: int, given: Given, drain: Drain, db: Db, rds: redis.Redis, tmp_path: Path
) -> None:
    final(given(odd_audio.encoded(b"", format, tmp_path)), drain, db, rds, "empty")


def test_a_flac_without_sound_is_empty(
    given: Given, drain: Drain, db: Db, rds: redis.Redis, tmp_path: Path
) -> None:
    whole = odd_audio.encoded(tone(), odd_audio.FLAC, tmp_path)
    head = whole[: whole.index(b"\xff\xf8")]
    final(given(head), drain, db, rds, "empty")


@pytest.mark.parametrize("content", NO_MP3.values(), ids=NO_MP3)
def test_what_only_begins_as_an_mp3(
    content: bytes, given: Given, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    final(given(content, type="audio/mpeg"), drain, db, rds, "not_audio")


@pytest.mark.parametrize("format", [odd_audio.AIFF, odd_audio.AU], ids=["AIFF", "AU"])
def test_what_nothing_decodes(
    format: int, given: Given, drain: Drain, db: Db, rds: redis.Redis, tmp_path: Path
) -> None:
    final(given(odd_audio.encoded(tone(), format, tmp_path)), drain, db, rds, "unsupported_format")


def test_another_format_that_is_decoded_is_taken(
    given: Given, twilio: Control, drain: Drain, tmp_path: Path
) -> None:
    call = given(odd_audio.encoded(tone(), odd_audio.AU, tmp_path), formats=("wav2", "wav"))
    twilio.give(call.recording_sid, frames(), ("mp3",), "audio/mpeg")
    drain()
    stored(call, frames(), "mp3", "audio/mpeg")


def test_what_the_provider_deleted_is_gone(
    new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    final(new_call(faults=[fault("status", code=410)]), drain, db, rds, "gone")


def test_a_person_may_have_it_fetched_again(
    given: Given, twilio: Control, drain: Drain, db: Db, run_tapedeck: Drain
) -> None:
    call = given(wav(b""))
    drain()
    assert run_of(db, call).error_code == "empty"
    twilio.give(call.recording_sid, wav(tone()))
    assert run_tapedeck("retry", "--call", call.call_sid).returncode == 0
    drain()
    stored(call, wav(tone()), "wav", "audio/wav")


# How it came.


def test_a_type_that_is_missing(given: Given, drain: Drain) -> None:
    call = given(wav(tone()), fault("no_type"))
    drain()
    stored(call, wav(tone()), "wav", "audio/wav")


@pytest.mark.parametrize("faults", [[], [fault("no_length")]], ids=["length", "chunks"])
def test_gzip_that_nobody_asked_for(
    faults: list[dict[str, object]], given: Given, drain: Drain
) -> None:
    call = given(wav(tone()), fault("gzip"), *faults)
    drain()
    stored(call, wav(tone()), "wav", "audio/wav")


def test_gzip_is_unpacked_as_far_as_a_recording_may_go(
    given: Given, drain: Drain, db: Db
) -> None:
    call = given(wav(bytes(1_000_000)), fault("gzip"))
    drain(MAX_RECORDING_BYTES="100000", RETRY_DELAYS=LATER)
    assert run_of(db, call).error_code == "too_big"
    assert files_of(call) == []


def test_gzip_that_is_cut_off(given: Given, drain: Drain, db: Db) -> None:
    call = given(wav(tone()), fault("gzip"), fault("truncate", after_bytes=1000))
    drain(RETRY_DELAYS=LATER)
    assert run_of(db, call).error_code == "truncated"


# The ladder.


def asked(call: Call) -> list[str]:
    return [str(entry["format"]) for entry in call.stack.twilio.stats().entries(call.recording_sid)]


def test_a_provider_that_has_mp3_only(given: Given, drain: Drain) -> None:
    call = given(frames(), formats=("mp3",), type="audio/mpeg")
    drain()
    stored(call, frames(), "mp3", "audio/mpeg")
    assert asked(call) == ["wav2", "wav", "mp3", "wav2", "wav", "mp3"]


def test_the_best_one_is_asked_once_more(given: Given, drain: Drain) -> None:
    """It has just become ready."""
    call = given(wav(tone(channels=2), channels=2), fault("not_ready", formats=["wav2"], first=1))
    drain()
    stored(call, wav(tone(channels=2), channels=2), "wav", "audio/wav")
    assert asked(call) == ["wav2", "wav", "wav2"]


def test_and_only_once_more(given: Given, drain: Drain) -> None:
    call = given(wav(tone()), fault("not_ready", formats=["wav2"]))
    drain()
    stored(call, wav(tone()), "wav", "audio/wav")
    assert asked(call) == ["wav2", "wav", "wav2", "wav"]


def test_one_that_was_refused_is_not_asked_again(
    new_call: NewCall, twilio: Control, drain: Drain
) -> None:
    call = new_call(channels=1, faults=[fault("not_ready", formats=["wav"], first=1)])
    drain()
    assert asked(call) == ["wav2", "wav", "mp3", "wav"]
    assert files_of(call) == [f"{call.call_sid}.wav"]


@pytest.mark.parametrize("age, duration, waits", [
    ("10 seconds", 0, True), ("1 hour", 0, False), ("1 hour", 3590, True), ("2 hours", 3600, False),
])
def test_not_yet_counts_from_the_calls_end(
    age: str, duration: int, waits: bool, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """Nobody announced it: its row and its call's end are as good."""
    call = new_call(faults=[fault("not_ready")])
    db.execute(
        "UPDATE call_log SET recording_announced_at = NULL, duration = %s, updated_at = NULL,"
        " created_at = now() - %s::interval WHERE call_sid = %s", [duration, age, call.call_sid])
    db.execute("UPDATE tapedeck_recordings SET announced_at = NULL, created_at = now() - %s::interval"
               " WHERE call_sid = %s", [age, call.call_sid])
    drain(RETRY_DELAYS=LATER)
    run = run_of(db, call)
    assert (run.status, run.attempts, run.error_code) == ("queued", 0 if waits else 1, "not_found")
    assert asked(call) == ["wav2", "wav", "mp3", "asis"]
    make_due(db, call)
