"""The API's description tells of every route, parameter, error and member that there is.

What the answers are like is judged by the HTTP tests, which hold each against the document. Here it
is the source that is read: what a helper forgot is named, and where it belongs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stack.stack import ROOT

ROUTES = ROOT / "fcgi" / "routes.c"
PARAMETERS = ROOT / "fcgi" / "http" / "parameter.c"
MESSAGES = ROOT / "fcgi" / "http" / "messages.c"
FOLDER = ROOT / "fcgi" / "describe"

ROUTE = re.compile(r'\{\s*(GET_HEAD|METHOD_\w+),\s*"([^"]+)",\s*\{([^}]*)NULL\},\s*WHO_(\w+),')
WORD = re.compile(r'"(\w+)"')
PARAMETER = re.compile(r'\{\.name = "(\w+)"')
MESSAGE = re.compile(r'\[MESSAGE_\w+\]\s*=\s*\{"(\w+)",\s*(\d+),')
MEMBER = re.compile(r'\b(?:json_put\w*|states_put\w*|call_json_put_expiry)\(([^;]*)\);')
GENERAL = {"not_found", "method_not_allowed"}  # of every address, and of none
OF_THE_GATE = {"bad_parameter", "too_large", "unavailable", "length_required", "forbidden",
               "unauthorized", "too_many_failures", "too_many_requests", "origin_not_allowed"}

# What stands for these keys in the table.
QUERY_KEYS = "".join(re.findall(r"define CALL_QUERY_KEYS[^#]*?\n\n",
                                (ROOT / "fcgi" / "http" / "call_query.h").read_text()))

Files = Mapping[str, dict[str, Any]]


def described() -> Files:
    return {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def routes(source: str) -> Iterator[tuple[str, str, list[str], str]]:
    """Method, pattern, keys, and who may ask."""
    table = source[source.index("ROUTES[] = {"):].replace("CALL_QUERY_KEYS", QUERY_KEYS)
    for methods, pattern, keys, who in ROUTE.findall(table[:table.index("\n};")]):
        method = "GET" if methods == "GET_HEAD" else methods.removeprefix("METHOD_")
        yield method, pattern, WORD.findall(keys), who


def everything(files: Files, part: str) -> Iterator[tuple[str, str, Any]]:
    for name, content in files.items():
        yield from ((name, key, value) for key, value in content.get(part, {}).items())


def route_faults(source: str, files: Files) -> Iterator[str]:
    there = {f"{method} {pattern}" for method, pattern, _, _ in routes(source)}
    said = [key for _, key, _ in everything(files, "routes")]
    for key in sorted(there - set(said)):
        yield (f"{key} is in fcgi/routes.c, and no file of fcgi/describe/ has it among its "
               '"routes": {"summary": …, "answers": {"200": "<a schema>"}, "errors": […]}')
    for key in sorted(set(said) - there):
        yield f"{key} is described, and not in fcgi/routes.c"
    for key in sorted({key for key in said if said.count(key) > 1}):
        yield f"{key} is described twice"


def parameter_faults(source: str, table: str) -> Iterator[str]:
    rows = PARAMETER.findall(table)
    used: set[str] = set()
    for method, pattern, keys, who in routes(source):
        names = [*re.findall(r"\{(\w+)\}", pattern), *keys]
        used |= set(names)
        for name in names:
            if name not in rows:
                yield f"{method} {pattern} takes {name}, which has no row in {PARAMETERS.name}"
    yield from (f"no route takes {name} of {PARAMETERS.name}" for name in rows if name not in used)


def code_faults(source: str, messages: str, files: Files) -> Iterator[str]:
    codes = {code: int(status) for code, status in MESSAGE.findall(messages)}
    said: set[str] = set(OF_THE_GATE | GENERAL)
    for name, key, route in everything(files, "routes"):
        for code in route.get("errors", []):
            if codes.get(code, 0) < 300:
                yield f"{name}, {key}: {code} is no error of messages.c"
        said |= set(route.get("errors", []))
    yield from (f"{code} of messages.c is an error of no route" for code, status in codes.items()
                if status >= 300 and code not in said)


def properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from properties(one)
    elif isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from properties(value)


def schema_faults(files: Files) -> Iterator[str]:
    schemas = {key: value for _, key, value in everything(files, "schemas")}
    texts = json.dumps(list(files.values()))
    used = set(re.findall(r'"#/components/schemas/(\w+)"', texts)) | {"Error"}
    for name, key, route in everything(files, "routes"):
        named = [one for one in route.get("answers", {}).values() if isinstance(one, str)]
        for schema in [*named, *([route["body"]] if "body" in route else [])]:
            used.add(schema)
            if schema not in schemas:
                yield f"{name}, {key}: there is no schema {schema}"
    yield from (f"schema {key} has no description" for key, value in schemas.items()
                if "description" not in value)
    yield from (f"there is no schema {key}, which is referred to" for key in used - schemas.keys())
    yield from (f"schema {key} is not used" for key in schemas.keys() - used)


def member_faults(code: Mapping[str, str], files: Files) -> Iterator[str]:
    """A member that C puts into an answer, and that no schema has; and the other way round."""
    known = {name for _, _, schema in everything(files, "schemas") for name in properties(schema)}
    for name, text in code.items():
        for arguments in MEMBER.findall(text):
            for word in re.findall(r'^\s*(?:[\w.>-]+,\s*)?"(\w+)"', arguments):
                if word not in known | OF_A_SCHEMA:
                    yield f"{name} puts {word}, which is in no schema of fcgi/describe/"
    literals = {word for text in code.values() for word in WORD.findall(text)}
    yield from (f"{word} is described, and no C of fcgi/ names it"
                for word in sorted(known - literals - MADE_ELSEWHERE))


# What a JSON Schema has itself: http/parameter.c writes some.
OF_A_SCHEMA = {"type", "minimum", "maximum", "maxLength", "pattern", "enum"}

# Of documents that are not made by the handlers: the waveform, and this description.
MADE_ELSEWHERE = {"channels", "sample_rate", "samples_per_pixel", "bits", "length", "data",
                  "version", "openapi", "info", "paths", "components"}


def c_of_the_responder() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text()
            for path in sorted((ROOT / "fcgi").rglob("*.[ch]")) if path.name != "openapi.c"}


def test_every_route_is_described() -> None:
    source = ROUTES.read_text()
    assert len(list(routes(source))) == len(re.findall(r"\bhandle_\w+\}", source)) > 10
    assert list(route_faults(source, described())) == []


def test_every_parameter_has_a_row() -> None:
    assert list(parameter_faults(ROUTES.read_text(), PARAMETERS.read_text())) == []


def test_every_error_is_described() -> None:
    assert list(code_faults(ROUTES.read_text(), MESSAGES.read_text(), described())) == []


def test_every_schema_is_there_and_used() -> None:
    assert list(schema_faults(described())) == []


def test_every_member_is_described() -> None:
    assert list(member_faults(c_of_the_responder(), described())) == []


# ---- these checks can fail ----

TABLE = 'ROUTES[] = {\n    {GET_HEAD, "/a/{b}", {"c", NULL}, WHO_ANYONE, handle_a},\n};\n'
GOOD: Files = {"x.json": {"routes": {"GET /a/{b}": {"answers": {"200": "A"}, "errors": ["gone"]}},
                          "schemas": {"A": {"description": "", "properties": {"m": {}}},
                                      "Error": {"description": ""}}}}


def test_what_is_missing_is_found() -> None:
    assert list(route_faults(TABLE, GOOD)) == []
    assert len(list(route_faults(TABLE.replace("/a/", "/z/"), GOOD))) == 2
    rows = '{.name = "b", {.name = "c",'
    assert list(parameter_faults(TABLE, rows)) == []
    assert len(list(parameter_faults(TABLE, rows.replace('"c"', '"d"')))) == 2
    messages = '[MESSAGE_A] = {"gone", 410,'
    assert list(code_faults(TABLE, messages, GOOD)) == []
    assert len(list(code_faults(TABLE, messages.replace("gone", "away"), GOOD))) == 2
    assert list(schema_faults(GOOD)) == []
    bad = json.loads(json.dumps(GOOD).replace('"200": "A"', '"200": "B"'))
    assert len(list(schema_faults(bad))) == 3
    code = {"x.c": 'json_put_text(json, "m", NULL);'}
    assert list(member_faults(code, GOOD)) == []
    assert len(list(member_faults({"x.c": 'json_put_text(json, "n", NULL);'}, GOOD))) == 2
