"""How the player looks: at every width, in both directions, light, dark, in few colours, at rest.

The pictures in build/screenshots are for people to look at; what can be measured is measured.
"""

from __future__ import annotations

import pytest

from browser_kit import INSIDE, Browser, Player, until
from browser_stub import Reply, Stub, error, peaks_of, ready, waiting

FAULTS = """
const root = document.querySelector("recording-player").shadowRoot, found = [];
const box = root.querySelector(".box").getBoundingClientRect();
const parts = [...root.querySelectorAll("button, .seek, .clock, .say p, progress")]
    .filter((one) => one.checkVisibility());
for (const one of parts) {
    const r = one.getBoundingClientRect();
    const name = one.className || one.dataset.act || one.localName;
    if (r.left < box.left - 1 || r.right > box.right + 1) found.push(`${name} sticks out`);
    const small = r.width < 24 || r.height < 24;
    if (one.localName === "button" && small) found.push(`${name} is small`);
    if (one.scrollWidth > one.clientWidth + 1 && one.innerText) found.push(`${name} is cut`);
}
for (const [i, one] of parts.entries()) for (const other of parts.slice(i + 1)) {
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    const beside = a.left >= b.right - 1 || b.left >= a.right - 1;
    const above = a.top >= b.bottom - 1 || b.top >= a.bottom - 1;
    if (!beside && !above) found.push(`${one.outerHTML} lies on ${other.outerHTML}`);
}
return found;
"""


def playing(stub: Stub, browser: Browser, lang: str) -> Player:
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    browser.open(stub.page(lang=lang, start="21"))
    player = browser.player()
    player.click()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform is there")
    player.await_sound()
    return player


def faults(browser: Browser) -> list[str]:
    return browser.js(FAULTS)


@pytest.mark.parametrize("lang", ["en", "he"])
def test_it_fits_every_width(browser: Browser, stub: Stub, lang: str) -> None:
    playing(stub, browser, lang)
    for width in (320, 390, 600, 900):
        browser.size(width, 360)
        until(lambda: faults(browser) == [], f"{faults(browser)} at {width}")
        assert browser.js("return document.documentElement.scrollWidth") <= width
        browser.shot(f"player-playing-{lang}-{width}")


@pytest.mark.parametrize("lang", ["en", "he"])
def test_every_state_fits_a_phone(browser: Browser, stub: Stub, lang: str) -> None:
    states = {"waiting": waiting("processing", bytes_received=700_000, bytes_total=1_900_000),
              "queued": waiting("queued", position=12), "failed": error(500, "recording_failed"),
              "gone": error(404, "call_not_found")}
    browser.size(320, 200)
    for name, reply in {"idle": None, **states}.items():
        stub.answers["prepare"] = [reply or error(500, "none")]
        browser.open(stub.page(lang=lang, duration="245"))
        player = browser.player()
        if reply:
            player.click()
            player.await_state("waiting" if reply.status == 202 else "stopped")
        until(lambda: faults(browser) == [], lambda: f"{faults(browser)} where it is {name}")
        browser.shot(f"player-{name}-{lang}-320")


def test_time_runs_left_to_right_in_hebrew(browser: Browser, stub: Stub) -> None:
    player = playing(stub, browser, "he")
    player.click()
    player.await_state("paused")
    box, head, play = (browser.js(f"return {INSIDE}.getBoundingClientRect().left",
                                  player.selector, part) for part in (".seek", ".playhead", ".play"))
    width = browser.js(f"return {INSIDE}.clientWidth", player.selector, ".seek")
    assert (head - box) / width == pytest.approx(player.time / 60, abs=0.05)
    assert play > box


