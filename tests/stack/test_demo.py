"""What `make demo` fills the page with is there: each state, people's marks, and sound that two speak in."""

from __future__ import annotations

import array
import io
import re
import urllib.parse
import wave
from pathlib import Path
from typing import Any

import pytest

from stack import cli, demo_calls, demo_sound
from stack.api import Api
from stack.calls import token_for
from stack.errors import StackError
from stack.stack import Stack

CALLS = 60
STEP = demo_sound.RATE // 10


def loud(sound: bytes) -> list[tuple[bool, bool]]:
    """For each tenth of a second: is either channel loud?"""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        samples = array.array("h", file.readframes(file.getnframes()))
    return [tuple(max(map(abs, samples[at + channel:at + 2 * STEP:2]), default=0) > 500 for channel in (0, 1))
            for at in range(0, len(samples), 2 * STEP)]


def assert_two_talk(sound: bytes) -> None:
    stretches = loud(sound)
    assert sum(one for one, _ in stretches) > 20 and sum(other for _, other in stretches) > 20
    assert not any(one and other for one, other in stretches)
    assert sum(not one and not other for one, other in stretches) > 10


def test_it_fills_a_business_with_calls_of_every_kind(tmp_path: Path, build_dir: Path) -> None:
    with Stack(tmp_path / "run", build_dir=build_dir, fast=True, bound=True, responders=2) as stack:
        kinds = demo_calls.fill(stack, CALLS)
        api = Api(stack.base_url, token_for(stack, demo_calls.BUSINESS, sub=demo_calls.WATCHER))
        calls = api.calls("limit=100")
        assert len(calls) == kinds.total() == CALLS
        assert {call["recording_state"] for call in calls} == {
            "ready", "not_fetched", "failed", "unavailable", "expired", "none"}
        assert {call["status"] for call in calls} == {"completed", *demo_calls.UNANSWERED}
        assert {call["direction"] for call in calls} == {"inbound", "outbound-api"}
        for member in ("agent_name", "contact_name", "summary", "talk", "starred", "tags", "heard"):
            assert any(call[member] for call in calls) and not all(call[member] for call in calls), member
        summaries = " ".join(call["summary"] or "" for call in calls)
        assert re.search("[א-ת]", summaries) and "Subject: " in summaries
        ready = [call for call in calls if call["recording_state"] == "ready"]
        assert len(ready) == kinds["ready"] > len({call["summary"] for call in ready}) > 3
        for call in ready[:1] + ready[-1:]:
            page = api.get(f"/api/calls/{call['call_sid']}").json
            sound = api.get(f"/api/recordings/file/{call['call_sid']}").body
            assert_two_talk(sound)
            assert len(loud(sound)) / 10 >= page["transcript"][-1]["end"] > 10
            word = urllib.parse.quote(max(re.findall(r"\w+", page["transcript"][2]["text"]), key=len))
            assert call["call_sid"] in {found["call_sid"] for found in api.calls(f"search={word}")}


@pytest.mark.parametrize("wrong", ["-1", "many", "1e3", "100001", "9" * 30])
def test_it_says_how_many_calls_there_may_be(wrong: str) -> None:
    with pytest.raises(StackError, match="DEMO_CALLS is a number up to 100,000"):
        cli.demo_calls_wanted({"DEMO_CALLS": wrong})
    assert cli.demo_calls_wanted({}) == 40
    assert cli.demo_calls_wanted({"DEMO_CALLS": "2000"}) == 2000


@pytest.mark.parametrize("language", ["en", "he"])
def test_without_a_speaker_two_hum(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_sound, "SPEAKER", "no-such-program")
    demo_sound._say.cache_clear()
    lines = [("agent", "שלום, במה אפשר לעזור היום?"), ("customer", "I would like to ask about my order.")] * 2
    heard = demo_sound.record(tmp_path / "a.wav", language, lines, "customer", seed=1)
    demo_sound._say.cache_clear()
    assert_two_talk((tmp_path / "a.wav").read_bytes())
    assert [(one.speaker, one.text) for one in heard] == lines
    first = heard[0]  # the agent's, who is on the second channel here
    between = loud((tmp_path / "a.wav").read_bytes())[round(first.start * 10):round(first.end * 10)]
    assert any(other for _, other in between) and not any(one for one, _ in between)
