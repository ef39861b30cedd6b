"""How our C looks: formatted, short, without globals and without the functions that go wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from stack.stack import ROOT

from .tree import c_sources, code_only, files, name_of

FILE_LINES, FUNCTION_LINES = 500, 60
CODE = (".c", ".h", ".py", ".sh", ".sql", ".lua", ".mjs", ".js", ".css")

# What is longer, and why it may be.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

# Objects that can be written to, and why each must be.
GLOBALS: dict[str, str] = {}

BANNED = re.compile(
    r"\b(?:str(?:cpy|cat|ncpy|ncat)|stpcpy|v?sprintf|gets|ato[ifl]|atoll|strto(?:l|ll|ul|ull|imax"
    r"|umax|d|f)|v?f?sscanf|v?f?scanf|strtok|system|popen|mktemp|tmpnam|alloca)\s*\("
)
FUNCTION = re.compile(r"^\w[^;{}]*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
CONTROL = re.compile(r"(?<!#)\b(?:(if|for|(?<!} )while) \(|(else)\b)")
MACRO_LINE = re.compile(r"\\\n *$")
WALK = re.compile(r"\bfor \([^;{}]*\*\s*next\b[^;{}]*;[^;{}]*;[^;{}]*= next\)")
WRITABLE = re.compile(r"\.(?:data|bss|tdata|tbss)\b(?!\.rel\.ro)|\*COM\*")


def long_files(lines: Iterable[tuple[str, int]]) -> Iterator[str]:
    for name, count in lines:
        if count > FILE_LINES and name not in LONG_FILES:
            yield f"{name}: {count} lines"


def long_functions(name: str, text: str) -> Iterator[str]:
    for function, body in FUNCTION.findall(text):
        lines = body.count("\n")
        if lines > FUNCTION_LINES and f"{name}:{function}" not in LONG_FUNCTIONS:
            yield f"{name}: {function} has {lines} lines"


def banned_calls(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(code_only(text).splitlines(), 1):
        for found in BANNED.finditer(line):
            yield f"{name}:{number}: {found[0]}"


def bare_statements(name: str, text: str) -> Iterator[str]:
    """An if, else, for or while without braces; the while of a do stands behind its brace. A macro
    may end with a loop's head: whoever uses it writes the braces."""
    code = code_only(text)
    for found in CONTROL.finditer(code):
        word, end = found[1] or found[2], found.end()
        depth = 1 if found[1] else 0
        while depth > 0:
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        allowed = ("{", "if ") if word == "else" else ("{",)
        if word == "for" and MACRO_LINE.search(code[:found.start()]) and code[end] == "\n":
            continue
        if not code[end:].lstrip(" \n\\").startswith(allowed):
            yield f"{name}:{code.count(chr(10), 0, found.start()) + 1}: {word} without braces"


def own_walks(name: str, text: str) -> Iterator[str]:
    """A loop that keeps its next element by hand: LIST_EACH does that."""
    code = code_only(text)
    for found in WALK.finditer(code):
        yield f"{name}:{code.count(chr(10), 0, found.start()) + 1}: {found[0]}"


def writable_objects(name: str, listing: str) -> Iterator[str]:
    """From the output of `nm --format=sysv`; constants that only the linker fills in are none."""
    for line in listing.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 7 and columns[3] != "NOTYPE" and WRITABLE.search(columns[6]):
            symbol = re.sub(r"\.\d+$", "", columns[0])  # a static inside a function
            if symbol.startswith("__odr_asan."):  # the sanitizer's own
                continue
            if f"{name}:{symbol}" not in GLOBALS:
                yield f"{name}: {symbol} in {columns[6]}"


def symbols(path: Path) -> str:
    return subprocess.run(["nm", "--format=sysv", str(path)], capture_output=True, text=True,
                          check=True).stdout


def format_faults(paths: list[Path]) -> list[str]:
    done = subprocess.run(
        ["clang-format", f"--style=file:{ROOT / '.clang-format'}", "--dry-run", "-Werror",
         *map(str, paths)], capture_output=True, text=True,
    )
    faults = {line.split(": error:")[0] for line in done.stderr.splitlines() if ": error:" in line}
    assert done.returncode == 0 or faults, done.stderr
    return sorted(faults)


@pytest.fixture
def clang_format() -> None:
    if not shutil.which("clang-format"):
        pytest.skip("clang-format is not installed: nobody but a developer needs it")


def test_formatted(clang_format: None) -> None:
    assert format_faults(files(".c", ".h")) == []


def test_files_are_short() -> None:
    counted = ((name_of(path), len(path.read_bytes().splitlines())) for path in files(*CODE))
    assert list(long_files(counted)) == []


def test_functions_are_short() -> None:
    assert [fault for name, text in c_sources() for fault in long_functions(name, text)] == []


def test_one_brace_style() -> None:
    assert [fault for name, text in c_sources() for fault in bare_statements(name, text)] == []


def test_lists_are_gone_through_one_way() -> None:
    assert [fault for name, text in c_sources() for fault in own_walks(name, text)] == []


def test_no_dangerous_calls() -> None:
    assert [fault for name, text in c_sources() for fault in banned_calls(name, text)] == []


