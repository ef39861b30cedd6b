"""Chromium as a person uses it: clicks, keys, sizes and schemes, and the player's insides."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selenium.webdriver import Chrome, ChromeOptions, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from stack.stack import ROOT

SHOTS = ROOT / "build" / "screenshots"
PATIENCE = 60.0
POLL_SECONDS = 0.05
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars",
)
T = TypeVar("T")

# A player's inside, from a selector of the player and one within its shadow.
INSIDE = "document.querySelector(arguments[0]).shadowRoot.querySelector(arguments[1])"


def until(check: Callable[[], T], what: str | Callable[[], str], seconds: float = PATIENCE) -> T:
    """What `check` gives, once that is something; else an assertion that it is not `what`."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(POLL_SECONDS)
    return found


def start_chrome(profile: Path) -> Chrome:
    options = ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options=options, service=Service("/usr/bin/chromedriver"))


class Browser:
    """One tab of one Chromium, which `reset` makes as good as new."""

    def __init__(self, chrome: Chrome) -> None:
        self.chrome = chrome

    # Where it is, and how it looks.

    def reset(self) -> None:
        """Nothing remembered, an ordinary window, English, light."""
        self.cdp("Emulation.clearDeviceMetricsOverride")
        self.cdp("Network.enable")
        self.online()
        self.cdp("Network.clearBrowserCookies")
        self.chrome.get("about:blank")
        self.size(1200, 900)
        self.media()
        self.language("en-US")
        self.chrome.get_log("browser")

    def open(self, url: str) -> None:
        """Also where only the fragment differs: the page is loaded anew."""
        self.chrome.get("about:blank")
        self.chrome.get(url)

    def forget(self, origin: str) -> None:
        self.cdp("Storage.clearDataForOrigin", origin=origin, storageTypes="all")

    def size(self, width: int, height: int) -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)

    def media(self, **features: str) -> None:
        """prefers_color_scheme="dark", forced_colors="active", …; without any, as usual."""
        named = [{"name": name.replace("_", "-"), "value": value}
                 for name, value in features.items()]
        self.cdp("Emulation.setEmulatedMedia", media="", features=named)

    def language(self, tag: str) -> None:
        agent = self.chrome.execute_script("return navigator.userAgent")
        self.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=tag)

    def offline(self) -> None:
        self.cdp("Network.emulateNetworkConditions", offline=True, latency=0,
                 downloadThroughput=-1, uploadThroughput=-1)

    def online(self) -> None:
        self.cdp("Network.emulateNetworkConditions", offline=False, latency=0,
                 downloadThroughput=-1, uploadThroughput=-1)

    def shot(self, name: str) -> None:
        """A picture for people to look at, in build/screenshots."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        assert self.chrome.save_screenshot(str(SHOTS / f"{name}.png"))

    def complaints(self) -> list[str]:
        """What the console holds against the page: errors and refusals by the content policy, but
        not that a server said no."""
        return [entry["message"] for entry in self.chrome.get_log("browser")
                if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]]

    # Asking and waiting.

    def cdp(self, command: str, **params: Any) -> Any:
        return self.chrome.execute_cdp_cmd(command, params)

    def js(self, script: str, *values: Any) -> Any:
        return self.chrome.execute_script(script, *values)

    def module(self, path: str, script: str, *values: Any) -> Any:
        """What an async function body returns; `m` is the module at `path`, `args` the values."""
        answer = self.chrome.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            f"import({json.dumps(path)})"
            f".then(async (m) => {{ const args = arguments[0]; {script} }})"
            ".then((value) => done({ value }), (error) => done({ error: String(error) }));",
            list(values),
        )
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def find(self, selector: str) -> WebElement:
        return until(lambda: next(iter(self.all(selector)), None), f"{selector} is there")

    def all(self, selector: str) -> list[WebElement]:
        return self.chrome.find_elements(By.CSS_SELECTOR, selector)

    def see(self, text: str, selector: str = "body") -> None:
        """Waits until a person can read this."""
        until(lambda: text in self.js(
            "return document.querySelector(arguments[0])?.innerText ?? ''", selector), f"{text!r}")

    def press(self, *keys: str) -> None:
        ActionChains(self.chrome).send_keys(*keys).perform()

    def press_with_control(self, key: str) -> None:
        ActionChains(self.chrome).key_down(Keys.CONTROL).send_keys(key).key_up(
            Keys.CONTROL).perform()

    # One player.

    def player(self, selector: str = "recording-player") -> Player:
        until(lambda: self.js(
            "return Boolean(document.querySelector(arguments[0])?.shadowRoot)", selector),
            f"{selector} is a player")
        return Player(self, selector)


class Player:
    """One <recording-player>, by a selector."""

    def __init__(self, browser: Browser, selector: str) -> None:
        self.browser = browser
        self.selector = selector

    def part(self, inside: str) -> WebElement:
        return self.browser.js(f"return {INSIDE}", self.selector, inside)

    def click(self, inside: str = ".play") -> None:
        self.part(inside).click()

    def get(self, name: str) -> Any:
        """A property of the element."""
        return self.browser.js("return document.querySelector(arguments[0])[arguments[1]]",
                               self.selector, name)

    def attribute(self, inside: str, name: str) -> str | None:
        return self.browser.js(f"return {INSIDE}.getAttribute(arguments[2])", self.selector,
                               inside, name)

    @property
    def state(self) -> str:
        return self.get("state")

    @property
    def time(self) -> float:
        return self.get("currentTime")

    @property
    def said(self) -> str:
        """What a person reads under it."""
        return self.browser.js(f"return {INSIDE}.innerText", self.selector, ".say")

    def shows(self, inside: str) -> bool:
        return self.browser.js(f"return {INSIDE}.checkVisibility()", self.selector, inside)

    def await_state(self, *states: str, seconds: float = PATIENCE) -> None:
        until(lambda: self.state in states,
              lambda: f"{states}, not {self.state!r} ({self.said!r})", seconds)

    def await_words(self, text: str, seconds: float = PATIENCE) -> None:
        until(lambda: text in self.said, lambda: f"{text!r}, not {self.said!r}", seconds)

    def await_begun(self) -> None:
        """It has sounded, and may be at the end of what is here by now."""
        until(lambda: self.time > 0.2, "sound")

    def await_sound(self, past: float = 0.0) -> None:
        """Its time goes on: that is more than being called playing."""
        self.await_state("playing")
        began = max(past, self.time)
        until(lambda: self.time > began + 0.2, f"time passes after {began}")
