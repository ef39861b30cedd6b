"""What was said: a full run goes on after its file is here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from speech import hearing
from speech.fake import MADE_UP, FakeSpeech, Fault, fault
from stack.calls import Call
from stack.stack import Stack
from twilio import odd_audio

from jobs_kit import Db, assert_idle, assert_stored, run_of
from steps_kit import expected, make_steps_due, put_file, saved, step_of, steps_of, wav_of

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one
        assert one.refused == [], "the server had to refuse what we sent"


def test_both_are_heard_each_by_itself(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db, rds: redis.Redis
) -> None:
    """The voices of the two channels come back with their speakers, merged by time."""
    call = new_call(seconds=40)
    drain(**fake.settings)
    assert_stored(call, "wav2")
    assert run_of(db, call).status == "completed"
    assert steps_of(db, call) == {"transcribe": "done", "summarise": "done", "notify": "done"}
    assert_idle(rds, call.business)
    row = saved(db, call)
    wanted = expected(call)
    assert len(wanted) > 5
    assert [(one["speaker"], one["text"]) for one in row.segments] == \
        [(speaker, text) for speaker, text, _ in wanted]
    for one, (_, text, start) in zip(row.segments, wanted):
        assert abs(one["start"] - start) < 0.5, text
        assert one["start"] < one["end"] <= 40
    assert row.source == "whisper-1"
    assert {took.language for took in fake.took} == {"he"}
    assert [{one.voice for one in took.phrases} for took in fake.took] == \
        [{hearing.AGENT}, {hearing.CUSTOMER}]
    turns = row.transcript.splitlines()
    assert len(turns) > 3 and {turn.split(":")[0] for turn in turns} == {"נציג", "לקוח"}


def test_an_outbound_call_has_us_on_the_first_channel(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=12)
    db.execute("UPDATE call_log SET direction = 'outbound-api' WHERE call_sid = %s",
               [call.call_sid])
    drain(**fake.settings)
    other = {"customer": "agent", "agent": "customer"}
    assert [one["speaker"] for one in saved(db, call).segments] == \
        [other[speaker] for speaker, _, _ in expected(call)]


@pytest.mark.parametrize("recording, formats", [
    ({"channels": 1}, ""),                  # one voice after the other on one channel
    ({"channels": 1}, "mp3,wav"),           # and decoded from MP3
], ids=["mono", "mp3"])
def test_one_channel_does_not_say_who(
    recording: dict[str, Any], formats: str, fake: FakeSpeech, new_call: NewCall, drain: Drain,
    db: Db,
) -> None:
    if formats:
        fake.any_rate = True
        fake.faults("speech", fault("text", value="אמרו משהו"))
    call = new_call(seconds=20, **recording)
    drain(RECORDING_FORMATS=formats, **fake.settings)
    row = saved(db, call)
    assert len(fake.took) == 1
    assert {one["speaker"] for one in row.segments} == {"call"}
    if formats:
        assert row.transcript == "אמרו משהו"
    else:
        texts = [one.text for one in fake.took[0].phrases]
        assert row.transcript == " ".join(texts) and len(texts) > 3


def test_a_plain_wav_needs_no_process(
    fake: FakeSpeech, new_call: NewCall, stack: Stack, db: Db, tmp_path: Path
) -> None:
    """Beside this runner there is no decoder: what needs one says so, and is tried again."""
    call, other = new_call(seconds=20), new_call(seconds=6)
    put_file(other, odd_audio.wav(odd_audio.swapped(other.source("wav2")[44:]), channels=2,
                                  magic=b"RIFX"))
    alone = shutil.copy(stack.tapedeck, tmp_path)
    subprocess.run([alone, "drain", "--once"], env=stack.environment(**fake.settings), check=True,
                   stderr=subprocess.DEVNULL, timeout=120)
    assert step_of(db, call).status == "done"
    assert [(one["speaker"], one["text"]) for one in saved(db, call).segments] == \
        [(speaker, text) for speaker, text, _ in expected(call)]
    step = step_of(db, other)
    assert (step.status, step.error) == ("queued", "The recording could not be looked into.")


def one_channel(call: Call, channel: int) -> bytes:
    stereo = memoryview(call.source("wav2")[44:]).cast("h")
    return stereo[channel::2].tobytes()


def test_two_equal_channels_count_as_one(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=12)
    voice = one_channel(call, 0)
    put_file(call, wav_of(voice, voice))
    drain(**fake.settings)
    assert len(fake.took) == 1
    assert {one["speaker"] for one in saved(db, call).segments} == {"call"}


def test_a_silent_channel_is_not_sent(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=12)
    voice = one_channel(call, 1)
    put_file(call, wav_of(bytes(len(voice)), voice))
    drain(**fake.settings)
    assert len(fake.took) == 1
    assert {one["speaker"] for one in saved(db, call).segments} == {"agent"}


def test_silent_stretches_are_not_sent(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """A minute of nothing between two voices: times are those of the recording all the same."""
    call = new_call(seconds=12)  # in less, the first may say all there is
    minute = bytes(60 * 16000)
    voices = [one_channel(call, channel) for channel in (0, 1)]
    put_file(call, wav_of(*(voice + minute + voice for voice in voices)))
    drain(**fake.settings)
    assert all(took.seconds < 25 for took in fake.took) and len(fake.took) == 2
    starts = [one["start"] for one in saved(db, call).segments]
    half = len(starts) // 2
    assert starts[half:] == [pytest.approx(start + 72, abs=0.5) for start in starts[:half]]


def test_silence_is_asked_of_nobody(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=6)
    put_file(call, wav_of(bytes(5 * 16000)))
    drain(**fake.settings)
    assert (fake.requests("speech"), fake.requests("chat")) == (0, 0)
    row = saved(db, call)
    assert (row.segments, row.source) == ([], None)
    assert (row.summary, row.summary_status) == ("לא נאמר דבר בשיחה.", "fixed")


def test_what_models_make_up_in_silence_is_dropped(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    fake.faults("speech", fault("silence"))
    call = new_call(seconds=12)
    drain(**fake.settings)
    row = saved(db, call)
    assert row.transcript and MADE_UP not in row.transcript
    assert len(row.segments) == len(expected(call))


def test_a_broken_recording_is_final(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=6)
    put_file(call, b"RIFF\x24\x00\x00\x00WAVEnonsense" * 100)
    drain(**fake.settings)
    step = step_of(db, call)
    assert (step.status, step.error_code) == ("failed", "unreadable")
    assert steps_of(db, call) == {"transcribe": "failed", "summarise": "skipped", "notify": "done"}


# When it goes wrong.

FAULTS = {
    "429": (fault("status", code=429, retry_after=900, first=1), "server_busy"),
    "500": (fault("status", code=500, first=1), "server_error"),
    "503": (fault("status", code=503, first=1), "server_error"),
    "401": (fault("status", code=401, first=1), "server_auth"),
    "hang": (fault("hang", first=1), "timed_out"),
    "nonsense": (fault("nonsense", first=1), "bad_answer"),
    "cut": (fault("cut", first=1), "broken_answer"),
}


@pytest.mark.parametrize("wrong, code", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_tried_again_by_itself(
    wrong: Any, code: str, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db,
    rds: redis.Redis, stack: Stack,
) -> None:
    """The recording plays meanwhile, holds no slot, and is not fetched again."""
    fake.faults("speech", Fault(**vars(wrong)))
    call = new_call(seconds=12)
    drain(TRANSCRIBE_TIMEOUT="500ms" if code == "timed_out" else "60s", **fake.settings)
    step = step_of(db, call)
    assert (step.status, step.error_code) == ("queued", code)
    assert step.attempts == (0 if code == "server_auth" else 1), "the account's fault is no call's"
    assert step.error and "." in step.error and step.lease_token is None
    wanted = 900 if code == "server_busy" else 60
    assert wanted - 20 < step.delay <= wanted
    assert_idle(rds, call.business)
    assert call.api.get(call.file_path).status == 200
    fetched = stack.twilio.stats().recording(call.recording_sid).requests
    make_steps_due(db, call)
    drain(**fake.settings)
    assert steps_of(db, call)["transcribe"] == "done"
    assert len(saved(db, call).segments) == len(expected(call))
    assert stack.twilio.stats().recording(call.recording_sid).requests == fetched


def test_delays_double_and_end(fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db) -> None:
    fake.faults("speech", fault("status", code=500))
    call = new_call(seconds=6)
    delays = []
    for _ in range(6):
        make_steps_due(db, call)
        drain(STEP_DELAY_MAX="10min", **fake.settings)
        delays.append(round(step_of(db, call).delay / 60))
    assert delays[:5] == [1, 2, 4, 8, 10]
    step = step_of(db, call)
    assert (step.status, step.attempts, step.error_code) == ("failed", 6, "server_error")
    assert steps_of(db, call) == {"transcribe": "failed", "summarise": "skipped", "notify": "done"}
    assert saved(db, call).summary_status == "skipped"


def test_the_fallback_model_is_asked(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=12)
    drain(**fake.settings | {"TRANSCRIBE_MODEL": "no-such-model",
                             "TRANSCRIBE_FALLBACK_MODEL": "large-v3"})
    assert saved(db, call).source == "large-v3"
    assert fake.forget_refused() == ["Model 'no-such-model' is not installed"]


def test_no_model_at_all_is_final(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=6)
    drain(**fake.settings | {"TRANSCRIBE_MODEL": "no-such-model"})
    step = step_of(db, call)
    assert (step.status, step.error_code) == ("failed", "no_model")
    assert len(fake.forget_refused()) == 1


def test_nothing_configured_is_skipped_and_says_so(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=6)
    drain()
    step = step_of(db, call)
    assert (step.status, step.error_code) == ("skipped", "not_configured")
    assert step.error == "TRANSCRIBE_URL is not set."
    assert steps_of(db, call)["summarise"] == "skipped"


def test_a_server_on_this_machine_needs_no_key(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """And its address may be the whole endpoint, with a slash at its end."""
    fake.key = ""
    call = new_call(seconds=6)
    drain(TRANSCRIBE_URL=fake.url + "/audio/transcriptions/")
    assert saved(db, call).transcript
    assert step_of(db, call, "summarise").status in ("skipped", "done")