def test_nothing_is_global(build_dir: Path) -> None:
    objects = sorted((build_dir / "obj").rglob("*.o"))
    assert objects, f"nothing is built in {build_dir}; run: make all"
    faults: list[str] = []
    for path in objects:
        source = path.relative_to(build_dir / "obj").with_suffix(".c")
        ours = (ROOT / source).exists() and source.parts[0] != "tests"
        if ours or source.name == "embedded.c":
            faults += writable_objects(source.as_posix(), symbols(path))
    assert faults == []


def test_exceptions_are_needed() -> None:
    """What is on a list of exceptions and has become short or is gone comes off it."""
    counts = {name_of(path): len(path.read_bytes().splitlines()) for path in files(*CODE)}
    assert [name for name in LONG_FILES if counts.get(name, 0) <= FILE_LINES] == []
    functions = {f"{name}:{function}": body.count("\n") for name, text in c_sources()
                 for function, body in FUNCTION.findall(text)}
    assert [name for name in LONG_FUNCTIONS if functions.get(name, 0) <= FUNCTION_LINES] == []


# ---- these checks can fail ----

def test_bad_format_is_found(clang_format: None, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.c", tmp_path / "bad.c"
    good.write_text("int f(int a)\n{\n    return a;\n}\n")
    bad.write_text("int f( int a ){\n  return a; }\n")
    assert format_faults([good]) == []
    assert format_faults([good, bad]) != []


def test_long_ones_are_found() -> None:
    assert list(long_files([("a.c", FILE_LINES), ("b.c", FILE_LINES + 1)])) == ["b.c: 501 lines"]
    filler = "    x();\n"
    for lines, found in ((FUNCTION_LINES, 0), (FUNCTION_LINES + 1, 1)):
        head = "enum e { A };\n\nstatic int f(int a,\n             int b)\n"
        text = f"{head}{{\n{filler * lines}}}\n"
        assert len(list(long_functions("a.c", text))) == found
    two = f"int f(void)\n{{\n{filler * 40}}}\n\nint g(void)\n{{\n{filler * 40}}}\n"
    assert list(long_functions("a.c", two)) == []


def test_most_functions_are_seen() -> None:
    """The expression above finds what it is there to measure."""
    seen = sum(len(FUNCTION.findall(text)) for _, text in c_sources())
    there = sum(len(re.findall(r"^\{$", text, re.MULTILINE)) for _, text in c_sources())
    assert seen >= there * 0.99


@pytest.mark.parametrize("call", ["strcpy(a, b)", "strcat (a, b)", "sprintf(a, b)", "atoi(a)",
                                  "x = strtol(a, 0, 10)", "sscanf(a, b)", "gets(a)",
                                  "strncpy(a, b)"])
def test_dangerous_calls_are_found(call: str) -> None:
    assert len(list(banned_calls("a.c", f"int x;\n{call};\n"))) == 1
    assert list(banned_calls("a.c", f'/* {call} */ "{call}"; my_{call.split("= ")[-1]};')) == []


@pytest.mark.parametrize("code", ["if (a)\n    b();", "for (;;)\n    b();",
                                  "while (a(b))\n    c();", "if (a) {\n} else\n    b();",
                                  "else if (f(a, (b)))\n    c();"])
def test_bare_statements_are_found(code: str) -> None:
    assert len(list(bare_statements("a.c", f"int x;\n{code}\n"))) == 1
    good = "do {\n} while (a);\nif (a) {\n} else if (b) {\n} else {\n}\n#if X\n#else\n#endif\n"
    good += "#define EACH(a) \\\n    for (; a;)\n"
    assert list(bare_statements("a.c", good + "/* if (a) b */")) == []


def test_own_walks_are_found() -> None:
    walk = "for (struct a *a = first, *next; a != NULL; a = next) {\n    next = a->next;\n}\n"
    assert len(list(own_walks("a.c", f"int x;\n{walk}"))) == 1
    good = "for (struct a *one = first; one != NULL; one = one->next) {\n}\n"
    assert list(own_walks("a.c", good + "LIST_EACH (struct a, one, first) {\n}\n")) == []


BAD_GLOBALS = """
static int counter;
static int started = 1;
int shared_one;
static _Thread_local int each = 1;
static const int FINE[] = {1, 2};
static const char *const ALSO_FINE[] = {"a", "b"};
static const char *not_fine[] = {"a", "b"};
const void *use(int i);
const void *use(int i)
{
    static int calls;
    calls++;
    const void *all[] = {&counter, &started, &shared_one, &each, &FINE[i], &ALSO_FINE[i],
                         &not_fine[i], &calls};
    return all[i];
}
"""


@pytest.mark.parametrize("flags", [[], ["-fsanitize=address,undefined"]])
def test_globals_are_found(flags: list[str], tmp_path: Path) -> None:
    source, output = tmp_path / "bad.c", tmp_path / "bad.o"
    source.write_text(BAD_GLOBALS)
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O1", "-fPIE", *flags, "-c", "-o",
                    str(output), str(source)], check=True)
    found = {fault.split()[1] for fault in writable_objects("bad.c", symbols(output))}
    assert found == {"counter", "started", "shared_one", "each", "not_fine", "calls"}
