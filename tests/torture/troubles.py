"""What is wrong with single recordings at the provider, and which reasons are true for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twilio.client import fault

Faults = list[dict[str, Any]]
Maker = Callable[[random.Random, dict[str, int]], Faults]


@dataclass(frozen=True)
class Trouble:
    """One kind of it; `codes` are those that a run may truly have failed with."""

    name: str
    weight: int
    codes: frozenset[str]
    make: Maker


def _times(rng: random.Random) -> dict[str, int]:
    """Mostly it passes after a few requests; sometimes it stays."""
    return {} if rng.random() < 0.35 else {"first": rng.randint(1, 3)}


def _simple(kind: str, **values: Any) -> Maker:
    return lambda _rng, times: [fault(kind, **values, **times)]


def _after_some_bytes(kind: str) -> Maker:
    return lambda rng, times: [fault(kind, after_bytes=rng.randint(0, 50_000), **times)]


def _lie(rng: random.Random, times: dict[str, int]) -> Faults:
    return [fault("lie_length", by=rng.choice((1, 5000, 20_000)), **times)]


def _status(*codes: int) -> Maker:
    return lambda rng, times: [fault("status", code=rng.choice(codes), **times)]


def _busy(rng: random.Random, _times: dict[str, int]) -> Faults:
    """It passes: "slow down" is no recording's fault, so no run may ever fail because of it."""
    return [fault("status", code=429, first=rng.randint(1, 2))]


def _redirect(rng: random.Random, times: dict[str, int]) -> Faults:
    code = rng.choice((301, 302, 307))
    return [fault("redirect", location="http://127.0.0.1:9/else", code=code, **times)]


def _none(_rng: random.Random, _times: dict[str, int]) -> Faults:
    return []


def _trouble(name: str, weight: int, code: str | None, make: Maker) -> Trouble:
    return Trouble(name, weight, frozenset({code} if code else ()), make)


TROUBLES = (
    _trouble("none", 50, None, _none),
    _trouble("no_length", 4, None, _simple("no_length")),
    _trouble("stall", 5, "stalled", _after_some_bytes("stall")),
    _trouble("silent", 2, "stalled", _simple("silent_forever")),
    _trouble("endless", 2, "timed_out", _simple("trickle", bytes_per_second=2000)),
    _trouble("truncate", 5, "truncated", _after_some_bytes("truncate")),
    _trouble("lie", 5, "truncated", _lie),
    _trouble("html", 3, "not_audio", _simple("html")),
    _trouble("html_as_audio", 3, "not_audio", _simple("html_as_audio")),
    _trouble("small", 2, "too_small", _simple("short")),
    _trouble("redirect", 2, "redirected", _redirect),
    # These stop the whole account for a while, so few of them are enough.
    _trouble("busy", 1, None, _busy),
    _trouble("error", 1, "provider_error", _status(500, 502, 503)),
    _trouble("not_ready", 3, "not_found", _simple("not_ready")),
)


def deal(rng: random.Random) -> tuple[Trouble, Faults]:
    """A trouble, and the faults that make it; whatever it is, the bytes take their time."""
    trouble = rng.choices(TROUBLES, [one.weight for one in TROUBLES])[0]
    faults = trouble.make(rng, _times(rng))
    if trouble.name == "endless":
        return trouble, faults
    faults.append(fault("latency", ms=rng.randint(50, 1200)))
    if rng.random() < 0.3:
        faults.append(fault("trickle", bytes_per_second=rng.randint(40_000, 120_000)))
    return trouble, faults
