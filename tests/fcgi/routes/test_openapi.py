"""The API describes itself: a document that is one, and that tells of what there is."""

from __future__ import annotations

import http.client
import re
from typing import Any

import jsonschema
import pytest

from http_described import DOCUMENT, Described
from http_expect import says
from stack.api import Answer, Api
from stack.calls import new_sid
from stack.stack import ROOT

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(stack: Any) -> Document:
    answer = Api(stack.base_url).get(DOCUMENT)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return dict(answer.json)


def every(value: Any, key: str) -> list[Any]:
    if isinstance(value, list):
        return [found for one in value for found in every(one, key)]
    if not isinstance(value, dict):
        return []
    return [one for name, inner in value.items()
            for one in (*([inner] if name == key else []), *every(inner, key))]


def test_anybody_may_read_it(api: Api) -> None:
    head, get = api.with_token(None).head(DOCUMENT), api.with_token(None).get(DOCUMENT)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.body))


def test_it_is_a_document(document: Document) -> None:
    assert document["openapi"] == "3.1.0" and document["info"]["version"]
    schemas = document["components"]["schemas"]
    for schema in [*schemas.values(), *every(document["paths"], "schema")]:
        jsonschema.Draft202012Validator.check_schema(schema)
    for target in every(document, "$ref"):
        assert target.removeprefix("#/components/schemas/") in schemas
    schemes = document["components"]["securitySchemes"]
    for one in every(document["paths"], "security"):
        assert all(name in schemes for scheme in one for name in scheme)
    for operation in (one for item in document["paths"].values() for one in item.values()):
        assert operation["summary"] and operation["responses"]
        assert all(response["description"] for response in operation["responses"].values())
    for path, item in document["paths"].items():
        for operation in item.values():
            inside = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
            assert inside == re.findall(r"\{(\w+)\}", path)


def test_it_says_what_a_call_may_be_asked_by(document: Document) -> None:
    parameters = {one["name"]: one["schema"]
                  for one in document["paths"]["/api/calls"]["get"]["parameters"]}
    assert parameters["limit"] == {"type": "integer", "minimum": 1, "maximum": 100}
    assert "no-answer" in parameters["status"]["enum"]


@pytest.mark.parametrize("query, parameter, expected", [
    ("limit=500", "limit", "a whole number from 1 to 100"),
    ("status=foo", "status", "one of queued, initiated, "),
    ("has_recording=1", "has_recording", "true or false"),
    ("search=" + "x" * 201, "search", "text of 0 to 200 bytes"),
    ("cursor=garbage", "cursor", "what next_cursor said"),
    ("page=2", "query", "each of these at most once, percent-encoded: limit, cursor, "),
    ("search=a&search=b", "query", "each of these at most once"),
])
def test_a_refusal_names_the_parameter(
    api: Api, query: str, parameter: str, expected: str
) -> None:
    body = says(api.get(f"/api/calls?{query}"), 400, "bad_parameter")
    assert body["parameter"] == parameter and body["expected"].startswith(expected)


def test_a_refusal_names_what_is_in_the_path(api: Api) -> None:
    body = says(api.get("/api/calls/CA1"), 400, "bad_parameter")
    assert (body["parameter"], body["expected"]) == ("call", "CA or RE and 32 digits of 0-9 a-f")
    body = says(api.get("/api/recordings/runs/x/status"), 400, "bad_parameter")
    assert body["parameter"] == "run"
    body = says(api.get(f"/api/calls/{new_sid('CA')}/download?recording=1"), 400, "bad_parameter")
    assert body["parameter"] == "recording"


# ---- the examples of docs/api.md ----

EXAMPLE = re.compile(r"^`(\w+)`[^\n]*\n(?:[^\n`]+\n)*\n```json\n(.*?)^```", re.M | re.S)
# What is an example's own row or sister, and needs none of its own.
BESIDE = {"Call", "CallFacts", "Run", "Recording", "Sentence", "Done", "Health", "NotReady",
          "Looked", "Readiness", "Description", "Callback", "Talk", "Tag", "TagCount", "Hit",
          "Note", "Listener", "People", "NewNote", "Agent", "Share", "NewShare", "ShareToken",
          "Unready", "Changes"}


def test_each_answer_has_an_example_that_it_could_be(document: Document) -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    examples = dict(EXAMPLE.findall(page))
    described = Described(document)
    assert examples.keys() == document["components"]["schemas"].keys() - BESIDE
    for name, text in examples.items():
        assert described.fault_of_json(name, {"$ref": f"#/components/schemas/{name}"},
                                       text.encode()) is None


# ---- these checks can fail ----


def answer(status: int, body: bytes, kind: str = "application/json") -> Answer:
    headers = http.client.HTTPMessage()
    headers["Content-Type"], headers["X-Request-Id"] = kind, "x"
    return Answer(status, headers, body)


def test_what_is_not_described_is_found(document: Document) -> None:
    described = Described(document)
    good = b'{"ok":true,"version":"1"}'
    assert described.fault("GET", "/healthz", answer(200, good)) is None
    for wrong in (answer(201, good), answer(200, good, "text/html"), answer(200, b'{"ok":true}'),
                  answer(200, b'{"ok":true,"version":"1","more":1}'),
                  answer(200, b'{"ok":false,"version":"1"}'),
                  answer(400, b'{"error":"bad_parameter","message":"","message_he":""}'),
                  answer(400, b'{"error":"too_large","message":"","message_he":""}')):
        assert described.fault("GET", "/healthz", wrong)
    assert described.fault("HEAD", "/healthz", answer(200, b"x"))
    assert described.fault("GET", "/nowhere", answer(404, b'{"error":"not_found"}'))
