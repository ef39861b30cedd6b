"""The documentation names what there is: every setting, and files that exist."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from stack.stack import ROOT

SETTINGS = ROOT / "docs" / "configuration.md"
ROW = re.compile(r"^\|\s*`?([A-Z][A-Z0-9_]+)`?\s*\|\s*(?:`([^`]*)`)?\s*\|", re.MULTILINE)
MEANING = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \|[^|]*\| (.*) \|$", re.MULTILINE)
QUOTED = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:c|h|py|lua|conf|sql|js|mjs|txt|sh))`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MANUAL = ROOT / "docs" / "tapedeck.1"
COMMAND = re.compile(r'^    \{"(\w+)",$', re.MULTILINE)
OPTION = re.compile(r'\{"--([a-z-]+)", ')
ITEM = re.compile(r"^\.It Cm (\w+)", re.MULTILINE)
FLAG = re.compile(r"\bFl -([a-z-]+)")
HEADING = re.compile(r"^#+\s+(.*?)\s*$", re.MULTILINE)

# Where the files lie that pages name: the tests in the table of security.md, drop-ins of the units.
FOLDERS = (ROOT, ROOT / "tests", ROOT / "jobs" / "systemd")

# Names on that page that are no settings of the table: where the env file is.
BESIDE = {"TAPEDECK_ENV"}


def ask(build_dir: Path, *arguments: str) -> str:
    program = build_dir / "tapedeck"
    assert program.exists(), f"{program} is not there; run: make all"
    done = subprocess.run([str(program), "config", *arguments], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin"}, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def setting_faults(defaults: Mapping[str, str], page: str) -> Iterator[str]:
    rows = ROW.findall(page)
    names = [name for name, _ in rows]
    for name, default in defaults.items():
        if name not in names:
            yield f"{name} is not documented"
        elif dict(rows)[name] != default:
            yield f"{name} is {default!r}, and documented as {dict(rows)[name]!r}"
    for name in sorted({*names, *QUOTED.findall(page)} - {*defaults, *BESIDE}):
        yield f"{name} is documented, and there is no such setting"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is documented twice"


def meaning_faults(meanings: Mapping[str, str], page: str) -> Iterator[str]:
    """Of the settings that the page has: the others are a fault of setting_faults."""
    for name, documented in MEANING.findall(page):
        if name in meanings and meanings[name] != documented:
            yield f"{name} is {meanings[name]!r}, and documented as {documented!r}"


def anchors(page: str) -> set[str]:
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in HEADING.findall(FENCE.sub("", page))}


def link_faults(pages: Iterable[Path]) -> Iterator[str]:
    for page in pages:
        for link in LINK.findall(FENCE.sub("", page.read_text())):
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                yield f"{page.name} links to {link}, which is not there"
            elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
                yield f"{page.name} links to {link}, and there is no such heading"


def file_faults(pages: Iterable[Path], folders: Iterable[Path]) -> Iterator[str]:
    for page in pages:
        for name in FILE.findall(FENCE.sub("", page.read_text())):
            if not any((folder / name).exists() for folder in folders):
                yield f"{page.name} names {name}, which is not there"


def manual_faults(commands: set[str], options: set[str], page: str) -> Iterator[str]:
    for what, ours, theirs in (("command", {*commands, "help"}, set(ITEM.findall(page))),
                               ("option", options, set(FLAG.findall(page)))):
        yield from (f"{what} {name}: in one of manual and program" for name in ours ^ theirs)


def our_pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_every_setting_is_documented(build_dir: Path) -> None:
    assert SETTINGS.exists(), "docs/configuration.md is not there"
    names = ask(build_dir, "--names").split()
    effective = dict(line.split("=", 1) for line in ask(build_dir).splitlines()
                     if not line.startswith("#"))
    assert sorted(effective) == sorted(names)
    assert list(setting_faults(effective, SETTINGS.read_text())) == []


def test_settings_mean_what_the_program_says(build_dir: Path) -> None:
    lines = ask(build_dir).splitlines()
    meanings = {line.partition("=")[0]: above.removeprefix("# ")
                for above, line in zip(lines[::2], lines[1::2], strict=True)}
    page = SETTINGS.read_text()
    assert len(MEANING.findall(page)) == len(meanings)
    assert list(meaning_faults(meanings, page)) == []


def test_links_lead_somewhere() -> None:
    assert (ROOT / "README.md").exists(), "README.md is not there"
    assert len(our_pages()) > 1, "there are no pages in docs/"
    assert list(link_faults(our_pages())) == []


def test_files_that_are_named_are_there() -> None:
    assert list(file_faults(our_pages(), FOLDERS)) == []


def test_the_manual_has_every_command_and_option() -> None:
    commands = set(COMMAND.findall((ROOT / "jobs" / "main.c").read_text()))
    options = {name for source in (ROOT / "jobs").rglob("*.c")
               for name in OPTION.findall(source.read_text())}
    assert len(commands) > 10 and len(options) > 10
    assert list(manual_faults(commands, options, MANUAL.read_text())) == []


# ---- these checks can fail ----

PAGE = "| name | default |\n|---|---|\n| `AN_A` |  |\n| `AN_B` | `5s` | |\n\nSee `TAPEDECK_ENV`.\n"


def test_missing_settings_are_found() -> None:
    assert list(setting_faults({"AN_A": "", "AN_B": "5s"}, PAGE)) == []
    for defaults in ({"AN_A": "", "AN_B": "5s", "AN_C": ""}, {"AN_A": ""},
                     {"AN_A": "", "AN_B": "6s"}, {"AN_A": "x", "AN_B": "5s"}):
        assert len(list(setting_faults(defaults, PAGE))) == 1
    both = {"AN_A": "", "AN_B": "5s"}
    assert len(list(setting_faults(both, PAGE + "Or `NO_SUCH_NAME`."))) == 1
    assert len(list(setting_faults(both, PAGE + "| `AN_A` |  |\n"))) == 1


def test_other_meanings_are_found() -> None:
    page = "| name | default | meaning |\n|---|---|---|\n| `AN_A` |  | one |\n| `AN_B` | `5s` | two |\n"
    assert list(meaning_faults({"AN_A": "one", "AN_B": "two"}, page)) == []
    assert list(meaning_faults({"AN_A": "one"}, page)) == []
    assert len(list(meaning_faults({"AN_A": "two", "AN_B": "two"}, page))) == 1


def test_what_the_manual_lacks_is_found() -> None:
    page = ".It Cm drain Op Fl -once\n.It Cm help\n"
    assert list(manual_faults({"drain"}, {"once"}, page)) == []
    for commands, options in (({"drain", "move"}, {"once"}), (set(), {"once"}),
                              ({"drain"}, {"once", "to"}), ({"drain"}, set())):
        assert len(list(manual_faults(commands, options, page))) == 1


def test_missing_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    (tmp_path / "tests" / "unit" / "test_a.c").touch()
    page = tmp_path / "page.md"
    page.write_text("`tests/unit/test_a.c` `unit/test_a.c` `/v1/x.py` `a.c` `x/<name>.c`\n")
    folders = (tmp_path, tmp_path / "tests")
    assert list(file_faults([page], folders)) == []
    page.write_text("`unit/test_b.c` `tests/test_a.c` `none/b.sql`\n")
    assert len(list(file_faults([page], folders))) == 3


def test_dead_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# A heading, `quoted`\n")
    page.write_text("[a](other.md) [b](https://x.example/none) [c](other.md#a-heading-quoted)\n"
                    "[d](#here)\n\n## Here\n```\n[no](link)\n```\n")
    assert list(link_faults([page])) == []
    page.write_text("[a](none.md) [b](../none/) [c](other.md#none) [d](#none) ![e](none.png)\n")
    assert len(list(link_faults([page]))) == 5
