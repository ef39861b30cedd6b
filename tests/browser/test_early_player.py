"""The player while its recording arrives, on the real stack: a provider that trickles, a runner,
responders, a web server, and somebody who presses play."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browser_kit import Browser, Player, until
from browser_site import Site
from stack.calls import Call
from stack.stack import Stack
from twilio.client import fault

SLOW = 64 * 1024  # bytes a second: twice as fast as a two-channel WAV plays
SECOND = 32_000  # bytes of one
ELEMENT_NEEDS = 200 * 1024  # of a WAV, before Chromium's <audio> plays any of it


def pressed(site: Site, browser: Browser, call: Call) -> Player:
    """Its player, which somebody has just pressed."""
    site.embed(browser, call)
    player = browser.player()
    player.watch()
    player.click()
    return player


def received(call: Call) -> int:
    """What the runner says has come; the whole when it is finished."""
    body: dict[str, Any] = call.api.get(call.status_path).json
    return int(body["bytes_received"]) if body["status"] == "processing" else 1 << 62


def states_of_sound(player: Player) -> list[str]:
    """From the first sound on."""
    states = player.states
    return states[states.index("playing"):]


def went_back(player: Player) -> list[tuple[float, float]]:
    times = [one["time"] for one in player.places]
    return [(a, b) for a, b in zip(times, times[1:]) if b < a - 0.1]


def go_to(browser: Browser, seconds: float) -> None:
    browser.js("document.querySelector('recording-player').currentTime = arguments[0]", seconds)


def test_a_few_bytes_of_ten_megabytes_sound(site: Site, browser: Browser) -> None:
    """Fewer than an <audio> element by itself plays, and for as long as nothing more comes."""
    few = ELEMENT_NEEDS * 3 // 4
    call = site.call(seconds=327, faults=[fault("trickle", bytes_per_second=SLOW),
                                          fault("stall", after_bytes=few)])
    assert call.recording is not None and call.recording.sizes["wav2"] > 10_000_000
    player = pressed(site, browser, call)
    player.await_sound(past=1)
    assert received(call) <= few
    assert round(player.get("duration")) == 327
    site.stack.twilio.release(call.recording_sid)
    player.await_sound(past=6)
    assert site.stack.twilio.stats().recording(call.recording_sid).requests == 1


def test_a_trickle_is_heard_to_its_end_without_a_gap(site: Site, browser: Browser) -> None:
    """From memory first, then by the element, from the part file first, then from the finished
    one: nothing of this is heard."""
    call = site.call(seconds=16, faults=[fault("trickle", bytes_per_second=SLOW)])
    player = pressed(site, browser, call)
    player.await_sound()
    assert call.finished_file is None
    player.await_state("ended")
    assert call.finished_file is not None
    assert states_of_sound(player) == ["playing", "ended"] and went_back(player) == []
    assert player.time == pytest.approx(16, abs=0.2)
    assert len(site.asked("POST /api/recordings/.*/prepare")) == 1


def test_ten_trickling_megabytes_can_be_moved_about_in(site: Site, browser: Browser) -> None:
    """Ahead of what has come it waits, says so, and then plays."""
    call = site.call(seconds=327, faults=[fault("trickle", bytes_per_second=SLOW)])
    player = pressed(site, browser, call)
    player.await_sound(past=8)
    assert received(call) < 10_000_000
    assert states_of_sound(player) == ["playing"] and went_back(player) == []
    go_to(browser, 300)
    player.await_words("Waiting for sound")
    assert (player.state, player.time) == ("buffering", 300) and received(call) < 300 * SECOND
    site.stack.twilio.release(call.recording_sid)
    player.await_sound(past=300)
    go_to(browser, 326)
    player.await_state("ended")


DIES = [fault("stall", after_bytes=12 * SECOND, first=1),
        fault("truncate", after_bytes=13 * SECOND, first=1)]


def test_an_attempt_that_dies_is_waited_out(site: Site, browser: Browser) -> None:
    """The next one is under way as far as the server is concerned: nobody has to press anything."""
    call = site.call(seconds=60, faults=DIES)
    player = pressed(site, browser, call)
    player.await_sound(past=0.5)
    go_to(browser, 20)
    player.await_state("buffering")
    states = player.states
    player.watch()
    site.stack.twilio.release(call.recording_sid)
    player.await_sound(past=20)
    assert player.sounded_at < 21 and "stopped" not in states + player.states
    assert site.stack.twilio.stats().recording(call.recording_sid).requests == 2


@pytest.mark.parametrize("lang, said, go_on", [
    ("en", "The download broke off.", "Resume from 0:20"), ("he", "ההורדה נקטעה", "0:20")])
def test_a_download_that_dies_is_said_and_goes_on_from_there(
    site: Site, browser: Browser, lang: str, said: str, go_on: str
) -> None:
    call = site.call(seconds=60, faults=DIES)
    site.embed(browser, call, lang=lang)
    player = browser.player()
    player.click()
    player.await_sound(past=0.5)
    go_to(browser, 20)
    player.await_state("buffering")
    site.stack.twilio.release(call.recording_sid)
    site.stack.twilio.faults(call.recording_sid, fault("status", code=410))
    player.await_words(said)
    assert player.state == "stopped" and player.time == 20
    assert go_on in player.part(".again").text
    browser.shot(f"player-died-{lang}")
    site.stack.twilio.faults(call.recording_sid)
    site.sql("DELETE FROM recording_runs WHERE call_sid = %s", call.call_sid)
    player.watch()
    player.click(".again")
    player.await_sound(past=20)
    assert player.sounded_at < 21


def test_mp3_trickles_too(make_stack: Callable[..., Stack], browser: Browser) -> None:
    """The element plays it, with nothing before it."""
    site = Site(make_stack(timers=True, responders=4, overrides={"RECORDING_FORMATS": "mp3"},
                           front_config=Path(__file__).with_name("lighttpd.conf")))
    call = site.call(seconds=120, faults=[fault("trickle", bytes_per_second=SLOW)])
    whole = len(call.source("mp3"))
    player = pressed(site, browser, call)
    player.await_sound(past=2)
    assert received(call) < whole and states_of_sound(player) == ["playing"]
    site.stack.twilio.release(call.recording_sid)
    until(lambda: call.finished_file, "all of it")
    go_to(browser, 119)
    player.await_state("ended")
    assert call.finished_file is not None and call.finished_file.suffix == ".mp3"
