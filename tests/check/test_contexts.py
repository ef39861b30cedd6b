"""Every `void *` that is handed through is asked what it is: shared/base/magic.h."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from stack.stack import ROOT

from .tree import c_sources, code_only, files, name_of

OURS = ("shared/", "fcgi/", "jobs/")
MACROS = "shared/base/magic.h"  # the one cast there is

# What a function gets untyped, and what is kept for it.
PARAMETER = re.compile(r"(?<!const )\bvoid \*(\w+)(?=[,)])")
KEPT = re.compile(r"(?:->|\.)(?:context|handle)\b")
# gcc's own word for a `void *` that becomes something else without a cast.
BLIND = re.compile(r"^(.+?):(\d+):(\d+): \w+: request for implicit conversion from .void \*. to",
                   re.MULTILINE)
CAST = re.compile(r"\((?:const )?(?:struct )?\w+ \*+\)\s*\(*([\w.>\[\]-]+)")
TAGGED = re.compile(r"^struct (\w+) \{\n((?:.*\n)*?)\};", re.MULTILINE)


def handed(text: str) -> set[str]:
    """Names of untyped parameters in this text."""
    return set(PARAMETER.findall(text))


def is_handed(expression: str, names: set[str]) -> bool:
    found = re.match(r"[\w.>\[\]-]+", expression)
    rest = expression[found.end():].lstrip() if found else "("
    return bool(found) and not rest.startswith("(") and (
        found[0] in names or bool(KEPT.search(found[0])))


def blind_casts(name: str, code: str) -> Iterator[str]:
    """Written ones: `(struct page *)context`."""
    for number, line in enumerate(code.splitlines(), 1):
        for found in CAST.finditer(line):
            if is_handed(found[1], handed(code)):
                yield f"{name}:{number}: {found[0]}"


def blind_conversions(paths: Iterable[Path]) -> Iterator[str]:
    """Those that C makes by itself, as gcc sees them."""
    texts = {str(path): code_only(path.read_text()) for path in paths}
    done = subprocess.run(
        ["gcc", "-std=c11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wc++-compat",
         *(f"-I{ROOT / folder}" for folder in ("shared", "fcgi", "jobs")),
         "-I/usr/include/postgresql", *texts],
        capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"},
    )
    assert done.returncode == 0, done.stderr
    for file, line, column in BLIND.findall(done.stderr):
        if file in texts:
            expression = texts[file].splitlines()[int(line) - 1][int(column) - 1:]
            if is_handed(expression, handed(texts[file])):
                yield f"{file}:{line}: {expression}"


def name_faults(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A name stands first, and belongs to one struct: else it says nothing."""
    seen: Counter[str] = Counter()
    for name, text in texts:
        for struct, body in TAGGED.findall(code_only(text)):
            if "struct magic magic;" in body:
                seen[struct] += 1
                if not body.startswith("    struct magic magic;"):
                    yield f"{name}: struct {struct} does not begin with its name"
    yield from (f"struct {struct} is {count} structs" for struct, count in seen.items()
                if count > 1)


@pytest.fixture
def gcc() -> None:
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed, and no other compiler tells")


def test_no_blind_conversion(gcc: None) -> None:
    paths = [path for path in files(".c") if name_of(path).startswith(OURS)
             and (PARAMETER.search(path.read_text()) or KEPT.search(path.read_text()))]
    assert list(blind_conversions(paths)) == []


def test_no_blind_cast() -> None:
    assert [fault for name, text in c_sources() if name.startswith(OURS)
            for fault in blind_casts(name, code_only(text)) if name != MACROS] == []


def test_names_say_something() -> None:
    assert list(name_faults((name, text) for name, text in c_sources()
                            if name.startswith(OURS))) == []


# ---- these checks can fail ----

BAD = """
struct page { int lines; };
struct event { void *context; };
int lines_of(struct page *page);
int lines_of(struct page *page)
{
    return page->lines;
}
int a(void *context, void *const *others, const void *left);
int a(void *context, void *const *others, const void *left)
{
    struct page *page = context;
    const struct page *one = left;
    struct page *made = others[0];
    return page->lines + one->lines + made->lines;
}
int b(void *handle);
int b(void *handle)
{
    return lines_of(handle);
}
int c(const struct event *event);
int c(const struct event *event)
{
    struct page *page = event->context;
    return page->lines;
}
int d(void *context);
int d(void *context)
{
    return ((struct page *)context)->lines;
}
"""


def test_blind_conversions_are_found(gcc: None, tmp_path: Path) -> None:
    bad = tmp_path / "bad.c"
    bad.write_text(BAD)
    found = [fault.rpartition(": ")[2] for fault in blind_conversions([bad])]
    assert found == ["context;", "handle);", "event->context;"]
    good = tmp_path / "good.c"
    good.write_text('#include "base/magic.h"\nstruct page { struct magic magic; int lines; };\n'
                    "int a(void *context);\nint a(void *context)\n"
                    "{ const struct page *page = CHECKED(page, context); return page->lines; }\n")
    assert list(blind_conversions([good])) == []


def test_blind_casts_are_found() -> None:
    assert list(blind_casts("a.c", code_only(BAD))) == ["a.c:31: (struct page *)context"]
    good = "int f(void *context);\nstruct page *page = (struct page *)job; g((char *)bytes);\n"
    assert list(blind_casts("a.c", good)) == []


def test_bad_names_are_found() -> None:
    good = "struct a {\n    struct magic magic;\n    int x;\n};\nstruct b {\n    int x;\n};\n"
    late = "struct c {\n    int x;\n    struct magic magic;\n};\n"
    assert list(name_faults([("a.c", good), ("b.c", "struct b {\n    int x;\n};\n")])) == []
    assert list(name_faults([("a.c", good), ("b.c", good)])) == ["struct a is 2 structs"]
    assert list(name_faults([("c.c", late)])) == ["c.c: struct c does not begin with its name"]
