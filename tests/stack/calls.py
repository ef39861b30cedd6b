"""Phone calls for tests and the demo: at the fake provider, and announced by its webhooks."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import tokens
from .api import Answer, Api

if TYPE_CHECKING:
    from twilio.client import Added

    from .stack import Stack

CALL_STATUS = "/webhook/call_status"
RECORDING_STATUS = "/webhook/recording_status"
CONFERENCE_STATUS = "/webhook/conference_status"


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def new_number() -> str:
    return "+97250" + f"{secrets.randbelow(10**7):07d}"


def token_for(stack: Stack, business: int, **claims: Any) -> str:
    return tokens.session(stack.config["JWT_SECRET"], business, **claims)


@dataclass(frozen=True)
class Call:
    """One call of one business; `recording` is what the fake provider has of it, if anything."""

    stack: Stack
    business: int
    call_sid: str
    recording_sid: str
    from_number: str
    to_number: str
    recording: Added | None

    @property
    def token(self) -> str:
        """A fresh token of its business."""
        return token_for(self.stack, self.business)

    @property
    def api(self) -> Api:
        """A client that is signed in to its business."""
        return Api(self.stack.base_url, self.token)

    @property
    def file_path(self) -> str:
        return f"/api/recordings/file/{self.call_sid}"

    @property
    def prepare_path(self) -> str:
        return f"/api/recordings/{self.call_sid}/prepare"

    @property
    def status_path(self) -> str:
        return f"/api/recordings/{self.call_sid}/status"

    @property
    def recording_url(self) -> str:
        """Where Twilio says it is."""
        account = self.stack.account_sid
        return (
            f"https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{self.recording_sid}"
        )

    @property
    def part_file(self) -> Path:
        return self.stack.recordings_dir / str(self.business) / f".{self.call_sid}.part"

    @property
    def finished_file(self) -> Path | None:
        """The finished file on this disk, if it is there."""
        folder = self.stack.recordings_dir / str(self.business)
        for extension in ("wav", "mp3", "flac", "oga", "w64"):
            if (path := folder / f"{self.call_sid}.{extension}").exists():
                return path
        return None

    def source(self, format: str = "wav2") -> bytes:
        """The provider's bytes, in one of its formats."""
        return self.stack.twilio.source(self.recording_sid, format)

    def send_call_status(self, *, path: str | None = None, **changes: str | None) -> Answer:
        """Twilio's callback about the call; a changed parameter of None is left out."""
        return self._send(path or f"{CALL_STATUS}?business_id={self.business}", {
            "AccountSid": self.stack.account_sid,
            "CallSid": self.call_sid,
            "From": self.from_number,
            "To": self.to_number,
            "Direction": "inbound",
            "CallStatus": "completed",
            "CallDuration": self._seconds(),
            **changes,
        })

    def send_recording_status(
        self, *, path: str = RECORDING_STATUS, **changes: str | None
    ) -> Answer:
        """Twilio's callback about the recording; a changed parameter of None is left out."""
        return self._send(path, {
            "AccountSid": self.stack.account_sid,
            "CallSid": self.call_sid,
            "RecordingSid": self.recording_sid,
            "RecordingUrl": self.recording_url,
            "RecordingStatus": "completed",
            "RecordingDuration": self._seconds(),
            "RecordingChannels": str(self.recording.channels if self.recording else 2),
            "RecordingSource": "DialVerb",
            "RecordingTrack": "both",
            "EncryptionDetails": self._encryption(),
            **changes,
        })

    def send_conference_status(self, conference: str, **changes: str | None) -> Answer:
        """Twilio's event that this call joined a conference, or another one of its events."""
        return self._send(CONFERENCE_STATUS, {
            "AccountSid": self.stack.account_sid,
            "ConferenceSid": conference,
            "CallSid": self.call_sid,
            "StatusCallbackEvent": "participant-join",
            "FriendlyName": "room",
            "SequenceNumber": "1",
            **changes,
        })

    def _encryption(self) -> str | None:
        details = self.recording.encryption if self.recording else None
        return json.dumps(details) if details else None

    def _seconds(self) -> str:
        return str(round(self.recording.seconds) if self.recording else 5)

    def _send(self, path: str, params: Mapping[str, str | None]) -> Answer:
        from twilio import sign

        return Answer(*sign.post_callback(
            self.stack.base_url, self.stack.auth_token, path,
            {name: value for name, value in params.items() if value is not None},
            public_url=self.stack.public_base_url,
        ))


def new_call(
    stack: Stack, business: int, *, recorded: bool = True, announced: bool = True, **recording: Any
) -> Call:
    """A new call, by default with a recording at the provider and both callbacks saved.

    `recording` goes to the fake's add_recording: seconds, channels, seed, faults, group …
    With `announced=False` no callback is sent; with `recorded=False` the provider has nothing and
    only the call's own callback is sent.
    """
    call_sid = new_sid("CA")
    added = None
    if recorded:
        wish: dict[str, Any] = {
            "seconds": 2, "seed": secrets.randbelow(1000), "call_sid": call_sid, **recording,
        }
        added = stack.twilio.add_recording(**wish)
    call = Call(stack, business, call_sid, added.sid if added else new_sid("RE"),
                new_number(), new_number(), added)
    if announced:
        _must_be_saved(call.send_call_status())
        if recorded:
            _must_be_saved(call.send_recording_status())
    return call


def _must_be_saved(answer: Answer) -> None:
    if answer.status != 204:
        raise AssertionError(f"a callback got {answer.status}, not 204: {answer.body[:300]!r}")
