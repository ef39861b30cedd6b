"""A recording whose transfer pauses, for longer than an element waits by itself: it is waited for,
and its place is kept, until the server says that no more will come."""

from __future__ import annotations

import pytest

from browser_kit import Browser, Player, until
from browser_site import Site
from ear import Ear
from stack.calls import Call
from twilio.client import fault

SECOND = 32_000  # bytes of one
HERE = 12.5  # seconds that come before the pause
WAIT = 2  # seconds that the server waits before it answers in vain


@pytest.fixture
def call(site: Site) -> Call:
    """Two minutes, of which no more than the beginning comes until it is released."""
    return site.call(seconds=120, faults=[fault("stall", after_bytes=int(HERE * SECOND), first=1)])


def pressed(site: Site, browser: Browser, call: Call) -> Player:
    site.embed(browser, call)
    player = browser.player()
    player.watch()
    player.click()
    player.await_sound()
    return player


def go_to(browser: Browser, seconds: float) -> None:
    browser.js("document.querySelector('recording-player').currentTime = arguments[0]", seconds)


def asked_in_vain(site: Site, times: int) -> None:
    """The element has been told so often that nothing new is here."""
    site.forget_asked()
    until(lambda: len([one for one in site.asked("GET /media/") if one.size < 1024]) >= times,
          f"{times} requests in vain")


@pytest.mark.parametrize("pause", [4, 6, 12])
def test_a_pause_at_the_edge_is_waited_out(site: Site, browser: Browser, call: Call, ear: Ear,
                                           pause: int) -> None:
    """What is here plays to its end, although more has been asked for in vain meanwhile."""
    player = pressed(site, browser, call)
    ear.forget()
    go_to(browser, HERE - 2)
    player.await_state("buffering")
    asked_in_vain(site, pause // WAIT)
    assert player.state == "buffering" and HERE - 1 < player.time <= HERE
    player.await_words("Waiting for sound")
    assert ear.heard > 0.5
    states = player.states
    player.watch()
    site.stack.twilio.release(call.recording_sid)
    player.await_sound(past=HERE)
    assert player.sounded_at < HERE + 1
    assert "stopped" not in states + player.states


def test_a_seek_ahead_is_waited_for(site: Site, browser: Browser, call: Call) -> None:
    """Chromium's element asks for it again and again; Firefox's gives up, and is loaded when it is here."""
    player = pressed(site, browser, call)
    go_to(browser, 90)
    player.await_state("buffering")
    asked_in_vain(site, 1)
    until(lambda: site.asked("/status"), "it follows what comes")
    assert (player.state, player.time) == ("buffering", 90)
    go_to(browser, 60)
    asked_in_vain(site, 1)
    until(lambda: site.asked("/status"), "it follows what comes")
    assert (player.state, player.time) == ("buffering", 60)
    player.watch()
    site.stack.twilio.release(call.recording_sid)
    player.await_sound(past=60)
    assert player.sounded_at < 61


def test_what_plays_gives_way_and_comes_back(site: Site, browser: Browser) -> None:
    """Ten long recordings, one pressed after another: a browser has six connections to a server for
    all its pages, and each of these would keep one."""
    calls = [site.fetched(site.call(seconds=900)) for _ in range(10)]
    site.embed(browser, *calls)
    players = [browser.player(f"[call-sid={call.call_sid}]") for call in calls]
    for player in players:
        player.click()
        player.await_sound()
    at = players[0].time
    until(lambda: [one.state for one in players[:-1]] == ["paused"] * 9, "the others are silent")
    assert browser.wait_js("fetch('/api/calls').then((a) => arguments[0](a.status))") == 200
    players[0].watch()
    players[0].click()
    players[0].await_sound(past=at)
    assert at - 0.1 < players[0].sounded_at < at + 1
