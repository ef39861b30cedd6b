"""`make pictures`: the two pictures of README.md, docs/pictures/, of the demo as it is filled with DEMO_CALLS=2000.

With a folder as its argument it puts there what people look at besides: the same in both languages, light
and dark, wide and narrow.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import psycopg  # noqa: E402

import browser_chromium  # noqa: E402
from browser_chromium import Chromium  # noqa: E402
from browser_kit import Player, until  # noqa: E402
from browser_site import PLAYERS  # noqa: E402
from stack import demo_calls  # noqa: E402
from stack.calls import token_for  # noqa: E402
from stack.stack import ROOT, Stack  # noqa: E402

CALLS = int(os.environ.get("DEMO_CALLS") or 2000)
INTO = ROOT / "docs" / "pictures"
MOST_BYTES = 250_000
AT = 12  # the second at which it is paused
DESK, PHONE, HALF = (1400, 900), (390, 760), (390, 490)  # HALF: what one player takes of a phone
WORDS = {"en": "order", "he": "חשבונית"}
# A call of which there is much to see, in a language, as the agents of that language have it.
TOLD = """
SELECT l.call_sid FROM call_log l
 WHERE l.business_id = %s AND left(l.agent_id, 1) = %s AND l.final_transcript ILIKE '%%' || %s || '%%'
   AND l.recording_deleted_at IS NULL AND l.recording_duration > 20
 ORDER BY EXISTS (SELECT FROM tapedeck_notes n WHERE n.call_sid = l.call_sid) DESC,
    l.contact_name <> '' DESC NULLS LAST, l.created_at DESC LIMIT 1
"""


@dataclass(frozen=True)
class Demo:
    """The demo's page in a browser."""

    stack: Stack
    browser: Chromium

    def told(self, lang: str) -> str:
        with psycopg.connect(self.stack.database_url) as db:
            row = db.execute(TOLD, [demo_calls.BUSINESS, {"en": "2", "he": "1"}[lang], WORDS[lang]]).fetchone()
        assert row, "the demo has no such call"
        return str(row[0])

    def enter(self, lang: str, scheme: str, size: tuple[int, int], path: str) -> None:
        """As somebody who is signed in, at a path of the site."""
        self.browser.reset()
        self.browser.forget(self.stack.base_url)
        self.browser.language(lang)
        self.browser.media(prefers_color_scheme=scheme)
        self.browser.size(*size)
        self.browser.open(f"{self.stack.base_url}/nothing-here")
        token = token_for(self.stack, demo_calls.BUSINESS, sub=demo_calls.WATCHER)
        self.browser.driver.add_cookie({"name": "session", "value": token, "httpOnly": True})
        self.browser.open(self.stack.base_url + path)

    def page(self, lang: str, scheme: str, size: tuple[int, int]) -> None:
        """A search, and one of the calls that it found: open, and paused in the middle of what was said."""
        sid = self.told(lang)
        self.enter(lang, scheme, size, f"/?search={WORDS[lang]}")
        self.browser.find(f"[id='{sid}'] .open").click()
        until(lambda: self.browser.all("button.line"), "the transcript")
        self.browser.find(f"[id='{sid}'] .play").click()
        self._pause(self.browser.player("#deck recording-player"))
        self.browser.js("""const row = document.getElementById(arguments[0]);
            const bar = document.getElementById("filters").getBoundingClientRect().bottom;
            scrollBy(0, row.getBoundingClientRect().top - bar - 100);""", sid)

    def player(self, lang: str, scheme: str, size: tuple[int, int]) -> None:
        """One player with its transcript in a page of somebody's own."""
        sid = self.told(lang)
        self.enter(lang, scheme, size, "/errors/")
        self.browser.js(PLAYERS, [sid], lang, {"transcript": "open"})
        self.browser.js("document.documentElement.style.colorScheme = arguments[0];"
                        "document.body.style.cssText = 'margin: 16px; background: Canvas; color: CanvasText';"
                        "document.querySelector('h1').remove()", scheme)
        player = self.browser.player()
        player.click()
        self._pause(player)

    def _pause(self, player: Player) -> None:
        player.await_sound()
        self.browser.js("document.querySelector(arguments[0]).currentTime = arguments[1]", player.selector, AT)
        player.await_sound(past=AT)
        until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform is there")
        player.click()
        player.await_state("paused")
        self.browser.js("document.activeElement.blur()")


@contextmanager
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        profile.mkdir()
        build = Path(os.environ.get("BUILD") or ROOT / "build")
        with Stack(Path(folder) / "run", build_dir=build.resolve(), timers=True, speech=True) as stack, \
                browser_chromium.running(profile) as browser:
            demo_calls.fill(stack, CALLS)
            yield Demo(stack, browser)


def keep(one: Demo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert one.browser.driver.save_screenshot(str(path))
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    assert size < MOST_BYTES, f"{path.name} is too large for a page"


def main() -> int:
    with demo() as one:
        if sys.argv[1:]:
            for scheme in ("light", "dark"):
                for what, lang in ((one.page, "en"), (one.player, "he"), (one.page, "he"), (one.player, "en")):
                    for size in (DESK, PHONE):
                        what(lang, scheme, size)
                        keep(one, Path(sys.argv[1]) / f"{what.__name__}-{lang}-{scheme}-{size[0]}.png")
        else:
            one.page("en", "light", DESK)
            keep(one, INTO / "page.png")
            one.player("he", "light", HALF)
            keep(one, INTO / "player-phone.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
