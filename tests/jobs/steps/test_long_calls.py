"""An hour is cut at silences, sent in pieces that the server takes, and joined with right times."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from speech.fake import FakeSpeech
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db
from steps_kit import expected, saved, steps_of

Run = Callable[..., subprocess.CompletedProcess[str]]
HOUR = 3600
CHUNK = 120


def repeat_file(call: Call, times: int) -> bytes:
    """The call's own audio so many times over, as the finished recording."""
    from twilio import speech

    samples = call.source("wav2")[44:]
    path = call.part_file.with_name(f"{call.call_sid}.wav")
    path.parent.mkdir(mode=0o750, exist_ok=True)
    path.write_bytes(speech.wav(samples * times, 2))
    return samples


@pytest.mark.parametrize("limit", [25_000_000, 4_000_000])
def test_an_hour(
    limit: int, new_call: Callable[..., Call], drain: Run, db: Db, stack: Stack
) -> None:
    call = new_call(seconds=CHUNK)
    once = expected(call)
    repeat_file(call, HOUR // CHUNK)
    with FakeSpeech(size_limit=limit) as fake:
        drain(timeout=400, TRANSCRIBE_MAX_BYTES=str(limit), **fake.settings)
        assert fake.refused == []
        took = fake.took
    assert steps_of(db, call)["transcribe"] == "done"
    assert all(one.size <= limit for one in took)
    assert len(took) > sum(one.size for one in took) // limit
    segments = saved(db, call).segments
    wanted = [(speaker, text, start + CHUNK * n) for n in range(HOUR // CHUNK)
              for speaker, text, start in once]
    assert len(segments) == len(wanted), "nothing is lost or doubled where it is cut"
    for one, (speaker, text, start) in zip(segments, wanted):
        assert (one["speaker"], one["text"]) == (speaker, text)
        assert abs(one["start"] - start) < 0.5
