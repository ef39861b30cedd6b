"""What the page and the player weigh before any audio: every byte that loading and the first press fetch.

Answers of the API are not weighed: how often some of them are asked for depends on the machine.
"""

from __future__ import annotations

import re

import pytest

from browser_kit import Browser
from browser_site import Site
from test_calls_page import play

MOST, MOST_OF_PLAYER = 96_000, 59_000


def weight_of(site: Site) -> tuple[int, set[str]]:
    """Of the files that were asked for but sound: their bytes, and their paths."""
    others = "/api/|/media/|/player/silence|/nothing-here|/errors/"
    asked = [one for one in site.asked() if not re.match(others, one.path)]
    weight = sum(one.size for one in asked)
    print(f"{weight} bytes in {len(asked)} answers")
    return weight, {one.path for one in asked}


@pytest.mark.engines("chromium")  # the same bytes for all
def test_the_page_is_light(site: Site, browser: Browser) -> None:
    """A full list, its player pressed, its details open: everything we wrote is loaded by then."""
    call = site.fetched(site.call(seconds=5))
    site.forget_asked()
    browser.clear_cache()
    site.sign_in(browser)
    play(browser, call.call_sid).await_sound()
    browser.find(".open").click()
    browser.see("No summary or transcript yet.")
    weight, paths = weight_of(site)
    assert {"/", "/recording-player.js", "/player/style.js", "/calls/details.js", "/calls.css"} <= paths
    assert weight < MOST


@pytest.mark.engines("chromium")
def test_the_player_is_light(site: Site, browser: Browser) -> None:
    """On another page, until it sounds."""
    call = site.fetched(site.call(seconds=5))
    browser.clear_cache()
    site.forget_asked()
    site.embed(browser, call)
    player = browser.player()
    player.click()
    player.await_sound()
    weight, paths = weight_of(site)
    assert {"/recording-player.js", "/player/sound.js", "/languages/he.js"} <= paths
    assert weight < MOST_OF_PLAYER
