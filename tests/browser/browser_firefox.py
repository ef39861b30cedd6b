"""Firefox under test: started without geckodriver, which Debian does not have."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Remote

from browser_kit import Browser, until
from marionette import Marionette

PROGRAM = "firefox-esr"
# Few processes, nothing asked of the internet, and no page of its own; Marionette adds more like it.
PREFERENCES = {
    "marionette.port": 0, "dom.ipc.processCount": 1, "dom.ipc.processPrelaunch.enabled": False,
    "fission.autostart": False, "fission.webContentIsolationStrategy": 0,
    "toolkit.telemetry.enabled": False, "datareporting.policy.dataSubmissionEnabled": False,
    "browser.startup.page": 0, "browser.startup.homepage": "about:blank",
    "browser.newtabpage.enabled": False, "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False, "network.captive-portal-service.enabled": False,
    "dom.events.testing.asyncClipboard": True, "media.gmp-manager.updateEnabled": False,
    "accessibility.force_disabled": 1, "browser.cache.disk.enable": False,
    "layout.css.scroll-behavior.enabled": False, "accessibility.tabfocus": 7,
}
TAB = "const tab = window.gBrowser.selectedBrowser, context = tab.browsingContext;"
SIZE = TAB + """
const [width, height, done] = arguments;
window.resizeTo(Math.max(width, 600) + 40, height + 240);
for (const [side, pixels] of [["width", width], ["height", height]]) {
    for (const bound of ["min", "max"]) tab.style.setProperty(`${bound}-${side}`, `${pixels}px`);
}
tab.getBoundingClientRect();
setTimeout(done, 50);
"""
MEDIA = TAB + """
const wish = arguments[0];
context.prefersColorSchemeOverride = wish.prefers_color_scheme ?? "light";
context.forcedColorsOverride = wish.forced_colors ?? "none";
Services.prefs.setIntPref("ui.prefersReducedMotion", wish.prefers_reduced_motion === "reduce");
"""
FORGET = """
const [host, done] = arguments;
const all = Services.clearData;
const kinds = all.CLEAR_COOKIES | all.CLEAR_DOM_STORAGES | all.CLEAR_ALL_CACHES;
const told = { onDataDeleted: () => done() };
if (host) all.deleteDataFromHost(host, true, kinds, told);
else all.deleteData(kinds, told);
"""
# Errors of pages, by their scripts or their policies. What a script says by console.error stays with
# the page's own process; Chromium tells that.
COMPLAINTS = """
const found = Services.console.getMessageArray()
    .filter((one) => one instanceof Ci.nsIScriptError && !(one.flags & Ci.nsIScriptError.warningFlag)
        && one.isForwardedFromContentProcess && !/^chrome:|^resource:/.test(one.sourceName))
    .map(({ errorMessage, sourceName, lineNumber }) =>
        `${errorMessage} (${sourceName}:${lineNumber})`);
Services.console.reset();
return found;
"""


@contextmanager
def running(profile: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Firefox]:
    """A Firefox of one's own, that ends with the block."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});"
             for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = [PROGRAM, "--headless", "--no-remote", "--marionette",
               "--remote-allow-system-access", "--profile", str(profile)]
    with (profile / "log").open("w") as log:
        firefox = subprocess.Popen(command, stdout=log, stderr=log,
                                   env={**environment, "HOME": str(profile)})
    try:
        where = profile / "MarionetteActivePort"
        port = until(lambda: where.exists() and where.read_text(),
                     lambda: f"Firefox is there: {(profile / 'log').read_text()}")
        connection = Marionette(int(port))
        yield Firefox(Remote(connection))
        connection.close()
    finally:
        firefox.terminate()
        firefox.wait(30)


class Firefox(Browser):
    """One tab of one Firefox."""

    name = "firefox"

    def reset(self) -> None:
        self.driver.get("about:blank")
        self.online()
        self._chrome(FORGET, "", wait=True)
        self.size(1200, 900)
        self.media()
        self.language("en-US")
        self.complaints()

    def forget(self, origin: str) -> None:
        self._chrome(FORGET, "127.0.0.1", wait=True)

    def clear_cache(self) -> None:
        self._chrome("Services.cache2.clear();")

    def size(self, width: int, height: int) -> None:
        self._chrome(SIZE, width, height, wait=True)

    def open(self, url: str) -> None:
        super().open(url)
        self._chrome(MEDIA, self._features)  # another page's process has forgotten it

    def media(self, **features: str) -> None:
        self._features = features
        self._chrome(MEDIA, features)

    def language(self, tag: str) -> None:
        self._preference("intl.accept_languages", tag)

    def offline(self) -> None:
        self._chrome(TAB + "context.top.forceOffline = true;")

    def online(self) -> None:
        self._chrome(TAB + "context.top.forceOffline = false;")

    def complaints(self) -> list[str]:
        found: list[str] = self._chrome(COMPLAINTS)
        return found

    def permit_clipboard(self, origin: str) -> None:
        """Every page has it here: see PREFERENCES."""

    def save_to(self, folder: Path) -> None:
        self._preference("browser.download.folderList", 2)
        self._preference("browser.download.dir", str(folder))

    @contextmanager
    def without_storage(self) -> Iterator[None]:
        self._preference("network.cookie.cookieBehavior", 2)
        yield
        self._preference("network.cookie.cookieBehavior", 5)

    def _preference(self, name: str, value: str | int) -> None:
        kind = "Int" if isinstance(value, int) else "Char"
        self._chrome(f"Services.prefs.set{kind}Pref(...arguments)", name, value)

    def _chrome(self, script: str, *values: Any, wait: bool = False) -> Any:
        """Runs it as a part of the browser itself."""
        self.driver.execute("context", {"value": "chrome"})
        try:
            run = self.driver.execute_async_script if wait else self.driver.execute_script
            return run(script, *values)
        finally:
            self.driver.execute("context", {"value": "content"})
