"""What can go wrong at the provider, as data: parsed strictly, matched and used up by requests.

An *answer* fault replaces the provider's answer. A *shaping* fault leaves the right answer but
spoils how it arrives; several of them may apply to one request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable

MEDIA_FORMATS = frozenset({"asis", "wav", "wav1", "wav2", "mp3", "mp31", "mp32"})
OTHER_FORMATS = frozenset({"json", "list", "delete", "conference", "participants"})

REQUIRED: Any = object()

ANSWERS: dict[str, dict[str, Any]] = {
    "not_ready": {},
    "status": {"code": REQUIRED, "retry_after": 0},
    "html": {},
    "html_as_audio": {},
    "redirect": {"location": REQUIRED, "code": 302},
    "silent_forever": {},
}
SHAPING: dict[str, dict[str, Any]] = {
    "latency": {"ms": REQUIRED},
    "hold": {},
    "stall": {"after_bytes": 1000},
    "trickle": {"bytes_per_second": REQUIRED},
    "truncate": {"after_bytes": 1000},
    "lie_length": {"by": 1000},
    "no_length": {},
    "short": {"bytes": 844},
    "no_type": {},
    "gzip": {},
}
KINDS = ANSWERS | SHAPING
RELEASABLE = frozenset(
    {"not_ready", "silent_forever", "latency", "hold", "stall", "trickle"}
)
LIMITS: dict[tuple[str, str], range | tuple[int, ...]] = {
    ("status", "code"): (401, 403, 404, 410, 429, 500, 502, 503),
    ("status", "retry_after"): range(0, 86401),
    ("redirect", "code"): (301, 302, 303, 307, 308),
    ("latency", "ms"): range(0, 3_600_001),
    ("stall", "after_bytes"): range(0, 1 << 40),
    ("trickle", "bytes_per_second"): range(1, 1 << 30),
    ("truncate", "after_bytes"): range(0, 1 << 40),
    ("lie_length", "by"): range(-(1 << 40), 1 << 40),
    ("short", "bytes"): range(48, 1000),
}


class BadFault(ValueError):
    """A fault that means nothing: the test that asked for it is wrong."""


@dataclass(eq=False)
class Fault:
    """One fault, and how much of it is used up."""

    kind: str
    values: dict[str, Any]
    first: int | None = None
    formats: frozenset[str] = MEDIA_FORMATS
    used: int = 0
    released: bool = False
    released_for: set[str] = field(default_factory=set)

    def matches(self, sid: str, label: str) -> bool:
        """Whether it strikes this request; a released or used up fault strikes no more."""
        if self.released or sid in self.released_for or label not in self.formats:
            return False
        return self.first is None or self.used < self.first

    def release(self, sid: str | None) -> None:
        """End it for one recording, or for all; faults that make nobody wait stay as they are."""
        if self.kind not in RELEASABLE:
            return
        if sid is None:
            self.released = True
        else:
            self.released_for.add(sid)


def parse(specs: Any) -> list[Fault]:
    """Faults from a control request's JSON: a list of `{"kind": …, "first"?, "formats"?, …}`."""
    if not isinstance(specs, list):
        raise BadFault("faults must be a list")
    return [_parse_one(spec) for spec in specs]


def answer(faults: Iterable[Fault], sid: str, label: str) -> Fault | None:
    """The first fault that replaces the answer; it alone counts this request as its own."""
    for fault in faults:
        if fault.kind in ANSWERS and fault.matches(sid, label):
            fault.used += 1
            return fault
    return None


def shaping(faults: Iterable[Fault], sid: str, label: str) -> dict[str, Fault]:
    """The shaping faults of this request by kind; of two of a kind the first one counts."""
    chosen: dict[str, Fault] = {}
    for fault in faults:
        if fault.kind in SHAPING and fault.kind not in chosen and fault.matches(sid, label):
            fault.used += 1
            chosen[fault.kind] = fault
    return chosen


def _parse_one(spec: Any) -> Fault:
    if not isinstance(spec, dict) or spec.get("kind") not in KINDS:
        raise BadFault(f"a fault has a kind, one of {', '.join(sorted(KINDS))}; not {spec!r}")
    kind = spec["kind"]
    unknown = spec.keys() - KINDS[kind].keys() - {"kind", "first", "formats"}
    if unknown:
        raise BadFault(f"{kind} knows no {', '.join(sorted(unknown))}")
    values = {name: _value(kind, name, spec, default) for name, default in KINDS[kind].items()}
    return Fault(kind, values, _first(spec.get("first")), _formats(spec.get("formats")))


def _value(kind: str, name: str, spec: dict[str, Any], default: Any) -> Any:
    value = spec.get(name, default)
    if value is REQUIRED:
        raise BadFault(f"{kind} needs {name}")
    if name == "location":
        if not isinstance(value, str) or not value.isprintable():
            raise BadFault("redirect needs a location without control characters")
    elif type(value) is not int or value not in LIMITS[kind, name]:
        raise BadFault(f"{kind}: {name} cannot be {value!r}")
    return value


def _first(value: Any) -> int | None:
    if value is not None and (type(value) is not int or value < 1):
        raise BadFault(f"first must be a positive number, not {value!r}")
    return value


def _formats(value: Any) -> frozenset[str]:
    if value is None:
        return MEDIA_FORMATS
    if not isinstance(value, list) or not value or set(value) - MEDIA_FORMATS - OTHER_FORMATS:
        raise BadFault(f"formats must be some of {sorted(MEDIA_FORMATS | OTHER_FORMATS)}")
    return frozenset(value)
