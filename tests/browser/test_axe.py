"""axe-core finds nothing on the calls page and in any state of the player."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from selenium.webdriver import Keys

import browser_axe
from browser_kit import Browser, until
from browser_site import Site
from browser_stub import Reply, Stub, error, peaks_of, ready, waiting
from browser_work import Work
from test_calls_page import LINES, call_json, play
from test_deck import page as listening_page
from test_found import TOTALS
from test_parts import CALL, await_part, seek
from test_parts_page import opened, page
from test_share_page import shared

Check = Callable[[], list[str]]
pytestmark = pytest.mark.engines("chromium")  # it reads the same elements and styles in another


@pytest.fixture
def check(browser: Browser) -> Check:
    """What axe-core holds against the page that is open."""
    source = browser_axe.fetch()
    if source is None:
        pytest.skip(f"{browser_axe.PACKAGE} is not here, and npm could not fetch it")

    def run() -> list[str]:
        browser.settle()
        browser.js(source + "; window.axe = axe;")
        return browser.wait_js(browser_axe.RUN)

    return run


SCHEMES = [("en", "light"), ("he", "dark")]


@pytest.mark.parametrize("lang, scheme", SCHEMES)
def test_every_state_of_the_player(browser: Browser, stub: Stub, check: Check, lang: str,
                                   scheme: str) -> None:
    replies = {"waiting": waiting(bytes_received=500_000, bytes_total=1_900_000),
               "stopped": error(500, "recording_failed"), "playing": ready()}
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    for state, reply in {"idle": None, **replies}.items():
        stub.answers["prepare"] = [reply or error(500, "none")]
        browser.media(prefers_color_scheme=scheme)
        browser.open(stub.page(lang=lang, label="050-123", count=2))
        if scheme == "dark":
            browser.js("document.documentElement.style.colorScheme = 'dark';"
                       "document.body.style.background = 'Canvas'")
        player = browser.player()
        if reply:
            player.click()
            player.await_state(state)
        if state == "playing":
            until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform is there")
            player.click(".skip")
        assert check() == [], state


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "he"])
def test_the_calls_page(browser: Browser, stub: Stub, check: Check, lang: str, scheme: str) -> None:
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    others = [call_json(2, status="no-answer", has_recording=False, direction="outbound-dial"),
              call_json(3, recording_status="expired"),
              call_json(4, expires_at="2100-01-01T00:00:00Z")]
    stub.answers["calls"] = [Reply(200, {"calls": [call_json(1), *others], "next_cursor": "x"})]
    stub.answers["call"] = [Reply(200, {**call_json(1), "transcript": LINES, "runs": []})]
    browser.media(prefers_color_scheme=scheme)
    browser.language(lang)
    browser.open(stub.url)
    browser.find(".open").click()
    until(lambda: len(browser.all("button.line")) == 3, "the transcript")
    browser.all("button.line")[1].click()
    player = browser.player()
    player.await_sound()
    until(lambda: browser.all(".line[aria-current]"), "a lit sentence")
    assert check() == []
    browser.shot(f"calls-open-{lang}-{scheme}")


@pytest.mark.parametrize("lang, scheme", SCHEMES)
def test_a_call_with_several_recordings(browser: Browser, stub: Stub, check: Check, lang: str,
                                        scheme: str) -> None:
    """One of which was passed over, and one of which is deleted."""
    page(stub, parts={"r2": {"status": "expired"}})
    recordings = stub.answers["call"][0].body["recordings"]
    recordings.append({**recordings[0], "name": f"RE{4:032x}", "recording_sid": f"RE{4:032x}"})
    stub.answers[f"RE{4:032x} prepare"] = stub.answers[f"{recordings[0]['name']} prepare"]
    stub.answers[f"{CALL} prepare"] = [error(500, "recording_failed")]
    browser.media(prefers_color_scheme=scheme)
    browser.language(lang)
    opened(browser, stub)
    player = play(browser)
    await_part(player, 0)
    seek(player, 5.5)
    until(lambda: player.time > 26.3, "the part after the next")
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveforms")
    assert check() == []
    browser.shot(f"parts-passed-{lang}-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "he"])
def test_marks_and_dialogs(browser: Browser, stub: Stub, check: Check, lang: str, scheme: str) -> None:
    """The foot of the page with each of its panels and dialogs."""
    Work(stub)
    browser.media(prefers_color_scheme=scheme)
    browser.language(lang)
    call = {"starred": "all", "tags": [{"tag": "billing", "for": "all"}, {"tag": "mine", "for": "me"}],
            "contact_name": "Rut", "agent_name": "Dana"}
    player = listening_page(browser, stub, call, {})
    body = stub.answers["call"][0].body
    body["notes"] = [{"id": 1, "recording": None, "at": 15, "text": "here", "by": "dana", "for": "me",
                      "mine": True, "created_at": "2026-11-20T10:00:00Z"}]
    body["heard_by"] = [{"subject": "dana", "at": "2026-11-20T10:00:00Z", "seconds": 75}]
    browser.find(".call .play").click()
    player.await_sound()
    browser.find(".open").click()
    until(lambda: browser.all(".notes .text"), "its notes")
    assert check() == []
    for key in ("m", "t", "?"):
        browser.press(key)
        assert check() == [], key
        browser.press(Keys.ESCAPE)
    browser.find("#deck .to-share").click()
    browser.find("#share .main").click()
    until(lambda: browser.all("#share .shares button"), "a link")
    assert check() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "he"])
def test_filters_and_what_they_found(browser: Browser, stub: Stub, check: Check, lang: str, scheme: str) -> None:
    """Each panel, over a search with its sentences and totals, while something plays and there is news."""
    browser.media(prefers_color_scheme=scheme)
    browser.language(lang)
    hit = {"recording": f"CA{1:032x}", "at": 30, "speaker": "agent", "text": "the bill", "marks": [[4, 8]]}
    stub.answers["totals"] = [Reply(200, TOTALS)]
    player = listening_page(browser, stub, {"hits": [hit], "hits_more": True}, {"status": "no-answer"},
                            path="/?search=bill&when=30d&tag=billing")
    browser.find(".hit").click()
    player.await_sound()
    until(lambda: browser.find("#totals").text, "the totals")
    assert check() == []
    for panel in ("when", "rare"):
        browser.find(f"#{panel}").click()
        until(lambda: browser.all(f"#{panel}-panel:popover-open :is(button, select)"), "its panel")
        assert check() == [], panel
        browser.press(Keys.ESCAPE)
    browser.find("#refresh").click()
    until(lambda: browser.find("#news").text, "news")
    assert check() == []


@pytest.mark.parametrize("lang, scheme", SCHEMES)
def test_the_page_of_a_share(browser: Browser, stub: Stub, check: Check, lang: str, scheme: str) -> None:
    shared(stub)
    browser.media(prefers_color_scheme=scheme)
    browser.language(lang)
    browser.open(f"{stub.url}/share.html#the.token")
    player = browser.player()
    player.click()
    player.await_sound()
    assert check() == []


def test_signing_in_and_nothing_there(browser: Browser, site: Site, stub: Stub, check: Check
                                      ) -> None:
    browser.open(site.url)
    browser.see("Open the link from your system")
    assert check() == []
    site.sign_in(browser)
    browser.see("No calls yet")
    assert check() == []
    for page in ("/offline.html", "/nowhere"):
        browser.open(site.url + page)
        assert check() == [], page
