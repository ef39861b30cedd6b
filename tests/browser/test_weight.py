"""What the page weighs before any audio: every byte that its loading and its first press fetch."""

from __future__ import annotations

import pytest

from browser_kit import Browser
from browser_site import Site
from test_calls_page import play

MOST = 100_000


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
    asked = [one for one in site.asked() if not one.path.startswith(("/media/", "/nothing-here"))]
    assert {"/", "/recording-player.js", "/player/style.js", "/calls/details.js", "/calls.css"} <= {
        one.path for one in asked}
    weight = sum(one.size for one in asked)
    print(f"{weight} bytes in {len(asked)} answers")
    assert weight < MOST
