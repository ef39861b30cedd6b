"""A browser as a person uses it: clicks, keys, sizes and schemes, and the player's insides."""

from __future__ import annotations

import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import (ElementClickInterceptedException,
                                        ElementNotInteractableException,
                                        JavascriptException,
                                        StaleElementReferenceException)
from selenium.webdriver import Keys, Remote
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from stack.stack import ROOT

SHOTS = ROOT / "build" / "screenshots"
PATIENCE = 120.0
POLL_SECONDS = 0.05
# The page replaced it while it was looked at, or moves it still.
MOVING = (StaleElementReferenceException, ElementClickInterceptedException,
          ElementNotInteractableException)
# What a script meets that looks for what the page has not drawn yet.
NOTHING = re.compile(r"\b(null|undefined)\b")
T = TypeVar("T")

# What a player tells from now on: its states, and the places that it is at while it has one of them.
WATCH = """
const player = document.querySelector(arguments[0]);
player.told = [[], []];
if (!player.watched) {
    player.watched = true;
    player.addEventListener("recording-state", ({ detail }) => player.told[0].push(detail.state));
    player.addEventListener("recording-time", ({ detail }) => player.told[1].push(
        { ...detail, state: player.state, clock: performance.now() / 1000 }));
}
"""
# Whether nothing changes its looks any more, but for what turns for ever.
SETTLED = """
return [document, ...[...document.querySelectorAll("*")].flatMap((one) => one.shadowRoot ?? [])]
    .flatMap((tree) => tree.getAnimations())
    .every((one) => one.playState !== "running" || one.effect.getComputedTiming().iterations === Infinity);
"""
# A player's inside, from a selector of the player and one within its shadow.
INSIDE = "document.querySelector(arguments[0]).shadowRoot.querySelector(arguments[1])"


def until(check: Callable[[], T], what: str | Callable[[], str], seconds: float = PATIENCE) -> T:
    """What `check` gives, once that is something; else an assertion that it is not `what`."""
    deadline = time.monotonic() + seconds

    def look() -> T | None:
        try:
            return check()
        except MOVING:
            return None

    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(POLL_SECONDS)
    return found


