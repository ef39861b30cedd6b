"""Twilio's side of the fake: who may ask, what may be asked, and Twilio's answers and errors."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import urllib.parse

from . import conferences, listing
from .faults import Fault
from .gate import Latch
from .ledger import Exchange, Ledger
from .library import WAV, Library
from .media import Delivery, wait_here
from .recordings import Recording, is_sid
from .shelf import Shelf
from .wire import ClientGone, Request, Wire

RESOURCE = re.compile(r"/2010-04-01/Accounts/([^/]+)/Recordings(?:/([^/.]+))?(\.[^/]*)?")
CONFERENCE = re.compile(
    r"/2010-04-01/Accounts/([^/]+)/Conferences/([^/.]+)(/Participants)?(\.[^/]*)?")
EXTENSIONS = {None: "asis", ".wav": "wav", ".mp3": "mp3", ".json": "json"}
NOT_FOUND = "The requested resource was not found"
ERROR_CODES = {401: 20003, 403: 20403, 404: 20404, 410: 20410, 429: 20429, 500: 20500, 502: 20502, 503: 20503}
# Longer than the smallest recording, so that no check of the size alone turns it away.
ERROR_PAGE = b"<!DOCTYPE html>\n<title>Bad Gateway</title>\n" + b"<p>Try again later.</p>\n" * 100


class TwilioError(Exception):
    """An answer other than what was asked for, with Twilio's own code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else {}
        self.body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


class Provider:
    """Answers requests for one account's recordings."""

    def __init__(
        self, account: str, shelf: Shelf, library: Library, ledger: Ledger
    ) -> None:
        self._account = account
        self._shelf = shelf
        self._library = library
        self._ledger = ledger

    def serve(self, wire: Wire, request: Request) -> None:
        exchange = self._ledger.begin(request.method, request.path, request.query)
        try:
            self._answer(wire, exchange, request)
        except TwilioError as error:
            exchange.answered(error.status)
            wire.json(error.status, error.body, error.headers)
        finally:
            exchange.land()

    def _answer(self, wire: Wire, exchange: Exchange, request: Request) -> None:
        resource = RESOURCE.fullmatch(request.path)
        conference = CONFERENCE.fullmatch(request.path)
        self._check_credentials(exchange, request, counts=bool(resource or conference))
        if conference is not None:
            self._conference(wire, exchange, request, *conference.groups())
            return
        if resource is None:
            raise TwilioError(404, 20404, NOT_FOUND)
        account, sid, extension = resource.groups()
        self._check_account(account)
        if sid is None:
            self._list(wire, exchange, request, extension)
            return
        if not is_sid("RE", sid):
            raise TwilioError(400, 20001, "The recording SID is malformed")
        self._recording(wire, exchange, request, sid, extension)

    def _check_credentials(self, exchange: Exchange, request: Request, counts: bool) -> None:
        sent = request.headers.get("Authorization")
        good = sent is not None and any(
            hmac.compare_digest(_basic(sent), f"{self._account}:{token}".encode())
            for token in self._shelf.tokens)
        exchange.authorised(sent is not None, good, counts)
        if counts and not good:
            raise TwilioError(401, 20003, "Authenticate")

    def _check_account(self, account: str) -> None:
        if not is_sid("AC", account):
            raise TwilioError(400, 20001, "The account SID is malformed")
        if account != self._account:
            raise TwilioError(404, 20404, NOT_FOUND)

    def _list(
        self, wire: Wire, exchange: Exchange, request: Request, extension: str | None
    ) -> None:
        if extension != ".json":
            raise TwilioError(404, 20404, NOT_FOUND)
        if request.method not in ("GET", "HEAD"):
            raise TwilioError(405, 20004, "Method not allowed")
        exchange.asks_for("list")
        if self._spoilt(wire, exchange, "", "list"):
            return
        try:
            page = listing.page(self._account, self._shelf.newest_first(), request.query)
        except ValueError as error:
            raise TwilioError(400, 20001, str(error)) from None
        exchange.answered(200)
        wire.json(200, page)

    def _conference(
        self, wire: Wire, exchange: Exchange, request: Request, account: str, sid: str,
        participants: str | None, extension: str | None,
    ) -> None:
        self._check_account(account)
        if not is_sid("CF", sid):
            raise TwilioError(400, 20001, "The conference SID is malformed")
        if extension != ".json":
            raise TwilioError(404, 20404, NOT_FOUND)
        if request.method != "GET":
            raise TwilioError(405, 20004, "Method not allowed")
        label = "participants" if participants else "conference"
        exchange.about(sid, "")
        exchange.asks_for(label)
        if self._spoilt(wire, exchange, sid, label):
            return
        conference = self._shelf.find_conference(sid)
        if conference is None:
            raise TwilioError(404, 20404, NOT_FOUND)
        if request.query and not participants:
            raise TwilioError(400, 20001, "The query has a parameter that is not known")
        try:
            answer = (conferences.participants(self._account, conference, request.query)
                      if participants else conferences.metadata(self._account, conference))
        except ValueError as error:
            raise TwilioError(400, 20001, str(error)) from None
        exchange.answered(200)
        wire.json(200, answer)

    def _recording(
        self, wire: Wire, exchange: Exchange, request: Request, sid: str, extension: str | None
    ) -> None:
        recording = self._shelf.find(sid)
        exchange.about(sid, recording.group if recording else "")
        label = _label(request, extension)
        exchange.asks_for(label)
        if recording is None:
            raise TwilioError(404, 20404, NOT_FOUND)
        if self._spoilt(wire, exchange, sid, label):
            return
        if label == "delete":
            self._delete(wire, exchange, recording)
        elif label == "json":
            exchange.answered(200)
            wire.json(200, listing.metadata(self._account, recording))
        else:
            self._media(wire, exchange, recording, label)

    def _delete(self, wire: Wire, exchange: Exchange, recording: Recording) -> None:
        if recording.status != "completed":
            raise TwilioError(400, 20001, "Only completed recordings can be deleted")
        self._shelf.remove(recording.sid)
        exchange.answered(204)
        wire.reply(204, {})

    def _media(self, wire: Wire, exchange: Exchange, recording: Recording, label: str) -> None:
        if recording.status != "completed" or label not in (recording.given or (label,)):
            raise TwilioError(404, 20404, NOT_FOUND)
        if recording.served_channels(label) > recording.channels:
            raise TwilioError(400, 16113, "Dual channels are not available: the recording is mono")
        if recording.encrypted and label.startswith("mp3"):
            raise TwilioError(400, 16109, "An encrypted recording is not available as mp3")
        if recording.envelope and recording.served_channels(label) != recording.default_channels:
            raise TwilioError(400, 16109, "An encrypted recording is available as it is alone")
        source = self._library.sealed(recording, label)
        shaping, latch = self._shelf.shaping(recording.sid, label)
        try:
            Delivery(wire, exchange, source, shaping, latch).run()
        finally:
            self._shelf.close_latch(latch)

    def _spoilt(self, wire: Wire, exchange: Exchange, sid: str, label: str) -> bool:
        """Whether a fault has answered in place of the provider."""
        fault, latch = self._shelf.answer_fault(sid, label)
        try:
            if fault is not None:
                _answer_wrongly(wire, exchange, fault, latch)
        finally:
            self._shelf.close_latch(latch)
        return fault is not None


