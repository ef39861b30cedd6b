"""Callbacks made of bytes: any names and values at all, signed as Twilio signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import urllib.parse
from dataclasses import dataclass, field

from stack.api import Answer, Api
from stack.calls import CALL_STATUS, RECORDING_STATUS
from stack.stack import Stack

CONFERENCE_STATUS = "/webhook/conference_status"
FORM = "application/x-www-form-urlencoded"
# One callback is one row in one of these. A recording's is in the inbox first of all, whatever else
# it is written to.
TABLES = ("recording_inbox", "call_log", "tapedeck_conference_calls", "tapedeck_unused_callbacks")


@dataclass
class Callback:
    """What is sent: the pairs decoded, and with them how the body writes them."""

    path: str
    pairs: list[tuple[bytes, bytes]]
    query: str = ""
    raw: bool = False  # a '%' and bytes beyond ASCII are not escaped
    changed: dict[str, bytes] = field(default_factory=dict)

    def target(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")

    def body(self) -> bytes:
        return b"&".join(self._write(name) + b"=" + self._write(value)
                         for name, value in self.pairs)

    def _write(self, text: bytes) -> bytes:
        if not self.raw:
            return urllib.parse.quote_from_bytes(text, safe="").encode()
        # Only what separates is escaped, and a '%' that would begin an escape.
        out = b""
        for at, byte in enumerate(text):
            one = bytes([byte])
            escape = one == b"%" and len(urllib.parse.unquote_to_bytes(text[at:at + 3])) == 1
            out += b"%%%02X" % byte if one in b"&=+ #" or escape else one
        return out

    def signature(self, token: str, url: str) -> str:
        values: dict[bytes, set[bytes]] = {}
        for name, value in self.pairs:
            values.setdefault(name, set()).add(value)
        signed = url.encode() + b"".join(
            name + value for name in sorted(values) for value in sorted(values[name]))
        return base64.b64encode(hmac.new(token.encode(), signed, hashlib.sha1).digest()).decode()

    def send(self, stack: Stack, *, token: str | None = None) -> Answer:
        mac = self.signature(token or stack.auth_token, stack.public_base_url + self.target())
        return Api(stack.base_url).post(self.target(), self.body(), headers={
            "Content-Type": FORM, "X-Twilio-Signature": mac})


# ---- any form at all ----

ODD = [
    b"", b" ", b"0", b"-1", b"1e999", b"99999999999999999999", b"null", b"\x00", b"a\x00b", b"\xff",
    b"\xd7", b"\xed\xa0\x80", b"%", b"%zz", b"%4", b"a\nb", b"\x7f", "שלום".encode(), b"x" * 5000,
    b"'; DROP TABLE call_log; --", b"COMPLETED", b"completed ", b"paused", b"processing", b"deleted",
    b"trunking-terminating", b"trunking-originating", b"answered", b"+15550001234", b"anonymous",
    b"sip:" + b"a" * 300 + b"@example.com", b"https://bucket.s3.amazonaws.com/AC/RE.wav",
    b"https://api.twilio.com/2010-04-01/Accounts/AC/Recordings/RE/", b"javascript:alert(1)",
    b"CA" + b"0" * 31, b"RE" + b"g" * 32, b"{\"a\":1}", b"a&b=c", b"a+b", b"=",
]
QUERIES = ["", "", "callId=5", "foo", "foo&foo", "a=1&a=2", "business_id=7", "%zz=1", "=", 
           "business_id=7&roomId=a%20b", "business_id=7&business_id=7", "business_id=7&business_id=8",
           "business_id=x", "business_id="]


def _sid(dice: random.Random, prefix: str) -> bytes:
    return f"{prefix}{dice.getrandbits(128):032x}".encode()


def _well_formed(dice: random.Random, account: str) -> Callback:
    call, of = _sid(dice, "CA"), {b"AccountSid": account.encode()}
    kind = dice.randrange(3)
    if kind == 0:
        of |= {b"CallSid": call, b"RecordingSid": _sid(dice, "RE"), b"RecordingDuration": b"5",
               b"RecordingStatus": dice.choice([b"in-progress", b"completed", b"absent", b"failed"]),
               b"RecordingUrl": b"https://api.twilio.com/x", b"RecordingChannels": b"2",
               b"RecordingStartTime": b"Wed, 02 Sep 2026 10:08:03 +0000", b"ErrorCode": b"0",
               b"RecordingSource": b"DialVerb", b"RecordingTrack": b"both"}
        path = dice.choice([RECORDING_STATUS, "/recording_status_callback"])
    elif kind == 1:
        of |= {b"CallSid": call, b"CallStatus": b"completed", b"From": b"+15550001", b"To": b"+1555",
               b"Direction": b"inbound", b"CallDuration": b"5", b"ParentCallSid": _sid(dice, "CA")}
        path = CALL_STATUS
    else:
        of |= {b"ConferenceSid": _sid(dice, "CF"), b"CallSid": call, b"Muted": b"false",
               b"StatusCallbackEvent": dice.choice([b"participant-join", b"participant-leave"])}
        path = CONFERENCE_STATUS
    return Callback(path, list(of.items()), dice.choice(QUERIES), dice.random() < 0.3)


def any_callback(dice: random.Random, account: str) -> Callback:
    """A callback with up to four of its fields missing, odd, or said twice, and others beside them.
    AccountSid says whose token it is, and is at least not another's."""
    one = _well_formed(dice, account)
    for _ in range(dice.randrange(5)):
        at = dice.randrange(len(one.pairs))
        name, value = one.pairs[at]
        how = dice.randrange(5)
        if how == 0 and len(one.pairs) > 1:
            del one.pairs[at]
        elif how == 1:
            one.pairs[at] = (name, dice.choice(ODD))
        elif how == 2:
            one.pairs.append((name, value))
        elif how == 3:
            one.pairs.insert(dice.randrange(len(one.pairs)), (name, dice.choice(ODD)))
        else:
            one.pairs += [(dice.choice(ODD)[:200] + b"%d" % n, dice.choice(ODD)[:100])
                          for n in range(dice.choice([1, 3, 300]))]
    if dice.random() < 0.2:
        dice.shuffle(one.pairs)
    # Nothing that a test sent before: two callbacks that say the same are one.
    one.pairs.append((b"Nonce", b"%032x" % dice.getrandbits(128)))
    return one
