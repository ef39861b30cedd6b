"""A fake of its own for every test, so that tests may run beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from twilio.asking import ACCOUNT, TOKEN, Provider
from twilio.client import Added, Control
from twilio.fake import FakeTwilio


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audio")


@pytest.fixture
def twilio(cache: Path) -> Iterator[FakeTwilio]:
    with FakeTwilio(ACCOUNT, TOKEN, cache) as running:
        yield running


@pytest.fixture
def control(twilio: FakeTwilio) -> Control:
    return Control(twilio.base_url)


@pytest.fixture
def provider(twilio: FakeTwilio) -> Iterator[Provider]:
    client = Provider(twilio.base_url)
    yield client
    client.close()


@pytest.fixture
def recording(control: Control) -> Added:
    return control.add_recording(seconds=2, group="7")
