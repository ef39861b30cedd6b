"""A page that somebody leaves and comes back to by "back": the browser has kept it as it was."""

from __future__ import annotations

import pytest
from selenium.webdriver import Keys

from browser_kit import Browser, Player, until
from browser_stub import Stub, ready, waiting
from twilio import speech

MINUTES = 15
WATCH = """
window.states = [];
addEventListener("pageshow", ({ persisted }) => { window.kept = persisted; });
document.addEventListener("recording-state", ({ detail }) => window.states.push(detail.state));
"""


def opened(stub: Stub, browser: Browser) -> Player:
    """Pressed by keyboard: Marionette's click leaves an `unload` listener, and Firefox keeps no such page."""
    browser.open(stub.page())
    player = browser.player()
    browser.js(WATCH)
    browser.press(Keys.TAB)
    browser.press(Keys.SPACE)
    return player


def leave(stub: Stub, browser: Browser) -> None:
    browser.driver.get(stub.url + "/offline.html")


def come_back(browser: Browser) -> None:
    browser.driver.back()
    assert browser.js("return window.kept"), "the page is the one that was left"


@pytest.mark.parametrize("plays", [True, False])
def test_it_stands_where_it_was_left(browser: Browser, stub: Stub, plays: bool) -> None:
    """And plays on from there when it is pressed, without another word from the API."""
    stub.answers["prepare"] = [ready()]
    player = opened(stub, browser)
    player.await_sound(past=2)
    if not plays:
        browser.press(Keys.SPACE)
        player.await_state("paused")
    until(lambda: not stub.sending, "all of it is here")
    at = player.time
    leave(stub, browser)
    come_back(browser)
    assert player.state == "paused" and at <= player.time < at + 5
    at = player.time
    player.click()
    player.await_sound(past=at)
    assert player.time < at + 3 and "stopped" not in browser.js("return window.states")
    assert len(stub.requests("prepare")) == 1


@pytest.mark.engines("chromium")  # Firefox keeps no page that still loads, and so ends its connections
@pytest.mark.parametrize("plays", [True, False])
def test_it_keeps_no_connection(browser: Browser, stub: Stub, plays: bool) -> None:
    """A browser has few of them, for all of its pages; this recording would keep one."""
    minute = stub.audio[speech.HEADER_BYTES:]
    stub.let(audio=speech.wav(minute * MINUTES, 2), arrived=MINUTES * len(minute) + speech.HEADER_BYTES)
    stub.answers["prepare"] = [ready(duration=60 * MINUTES)]
    player = opened(stub, browser)
    player.await_sound()
    if not plays:
        browser.press(Keys.SPACE)
        player.await_state("paused")
    until(lambda: stub.sending, "more of it than a browser takes at once")
    leave(stub, browser)
    until(lambda: not stub.sending, "nothing more is sent")
    come_back(browser)
    at = player.time
    player.click()
    player.await_sound(past=at)
    assert player.time < at + 3


def test_what_is_waited_for_is_asked_for_again(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = stub.answers["status"] = [waiting("queued", position=2)]
    player = opened(stub, browser)
    player.await_words("number 2 in line")
    leave(stub, browser)
    come_back(browser)
    assert player.state == "idle"
    stub.answers["prepare"] = [ready()]
    player.click()
    player.await_sound()
