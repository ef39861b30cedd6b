"""What a person chooses for the sound: speed, loudness, what is repeated; and the keys of a headset."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from browser_kit import Browser, Player, until
from browser_stub import Reply, Stub, peaks_of, ready, waiting
from media_keys import MediaKeys
from test_arriving import ELEMENTS
from test_controls import LISTEN, TAPS, begin, focus, loudness, near, silent


@pytest.fixture
def playing(stub: Stub, browser: Browser) -> Player:
    """A minute with a waveform, playing."""
    return begin(stub, browser)


def test_free_speeds(browser: Browser, playing: Player) -> None:
    for wanted, rate in ((1.85, 1.85), (0.1, 0.75), (9, 3)):
        browser.js("document.querySelector('recording-player').playbackRate = arguments[0]", wanted)
        assert playing.get("playbackRate") == rate
    until(lambda: playing.part(".menu").text.startswith("3×"), "it is shown")
    began = playing.time
    until(lambda: playing.time > began + 2, "it goes on")
    playing.click("[data-act=rate][type=range]")
    assert 1.5 < playing.get("playbackRate") < 2.2, "the middle of what there is"


def test_volume_and_boost(browser: Browser, playing: Player, stub: Stub) -> None:
    """+12 dB is heard, and never more than full."""
    agent, _ = loudness(stub.audio)
    second = next(s for s in range(2, 50) if all(agent[s:s + 3]))
    browser.js(TAPS)

    def heard() -> float:
        browser.js("window.taps = window.taps.slice(-1)")
        return browser.wait_js(LISTEN, 0, second)

    def boost(decibels: int) -> None:
        playing.click(f"[data-act=boost][data-value='{decibels}']")

    boost(6)  # only from here on there is something between the sound and the loudspeaker
    boost(0)
    plain = max(heard(), heard())  # a busy machine leaves out some of the sound
    assert 0.01 < plain <= 1
    for decibels in (6, 12):
        boost(decibels)
        until(lambda: plain < heard() <= 1, f"{decibels} dB more")
    browser.js("document.querySelector('recording-player').volume = 0")
    assert heard() == 0
    assert playing.attribute("[data-act=volume]", "aria-label") == "Volume"
    playing.await_sound()


def test_a_loop(browser: Browser, playing: Player) -> None:
    silent(playing)
    focus(browser, ".seek")
    for second in (20, 21.5):
        browser.js("document.querySelector('recording-player').currentTime = arguments[0]", second)
        browser.press("r")
    browser.js("document.querySelector('recording-player').currentTime = 20")
    playing.watch()
    playing.click()

    def back() -> list[tuple[float, float]]:
        times = [one["time"] for one in playing.places]
        return [(a, b) for a, b in zip(times, times[1:]) if b < a]

    until(lambda: len(back()) > 3, "back at its beginning, again and again")
    assert all(19.9 < begin_again < 20.5 for _, begin_again in back())
    assert 21 < max(end for end, _ in back()) < 21.7  # it tells where it is now and then
    focus(browser, ".seek")
    browser.press("r")
    playing.await_sound(past=23)


def test_hovering_tells_the_time(browser: Browser, playing: Player) -> None:
    at = silent(playing)
    ActionChains(browser.driver).move_to_element(playing.part(".seek").now).perform()
    until(lambda: playing.shows(".tip") and playing.part(".tip").text in ("0:29", "0:30"),
          "half a minute")
    assert playing.time == at


# ---- the keys of a headset ----

HEADSET = """
window.keys = {};
navigator.mediaSession.setActionHandler = (name, act) => { window.keys[name] = act; };
navigator.mediaSession.setPositionState = (state) => { window.position = state; };
"""


def test_a_headset(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page(count=2, label="050-123"))
    browser.js(HEADSET)
    first, second = (browser.player(f"recording-player:nth-of-type({n})") for n in (1, 2))
    first.click()
    first.await_sound()
    assert browser.js("return navigator.mediaSession.metadata.title") == "Recording: 050-123"
    until(lambda: (browser.js("return window.position") or {}).get("duration") == 60, "its length")

    def key(name: str, **details: float) -> None:
        browser.js("window.keys[arguments[0]]({ action: arguments[0], ...arguments[1] })", name, details)

    key("pause")
    first.await_state("paused")
    until(lambda: browser.js("return navigator.mediaSession.playbackState") == "paused", "it is told")
    key("seekto", seekTime=30)
    near(first, 30)
    key("seekforward")
    near(first, 40)
    key("seekbackward", seekOffset=20)
    near(first, 20)
    key("play")
    first.await_sound(past=20)
    key("nexttrack")
    second.await_sound()
    first.await_state("paused")
    key("pause")
    second.await_state("paused")
    browser.js("addEventListener('recording-leaf', (event) => { event.preventDefault();"
               " window.leafed = event.detail.way; })")
    key("previoustrack")
    assert browser.js("return window.leafed") == -1 and first.state == "paused"
    browser.js("document.querySelector('recording-player:nth-of-type(2)').remove()")
    until(lambda: browser.js("return window.keys.play") is None, "nobody has the keys")


def test_the_keys_after_a_rest(browser: Browser, stub: Stub, media_keys: MediaKeys) -> None:
    """A paused player lets go of its source after twenty seconds, which are one here; what the desktop
    shows of it stays, and its keys go on working."""
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page(script="/hasty.js", label="050-123"))
    player = browser.player()
    browser.js(ELEMENTS)
    player.click()
    player.await_sound(past=1)
    until(lambda: media_keys.shown == {"title": "Recording: 050-123", "status": "Playing"},
          lambda: f"it is shown: {media_keys.shown}")
    player.click()
    player.await_state("paused")
    until(lambda: not browser.js("return elements[0].hasAttribute('src')"), "it has no source")
    at = player.time
    until(lambda: (media_keys.shown or {}).get("status") == "Paused",
          lambda: f"it is still shown: {media_keys.shown}")
    media_keys.press("Play")
    player.await_sound(past=at)
    assert player.time < at + 3
    media_keys.press("Pause")
    player.await_state("paused")


# ---- and it stays where it is ----


@pytest.mark.parametrize("width", [1200, 390])
def test_it_does_not_jump(browser: Browser, stub: Stub, width: int) -> None:
    """Neither when it is pressed, nor when the sound and the waveform come."""
    browser.size(width, 900)
    stub.answers["prepare"] = stub.answers["status"] = [waiting("queued", position=2)]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    browser.open(stub.page(count=2, duration="60"))
    first = browser.player("recording-player:nth-of-type(1)")
    tops = ("return document.querySelector('recording-player:nth-of-type(2)')"
            ".getBoundingClientRect().top")
    at = browser.js(tops)
    first.click()
    first.await_words("number 2 in line")
    assert browser.js(tops) == at
    stub.answers["status"] = [ready()]
    first.await_sound()
    until(lambda: first.attribute(".box", "data-lanes") == "2", "the waveform is there")
    assert browser.js(tops) == at
