"""What a page tells a player of a call: who speaks, and what was noted at which moment."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from browser_kit import INSIDE, Browser, until
from browser_stub import Reply, Stub
from test_calls_page import LINES, call_json
from test_looks import playing
from test_parts import SIDS, three

TICKS = f"return [...{INSIDE}.children].map((one) => parseFloat(one.style.left))"


def lanes(browser: Browser) -> list[str]:
    return browser.js(f"return [...{INSIDE}.querySelectorAll('b')].map((one) => one.textContent)",
                      "recording-player", ".sides")


def test_lanes_have_the_names_of_those_who_speak(browser: Browser, stub: Stub) -> None:
    """And keep the colour of what they are."""
    player = playing(stub, browser, "en")
    assert lanes(browser) == ["agent", "customer"]
    browser.js("document.querySelector('recording-player').agentName = 'Dana Levi'")
    assert lanes(browser) == ["Dana Levi", "customer"]
    assert player.attribute(".sides button", "aria-label") == "Mute Dana Levi"
    assert player.attribute(".sides button", "data-who") == "agent"
    browser.js("document.querySelector('recording-player').agentName = null")
    assert lanes(browser) == ["agent", "customer"]


def test_a_transcript_has_them_too(browser: Browser, stub: Stub) -> None:
    stub.answers["call"] = [Reply(200, {**call_json(0), "transcript": LINES, "runs": []})]
    browser.open(stub.page(transcript="open", customer_name="Rut"))
    player = browser.player()
    until(lambda: browser.js(
        f"return [...{INSIDE}.querySelectorAll('.who')].map((one) => one.textContent)",
        player.selector, ".reading") == ["agent", "Rut", "agent"], "their names")
    browser.js("document.querySelector('recording-player').agentName = 'Dana'")
    until(lambda: browser.js(
        f"return [...{INSIDE}.querySelectorAll('.who')].map((one) => one.textContent)",
        player.selector, ".reading") == ["Dana", "Rut", "Dana"], "the other one's, too")


def test_notes_are_ticks_that_tell_their_text(browser: Browser, stub: Stub) -> None:
    player = playing(stub, browser, "en")
    browser.js("document.querySelector('recording-player').notes ="
               " [{ time: 15, text: 'She asks for the price' }, { part: null, time: 45, text: 'Sold' }]")
    assert browser.js(TICKS, player.selector, ".noted") == [25, 75]
    track = player.part(".seek")
    ActionChains(browser.driver).move_to_element_with_offset(
        track.now, round(track.now.size["width"] * 0.25), 0).perform()
    until(lambda: player.part(".tip").text in ("0:44 Sold", "0:45 Sold"),
          lambda: f"its text, not {player.part('.tip').text!r}")
    browser.shot("player-notes")
    browser.js("document.querySelector('recording-player').notes = null")
    assert browser.js(TICKS, player.selector, ".noted") == []


def test_a_note_stands_in_its_recording(browser: Browser, stub: Stub) -> None:
    """A second of one recording becomes one of the whole line as soon as that is known."""
    three(stub)
    browser.open(stub.page())
    player = browser.player()
    browser.js("document.querySelector('recording-player').notes ="
               f" [{{ part: '{SIDS[1]}', time: 9, text: 'here' }}]")
    player.click()
    player.await_sound()
    until(lambda: browser.js(TICKS, player.selector, ".noted") == [pytest.approx(15 / 36 * 100, abs=0.1)],
          "it is at 15 of 36 s")


def test_the_page_puts_buttons_at_both_sides_of_play(browser: Browser, stub: Stub) -> None:
    player = playing(stub, browser, "en")
    browser.js("""const player = document.querySelector('recording-player');
        for (const slot of ["start", "after-play"]) {
            player.append(Object.assign(document.createElement("button"), { slot, textContent: slot }));
        }""")
    lefts = [browser.js("return document.querySelector(`button[slot=${arguments[0]}]`)"
                        ".getBoundingClientRect().left", slot) for slot in ("start", "after-play")]
    play = browser.js(f"return {INSIDE}.getBoundingClientRect().left", player.selector, ".play")
    assert lefts[0] < play < lefts[1]


def test_the_settings_stay_by_their_button(browser: Browser, stub: Stub) -> None:
    """Also in a player that stays where it is while the page is scrolled."""
    player = playing(stub, browser, "en")
    browser.js("document.body.style.height = '3000px';"
               "document.querySelector('recording-player').style.cssText = 'position: fixed; bottom: 0; width: 90%'")
    player.click(".menu")
    until(lambda: player.attribute(".menu", "aria-expanded") == "true", "they are in their place")

    def gap() -> float:
        return browser.js(f"return {INSIDE}.getBoundingClientRect().bottom", player.selector, ".panel") \
            - browser.js(f"return {INSIDE}.getBoundingClientRect().top", player.selector, ".menu")

    before = gap()
    browser.js("scrollTo(0, 500)")
    until(lambda: abs(gap() - before) < 2, lambda: f"{gap()} is {before}")
