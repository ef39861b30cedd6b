"""Who may need whom, by includes and by calls, and where each library has its one home."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

from stack.stack import ROOT

from .tree import c_sources, code_only, files, name_of

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)

IMPORT = re.compile(r"""\bimport\b(?:[^;'"(]*\bfrom)?\s*\(?\s*["'](\.[^"']+)["']""")

# The rooms of each part, lowest first: a file includes its own room or a lower one. A name without
# a slash at its end is one file, header and source.
ROOMS = {
    "shared": ("base/", "config/", "clients/", "app", "schema/", "twilio/", "speech/", "storage/",
               "runs/", "calls/", "followups/", "observe/", "marks/", "recordings/"),
    "fcgi": ("resident", "closing", "arrivals", "http/", "metrics/", "routes/", "route", "openapi",
             "routes", "main"),
    "jobs": ("options", "commands", "provider/", "audio/", "decoder/", "objects/", "steps/", "runner/",
             "commands/", "main"),
}

# Where the compiler looks, after the including file's own folder.
SEARCHED = ("shared", "fcgi", "jobs", "tests/unit")

# A library's headers, and the files that may see them, mostly one; None: no file does so far.
HOMES = {
    "fcgiapp.h": "fcgi/main.c",
    "libpq-fe.h": "shared/clients/pg_connection.h shared/clients/pg_files.c",
    "hiredis/": "shared/clients/redis_reply.c shared/clients/redis_wire.c",
    "curl/": "shared/clients/http.c",
    "jansson.h": "shared/clients/json.c",
    "cjose/": "shared/clients/jwt.c",
    "openssl/": "shared/clients/crypto.c shared/clients/redis_tls.c",
    "sndfile.h": "jobs/decoder/sound.c",
    "link.h": "fcgi/resident.c",
    "malloc.h": "jobs/steps/steps.c",
}

# The same by what they declare, so that no prototype is smuggled in.
NAMES = {
    r"FCGX_\w+|FCGX\w*_Request": "fcgi/main.c",
    r"PGresult|PGconn|PQ[a-z]\w+":
        "shared/clients/pg.c shared/clients/pg_connection.c shared/clients/pg_connection.h"
        " shared/clients/pg_files.c",
    r"redisReply|redisContext|redis(?:Connect|Command|Append|Buffer|Get|Set|Free)\w*":
        "shared/clients/redis_reply.c shared/clients/redis_wire.c",
    r"SSL_\w+|X509_\w+": "shared/clients/redis_tls.c",
    r"CURLM?\w*|curl_\w+": "shared/clients/http.c",
    r"json_t|json_(?:decref|dump\w*|load\w*|object\w*|array\w*|string\w*|integer\w*)":
        "shared/clients/json.c",
    r"cjose_\w+": "shared/clients/jwt.c",
    r"SNDFILE|SF_\w+|sf_\w+": "jobs/decoder/sound.c",
    r"EVP_\w+|HMAC|CRYPTO_memcmp|RAND_bytes": "shared/clients/crypto.c",
}

# C11, POSIX and Linux: nobody's library.
SYSTEM = re.compile(
    r"(?:arpa/inet|ctype|dirent|endian|errno|fcntl|ftw|inttypes|libgen|limits|linux/\w+|locale|math|netdb"
    r"|netinet/in|poll|pthread|pwd|sched|setjmp|signal|spawn|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib"
    r"|string|strings|syslog|sys/\w+|termios|time|unistd)\.h"
)

Includes = Mapping[str, list[str]]
Needs = Mapping[str, set[str]]


def includes_of(text: str) -> list[str]:
    """Quoted ones as they are, the others in angle brackets."""
    return [quoted or f"<{angled}>" for quoted, angled in INCLUDE.findall(text)]


def resolve(name: str, included: str, known: Includes) -> str | None:
    """The file that the compiler takes for a quoted include."""
    folders = (PurePosixPath(name).parent.as_posix(), *SEARCHED)
    return next((f"{folder}/{included}" for folder in folders
                 if f"{folder}/{included}" in known), None)


def level(name: str) -> int | None:
    """Its room's place among the rooms of its part; None for files of no part."""
    part, _, inside = name.partition("/")
    for place, room in enumerate(ROOMS.get(part, ())):
        if inside.startswith(room) if room.endswith("/") else inside.rpartition(".")[0] == room:
            return place
    return None


def layer_faults(graph: Includes) -> Iterator[str]:
    for name, included in graph.items():
        for quoted in (one for one in included if not one.startswith("<")):
            target = resolve(name, quoted, graph)
            if target is None:
                yield f"{name} includes {quoted}, which is not there"
            elif not may_include(name, target):
                yield f"{name} includes {target}"


def may_include(name: str, target: str) -> bool:
    part, theirs = name.split("/")[0], target.split("/")[0]
    if part == "tests":
        return True
    mine, its = level(name), level(target)
    if mine is None or its is None:
        return False
    return its <= mine if part == theirs else theirs == "shared" and part != "shared"


def home_faults(graph: Includes, homes: Mapping[str, str | None] = HOMES) -> Iterator[str]:
    for header, home in homes.items():
        users = {name for name, included in graph.items()
                 if any(one.startswith(f"<{header}") for one in included)}
        if home is None and len(users) > 1:
            yield f"<{header}> has {len(users)} homes: {', '.join(sorted(users))}"
        elif home is not None and users != set(home.split()):
            yield f"<{header}> is included by {', '.join(sorted(users)) or 'nobody'}, not by {home}"


def unknown_headers(graph: Includes) -> Iterator[str]:
    for name, included in graph.items():
        for header in (one[1:-1] for one in included if one.startswith("<")):
            ours = header == "cmocka.h" and name.startswith("tests/unit/")
            if not ours and not SYSTEM.fullmatch(header) and not header.startswith(tuple(HOMES)):
                yield f"{name} includes <{header}>, which has no home in this check"


def name_faults(name: str, code: str) -> Iterator[str]:
    for pattern, home in NAMES.items():
        if name not in home.split():
            for found in re.finditer(rf"\b(?:{pattern})\b", code):
                yield f"{name} names {found[0]}, which only {home} may"


def modules_of(graph: Includes) -> Needs:
    """What each module of the programs includes; a header and its source are one."""
    needs: dict[str, set[str]] = {}
    for name, included in graph.items():
        if name.startswith(tuple(ROOMS)):
            mine = name.rpartition(".")[0]
            targets = {resolve(name, one, graph) for one in included if not one.startswith("<")}
            theirs = {one.rpartition(".")[0] for one in targets if one}
            needs.setdefault(mine, set()).update(theirs - {mine})
    return needs


def scripts_of(texts: Mapping[str, str]) -> Needs:
    """What each script imports, at its start or later."""
    return {name: {posixpath.normpath(f"{PurePosixPath(name).parent}/{one}")
                   for one in IMPORT.findall(text)} for name, text in texts.items()}


def calls_of(listing: str) -> Needs:
    """Whose functions and tables each object needs, from `nm -A --format=posix`: what the linker
    sees, prototypes or not. Modules by their names in the folder of objects."""
    defined: dict[str, str] = {}
    wanted: list[tuple[str, str]] = []
    for line in listing.splitlines():
        path, symbol, kind = line.split()[:3]
        name = path.rpartition("/obj/")[2].rpartition(".o")[0]
        if kind in "Uw":
            wanted.append((name, symbol))
        else:
            defined[symbol] = name
    needs: dict[str, set[str]] = {name: set() for name in defined.values()}
    for name, symbol in wanted:
        if symbol in defined:
            needs.setdefault(name, set()).add(defined[symbol])
    return needs


def circles(needs: Needs) -> Iterator[str]:
    """Those that need each other, straight or by others."""
    reached = {name: reach(name, needs) for name in needs}
    for name in sorted(needs):
        for other in sorted(reached[name]):
            if name < other and name in reached.get(other, ()):
                yield f"{name} and {other} need each other"


def reach(start: str, needs: Needs) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        for one in needs.get(ahead.pop(), set()) - found - {start}:
            found.add(one)
            ahead.append(one)
    return found


def call_faults(needs: Needs) -> Iterator[str]:
    for name, others in needs.items():
        for other in sorted(others):
            if not may_include(f"{name}.c", f"{other}.c"):
                yield f"{name} calls {other}"


def graph_of_ours() -> Includes:
    return {name: includes_of(text) for name, text in c_sources()}


@pytest.fixture
def calls(build_dir: Path) -> Needs:
    """Of the programs as they are built, without what is left of files that are gone."""
    objects = [path for part in ROOMS for path in sorted((build_dir / "obj" / part).rglob("*.o"))
               if (ROOT / path.relative_to(build_dir / "obj")).with_suffix(".c").exists()]
    assert objects, f"nothing is built in {build_dir}; run: make all"
    listing = subprocess.run(["nm", "-g", "-A", "--format=posix", *map(str, objects)],
                             capture_output=True, text=True, check=True).stdout
    return calls_of(listing)


def test_levels() -> None:
    assert list(layer_faults(graph_of_ours())) == []


def test_one_home_a_library() -> None:
    graph = graph_of_ours()
    assert [*home_faults(graph), *unknown_headers(graph)] == []


def test_library_names_stay_at_home() -> None:
    faults = [fault for name, text in c_sources() for fault in name_faults(name, code_only(text))]
    assert faults == []


def test_no_circles() -> None:
    assert list(circles(modules_of(graph_of_ours()))) == []


def test_calls_keep_to_the_levels(calls: Needs) -> None:
    assert list(call_faults(calls)) == []


def test_no_circles_of_calls(calls: Needs) -> None:
    assert list(circles(calls)) == []


def test_no_circles_of_scripts() -> None:
    scripts = scripts_of({name_of(path): path.read_text() for path in files(".js")})
    assert all(imported in scripts for imports in scripts.values() for imported in imports)
    assert list(circles(scripts)) == []


# ---- these checks can fail ----

GOOD: Includes = {
    "shared/base/buf.h": ["<stddef.h>"],
    "shared/config/config.h": ["base/buf.h"],
    "shared/clients/pg.h": ["base/buf.h"],
    "shared/app.h": ["clients/pg.h", "config/config.h"],
    "shared/twilio/media.h": ["app.h"],
    "shared/runs/run.h": ["twilio/media.h"],
    "shared/recordings/service.h": ["runs/run.h"],
    "fcgi/http/request.h": ["recordings/service.h"],
    "fcgi/routes/file.c": ["http/request.h"],
    "jobs/options.h": ["<stddef.h>"],
    "jobs/runner/runner.h": ["runs/run.h"],
    "jobs/commands/drain.c": ["runner/runner.h", "options.h"],
}


def test_bad_layers_are_found() -> None:
    assert list(layer_faults(GOOD)) == []
    for name, included in (
        ("shared/base/log.c", "config/config.h"),
        ("shared/base/log.c", "clients/pg.h"),
        ("shared/config/config.c", "clients/pg.h"),
        ("shared/clients/http.c", "app.h"),
        ("shared/app.h", "twilio/media.h"),
        ("shared/twilio/x.c", "runs/run.h"),
        ("shared/runs/x.c", "recordings/service.h"),
        ("shared/recordings/x.c", "http/request.h"),
        ("shared/recordings/x.c", "../../fcgi/http/request.h"),
        ("shared/new_room/x.c", "base/buf.h"),
        ("jobs/runner/x.c", "http/request.h"),
        ("jobs/steps/x.c", "runner/runner.h"),
        ("jobs/options.c", "runner/runner.h"),
        ("fcgi/routes/x.c", "no_such.h"),
    ):
        assert len(list(layer_faults({**GOOD, name: [included]}))) == 1, (name, included)


def test_circles_are_found() -> None:
    assert list(circles(modules_of(GOOD))) == []
    bad: Includes = {**GOOD, "shared/base/buf.c": ["config/config.h"]}
    found = ["shared/base/buf and shared/config/config need each other"]
    assert list(circles(modules_of(bad))) == found
    three = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert len(list(circles(three))) == 3


def test_bad_calls_are_found(tmp_path: Path) -> None:
    """Nobody includes anything here: the linker's view is enough."""
    texts = {"shared/base/a": "void b(void); void a(void) { b(); }",
             "shared/config/b": "void a(void); void b(void) { a(); }",
             "fcgi/c": "void a(void); static void b(void) { a(); } void (*c(void))(void) "
                       "{ return b; }"}
    objects = []
    for name, text in texts.items():
        output = tmp_path / "obj" / f"{name}.o"
        output.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([os.environ.get("CC", "cc"), "-x", "c", "-c", "-o", str(output), "-"],
                       input=text, text=True, check=True)
        objects.append(str(output))
    listing = subprocess.run(["nm", "-g", "-A", "--format=posix", *objects], capture_output=True,
                             text=True, check=True).stdout
    needs = calls_of(listing)
    assert needs == {"shared/base/a": {"shared/config/b"}, "shared/config/b": {"shared/base/a"},
                     "fcgi/c": {"shared/base/a"}}
    assert list(circles(needs)) == ["shared/base/a and shared/config/b need each other"]
    assert list(call_faults({**needs, "fcgi/c": set()})) == ["shared/base/a calls shared/config/b"]


def test_circles_of_scripts_are_found() -> None:
    texts = {"web/a.js": 'import "./b/c.js";', "web/b/c.js": 'const d = await import("./d.js");',
             "web/b/d.js": 'import {\n  e,\n} from "../a.js";'}
    scripts = scripts_of(texts)
    assert scripts == {"web/a.js": {"web/b/c.js"}, "web/b/c.js": {"web/b/d.js"},
                       "web/b/d.js": {"web/a.js"}}
    assert len(list(circles(scripts))) == 3


def test_bad_homes_are_found() -> None:
    homes = {"curl/": "shared/clients/http.c", "sndfile.h": None}
    good: Includes = {"shared/clients/http.c": ["<curl/curl.h>"],
                      "jobs/audio/peaks.c": ["<sndfile.h>"]}
    assert list(home_faults(good, homes)) == []
    assert len(list(home_faults({**good, "jobs/x.c": ["<curl/multi.h>"]}, homes))) == 1
    assert len(list(home_faults({**good, "jobs/x.c": ["<sndfile.h>"]}, homes))) == 1
    assert len(list(home_faults({}, homes))) == 1
    assert len(list(unknown_headers({"jobs/x.c": ["<zlib.h>", "<cmocka.h>", "<stdio.h>"]}))) == 2


def test_bad_names_are_found() -> None:
    code = code_only('/* PGresult */ "PGresult"; PGresult *r; FCGX_PutStr(); json_put_text();')
    assert len(list(name_faults("fcgi/routes/file.c", code))) == 2
    assert len(list(name_faults("fcgi/main.c", code))) == 1


def test_includes_are_read() -> None:
    assert includes_of('#include "a.h"\n  #  include <b/c.h>\n// "d.h"\n') == ["a.h", "<b/c.h>"]
