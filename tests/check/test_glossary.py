"""docs/architecture.md: its glossary has our own words, its table of folders has the rooms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from stack.stack import ROOT

from .test_docs import COMMAND
from .test_layers import ROOMS
from .tree import c_sources

PAGE = ROOT / "docs" / "architecture.md"
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")

# Names that say what they are to anybody in the field. A new file is either here or in the glossary.
STANDARD = {
    # shared/base, shared/config, shared/app.h, shared/schema
    "address", "app", "backoff", "buf", "clock", "config", "config_list", "config_value",
    "credentials", "decimal", "duration", "embedded", "env_file", "form", "list", "log", "magic", "migrating", "migration",
    "read_at", "result", "sandbox", "sandbox_calls", "sanitizer", "schema", "stop", "text", "utf8",
    "version",
    # shared/clients
    "crypto", "http", "http_file", "http_gather", "http_source", "json", "jwt", "jwt_verifier",
    "pg", "pg_array", "pg_connection", "pg_sqlstate",
    "redis", "redis_address", "redis_reply", "redis_sentinel", "redis_tls", "redis_wire",
    "s3", "s3_request",
    # the other rooms of shared/
    "audio", "call_sql", "mark_sql", "disk", "folders", "metrics", "retention_sql", "run_sql", "script", "signature", "summary", "wav",
    # jobs/
    "commands", "human", "main", "notify", "options", "progress_line", "sound", "status_text",
    "summarise", "terminal", "transcribe",
}


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def modules(names: Iterable[str], commands: set[str]) -> set[str]:
    """The stems under shared/ and jobs/. Not among them: commands, which the manual has, and sources
    without a header that carry the name of a module beside them (run_held.c is a part of run.h)."""
    paths = [PurePosixPath(name) for name in names if name.startswith(("shared/", "jobs/"))]
    headers = {path.with_suffix("") for path in paths if path.suffix == ".h"}
    found = set()
    for path in paths:
        name = path.with_suffix("")
        beside = headers | {other.with_suffix("") for other in paths if other.stem in commands}
        part = any(name.parent == other.parent and name.name.startswith(f"{other.name}_")
                   for other in beside)
        command = path.parent.name == "commands" and path.stem in commands
        if name in headers or not (part or command):
            found.add(path.stem)
    return found


def glossary(page: str) -> list[str]:
    """The words in code type in its first column, in order."""
    return [word for first, _, _ in ROW.findall(section(page, "Glossary"))
            for word in CODE.findall(first)]


def word_faults(own: set[str], others: set[str], words: list[str],
                standard: set[str]) -> Iterator[str]:
    """`own` are the modules that need a word, `others` those that may have one."""
    for name in sorted(own - standard - set(words)):
        yield f"{name} is neither in the glossary nor among the standard names of this check"
    for name in sorted(standard & set(words)):
        yield f"{name} is in the glossary and among the standard names"
    for name in sorted(standard - own):
        yield f"{name} is among the standard names, and there is no such file"
    for name in sorted(set(words) - own - others):
        yield f"{name} is in the glossary, and there is no such file"
    for name in sorted({name for name in words if words.count(name) > 1}):
        yield f"{name} is in the glossary twice"


def room_faults(page: str, rooms: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    named = [word for first, _, _ in ROW.findall(section(page, "Folders"))
             for word in CODE.findall(first)]
    places = {word.removesuffix(".c").removesuffix(".h").removesuffix("/") + "/" * ("." not in word):
              place for place, word in enumerate(named)}
    for part, inside in rooms.items():
        wanted = [f"{part}/{room}" for room in inside]
        yield from (f"{room} is not in the table" for room in wanted if room not in places)
        there = [places[room] for room in wanted if room in places]
        if there != sorted(there):
            yield f"the rooms of {part} are not in their order"


def test_our_words_are_in_the_glossary() -> None:
    commands = set(COMMAND.findall((ROOT / "jobs" / "main.c").read_text()))
    names = [name for name, _ in c_sources()]
    own = modules(names, commands)
    others = {PurePosixPath(name).stem for name in names if name.startswith(tuple(ROOMS))}
    words = glossary(PAGE.read_text())
    assert len(own) > 50 and len(words) > 30
    assert list(word_faults(own, others, words, STANDARD)) == []


def test_the_rooms_are_in_the_table() -> None:
    assert list(room_faults(PAGE.read_text(), ROOMS)) == []


# ---- these checks can fail ----

def test_modules_are_found() -> None:
    names = ("shared/runs/run.h", "shared/runs/run.c", "shared/runs/run_held.c",
             "shared/runs/run_sql.h", "shared/runs/new.c", "shared/calls/run_on.c",
             "jobs/commands/drain.c", "jobs/commands/drain_text.c", "jobs/steps/drain.c",
             "fcgi/http/wait.c", "tests/unit/fake_io.h")
    assert modules(names, {"drain"}) == {"run", "run_sql", "new", "run_on", "drain"}
    assert "drain" not in modules(("jobs/commands/drain.c",), {"drain"})


def test_missing_and_idle_words_are_found() -> None:
    page = ("# A\n\n## Glossary\n\n| word | what it is | table |\n|---|---|---|\n"
            "| `run`, `runs` | work | table `recording_runs` |\n| lane | a queue | none |\n"
            "| `grant` | a yes | none |\n\n## After\n\n| `no` | not here | none |\n")
    words = glossary(page)
    assert words == ["run", "runs", "grant"]
    own, standard = {"run", "runs", "log"}, {"log"}
    assert list(word_faults(own, {"grant"}, words, standard)) == []
    for case in ((own | {"new"}, {"grant"}, words, standard),
                 (own, {"grant"}, words, standard | {"run"}),
                 (own, {"grant"}, words, standard | {"gone"}),
                 (own, set(), words, standard),
                 (own, {"grant"}, [*words, "run"], standard)):
        assert len(list(word_faults(*case))) == 1, case


def test_missing_and_misplaced_rooms_are_found() -> None:
    rooms = {"shared": ("base/", "app", "runs/")}
    row = "| `shared/{}` | for something | others |\n"
    page = "# A\n\n## Folders\n\n" + "".join(map(row.format, ("base", "app.h", "runs")))
    assert list(room_faults(page, rooms)) == []
    for names in (("base", "app.h"), ("base", "app", "runs"), ("app.h", "base", "runs")):
        page = "# A\n\n## Folders\n\n" + "".join(map(row.format, names))
        assert len(list(room_faults(page, rooms))) == 1, names
