"""A long answer does not make the runner large."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from speech.fake import FakeSpeech, fault
from stack.calls import Call

from jobs_kit import Db, Runner, until, value_of
from steps_kit import steps_of

MB = 1000


def memory(one: Runner, what: str) -> int:
    """VmHWM, its peak, or VmRSS, in kB."""
    status = Path(f"/proc/{one.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))


def long_answer(segments: int, words: int) -> bytes:
    word = {"word": "מילה", "start": 0.1, "end": 0.2, "probability": 0.9}
    return json.dumps({"text": "x", "segments": [
        {"start": n * 9 / segments, "end": (n + 1) * 9 / segments, "text": f"w{n}",
         "words": [word] * words} for n in range(segments)]}).encode()


@pytest.mark.parametrize("segments, words, peak, stays", [
    (30000, 4, 15 * MB, 2 * MB), # what was said, 60,000 times, in the forms that it passes through
    (10, 15000, 2 * MB, MB),     # and what nobody reads
])
def test_a_long_answer(
    segments: int, words: int, peak: int, stays: int, new_call: Callable[..., Call],
    runner: Callable[..., Runner], db: Db, build_dir: Path,
) -> None:
    """Over 9 MB for each of two channels."""
    if b"__asan_init" in (build_dir / "tapedeck").read_bytes():
        pytest.skip("a sanitizer keeps what was freed")
    with FakeSpeech() as fake:
        one = runner(**fake.settings)
        peaks, rests = [], []
        for body in (long_answer(10, 1), long_answer(segments, words)):
            fake.faults("speech", fault("raw", code=200, body=body))
            call = new_call(seconds=12)
            until(lambda: steps_of(db, call).get("notify") == "done", "it is transcribed")
            peaks.append(memory(one, "VmHWM"))
            rests.append(memory(one, "VmRSS"))
        assert len(body) > 9_000_000
        assert value_of(db, "SELECT jsonb_array_length(transcript_segments) FROM call_log"
                        " WHERE call_sid = %s", call.call_sid) == 2 * segments
    assert peaks[1] - peaks[0] < peak and rests[1] - rests[0] < stays, (peaks, rests)
