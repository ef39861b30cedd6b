"""The transcript under a player of another page: read, followed, searched; and who asks for it."""

from __future__ import annotations

import pytest
from selenium.webdriver import Keys

from browser_kit import Browser, Player, until
from browser_stub import Reply, Stub, error, peaks_of, ready
from test_parts import SIDS, part_of, three

SAID = [{"speaker": "agent", "start": 2, "end": 5, "text": "Good morning, the clinic."},
        {"speaker": "customer", "start": 20, "end": 38, "text": "קבענו פְּגִישָׁה, a Meeting on Monday."},
        {"speaker": "agent", "start": 40, "end": 44, "text": "The meeting is at nine; meeting room two."}]
CALL = f"CA{0:032x}"
INSIDE = ("return [...document.querySelector('recording-player').shadowRoot"
          ".querySelectorAll(arguments[0])].map((one) => one.innerText)")


def inside(browser: Browser, selector: str) -> list[str]:
    return browser.js(INSIDE, selector)


def told(stub: Stub, browser: Browser, lang: str = "en", **attributes: str) -> Player:
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    stub.answers["call"] = [Reply(200, {"call_sid": CALL, "recordings": [], "transcript": SAID})]
    browser.open(stub.page(lang=lang, **attributes))
    return browser.player()


def unfold(player: Player) -> None:
    until(lambda: inside(player.browser, ".unfold"), "there is something to unfold")
    player.click(".unfold")


def test_it_asks_when_it_is_unfolded(browser: Browser, stub: Stub) -> None:
    player = told(stub, browser, transcript="yes")
    until(lambda: inside(browser, ".unfold"), "there is something to unfold")
    assert stub.requests("/api/") == [] and inside(browser, ".lines") == []
    unfold(player)
    until(lambda: inside(browser, ".line .text") == [one["text"] for one in SAID], "what was said")
    assert [one.path for one in stub.requests("/api/")] == [f"/api/calls/{CALL}"]
    player.click(".unfold")
    until(lambda: not player.shows(".lines"), "it is folded")


def test_without_the_attribute_there_is_none(browser: Browser, stub: Stub) -> None:
    told(stub, browser)
    browser.module("/player/reading.js", "return Boolean(m.Reading)")
    assert inside(browser, ".reading > *") == []


def test_it_follows_and_leads(browser: Browser, stub: Stub) -> None:
    player = told(stub, browser, transcript="open")
    until(lambda: len(inside(browser, ".line")) == 3, "what was said")
    assert inside(browser, ".line .at, .line .who") == ["0:02", "Agent", "0:20", "Customer", "0:40",
                                                        "Agent"]
    assert len(stub.requests("/api/calls")) == 1
    player.click("li:nth-child(2) .line")
    player.await_sound(past=20)
    until(lambda: inside(browser, ".line[aria-current] .who") == ["Customer"], "it is lit")
    browser.shot("reading-playing")


def test_it_is_searched(browser: Browser, stub: Stub) -> None:
    """Whatever the capitals and the Hebrew points; each place is marked in the text and on the line
    of time, and Enter goes from one to the next."""
    player = told(stub, browser, transcript="open", duration="60")
    until(lambda: len(inside(browser, ".line")) == 3, "what was said")
    player.part(".find input").send_keys("meeting")
    until(lambda: inside(browser, "mark") == ["Meeting", "meeting", "meeting"], "what is found")
    assert inside(browser, ".found") == ["2 found"]
    assert len(browser.js("return [...document.querySelector('recording-player').shadowRoot"
                          ".querySelectorAll('.marks i')]")) == 2
    for time, hit, found in ((20, "0:20", "1 of 2"), (40, "0:40", "2 of 2"), (20, "0:20", "1 of 2")):
        browser.press(Keys.ENTER)
        until(lambda: (player.time, inside(browser, "[data-hit] .at, .found")) == (time, [found, hit]),
              f"{found}, at {hit}")
    assert player.state == "idle"
    player.part(".find input").clear()
    player.part(".find input").send_keys("פגישה")
    until(lambda: inside(browser, "mark") == ["פְּגִישָׁה"], "what is found")
    browser.shot("reading-searched")
    player.part(".find input").send_keys(" k")
    until(lambda: inside(browser, "mark") == [], "nothing is found")
    assert player.state == "idle", "a letter is no command here"


def test_it_speaks_hebrew(browser: Browser, stub: Stub) -> None:
    player = told(stub, browser, "he", transcript="open")
    until(lambda: len(inside(browser, ".line")) == 3, "what was said")
    assert inside(browser, ".line .who") == ["נציג", "לקוח", "נציג"]
    assert player.part(".unfold").text == "תמלול"
    browser.shot("reading-he")


def test_parts_have_theirs(browser: Browser, stub: Stub) -> None:
    three(stub, r1={"transcript": SAID[:1]})
    browser.open(stub.page(transcript="open"))
    player = browser.player()
    until(lambda: len(inside(browser, ".line")) == 1, "what was said")
    assert len(inside(browser, ".head")) == 3
    player.click(".line")
    player.await_sound(past=8)
    assert part_of(player) == SIDS[1]


def test_what_cannot_be_read_can_be_tried_again(browser: Browser, stub: Stub) -> None:
    player = told(stub, browser, transcript="yes")
    said = stub.answers["call"][0]
    stub.answers["call"] = [error(500, "internal"), said]
    unfold(player)
    until(lambda: "cannot be read" in (inside(browser, ".reading .hint") or [""])[0], "a word")
    player.click(".hint button")
    until(lambda: len(inside(browser, ".line")) == 3, "what was said")


# ---- a token ----

def test_a_token_goes_with_each_request(browser: Browser, stub: Stub) -> None:
    """In a header only, without the cookie; the sound comes by the link that the API gives."""
    player = told(stub, browser, transcript="yes")
    browser.js("document.cookie = 'session=other'; let n = 0; document.querySelector('recording-player').token ="
               " async () => `secret-${++n}`")
    unfold(player)
    until(lambda: len(inside(browser, ".line")) == 3, "what was said")
    player.click()
    player.await_sound()
    until(lambda: stub.requests("peaks"), "the waveform")
    asked = stub.requests("/api/")
    assert [one.authorization for one in asked] == [f"Bearer secret-{i + 1}" for i in range(len(asked))]
    assert len(asked) >= 3 and {one.cookie for one in asked} == {None}
    assert {one.authorization for one in stub.requests("/media/")} == {None}
    assert browser.js("return performance.getEntriesByType('resource')"
                      ".filter((one) => one.name.includes('secret'))") == []
    assert "secret" not in browser.js("return document.documentElement.outerHTML")


def test_no_token_is_nobody(browser: Browser, stub: Stub) -> None:
    player = told(stub, browser)
    browser.js("document.querySelector('recording-player').token = () => { throw new Error('no'); }")
    player.click()
    player.await_words("Please sign in.")
    assert stub.requests("/api/") == []
    browser.js("document.querySelector('recording-player').token = 'secret'")
    player.click(".again")
    player.await_sound()
