"""The programs of docs/crm.md: what each prints is let in, and only with the right secret."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from stack.api import Api
from stack.stack import ROOT, Stack

PAGE = ROOT / "docs" / "crm.md"
# The language's name in the page, and how a program in it is run from standard input.
RUN = {"python": ["/usr/bin/python3", "-"], "php": ["php"], "js": ["node", "-"]}


def programs() -> dict[str, str]:
    return dict(re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))


def token(language: str, secret: str) -> str:
    done = subprocess.run(RUN[language], input=programs()[language], capture_output=True, text=True,
                          env={"PATH": "/usr/local/bin:/usr/bin:/bin", "JWT_SECRET": secret})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_all_languages_are_known() -> None:
    assert set(programs()) == set(RUN)


@pytest.mark.parametrize("language", RUN)
def test_the_token_opens_the_door(stack: Stack, language: str) -> None:
    if not shutil.which(RUN[language][0]):
        pytest.skip(f"{RUN[language][0]} is not installed")
    secret = stack.config["JWT_SECRET"]
    assert Api(stack.base_url, token(language, secret)).get("/api/calls").status == 200
    assert Api(stack.base_url, token(language, secret[::-1])).get("/api/calls").status == 401
