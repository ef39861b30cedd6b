"""The side of the fake that tests talk to: JSON in and out, under /_control/, loopback only."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from . import conferences, faults, recordings
from .ledger import COUNTED, Ledger
from .library import Library
from .recordings import Recording
from .shelf import Shelf
from .speech import MissingPackage
from .wire import Request, Wire

PREFIX = "/_control/"
LONGEST_WAIT = 300.0
COPY_CHUNK = 1 << 20


class ControlError(Exception):
    """The test asked for something that makes no sense, or that is not there."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Controller:
    """Changes what the fake does, and tells what it was asked."""

    def __init__(self, account: str, shelf: Shelf, library: Library, ledger: Ledger) -> None:
        self._account = account
        self._shelf = shelf
        self._library = library
        self._ledger = ledger
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = [
            ("POST", re.compile(r"recordings"), self._add),
            ("POST", re.compile(r"conferences"), self._put_conference),
            ("GET", re.compile(r"recordings/([^/]+)/bytes"), self._bytes),
            ("POST", re.compile(r"recordings/([^/]+)/bytes"), self._give),
            ("POST", re.compile(r"recordings/([^/]+)/faults"), self._faults),
            ("POST", re.compile(r"faults"), self._account_faults),
            ("POST", re.compile(r"tokens"), self._tokens),
            ("POST", re.compile(r"release"), self._release),
            ("POST", re.compile(r"disown"), self._disown),
            ("POST", re.compile(r"reset"), self._reset),
            ("GET", re.compile(r"stats"), self._stats),
            ("GET", re.compile(r"wait"), self._wait),
        ]

    def serve(self, wire: Wire, request: Request) -> None:
        try:
            handler, found = self._route(wire, request)
            handler(wire, request, *found)
        except ControlError as error:
            wire.json(error.status, {"error": str(error)})
        except (
            faults.BadFault, recordings.BadRecording, conferences.BadConference
        ) as error:
            wire.json(400, {"error": str(error)})
        except MissingPackage as error:
            wire.json(500, {"error": str(error)})

    def _route(self, wire: Wire, request: Request) -> tuple[Callable[..., None], tuple[str, ...]]:
        if not wire.is_local():
            raise ControlError(403, "only from this host")
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path.removeprefix(PREFIX))
            if match and method == request.method:
                return handler, match.groups()
        raise ControlError(404, f"no such control: {request.method} {request.path}")

    def _add(self, wire: Wire, request: Request) -> None:
        recording = recordings.recording_from(_json(request))
        described = self._describe(recording)
        self._shelf.add(recording)
        wire.json(201, described)

    def _put_conference(self, wire: Wire, request: Request) -> None:
        conference = conferences.conference_from(_json(request))
        self._shelf.put_conference(conference)
        wire.json(201, {"sid": conference.sid})

    def _describe(self, recording: Recording) -> dict[str, Any]:
        """What a test needs to know of it. MP3 is left out: encoding costs, so only on demand."""
        labels = ["asis", "wav", "wav1"] + (["wav2"] if recording.channels == 2 else [])
        sources = {label: self._library.source(recording, label) for label in labels}
        return {
            "sid": recording.sid,
            "call_sid": recording.call_sid,
            "account_sid": self._account,
            "path": f"/2010-04-01/Accounts/{self._account}/Recordings/{recording.sid}",
            "seconds": recording.seconds,
            "channels": recording.channels,
            "encryption": recording.envelope.details if recording.envelope else None,
            "sizes": {label: source.size for label, source in sources.items()},
            "sha256": {label: source.sha256 for label, source in sources.items()},
        }

    def _bytes(self, wire: Wire, request: Request, sid: str) -> None:
        label = _query(request, "format").get("format", "asis")
        recording = self._find(sid)
        if label not in faults.MEDIA_FORMATS:
            raise ControlError(400, f"format must be one of {sorted(faults.MEDIA_FORMATS)}")
        if recording.served_channels(label) > recording.channels:
            raise ControlError(400, "the recording is mono")
        source = self._library.source(recording, label)
        wire.head(200, {"Content-Type": source.content_type, "Content-Length": str(source.size)})
        with source.path.open("rb") as file:
            while piece := file.read(COPY_CHUNK):
                wire.write(piece)

    def _give(self, wire: Wire, request: Request, sid: str) -> None:
        wish = _query(request, "formats", "type")
        labels = [label for label in wish.get("formats", "").split(",") if label]
        if set(labels) - faults.MEDIA_FORMATS:
            raise ControlError(400, f"formats must be of {sorted(faults.MEDIA_FORMATS)}")
        source = self._library.keep(request.body, wish.get("type", "audio/x-wav"))
        self._shelf.give(self._find(sid).sid, labels or sorted(faults.MEDIA_FORMATS), source)
        wire.json(200, {"bytes": source.size})

    def _faults(self, wire: Wire, request: Request, sid: str) -> None:
        self._find(sid)
        self._set_faults(wire, request, sid)

    def _account_faults(self, wire: Wire, request: Request) -> None:
        self._set_faults(wire, request, None)

    def _set_faults(self, wire: Wire, request: Request, sid: str | None) -> None:
        wanted = faults.parse(_fields(request, "faults").get("faults", []))
        self._shelf.set_faults(sid, wanted)
        wire.json(200, {"faults": len(wanted)})

    def _tokens(self, wire: Wire, request: Request) -> None:
        tokens = _fields(request, "tokens").get("tokens")
        if (not isinstance(tokens, list) or len(tokens) not in (1, 2)
                or not all(isinstance(token, str) and token for token in tokens)
                or len(set(tokens)) != len(tokens)):
            raise ControlError(400, "tokens must be one or two different texts")
        self._shelf.tokens = tuple(tokens)
        wire.json(200, {"tokens": len(tokens)})

    def _release(self, wire: Wire, request: Request) -> None:
        wish = _fields(request, "sid", "all")
        if (wish.get("all") is True) == (wish.get("sid") is not None):
            raise ControlError(400, "release either a sid or all")
        if wish.get("sid") is not None:
            self._find(wish["sid"])
        wire.json(200, {"released": self._shelf.release(wish.get("sid"))})

    def _disown(self, wire: Wire, request: Request) -> None:
        ports = _fields(request, "ports").get("ports")
        if not isinstance(ports, list) or not all(type(port) is int for port in ports):
            raise ControlError(400, "ports must be a list of numbers")
        wire.json(200, {"disowned": self._ledger.disown(set(ports))})

    def _reset(self, wire: Wire, request: Request) -> None:
        _fields(request)
        self._shelf.clear()
        self._ledger.reset()
        wire.json(200, {})

    def _stats(self, wire: Wire, request: Request) -> None:
        _query(request)
        wire.json(200, self._ledger.stats())

    def _wait(self, wire: Wire, request: Request) -> None:
        wish = _query(request, "what", "at_least", "equals", "sid", "group", "timeout")
        what = wish.get("what", "")
        if what not in COUNTED or ("at_least" in wish) == ("equals" in wish):
            raise ControlError(400, f"wait for one of {COUNTED}, either at_least or equals")
        try:
            wanted = int(wish.get("at_least", wish.get("equals", "")))
            timeout = min(LONGEST_WAIT, max(0.0, float(wish.get("timeout", "10"))))
        except ValueError as error:
            raise ControlError(400, str(error)) from None
        good = wanted.__le__ if "at_least" in wish else wanted.__eq__
        satisfied, value = self._ledger.wait(
            what, good, timeout, wish.get("sid", ""), wish.get("group")
        )
        wire.json(200, {"what": what, "value": value, "satisfied": satisfied})

    def _find(self, sid: Any) -> Recording:
        recording = self._shelf.find(sid) if isinstance(sid, str) else None
        if recording is None:
            raise ControlError(404, f"no recording {sid!r}")
        return recording


def _json(request: Request) -> Any:
    try:
        return json.loads(request.body or b"{}")
    except ValueError as error:
        raise ControlError(400, f"not JSON: {error}") from None


def _fields(request: Request, *known: str) -> dict[str, Any]:
    value = _json(request)
    if not isinstance(value, dict) or value.keys() - set(known):
        raise ControlError(400, f"expected a JSON object with only {known}")
    return value


def _query(request: Request, *known: str) -> dict[str, str]:
    wish = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
    if wish.keys() - set(known):
        raise ControlError(400, f"the query knows only {known}")
    return wish
