"""A browser with one <audio> element on an empty page, and what it was heard to do."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

T = TypeVar("T")
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
DEADLINE = 120.0

# No window, no sandbox for root, sound without a gesture, and nothing that asks the internet.
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)

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


def until(check: Callable[[], T], what: str, seconds: float = DEADLINE) -> T:
    """What `check` gives, once that is something."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return found


class EmptyPage(http.server.BaseHTTPRequestHandler):
    """A page of another site's, with nothing on it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody wants to know."""


@dataclass(frozen=True)
class Listener:
    """What the page's one <audio> element does."""

    driver: webdriver.Chrome
    page: str

    def play(self, url: str, rate: float = 1) -> None:
        self.driver.get(self.page)
        self.driver.execute_script(START, url, rate)

    def seek(self, seconds: float) -> None:
        self.driver.execute_script("heard.length = 0; audio.currentTime = arguments[0]", seconds)

    def _read(self, what: str) -> Any:
        return self.driver.execute_script(f"return audio.{what}")

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
        return [name for name, _ in self.driver.execute_script("return heard")]


@contextmanager
def listening(profile: Path) -> Iterator[Listener]:
    """A browser of its own, with a profile of its own, that ends with the block."""
    options = Options()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        try:
            yield Listener(driver, f"http://127.0.0.1:{pages.server_port}/")
        finally:
            driver.quit()
            pages.shutdown()
