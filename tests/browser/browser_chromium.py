"""Chromium under test, by its driver and its DevTools protocol."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from browser_kit import Browser

PROGRAM, DRIVER = "chromium", "/usr/bin/chromedriver"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)
NO_STORAGE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } });"


@contextmanager
def running(profile: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Chromium]:
    """A Chromium of one's own, that ends with the block."""
    options = ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=Service(DRIVER, env=dict(environment)))
    try:
        yield Chromium(chrome)
    finally:
        chrome.quit()


class Chromium(Browser):
    """One tab of one Chromium."""

    name = "chromium"

    def cdp(self, command: str, **params: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, params)

    def reset(self) -> None:
        self.cdp("Emulation.clearDeviceMetricsOverride")
        self.cdp("Network.enable")
        self.online()
        self.cdp("Network.clearBrowserCookies")
        self.driver.get("about:blank")
        self.size(1200, 900)
        self.media()
        self.language("en-US")
        self.driver.get_log("browser")

    def forget(self, origin: str) -> None:
        self.cdp("Storage.clearDataForOrigin", origin=origin, storageTypes="all")

    def clear_cache(self) -> None:
        self.cdp("Network.clearBrowserCache")

    def size(self, width: int, height: int) -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)

    def media(self, **features: str) -> None:
        named = [{"name": name.replace("_", "-"), "value": value}
                 for name, value in features.items()]
        self.cdp("Emulation.setEmulatedMedia", media="", features=named)

    def language(self, tag: str) -> None:
        agent = self.js("return navigator.userAgent")
        self.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=tag)

    def offline(self) -> None:
        self._network(offline=True)

    def online(self) -> None:
        self._network(offline=False)

    def _network(self, *, offline: bool) -> None:
        self.cdp("Network.emulateNetworkConditions", offline=offline, latency=0,
                 downloadThroughput=-1, uploadThroughput=-1)

    def permit_clipboard(self, origin: str) -> None:
        self.cdp("Browser.grantPermissions", origin=origin,
                 permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    def save_to(self, folder: Path) -> None:
        self.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    @contextmanager
    def without_storage(self) -> Iterator[None]:
        script = self.cdp("Page.addScriptToEvaluateOnNewDocument", source=NO_STORAGE)
        yield
        self.cdp("Page.removeScriptToEvaluateOnNewDocument", **script)

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]]
