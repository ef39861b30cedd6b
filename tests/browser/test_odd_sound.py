"""Files that are not as they should be: browsers play what we say is ready, to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from stack.calls import Call, new_call
from stack.stack import Stack
from twilio import odd_audio, speech
from twilio.odd_audio import MP3S, WAVS, tone

from browser_kit import until
from listener import Listener

SECONDS = 6
FASTEST = 16.0
# What Firefox's element refuses to open: docs/player.md.
UNPLAYED = {"chromium": set(), "firefox": {
    "no size of the samples", "no size at all", "no size, and a list before", "a header that was never finished",
    "the other byte first", "the other byte first, no size", "RF64", "RF64 without a size", "BW64",
    "MP3, ID3 that says too much"}}


@pytest.fixture
def home(make_stack: Callable[..., Stack]) -> Stack:
    return make_stack(timers=True)


def samples(folder: Path) -> dict[str, bytes]:
    """All that is to be played, by name."""
    whole = tone(SECONDS)
    mp3 = speech.mp3(odd_audio.wav(whole), folder, 1)
    lossy = {"FLAC": odd_audio.FLAC, "Opus": odd_audio.OGG_OPUS, "Vorbis": odd_audio.OGG_VORBIS}
    return {
        **{name: make(whole) for name, make in WAVS.items()},
        **{f"MP3, {name}": make(mp3) for name, make in MP3S.items()},
        **{name: odd_audio.encoded(whole, format, folder) for name, format in lossy.items()},
    }


def ready(home: Stack, content: bytes) -> str:
    """The play link of a recording with these bytes, once it is here."""
    call: Call = new_call(home, 1, announced=False)
    home.twilio.give(call.recording_sid, content)
    assert call.send_call_status().status == 204
    with psycopg.connect(home.database_url, autocommit=True) as db:
        db.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s",
                   [call.recording_url, call.call_sid])

    def asked() -> str | None:
        answer = call.api.post(call.prepare_path, headers={"Prefer": "wait=2"})
        return answer.json["play_url"] if answer.status == 200 else None

    return until(asked, "a recording")


def test_each_plays_to_its_end(listener: Listener, home: Stack, tmp_path: Path) -> None:
    bad = {}
    for name, content in samples(tmp_path).items():
        listener.play(ready(home, content), FASTEST)
        until(lambda: listener.error or "ended" in listener.heard, f"the end of: {name}")
        if listener.error or abs(listener.at - SECONDS) >= 0.5:
            bad[name] = (listener.error, listener.at)
    assert set(bad) == UNPLAYED[listener.browser.name], bad
