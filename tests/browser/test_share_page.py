"""The page of a shared recording: one player for whoever has the link, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from browser_kit import Browser, until
from browser_stub import Reply, Stub, error, peaks_of, ready, waiting

RECORDING = f"RE{7:032x}"
TOLD = {"label": "Adv. Cohen", "called_at": "2026-11-20T09:30:00+02:00", "recording": RECORDING,
        "duration": 60, "from": 12, "to": 72, "expires_at": "2100-01-01T00:00:00Z",
        "listenings_left": 3, "play_url": "/media/share/a", "token_expires_at": "2100-01-01T00:00:00Z"}


def shared(stub: Stub, *told: Reply) -> list[dict[str, Any]]:
    """What POST /api/share answers, by turns; gives what it was asked. Each listening has its token."""
    asked: list[dict[str, Any]] = []
    replies = list(told)

    def answer(body: dict[str, Any]) -> Reply:
        asked.append(body)
        if replies:
            return replies.pop(0)
        return Reply(200, {**TOLD, "token": f"listening-{len(asked)}"})

    stub.routes["POST /api/share"] = answer
    stub.answers["prepare"] = [ready(recording=RECORDING, recordings=1)]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    return asked


def opened(browser: Browser, stub: Stub) -> None:
    browser.open(f"{stub.url}/share.html#the.token")


def test_whoever_has_the_link_listens(browser: Browser, stub: Stub) -> None:
    """It opens the share, and asks for its recording with the token that it gets for that, without a cookie."""
    asked = shared(stub)
    stub.answers["prepare"], stub.answers["status"] = [waiting()], stub.answers["prepare"]
    browser.open(f"{stub.url}/offline.html")
    browser.driver.add_cookie({"name": "session", "value": "another"})
    stub.seen.clear()
    opened(browser, stub)
    browser.see("A recording for you")
    for words in ("Adv. Cohen", "0:12–1:12", "This link is valid until 1 January 2100.",
                  "It can be played 3 more times."):
        assert words in browser.find("main").text.replace("\u2066", "").replace("\u2069", ""), words
    player = browser.player()
    assert [one.path for one in stub.requests("/api/")] == ["/api/share"]
    player.click()
    player.await_sound()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform")
    assert asked == [{"token": "the.token"}]
    rest = [one for one in stub.requests("/api/") if one.path != "/api/share"]
    assert {one.path.split("/")[3] for one in rest} == {RECORDING}
    assert {one.authorization for one in rest} == {"Bearer listening-1"}
    assert {one.cookie for one in stub.requests("/api/")} == {None}
    assert browser.all("main a, main form") == []


def test_a_listening_whose_time_is_over_becomes_another(browser: Browser, stub: Stub) -> None:
    """Somebody leaves the page open over night, and comes back to it."""
    asked = shared(stub, Reply(200, {**TOLD, "token": "old", "token_expires_at": "2026-01-01T00:00:00Z"}))
    opened(browser, stub)
    player = browser.player()
    player.click()
    player.await_sound()
    assert len(asked) == 2
    assert "Bearer old" not in {one.authorization for one in stub.seen}


def test_search_engines_and_other_sites_hear_nothing_of_it(browser: Browser, stub: Stub) -> None:
    shared(stub)
    opened(browser, stub)
    browser.player()
    metas = browser.js("return Object.fromEntries([...document.querySelectorAll('meta[name]')]"
                       ".map((one) => [one.name, one.content]))")
    assert "noindex" in metas["robots"] and metas["referrer"] == "no-referrer"
    assert not [one for one in stub.seen if "the.token" in one.path or "the.token" in one.query]


@pytest.mark.parametrize("reply, words", [
    (error(401, "unauthorized"), "This link is not valid, or no longer."),
    (error(410, "share_ended"), "This link is not valid, or no longer."),
    (error(503, "unavailable"), "The server says unavailable.")])
def test_a_link_that_is_over_says_so(browser: Browser, stub: Stub, reply: Reply, words: str) -> None:
    shared(stub, reply)
    opened(browser, stub)
    browser.see(words)
    assert browser.all("recording-player") == []


def test_one_that_is_revoked_meanwhile_says_so(browser: Browser, stub: Stub) -> None:
    shared(stub)
    stub.answers["prepare"] = [error(410, "share_ended")]
    opened(browser, stub)
    player = browser.player()
    player.click()
    player.await_words("The server says share_ended.")


def test_it_speaks_both_languages(browser: Browser, stub: Stub) -> None:
    shared(stub)
    browser.language("he")
    opened(browser, stub)
    browser.see("הקלטה בשבילך")
    until(lambda: browser.js("return [document.documentElement.dir, document.title]") == [
        "rtl", "הקלטה בשבילך · Tapedeck"], "its title, too")
    browser.find("#language").click()
    browser.see("A recording for you")


@pytest.mark.parametrize("lang, scheme, width", [
    ("en", "light", 1400), ("he", "dark", 390), ("he", "light", 1400), ("en", "dark", 390)])
def test_it_fits(browser: Browser, stub: Stub, lang: str, scheme: str, width: int) -> None:
    shared(stub)
    browser.language(lang)
    browser.media(prefers_color_scheme=scheme)
    browser.size(width, 800)
    opened(browser, stub)
    assert browser.js("return matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    player = browser.player()
    player.click()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform")
    player.await_sound()
    assert browser.js("return document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []
    browser.shot(f"share-{lang}-{scheme}-{width}")