class Browser(ABC):
    """One tab of one browser, which `reset` makes as good as new."""

    name: str  # chromium or firefox

    def __init__(self, driver: Remote) -> None:
        self.driver = driver
        driver.set_script_timeout(PATIENCE)

    # Where it is, and how it looks.

    @abstractmethod
    def reset(self) -> None:
        """Nothing remembered, an ordinary window, English, light."""

    @abstractmethod
    def forget(self, origin: str) -> None:
        """What that origin has stored."""

    @abstractmethod
    def clear_cache(self) -> None:
        """Everything is fetched anew."""

    @abstractmethod
    def size(self, width: int, height: int) -> None:
        """Of the page, in its pixels."""

    @abstractmethod
    def media(self, **features: str) -> None:
        """prefers_color_scheme="dark", forced_colors="active", …; without any, as usual."""

    @abstractmethod
    def language(self, tag: str) -> None:
        """Which the person likes best."""

    @abstractmethod
    def offline(self) -> None:
        """Without a network, until `online`."""

    @abstractmethod
    def online(self) -> None:
        """With one."""

    @abstractmethod
    def permit_clipboard(self, origin: str) -> None:
        """Its pages may read and write it."""

    @abstractmethod
    def save_to(self, folder: Path) -> None:
        """Where downloads go, without a question."""

    @abstractmethod
    def without_storage(self) -> AbstractContextManager[None]:
        """A browser in which pages opened inside the block can remember nothing."""

    @abstractmethod
    def complaints(self) -> list[str]:
        """What the console holds against the page since the last time: errors and refusals by the
        content policy, but not that a server said no."""

    def open(self, url: str) -> None:
        """Also where only the fragment differs: the page is loaded anew."""
        self.driver.get("about:blank")
        self.driver.get(url)

    def shot(self, name: str) -> None:
        """A picture for people to look at, in build/screenshots."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        assert self.driver.save_screenshot(str(SHOTS / f"{name}-{self.name}.png"))

    # Asking and waiting.

    def js(self, script: str, *values: Any) -> Any:
        """What the function body returns: run anew while it looks for what is not there yet."""
        def run() -> tuple[Any] | None:
            try:
                return (self.driver.execute_script(script, *values),)
            except JavascriptException as error:
                if not NOTHING.search(str(error.msg)):
                    raise
                return None

        found, = until(run, f"this finds what it looks for: {script}")
        return found

    def wait_js(self, script: str, *values: Any) -> Any:
        """What it gives to the function that is its last argument."""
        return self.driver.execute_async_script(script, *values)

    def module(self, path: str, script: str, *values: Any) -> Any:
        """What an async function body returns; `m` is the module at `path`, `args` the values."""
        answer = self.wait_js(
            "const done = arguments[arguments.length - 1];"
            f"import({json.dumps(path)})"
            f".then(async (m) => {{ const args = arguments[0]; {script} }})"
            ".then((value) => done({ value }), (error) => done({ error: String(error) }));",
            list(values),
        )
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def find(self, selector: str) -> Element:
        until(lambda: self._look(selector), f"{selector} is there")
        return self._element(selector, 0)

    def all(self, selector: str) -> list[Element]:
        return [self._element(selector, i) for i in range(len(self._look(selector)))]

    def texts(self, selector: str) -> list[str]:
        """What a person reads in each of them, at one moment."""
        return self.js("return [...document.querySelectorAll(arguments[0])].map((one) =>"
                       " (one.checkVisibility() ? one.innerText.trim() : ''))", selector)

    def attributes(self, selector: str, name: str) -> list[str | None]:
        """Of each of them, at one moment."""
        return self.js("return [...document.querySelectorAll(arguments[0])]"
                       ".map((one) => one.getAttribute(arguments[1]))", selector, name)

    def _look(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def _element(self, selector: str, i: int) -> Element:
        return Element(lambda: dict(enumerate(self._look(selector))).get(i), f"{selector} ({i})")

    def see(self, text: str, selector: str = "body") -> None:
        """Waits until a person can read this."""
        until(lambda: text in self.js(
            "return document.querySelector(arguments[0])?.innerText ?? ''", selector), f"{text!r}")

    def await_answer(self, pattern: str) -> None:
        """Until the page has the whole answer to a request whose address the pattern finds: what it
        does about that is done before it is asked anything else."""
        until(lambda: self.js("""const wanted = new RegExp(arguments[0]);
            return performance.getEntriesByType("resource")
                .some(({ name, responseEnd }) => responseEnd > 0 && wanted.test(name))""", pattern),
            f"an answer to {pattern}")

    def settle(self) -> None:
        """Until colours and places are what they will be."""
        until(lambda: self.js(SETTLED), "all transitions are over")

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def press_with_control(self, key: str) -> None:
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys(key).key_up(
            Keys.CONTROL).perform()

    # One player.

    def player(self, selector: str = "recording-player") -> Player:
        until(lambda: self.js(
            "return Boolean(document.querySelector(arguments[0])?.shadowRoot)", selector),
            f"{selector} is a player")
        return Player(self, selector)


class Element:
    """What a selector finds; looked for again where the page has drawn it anew meanwhile."""

    def __init__(self, look: Callable[[], WebElement | None], what: str) -> None:
        self._look = look
        self._what = what

    @property
    def now(self) -> WebElement:
        """The one that is there: stale, once the page has drawn it anew."""
        return until(self._look, f"{self._what} is there")

    def _do(self, act: Callable[[WebElement], T]) -> T:
        found, *_ = until(lambda: (act(self.now),), f"{self._what} stays")
        return found

    @property
    def text(self) -> str:
        return self._do(lambda one: one.text)

    def get_attribute(self, name: str) -> str | None:
        return self._do(lambda one: one.get_attribute(name))

    def get_property(self, name: str) -> Any:
        return self._do(lambda one: one.get_property(name))

    def is_displayed(self) -> bool:
        return self._do(lambda one: one.is_displayed())

    def click(self) -> None:
        self._do(lambda one: one.click())

    def clear(self) -> None:
        self._do(lambda one: one.clear())

    def send_keys(self, *keys: str) -> None:
        self._do(lambda one: one.send_keys(*keys))


class Player:
    """One <recording-player>, by a selector."""

    def __init__(self, browser: Browser, selector: str) -> None:
        self.browser = browser
        self.selector = selector

    def part(self, inside: str) -> Element:
        return Element(lambda: self.browser.js(f"return {INSIDE}", self.selector, inside),
                       f"{inside} of {self.selector}")

    def click(self, inside: str = ".play") -> None:
        """As a person does: what is in the settings is clicked there."""
        if self.browser.js(f"return Boolean({INSIDE}.closest('.panel:not(:popover-open)'))",
                           self.selector, inside):
            self.part(".menu").click()
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

    def watch(self) -> None:
        """From now on it is written down what it tells."""
        self.browser.js(WATCH, self.selector)

    @property
    def states(self) -> list[str]:
        """Those that it entered since somebody watches."""
        return self.browser.js("return document.querySelector(arguments[0]).told[0]", self.selector)

    @property
    def places(self) -> list[dict[str, Any]]:
        """Where it said that it was since then: `time`, `part`, `partTime`, the `state` and the `clock`."""
        return self.browser.js("return document.querySelector(arguments[0]).told[1]", self.selector)

    @property
    def sounded_at(self) -> float:
        """The second that it was at when it began to play since then: however late one looks."""
        return until(lambda: [one["time"] for one in self.places if one["state"] == "playing"],
                     "it plays")[0]

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
