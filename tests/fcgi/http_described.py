"""What the API says of itself, and whether an answer is one that it tells of.

The document is for clients, which must not mind members that they do not know. Here it is read more
strictly: an object has no member that is not described.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema

from stack.api import Answer, Api

DOCUMENT = "/api/openapi.json"
PLACEHOLDER = re.compile(r"\{\w+\}")
# What the web server says itself, before a responder or in its place.
OF_THE_FRONT = {400, 403, 404, 405, 408, 411, 413, 414, 417, 431, 500, 501, 503, 504, 505}


def strictly(schema: Any, within_all: bool = False) -> Any:
    """The same, but no object has members that are not described. What `allOf` joins is judged
    together."""
    if isinstance(schema, list):
        return [strictly(one, within_all) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strictly(value, within_all=key in ("allOf", "if", "then"))
             for key, value in schema.items()}
    refers = "$ref" in schema or "allOf" in schema or "properties" in schema
    if refers and not within_all and "additionalProperties" not in schema:
        found["unevaluatedProperties"] = False
    return found


def members(schema: Any) -> set[str]:
    """The names of all members that a schema tells of."""
    if isinstance(schema, list):
        return set().union(*map(members, schema), set())
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own.union(*(members(value) for value in schema.values()), set())


@dataclass(frozen=True)
class Described:
    """The document as it was served."""

    document: dict[str, Any]

    @cached_property
    def _components(self) -> dict[str, Any]:
        schemas = {name: strictly(schema, within_all=True)
                   for name, schema in self.document["components"]["schemas"].items()}
        return {"components": {"schemas": schemas}}

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, item in self.document["paths"].items():
            parts = map(re.escape, PLACEHOLDER.split(pattern))
            if re.fullmatch("[^/]*".join(parts), path):
                # A plain path is listed before one with a placeholder in its place.
                return item.get(method.lower())  # type: ignore[no-any-return]
        return None

    def fault(self, method: str, target: str, answer: Answer) -> str | None:
        """What is wrong with an answer, by the document; None: nothing."""
        said = f"{method} {target} -> {answer.status}"
        path = target.partition("?")[0]
        operation = self.operation(method, path)
        ours = "X-Request-Id" in answer.headers
        if operation is None or method == "OPTIONS":
            return None if answer.status == 204 else self._fault_of_error(said, answer)
        response = operation["responses"].get(str(answer.status))
        if response is None:
            if not ours and answer.status in OF_THE_FRONT:
                return self._fault_of_error(said, answer)
            return f"{said}: this status is not described: {answer.body[:200]!r}"
        if method == "HEAD" or not response.get("content"):
            return f"{said}: a body that is not described" if answer.body else None
        if not ours and answer.status in OF_THE_FRONT:
            return self._fault_of_error(said, answer)
        return self._fault_of_body(said, response["content"], answer)

    def _fault_of_error(self, said: str, answer: Answer) -> str | None:
        if not answer.headers.get("Content-Type", "").startswith("application/json") \
                or not answer.body or "X-Request-Id" not in answer.headers:
            return None
        return self.fault_of_json(said, {"$ref": "#/components/schemas/Error"}, answer.body)

    def _fault_of_body(self, said: str, content: dict[str, Any], answer: Answer) -> str | None:
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        media = next((media for name, media in content.items()
                      if re.fullmatch(re.escape(name).replace(r"\*", ".*"), kind)), None)
        if media is None:
            return f"{said}: {kind} is not described"
        return self.fault_of_json(said, media["schema"], answer.body) if "schema" in media else None

    def fault_of_json(self, said: str, schema: dict[str, Any], body: bytes) -> str | None:
        validator = jsonschema.Draft202012Validator({**strictly(schema), **self._components})
        faults = [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
                  for fault in validator.iter_errors(json.loads(body))]
        return f"{said}: " + "; ".join(faults)[:2000] if faults else None


def watcher(base_url: str) -> Callable[[str, str, Answer], None]:
    """Looks at each answer; the first that is not described fails its test."""
    described = Described(Api(base_url).get(DOCUMENT).json)

    def watch(method: str, target: str, answer: Answer) -> None:
        fault = described.fault(method, target, answer)
        assert fault is None, fault

    return watch
