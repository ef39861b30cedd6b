"""An hour of sound on the real stack, moved about in: what is heard is what is at that second."""

from __future__ import annotations

import math
from array import array

import pytest

from browser_kit import Browser, until
from browser_site import Site
from ear import Ear
from twilio import odd_audio

SECONDS = 3600
PERIOD = 37  # seconds, each of its own pitch; then they come again
NEAR = 30  # Hz


def pitch_at(second: int) -> int:
    return 300 + 40 * (second % PERIOD)


def hour() -> bytes:
    turn = array("h", (int(9000 * math.sin(2 * math.pi * pitch_at(i // odd_audio.RATE) * i / odd_audio.RATE))
                       for i in range(PERIOD * odd_audio.RATE))).tobytes()
    return odd_audio.wav((turn * (SECONDS // PERIOD + 1))[:SECONDS * odd_audio.RATE * 2])


@pytest.fixture(scope="module")
def content() -> bytes:
    return hour()


def near(pitch: int, second: int) -> bool:
    return abs(pitch - pitch_at(second)) < NEAR


def test_each_second_is_where_it_should_be(site: Site, browser: Browser, ear: Ear, content: bytes) -> None:
    """At 2, 50 and 99 of a hundred, forth and back."""
    call = site.call(seconds=SECONDS, channels=1)
    site.stack.twilio.give(call.recording_sid, content)
    site.fetched(call)
    site.embed(browser, call)
    player = browser.player()
    player.click()
    player.await_sound()
    assert round(player.get("duration")) == SECONDS
    for share in (2, 50, 99, 50, 2):
        second = SECONDS * share // 100
        browser.js("document.querySelector('recording-player').currentTime = arguments[0]", second)
        until(lambda: player.state == "playing" and player.time > second + 0.2, f"sound of {second}")
        ear.forget()
        until(lambda: len(ear.pitches) >= 40, "two seconds of it")
        heard, passed = ear.pitches, range(second, int(player.time) + 1)
        strange = [one for one in heard if not any(near(one, i) for i in passed)]
        assert len(strange) <= len(passed), (share, passed, heard)  # from one second to the next: two pitches
