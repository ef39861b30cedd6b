"""One <audio> element on an empty page of another site's, and what it was heard to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from browser_kit import Browser
from browser_stub import Reply, Stub

PAGE = b"<!doctype html><html lang='en'><title>Sound</title><button>Listen</button></html>"
START = """
window.heard = [];
const audio = document.createElement('audio');
window.audio = audio;
for (const name of ['playing', 'waiting', 'stalled', 'seeked', 'ended', 'error'])
    audio.addEventListener(name, () => heard.push([name, audio.currentTime]));
audio.preload = 'auto';
audio.playbackRate = audio.defaultPlaybackRate = arguments[1];
audio.src = arguments[0];
audio.play().catch(() => {});
"""


@dataclass(frozen=True)
class Listener:
    """What the page's one <audio> element does."""

    browser: Browser
    stub: Stub

    def play(self, url: str, rate: float = 1) -> None:
        self.stub.pages["/listen"] = Reply(200, PAGE)
        self.browser.open(self.stub.url + "/listen")
        self.browser.find("button").click()  # or no sound may begin
        self.browser.js(START, url, rate)

    def seek(self, seconds: float) -> None:
        self.browser.js("heard.length = 0; audio.currentTime = arguments[0]", seconds)

    def _read(self, what: str) -> Any:
        return self.browser.js(f"return audio.{what}")

    @property
    def at(self) -> float:
        """Seconds into the recording: what it is at when sound comes out."""
        return float(self._read("currentTime"))

    @property
    def duration(self) -> float:
        return float(self._read("duration"))

    @property
    def error(self) -> int | None:
        """A MediaError's code, if there is one."""
        return self._read("error && audio.error.code")

    @property
    def heard(self) -> list[str]:
        """The events so far, in order."""
        return [name for name, _ in self.browser.js("return heard")]
