"""The page of a shared recording: one player for whoever has the link, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from browser_kit import Browser, until
from browser_stub import Reply, Stub, error, peaks_of, ready, waiting

TOLD = {"label": "Adv. Cohen", "created_at": "2026-11-20T09:30:00+02:00", "direction": "inbound",
        "duration": 60, "from": 12, "to": 72, "expires_at": "2100-01-01T00:00:00Z",
        "listenings_left": 3, "speakers": ["agent", "customer"]}


def shared(stub: Stub, *plays: Reply, told: Reply | None = None) -> list[dict[str, Any]]:
    """What POST /api/share answers, by turns when it is to play; gives what it was asked."""
    asked: list[dict[str, Any]] = []
    replies = list(plays) or [ready()]

    def answer(body: dict[str, Any]) -> Reply:
        asked.append(body)
        assert body.pop("token") == "the.token"
        if body == {"peaks": True}:
            return Reply(200, peaks_of(stub.audio))
        if body == {"play": False}:
            return told or Reply(200, TOLD)
        assert body == {"play": True}
        return replies.pop(0) if len(replies) > 1 else replies[0]

    stub.routes["POST /api/share"] = answer
    return asked


def test_whoever_has_the_link_listens(browser: Browser, stub: Stub) -> None:
    """It asks for nothing but the share, without a cookie; to look is no listening."""
    asked = shared(stub, waiting(), ready())
    browser.open(stub.url)
    browser.driver.add_cookie({"name": "session", "value": "another"})
    browser.open(f"{stub.url}/share.html#the.token")
    browser.see("A recording for you")
    browser.see("Adv. Cohen")
    for words in ("Incoming", "0:12–1:12", "This link is valid until 1 January 2100.",
                  "It can be played 3 more times."):
        assert words in browser.find("main").text.replace("\u2066", "").replace("\u2069", ""), words
    assert asked == [{"play": False}]
    player = browser.player()
    player.click()
    player.await_sound()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform")
    assert asked == [{"play": False}, {"play": True}, {"play": True}, {"peaks": True}]
    assert {one.cookie for one in stub.requests("/api/share")} == {None}
    assert [one.path for one in stub.requests("/api/") if one.path not in ("/api/share", "/api/calls",
            "/api/calls/totals", "/api/calls/changes")] == []
    assert browser.all("main a, main form") == []
    browser.shot("share-playing")


def test_search_engines_and_other_sites_hear_nothing_of_it(browser: Browser, stub: Stub) -> None:
    shared(stub)
    browser.open(f"{stub.url}/share.html#the.token")
    browser.player()
    metas = browser.js("return Object.fromEntries([...document.querySelectorAll('meta[name]')]"
                       ".map((one) => [one.name, one.content]))")
    assert "noindex" in metas["robots"] and metas["referrer"] == "no-referrer"
    assert not [one for one in stub.seen if "the.token" in one.path or "the.token" in one.query]


@pytest.mark.parametrize("reply, words", [
    (error(404, "not_found"), "This link is not valid, or no longer."),
    (error(410, "share_over"), "This link is not valid, or no longer."),
    (error(503, "unavailable"), "The server says unavailable.")])
def test_a_link_that_is_over_says_so(browser: Browser, stub: Stub, reply: Reply, words: str) -> None:
    shared(stub, told=reply)
    browser.open(f"{stub.url}/share.html#the.token")
    browser.see(words)
    assert browser.all("recording-player") == []


def test_one_that_is_revoked_meanwhile_says_so(browser: Browser, stub: Stub) -> None:
    shared(stub, error(410, "share_over"))
    browser.open(f"{stub.url}/share.html#the.token")
    player = browser.player()
    player.click()
    player.await_words("The server says share_over.")


def test_it_speaks_both_languages(browser: Browser, stub: Stub) -> None:
    shared(stub)
    browser.language("he")
    browser.open(f"{stub.url}/share.html#the.token")
    browser.see("הקלטה בשבילך")
    assert browser.js("return [document.documentElement.dir, document.title]") == [
        "rtl", "הקלטה בשבילך · Tapedeck"]
    browser.find("#language").click()
    browser.see("A recording for you")


@pytest.mark.parametrize("lang, scheme, width", [
    ("en", "light", 1400), ("he", "dark", 390), ("he", "light", 1400), ("en", "dark", 390)])
def test_it_fits(browser: Browser, stub: Stub, lang: str, scheme: str, width: int) -> None:
    shared(stub)
    browser.language(lang)
    browser.media(prefers_color_scheme=scheme)
    browser.size(width, 800)
    browser.open(f"{stub.url}/share.html#the.token")
    player = browser.player()
    player.click()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform")
    player.await_sound()
    assert browser.js("return document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []
    browser.shot(f"share-{lang}-{scheme}-{width}")
