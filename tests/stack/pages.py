"""The pages in docs/, taken as what they are for whoever installs: commands to run, values to fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .stack import ROOT

HEADING = re.compile(r"^## (?:\d+\. )?(.*)$", re.MULTILINE)
FENCED = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n|\n(?= {4}))+)")


def sections(name: str, block: re.Pattern[str] = FENCED) -> dict[str, list[str]]:
    """The blocks of commands below each heading of a page."""
    parts = HEADING.split((ROOT / "docs" / name).read_text())
    return {title: [re.sub(r"^ {4}", "", one, flags=re.MULTILINE) for one in block.findall(body)]
            for title, body in zip(parts[1::2], parts[2::2])}


def fill_in(settings: Path, values: Mapping[str, str]) -> None:
    """As the owner does in an editor: each value behind its name, which stands there once."""
    text = settings.read_text()
    for name, value in values.items():
        text, count = re.subn(f"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1, f"{name} stands in it once"
    settings.write_text(text)
