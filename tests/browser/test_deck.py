"""The player at the foot of the page: what plays stays, and the next call is one key away."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver import Keys

from browser_kit import Browser, Player, until
from browser_stub import Reply, Stub, error, peaks_of, ready
from test_calls_page import LINES, call_json

SIDS = [f"CA{n:032x}" for n in range(1, 6)]


def listed(stub: Stub, *changes: dict[str, Any], cursor: str | None = None) -> list[dict[str, Any]]:
    """A list of calls, newest first; each is of another number and hour."""
    plain = {"starred": None, "tags": [], "heard": False, "agent_name": None, "contact_name": None}
    rows = [call_json(n, **{"from_number": f"+9723555{n:04}", **plain, **change,
                            "created_at": f"2026-11-20T{20 - n:02}:30:00+02:00"})
            for n, change in enumerate(changes, 1)]
    stub.answers["calls"] = [Reply(200, {"calls": rows, "next_cursor": cursor})]
    return rows


def page(browser: Browser, stub: Stub, *changes: dict[str, Any], path: str = "/") -> Player:
    """Of three calls, where nothing else is said."""
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    rows = listed(stub, *(changes or ({}, {}, {})))
    stub.answers["call"] = [Reply(200, {**rows[0], "runs": [], "notes": [], "heard_by": [],
                                        "transcript": LINES})]
    browser.open(stub.url + path)
    browser.find(".call")
    return browser.player()


def press(browser: Browser, n: int) -> None:
    browser.find(f"[id='{SIDS[n - 1]}'] .play").click()


def who(browser: Browser) -> str:
    return browser.find(".deck-who bdi").text


def current(browser: Browser) -> list[str]:
    return [str(one) for one in browser.attributes(".call[aria-current]", "id")]


# ---- what plays stays ----


def test_a_row_plays_at_the_foot(browser: Browser, stub: Stub) -> None:
    """It pauses there and goes on; another row takes its place, and the first stands where it stood."""
    player = page(browser, stub)
    assert not browser.find("#deck").is_displayed() and stub.requests("prepare") == []
    press(browser, 1)
    player.await_sound()
    assert (who(browser), current(browser)) == ("03-555-0001", [SIDS[0]])
    assert browser.find(f"[id='{SIDS[0]}'] .play").get_attribute("aria-label") == "Pause: 03-555-0001"
    browser.js("document.querySelector('recording-player').currentTime = 30")
    player.await_sound(past=30)
    press(browser, 1)
    player.await_state("paused")
    at = player.time
    press(browser, 2)
    player.await_sound()
    assert (who(browser), current(browser)) == ("03-555-0002", [SIDS[1]]) and player.time < at
    press(browser, 1)
    player.await_sound(past=at)
    assert len(browser.all("recording-player")) == 1


def test_what_plays_survives_filters_search_and_language(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub)
    press(browser, 2)
    player.await_sound()
    stub.answers["calls"] = [Reply(200, {"calls": [], "next_cursor": None})]
    browser.js("document.querySelector('[name=direction][value=outbound]').click()")
    browser.see("No calls match")
    player.await_sound()
    browser.find("#language").click()
    until(lambda: browser.js("return document.documentElement.lang") == "he", "Hebrew")
    player.await_sound()
    listed(stub, {}, {})
    browser.find("[name=search]").send_keys("x")
    until(lambda: current(browser) == [SIDS[1]], "it is listed again, and marked")
    player.await_sound()
    assert len(stub.requests(f"POST .*{SIDS[1]}/prepare")) == 1


def test_who_and_when_and_the_names_of_the_lanes(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub, {"contact_name": "Rut Cohen", "agent_name": "Dana"}, {})
    press(browser, 1)
    player.await_sound()
    assert browser.find(".deck-who").text.replace("\n", " ").startswith("03-555-0001 Rut Cohen Dana Incoming")
    assert (player.get("agentName"), player.get("customerName")) == ("Dana", "Rut Cohen")
    press(browser, 2)
    player.await_sound()
    assert player.get("agentName") == "" and "Rut" not in browser.find("#deck").text


def test_closing_puts_it_away(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub)
    press(browser, 1)
    player.await_sound(past=1)
    browser.find(".deck-close").click()
    assert not browser.find("#deck").is_displayed() and current(browser) == []
    assert player.state == "idle"
    press(browser, 1)
    player.await_sound(past=1)


def test_a_sentence_plays_its_call_and_a_tick_says_where_words_are(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub)
    press(browser, 2)
    player.await_sound()
    browser.find(f"[id='{SIDS[0]}'] .open").click()
    until(lambda: len(browser.all("button.line")) == 3, "the transcript")
    browser.find(".find input").send_keys("visit")
    until(lambda: browser.texts(".line mark") == ["visit"], "it is found")
    assert player.part(".marks").get_attribute("childElementCount") == "0"
    browser.all("button.line")[1].click()
    player.await_sound(past=20)
    assert who(browser) == "03-555-0001"
    until(lambda: player.part(".marks").get_attribute("childElementCount") == "1", "its tick")
    until(lambda: browser.all("button.line")[1].get_attribute("aria-current"), "it is lit")


def test_hits_of_a_search_are_ticks(browser: Browser, stub: Stub) -> None:
    hit = {"recording": SIDS[0], "at": 30, "speaker": "agent", "text": "the bill", "marks": [[4, 8]]}
    player = page(browser, stub, {"hits": [hit], "hits_more": False}, {})
    press(browser, 1)
    player.await_sound()
    assert player.part(".marks i").get_attribute("style").startswith("left: 50%")


# ---- from call to call ----


def test_next_and_previous(browser: Browser, stub: Stub) -> None:
    """Calls without a recording are passed over; the ends are the ends."""
    player = page(browser, stub, {}, {"has_recording": False, "status": "no-answer", "recording_status": None}, {})
    press(browser, 1)
    player.await_sound()
    browser.find("#deck .next").click()
    until(lambda: who(browser) == "03-555-0003", "the third")
    player.await_sound()
    browser.find("#deck .next").click()
    player.await_sound(past=player.time)
    assert who(browser) == "03-555-0003"
    browser.find("#deck .previous").click()
    until(lambda: who(browser) == "03-555-0001", "the first")
    player.await_sound()


def test_next_goes_beyond_what_is_listed(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    rows = listed(stub, {}, {}, {})
    stub.answers["calls"] = [Reply(200, {"calls": rows[:1], "next_cursor": "x"}),
                             Reply(200, {"calls": rows[1:], "next_cursor": None})]
    browser.open(stub.url)
    press(browser, 1)
    player = browser.player()
    player.await_sound()
    browser.press("n")
    until(lambda: who(browser) == "03-555-0002", "the second")
    player.await_sound()
    assert len(browser.all(".call")) == 3


def test_next_to_a_call_that_is_not_listed_any_more(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub)
    press(browser, 2)
    player.await_sound()
    rows = listed(stub, {}, {}, {})
    stub.answers["calls"] = [Reply(200, {"calls": [rows[0], rows[2]], "next_cursor": None})]
    browser.js("document.querySelector('[name=direction][value=inbound]').click()")
    until(lambda: len(browser.all(".call")) == 2, "two")
    browser.press("n")
    until(lambda: who(browser) == "03-555-0003", "the older one")


def test_it_goes_on_to_the_next_that_is_not_heard(browser: Browser, stub: Stub) -> None:
    """Where somebody wants that; the wish is remembered."""
    player = page(browser, stub, {}, {"heard": True}, {})
    assert len(browser.all(".unheard:not([hidden])")) == 2
    press(browser, 1)
    player.await_sound()
    until(lambda: len(browser.all(".unheard:not([hidden])")) == 1, "it is heard")
    browser.js("document.querySelector('recording-player').currentTime = 59.5")
    player.await_state("ended")
    browser.find(".goes-on input").click()
    press(browser, 1)
    player.await_sound()
    browser.js("document.querySelector('recording-player').currentTime = 59.5")
    until(lambda: who(browser) == "03-555-0003", "the third")
    player.await_sound()
    browser.open(stub.url)
    press(browser, 1)
    assert browser.js("return document.querySelector('.goes-on input').checked")


# ---- signing in again ----


def test_a_lost_sign_in_keeps_what_played(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub)
    press(browser, 2)
    player.await_sound(past=2)
    calls = stub.answers["calls"]
    stub.answers["calls"] = [error(401, "unauthorized")]
    browser.find("#refresh").click()
    browser.see("Open the link from your system")
    assert not browser.find("#deck").is_displayed()
    player.await_state("paused")
    at = player.time
    stub.answers["calls"] = calls
    stub.routes["POST /api/session"] = lambda: Reply(200, {"ok": True})
    browser.find("#signin input").send_keys("a.b.c", Keys.ENTER)
    player.await_sound(past=at)
    assert browser.find("#deck").is_displayed() and who(browser) == "03-555-0002"


@pytest.mark.parametrize("same", [True, False])
def test_it_is_kept_for_its_person_on_another_page(browser: Browser, stub: Stub, same: bool) -> None:
    """LOGIN_URL leads away from the page, and back to it."""
    player = page(browser, stub)
    rows = listed(stub, {}, {}, {})
    press(browser, 2)
    player.await_sound(past=2)
    stub.answers["call"] = [Reply(200, {**rows[1], "runs": []})]
    if not same:
        browser.js("localStorage.setItem('tapedeck-who', 'another')")
    browser.driver.get(stub.url + "/offline.html")
    browser.driver.get(stub.url)
    browser.find(".call")
    if same:
        until(lambda: browser.find("#deck").is_displayed(), "it is back")
        assert who(browser) == "03-555-0002" and browser.player().time > 2
        assert browser.player().state == "idle"
    else:
        browser.await_answer("/api/calls/totals")
        assert not browser.find("#deck").is_displayed()


def test_signing_out_forgets_it(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub)
    stub.routes["DELETE /api/session"] = lambda: Reply(200, {"ok": True})
    press(browser, 1)
    player.await_sound(past=1)
    browser.find("#leave").click()
    browser.see("Open the link from your system")
    assert player.get("callSid") == "" and not browser.find("#deck").is_displayed()
    browser.driver.get(stub.url + "/offline.html")
    browser.driver.get(stub.url)
    browser.find(".call")
    browser.await_answer("/api/calls/totals")
    assert not browser.find("#deck").is_displayed()


# ---- keys ----


def test_keys_of_the_page(browser: Browser, stub: Stub) -> None:
    player = page(browser, stub)
    browser.press(Keys.SPACE)
    assert not browser.find("#deck").is_displayed(), "it scrolls the page"
    browser.press("n")
    player.await_sound()
    assert who(browser) == "03-555-0001"
    browser.press("l")
    until(lambda: player.time > 9, "ten seconds on")
    browser.press("j")
    until(lambda: player.time < 9, "and back")
    browser.press("k")
    player.await_state("paused")
    browser.press(Keys.SPACE)
    player.await_sound()
    browser.press("n")
    until(lambda: who(browser) == "03-555-0002", "the next")
    browser.press("p")
    until(lambda: who(browser) == "03-555-0001", "the one before")
    browser.press("/")
    until(lambda: browser.js("return document.activeElement.name") == "search", "the search")
    browser.press("n")
    assert browser.find("[name=search]").get_attribute("value") == "n"
    assert who(browser) == "03-555-0001"


PRESS = """
const [code, key] = arguments;
document.body.dispatchEvent(new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true }));
"""


def test_keys_lie_where_they_lie_on_a_hebrew_keyboard(browser: Browser, stub: Stub) -> None:
    page(browser, stub)
    browser.js(PRESS, "KeyN", "מ")
    until(lambda: browser.find("#deck").is_displayed() and who(browser) == "03-555-0001", "the first")
    browser.js(PRESS, "KeyN", "מ")
    until(lambda: who(browser) == "03-555-0002", "the second")
    browser.js(PRESS, "Slash", ".")
    assert browser.js("return document.activeElement.name") == "search"


def test_keys_in_the_player_are_those_of_the_page(browser: Browser, stub: Stub) -> None:
    """J and L are ten seconds wherever the focus is; arrows stay the player's; a button keeps its space bar."""
    player = page(browser, stub)
    press(browser, 1)
    player.await_sound()
    player.click()
    player.await_state("paused")
    browser.js("document.querySelector('recording-player').currentTime = 20")
    browser.press("j")
    until(lambda: player.time == 10, lambda: f"ten, not {player.time}")
    browser.press(Keys.ARROW_RIGHT)
    until(lambda: player.time == 20, lambda: f"twenty, not {player.time}")
    browser.find("#deck .next").send_keys(Keys.SPACE)
    until(lambda: who(browser) == "03-555-0002", "the next")
    player.await_sound()


def test_a_question_mark_shows_them_and_they_can_be_switched_off(browser: Browser, stub: Stub) -> None:
    page(browser, stub)
    browser.press("?")
    browser.see("Keyboard shortcuts", "dialog")
    browser.shot("keys")
    browser.press("n")
    assert not browser.find("#deck").is_displayed(), "a dialog has the keys"
    browser.find("#keys [type=checkbox]").click()
    browser.press(Keys.ESCAPE)
    until(lambda: not browser.find("#keys").is_displayed(), "it is closed")
    browser.press("n")
    browser.press("?")
    until(lambda: browser.find("#keys").is_displayed(), "the one that shows them stays")
    assert not browser.find("#deck").is_displayed()
