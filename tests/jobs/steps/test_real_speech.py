"""People really speak, and a real recogniser hears them; without it these tests are skipped."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from speech import recogniser
from speech.recogniser import Recogniser
from stack.calls import Call

from jobs_kit import Db
from steps_kit import put_file, saved, steps_of, wav_of

pytestmark = pytest.mark.skipif(not recogniser.is_there(), reason="there is no PocketSphinx")

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
BYTES_PER_SECOND = 16000
PAUSE = bytes(2 * BYTES_PER_SECOND)


def share(said: str, heard: str) -> float:
    """How many of the words that were said were heard."""
    words = said.split()
    return sum(word in heard.split() for word in words) / len(words)


def test_who_said_what_when(new_call: NewCall, drain: Drain, db: Db) -> None:
    """A question on one channel, the answer on the other: most words, in order, by the right one."""
    (question, asked), (answer, answered) = list(recogniser.recorded().items())[2:4]
    call = new_call(seconds=2)
    put_file(call, wav_of(asked + PAUSE + bytes(len(answered)),
                          bytes(len(asked)) + PAUSE + answered))
    with Recogniser() as server:
        drain(TRANSCRIBE_URL=server.url, TRANSCRIBE_LANGUAGE="en")
    row = saved(db, call)
    assert steps_of(db, call)["transcribe"] == "done"
    assert list(dict.fromkeys(one["speaker"] for one in row.segments)) == ["customer", "agent"]
    turns = (row.transcript or "").split("\n")
    assert len(turns) == 2 and row.summary is None
    for turn, label, said in zip(turns, ("Customer: ", "Agent: "), (question, answer)):
        assert turn.startswith(label) and share(said, turn.removeprefix(label)) > 0.5
    asked_s = len(asked) / BYTES_PER_SECOND
    assert all((one["end"] <= asked_s + 1) if one["speaker"] == "customer" else
               (one["start"] >= asked_s + 1) for one in row.segments)


def test_on_one_channel_all_is_heard(new_call: NewCall, drain: Drain, db: Db) -> None:
    said = dict(list(recogniser.recorded().items())[2:4])
    call = new_call(seconds=2)
    put_file(call, wav_of(PAUSE.join(said.values())))
    with Recogniser() as server:
        drain(TRANSCRIBE_URL=server.url, TRANSCRIBE_LANGUAGE="en")
    row = saved(db, call)
    assert {one["speaker"] for one in row.segments} == {"call"}
    assert share(" ".join(said), row.transcript or "") > 0.5
