"""How tests and the demo talk to the fake Twilio's control side."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# A wait is answered within its own timeout; this is for everything around it.
PATIENCE = 120.0


class ControlFailed(RuntimeError):
    """The fake refused: what was asked of it makes no sense, or is not there."""


@dataclass(frozen=True)
class Added:
    """A recording the fake now has; `sizes` and `sha256` are by format, without MP3."""

    sid: str
    call_sid: str
    account_sid: str
    path: str
    seconds: float
    channels: int
    sizes: dict[str, int]
    sha256: dict[str, str]
    encryption: dict[str, Any] | None = None


@dataclass(frozen=True)
class Counts:
    """What was counted, for the account, one recording or one group."""

    requests: int = 0
    completed: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    held: int = 0
    max_held: int = 0
    waiting: int = 0
    bytes_sent: int = 0
    auth_failures: int = 0
    by_format: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Stats:
    """Everything counted since the last reset; what was never asked for counts nothing."""

    total: Counts
    by_recording: dict[str, Counts]
    by_group: dict[str, Counts]
    log: list[dict[str, Any]]

    def recording(self, sid: str) -> Counts:
        return self.by_recording.get(sid, Counts())

    def group(self, name: str) -> Counts:
        return self.by_group.get(name, Counts())

    def entries(self, sid: str) -> list[dict[str, Any]]:
        """The log of one recording, in the order its requests came."""
        return [entry for entry in self.log if entry["sid"] == sid]


def fault(kind: str, **values: Any) -> dict[str, Any]:
    """One fault for `add_recording` and `faults`, e.g. `fault("stall", after_bytes=500, first=1)`."""
    return {"kind": kind, **values}


class Control:
    """The control side of one fake; may be used by several threads at once."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._address = urllib.parse.urlsplit(self.base_url).netloc

    def add_recording(
        self,
        *,
        seconds: float = 5,
        channels: int = 2,
        seed: int = 1,
        sid: str | None = None,
        call_sid: str | None = None,
        default_channels: int | None = None,
        encrypted: bool = False,
        public_key: str | None = None,
        status: str = "completed",
        group: str = "",
        date_created: str | None = None,
        conference_sid: str | None = None,
        faults: list[dict[str, Any]] | None = None,
    ) -> Added:
        """Give the fake a recording; the same seed, seconds and channels sound the same."""
        wish = {
            "seconds": seconds, "channels": channels, "seed": seed, "sid": sid,
            "call_sid": call_sid, "default_channels": default_channels, "encrypted": encrypted,
            "public_key": public_key,
            "status": status, "group": group, "date_created": date_created,
            "conference_sid": conference_sid, "faults": faults,
        }
        return Added(**self._json("POST", "recordings", wish))

    def put_conference(
        self, sid: str | None = None, *, status: str = "in-progress", calls: list[str] | None = None,
        ended_by: str | None = None,
    ) -> str:
        """Give the fake a conference, or change it; while it goes on, its calls are in it."""
        wish = {"sid": sid, "status": status, "calls": calls, "ended_by": ended_by}
        return str(self._json("POST", "conferences", wish)["sid"])

    def source(self, sid: str, format: str = "asis") -> bytes:
        """The exact bytes Twilio has: asis, wav, wav1, wav2, mp3, mp31 or mp32."""
        return self._ask("GET", f"recordings/{sid}/bytes?format={format}")

    def give(
        self, sid: str, content: bytes, formats: Sequence[str] = (), type: str = "audio/x-wav"
    ) -> None:
        """Serve these bytes in the place of speech, in these formats or in all; once any are given,
        the others are not there."""
        query = urllib.parse.urlencode({"formats": ",".join(formats), "type": type})
        self._ask("POST", f"recordings/{sid}/bytes?{query}", content)

    def tokens(self, *tokens: str) -> None:
        """The account's auth tokens from now on: the primary one, and a secondary one if there is."""
        self._json("POST", "tokens", {"tokens": list(tokens)})

    def faults(self, sid: str, *faults: dict[str, Any]) -> None:
        """Replace the faults of one recording; none at all heals it."""
        self._json("POST", f"recordings/{sid}/faults", {"faults": list(faults)})

    def account_faults(self, *faults: dict[str, Any]) -> None:
        """Replace the faults that strike every recording; none at all heals the account."""
        self._json("POST", "faults", {"faults": list(faults)})

    def release(self, sid: str | None = None) -> int:
        """Let one recording go on, or all, now and later; how many requests were waiting."""
        wish = {"all": True} if sid is None else {"sid": sid}
        return self._json("POST", "release", wish)["released"]

    def disown(self, ports: list[int]) -> int:
        """Count requests from these client ports as in flight no longer; how many those were.

        For clients that are stopped (SIGSTOP): their connections stay, and move nothing.
        """
        return self._json("POST", "disown", {"ports": ports})["disowned"]

    def stats(self) -> Stats:
        raw = self._json("GET", "stats")
        return Stats(
            total=_counts(raw),
            by_recording={sid: _counts(one) for sid, one in raw["by_recording"].items()},
            by_group={name: _counts(one) for name, one in raw["by_group"].items()},
            log=raw["log"],
        )

    def wait(
        self,
        what: str,
        *,
        at_least: int | None = None,
        equals: int | None = None,
        sid: str | None = None,
        group: str | None = None,
        timeout: float = 120,
    ) -> int:
        """Wait for a counter of `Counts` (no maximum); TimeoutError says what it was instead."""
        wish = {
            "what": what, "at_least": at_least, "equals": equals,
            "sid": sid, "group": group, "timeout": timeout,
        }
        query = urllib.parse.urlencode({name: v for name, v in wish.items() if v is not None})
        answer = self._json("GET", f"wait?{query}", patience=timeout + PATIENCE)
        if not answer["satisfied"]:
            wanted = f"at least {at_least}" if equals is None else str(equals)
            where = f" of {sid or group}" if sid or group else ""
            raise TimeoutError(
                f"{what}{where} was {answer['value']}, not {wanted}, after {timeout} s"
            )
        return answer["value"]

    def reset(self) -> None:
        """Forget recordings, faults and counts; requests that wait are cut off."""
        self._json("POST", "reset", {})

    def _json(
        self, method: str, path: str, body: dict[str, Any] | None = None, patience: float = PATIENCE
    ) -> Any:
        return json.loads(self._ask(method, path, body, patience))

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | bytes | None = None, patience: float = PATIENCE
    ) -> bytes:
        connection = http.client.HTTPConnection(self._address, timeout=patience)
        try:
            raw = json.dumps(body).encode() if isinstance(body, dict) else body
            connection.request(method, "/_control/" + path, raw)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ControlFailed(f"{method} {path}: {answer.status} {data.decode(errors='replace')}")
        return data


def _counts(raw: dict[str, Any]) -> Counts:
    return Counts(**{name: raw[name] for name in Counts.__dataclass_fields__})
