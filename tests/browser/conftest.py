"""One browser at a time and one stack with a runner a worker; every test has a business of its own.

A test with a `browser` is asked of every engine, but for one marked `engines("chromium")`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import browser_chromium
import browser_firefox
from browser_kit import Browser
from browser_site import Site
from browser_stub import Stub
from ear import Ear, listening
from listener import Listener
from media_keys import MediaKeys, desktop
from stack import scratch
from stack.stack import Stack


ENGINES = {"chromium": browser_chromium, "firefox": browser_firefox}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engines(*names): the browsers that the test is for")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        chosen = metafunc.definition.get_closest_marker("engines")
        metafunc.parametrize("engine", chosen.args if chosen else list(ENGINES), indirect=True,
                             scope="session")


@pytest.fixture(scope="session")
def ear() -> Iterator[Ear]:
    """Hears all that the browsers play."""
    assert shutil.which("pulseaudio"), "pulseaudio is missing; run: sh tests/stack/setup.sh full"
    with scratch.folder() as folder, listening(folder) as one:
        yield one


@pytest.fixture(scope="session")
def media_keys() -> Iterator[MediaKeys]:
    """Those of a keyboard or a headset."""
    assert shutil.which("dbus-daemon"), "dbus-daemon is missing; run: sh tests/stack/setup.sh full"
    with scratch.folder() as folder, desktop(folder) as one:
        yield one


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest, ear: Ear, media_keys: MediaKeys) -> Iterator[Browser]:
    """The browser that runs; never two at once, for each takes the room of a stack."""
    kind = ENGINES[request.param]
    assert shutil.which(kind.PROGRAM), f"{kind.PROGRAM} is missing; run: sh tests/stack/setup.sh full"
    with scratch.folder() as profile, kind.running(
            profile, {**os.environ, **ear.environment, **media_keys.environment}) as one:
        yield one


@pytest.fixture
def browser(engine: Browser) -> Browser:
    engine.reset()
    return engine


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
def listener(browser: Browser, stub: Stub) -> Listener:
    return Listener(browser, stub)


@pytest.fixture
def stub(browser: Browser) -> Iterator[Stub]:
    with Stub() as one:
        yield one
        browser.driver.get("about:blank")
        one.shutdown()