def _answer_wrongly(wire: Wire, exchange: Exchange, fault: Fault, latch: Latch | None) -> None:
    if fault.kind == "not_ready":
        raise TwilioError(404, 20404, NOT_FOUND)
    if fault.kind == "status":
        raise _status_error(fault.values["code"], fault.values["retry_after"])
    if latch is not None:
        exchange.take_off(wire.connection)
        wait_here(wire, exchange, latch, "waiting")
        raise ClientGone
    if fault.kind == "redirect":
        exchange.answered(fault.values["code"])
        wire.reply(fault.values["code"], {"Location": fault.values["location"]})
        return
    content_type = WAV if fault.kind == "html_as_audio" else "text/html; charset=utf-8"
    exchange.answered(200)
    wire.reply(200, {"Content-Type": content_type}, ERROR_PAGE)


def _status_error(status: int, retry_after: int) -> TwilioError:
    error = TwilioError(status, ERROR_CODES[status], "The request could not be served")
    if retry_after:
        error.headers["Retry-After"] = str(retry_after)
    return error


def _label(request: Request, extension: str | None) -> str:
    """The format that is asked for; whatever else the request says is an error."""
    if extension not in EXTENSIONS:
        raise TwilioError(404, 20404, NOT_FOUND)
    label = EXTENSIONS[extension]
    if request.method == "DELETE" and label == "json":
        label = "delete"
    elif request.method not in ("GET", "HEAD"):
        raise TwilioError(405, 20004, "Method not allowed")
    query = urllib.parse.parse_qsl(request.query, keep_blank_values=True)
    if not request.query:
        return label
    if label in ("json", "delete") or len(query) != 1 or query[0][0] != "RequestedChannels":
        raise TwilioError(400, 20001, "The query has a parameter that is not known")
    if query[0][1] not in ("1", "2"):
        raise TwilioError(400, 20001, "RequestedChannels must be 1 or 2")
    return ("wav" if label == "asis" else label) + query[0][1]


def _basic(header: str) -> bytes:
    """The credentials of a Basic Authorization header; empty when it is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
