"""One Chromium and one stack with a runner a worker; every test has a business of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from browser_kit import Browser, start_chrome
from browser_site import Site
from browser_stub import Stub
from stack import scratch
from stack.stack import Stack


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    for program in ("chromium", "chromedriver"):
        assert shutil.which(program), f"{program} is missing; run: sh tests/stack/setup.sh test"
    with scratch.folder() as profile:
        chrome = start_chrome(profile)
        chrome.set_script_timeout(60)
        yield chrome
        chrome.quit()


@pytest.fixture
def browser(chrome: Chrome) -> Browser:
    one = Browser(chrome)
    one.reset()
    return one


@pytest.fixture(scope="session")
def friend() -> Iterator[Stub]:
    """Another site, whose pages may call the stack."""
    with Stub() as one:
        yield one
        one.shutdown()


@pytest.fixture(scope="session")
def live_stack(
    sanitizer_reports: Path, build_dir: Path, tmp_path_factory: pytest.TempPathFactory,
    friend: Stub,
) -> Iterator[Stack]:
    """A stack whose runner takes every click at once, and whose web server writes down what it
    is asked."""
    run_dir = tmp_path_factory.mktemp("live") / "run"
    with Stack(run_dir, build_dir=build_dir, responders=4, fast=True, bound=True, timers=True, speech=True,
               overrides={"ALLOWED_ORIGINS": friend.url, "RETRY_AFTER": "1s"},
               front="lighttpd", front_config=Path(__file__).with_name("lighttpd.conf")) as one:
        yield one


@pytest.fixture
def site(live_stack: Stack, browser: Browser) -> Site:
    browser.forget(live_stack.base_url)
    return Site(live_stack)


@pytest.fixture
def stub(browser: Browser) -> Iterator[Stub]:
    with Stub() as one:
        yield one
        browser.chrome.get("about:blank")
        one.shutdown()
