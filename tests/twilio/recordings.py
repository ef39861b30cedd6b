"""One recording as the fake knows it, and how a test asks for it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from . import faults, speech
from .encryption import Envelope, envelope
from .faults import Fault

STATUSES = ("in-progress", "processing", "completed", "absent", "failed")


class BadRecording(ValueError):
    """A recording that cannot be made as asked: the test that asked for it is wrong."""


def is_sid(prefix: str, text: Any) -> bool:
    """Whether `text` is a SID of this kind (AC, CA, RE …)."""
    return isinstance(text, str) and re.fullmatch(prefix + "[0-9a-fA-F]{32}", text) is not None


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


@dataclass
class Recording:
    """One recording; how it sounds follows from seed, seconds and channels alone."""

    sid: str
    call_sid: str
    seed: int
    seconds: float
    channels: int
    default_channels: int
    encrypted: bool
    status: str
    group: str
    date_created: datetime
    conference_sid: str | None = None  # of a conference: then Twilio names no call
    faults: list[Fault] = field(default_factory=list)
    public_key: str | None = None  # PEM: then it is encrypted for whoever has the private one
    envelope: Envelope | None = None
    given: dict[str, Any] | None = None  # by format, what is served in the place of speech

    def served_channels(self, label: str) -> int:
        """How many channels this format of it has; MP3 is mono unless asked for otherwise."""
        if label[-1] in "12":
            return int(label[-1])
        return 1 if label == "mp3" else self.default_channels


RECORDING_FIELDS: dict[str, tuple[Callable[[Any], bool], Any]] = {
    "sid": (lambda v: is_sid("RE", v), None),
    "call_sid": (lambda v: is_sid("CA", v), None),
    "seed": (lambda v: type(v) is int and 0 <= v < 1 << speech.MARK_FRAMES, 1),
    "seconds": (lambda v: type(v) in (int, float) and 0.01 <= v <= 4 * 3600, 5),
    "channels": (lambda v: v in (1, 2), 2),
    "default_channels": (lambda v: v in (1, 2), None),
    "encrypted": (lambda v: type(v) is bool, False),
    "public_key": (lambda v: isinstance(v, str), None),
    "status": (lambda v: v in STATUSES, "completed"),
    "group": (lambda v: isinstance(v, str), ""),
    "date_created": (lambda v: isinstance(v, str) and moment(v) is not None, None),
    "conference_sid": (lambda v: is_sid("CF", v), None),
    "faults": (lambda v: isinstance(v, list), []),
}


def recording_from(wish: Any) -> Recording:
    """A recording from a control request's JSON; a field it does not know is a mistake."""
    if not isinstance(wish, dict) or wish.keys() - RECORDING_FIELDS.keys():
        raise BadRecording(f"a recording has only {', '.join(RECORDING_FIELDS)}")
    values = {name: default for name, (_, default) in RECORDING_FIELDS.items()}
    for name, value in wish.items():
        if value is None:
            continue
        if not RECORDING_FIELDS[name][0](value):
            raise BadRecording(f"{name} cannot be {value!r}")
        values[name] = value
    created = values["date_created"]
    values["date_created"] = moment(created) if created else datetime.now(timezone.utc)
    values["sid"] = values["sid"] or new_sid("RE")
    values["call_sid"] = values["call_sid"] or new_sid("CA")
    values["default_channels"] = values["default_channels"] or values["channels"]
    if values["default_channels"] > values["channels"]:
        raise BadRecording("a mono recording has no two channels to serve")
    values["faults"] = faults.parse(values["faults"])
    if values["public_key"]:
        try:
            values.update(encrypted=True, envelope=envelope(values["public_key"]))
        except ValueError as error:
            raise BadRecording(f"public_key is no PEM: {error}") from None
    return Recording(**values)


def moment(text: str) -> datetime | None:
    """An ISO 8601 date or time (UTC unless it says otherwise), or None when it is neither."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)
