"""The programs of docs/webhooks.md: what a runner sends is good, and nothing that differs from it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from speech.receiver import Receiver
from stack.calls import Call
from stack.stack import ROOT

PAGE = ROOT / "docs" / "webhooks.md"
# The language's name in the page, the ending of a file in it, and how that is run.
RUN = {"python": "/usr/bin/python3", "php": "php", "js": "node"}

Run = Callable[..., subprocess.CompletedProcess[str]]


def programs() -> dict[str, str]:
    return dict(re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))


def test_all_languages_are_known() -> None:
    assert set(programs()) == set(RUN)


@pytest.mark.parametrize("language", RUN)
def test_what_was_sent_is_good(
    language: str, new_call: Callable[..., Call], drain: Run, run_tapedeck: Run, tmp_path: Path
) -> None:
    if not shutil.which(RUN[language]):
        pytest.skip(f"{RUN[language]} is not installed")
    file = tmp_path / f"program.{language}"
    file.write_text(programs()[language])
    call = new_call()
    with Receiver() as receiver:
        secret = run_tapedeck("webhook", "--business", str(call.business), "--url",
                              receiver.url).stdout.strip()
        drain(WEBHOOK_PRIVATE="true")
        (told,) = receiver.told

    def takes(body: bytes = told.body, **changes: str) -> bool:
        given = {"HTTP_X_TAPEDECK_TIMESTAMP": told.headers["X-Tapedeck-Timestamp"],
                 "HTTP_X_TAPEDECK_SIGNATURE": told.headers["X-Tapedeck-Signature"],
                 "WEBHOOK_SECRET": secret, "PATH": "/usr/local/bin:/usr/bin:/bin", **changes}
        done = subprocess.run([RUN[language], str(file)], input=body, env=given, timeout=60,
                              capture_output=True)
        assert (done.stdout, done.stderr) == (b"", b"")
        return done.returncode == 0

    assert takes()
    assert not takes(body=told.body + b" ")
    assert not takes(WEBHOOK_SECRET=secret[::-1])
    assert not takes(HTTP_X_TAPEDECK_SIGNATURE="")
    assert not takes(HTTP_X_TAPEDECK_TIMESTAMP=str(int(told.headers["X-Tapedeck-Timestamp"]) + 1))
    for age, good in (0, True), (3600, False):
        at = str(int(time.time()) - age)
        assert takes(HTTP_X_TAPEDECK_TIMESTAMP=at,
                     HTTP_X_TAPEDECK_SIGNATURE=told.signature(secret, at)) is good
