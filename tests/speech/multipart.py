"""multipart/form-data (RFC 7578), read without mercy."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r'form-data; name="([^"]+)"(?:; filename="([^"]+)")?')


class BadForm(ValueError):
    """What came is no form as it should be."""


@dataclass(frozen=True)
class Field:
    """One part; `filename` and `type` only for a file."""

    value: bytes
    filename: str | None
    type: str | None


def parse(content_type: str, body: bytes) -> dict[str, Field]:
    """The parts by name; each name once."""
    kind, _, boundary = content_type.partition("boundary=")
    if kind.strip() != "multipart/form-data;" or not boundary:
        raise BadForm(f"not a form: {content_type!r}")
    mark = b"\r\n--" + boundary.encode()
    pieces = (b"\r\n" + body).split(mark)
    if pieces[0] or pieces[-1] != b"--\r\n" or len(pieces) < 3:
        raise BadForm("the parts are not between boundaries")
    fields: dict[str, Field] = {}
    for piece in pieces[1:-1]:
        name, field = _part(piece)
        if name in fields:
            raise BadForm(f"{name} came twice")
        fields[name] = field
    return fields


def _part(piece: bytes) -> tuple[str, Field]:
    head, found, value = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not found:
        raise BadForm("a part without a head")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    match = NAME.fullmatch(headers.get("Content-Disposition", ""))
    if not match:
        raise BadForm(f"a part without a name: {headers}")
    return match[1], Field(value, match[2], headers.get("Content-Type"))