def test_dark_follows_the_page(browser: Browser, stub: Stub) -> None:
    """A page that says nothing of dark stays light, and so does its player."""
    player = playing(stub, browser, "en")

    def ink() -> str:
        return browser.js(f"return getComputedStyle({INSIDE}).color", player.selector, ".box")

    def lanes() -> str:
        return browser.js(f"const canvas = {INSIDE}; return canvas.toDataURL()",
                          player.selector, "canvas")

    light, drawn = ink(), lanes()
    browser.media(prefers_color_scheme="dark")
    browser.settle()
    assert ink() == light
    browser.js("document.documentElement.style.colorScheme = 'light dark'")
    until(lambda: ink() != light, "dark")
    until(lambda: lanes() != drawn, "the waveform, too")
    browser.shot("player-dark")


def test_few_colours_are_enough(browser: Browser, stub: Stub) -> None:
    browser.media(forced_colors="active")
    player = playing(stub, browser, "en")
    player.click(".menu")
    browser.settle()
    pressed, other = (browser.js(f"return getComputedStyle({INSIDE}).backgroundColor",
                                 player.selector, f"[data-value='{rate}']") for rate in ("1", "2"))
    assert pressed != other
    browser.shot("player-few-colours")


def test_motion_is_reduced_when_asked(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [waiting()]
    for wish, lasts in (("no-preference", "1s"), ("reduce", "0s")):
        browser.media(prefers_reduced_motion=wish)
        browser.open(stub.page())
        player = browser.player()
        player.click()
        player.await_state("waiting")
        assert browser.js(f"return getComputedStyle({INSIDE}).animationDuration",
                          player.selector, ".ring") == lasts


def test_focus_is_seen(browser: Browser, stub: Stub) -> None:
    player = playing(stub, browser, "en")
    for part in (".play", ".seek", "[data-act=back]", "[data-value='2']", ".skip",
                 ".sides button"):
        if part == "[data-value='2']":
            player.click(".menu")
        browser.js(f"const one = {INSIDE}; one.blur(); one.focus({{ focusVisible: true }})",
                   player.selector, part)
        browser.settle()
        outline = browser.js(f"const s = getComputedStyle({INSIDE});"
                             "return [s.outlineStyle, parseFloat(s.outlineWidth)]",
                             player.selector, part)
        assert outline == ["solid", 2], part


CONTRAST = """
const picture = await (await fetch("data:image/png;base64," + args[0])).blob();
const image = await createImageBitmap(picture);
const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
const pen = canvas.getContext("2d");
pen.drawImage(image, 0, 0);
const box = document.querySelector("recording-player").shadowRoot.querySelector(".seek")
    .getBoundingClientRect();
const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const at = (x, y) => light(pen.getImageData(x, y, 1, 1).data);
const ground = at(2, 2);
return [0.25, 0.75].map((row) => {
    let best = 1;
    for (let x = Math.ceil(box.left + box.width * 0.6); x < box.right - 4; x++) {
        const ours = at(x, Math.round(box.top + box.height * row));
        best = Math.max(best, (Math.max(ours, ground) + 0.05) / (Math.min(ours, ground) + 0.05));
    }
    return best;
});
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_has_not_sounded_is_seen(browser: Browser, stub: Stub, scheme: str) -> None:
    """Both lanes of the waveform, and the rail before anybody presses: 3:1 (WCAG 1.4.11)."""
    browser.media(prefers_color_scheme=scheme)
    for pressed in (False, True):
        browser.open(stub.page(start="5", duration="60"))
        player = browser.player()
        browser.js("document.documentElement.style.colorScheme = 'light dark'")
        if pressed:
            player = playing(stub, browser, "en")
            browser.js("document.documentElement.style.colorScheme = 'light dark'")
            player.click()
            player.await_state("paused")
        browser.settle()
        shot = browser.driver.get_screenshot_as_base64()
        rows = "[0.25, 0.75]" if pressed else "[0.5]"
        lanes = browser.module("/player/parts.js", CONTRAST.replace("[0.25, 0.75]", rows), shot)
        assert min(lanes) >= 3, (pressed, lanes)
