"""Who may tell us about calls: Twilio, by its signature, and nobody else, whatever they send."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from http_expect import says
from http_given import Given, given_in
from stack.api import Answer, Api
from stack.calls import CALL_STATUS, RECORDING_STATUS, new_sid
from stack.processes import wait_until
from stack.stack import Stack
from twilio import sign

FORM = "application/x-www-form-urlencoded"
OLDER = "/recording_status_callback"
SOON = 120.0


def recording_event(stack: Stack, call: str) -> dict[str, str]:
    return {"AccountSid": stack.account_sid, "CallSid": call, "RecordingSid": new_sid("RE"),
            "RecordingStatus": "completed", "RecordingDuration": "5"}


def post(
    stack: Stack, path: str, body: bytes, signed_url: str, params: sign.Params | None = None,
    **headers: str,
) -> Answer:
    """Exactly this body, with the signature of exactly this URL and these parameters."""
    sent = {"Content-Type": FORM,
            "X-Twilio-Signature": sign.signature(stack.auth_token, signed_url, params)}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    return Api(stack.base_url).post(path, body, headers=sent)


# ---- what is a good signature ----

GOOD_PARAMS: dict[str, Mapping[str, Any]] = {
    "nothing more": {},
    "an empty one": {"EmptyParam": "", "ErrorCode": ""},
    "a repeated one": {"Digits": ["5678", "1234", "1234"]},
    "names that differ in case": {"callSid": "x", "CALLSID": "y"},
    "blanks, kept": {"Caller": "  a b  ", "Note": "\t\r\n"},
    "all that is escaped": {"Note": "שלום & = + % ? # \u00e9"},
    "fields nobody knows yet": {f"New{n}": str(n) for n in range(100)},
}


@pytest.mark.parametrize("name", GOOD_PARAMS)
@pytest.mark.parametrize("path", [RECORDING_STATUS, OLDER])
def test_whatever_came_is_signed(
    given: Given, stack: Stack, new_business: Callable[[], int], name: str, path: str
) -> None:
    call = given.call(new_business())
    params = {**recording_event(stack, call), **GOOD_PARAMS[name]}
    answer = post(stack, path, sign.form(params), stack.public_base_url + path, params)
    assert (answer.status, answer.body) == (204, b"")
    assert given.row("call_log", call_sid=call)["recording_sid"] == params["RecordingSid"]


@pytest.mark.parametrize("query", [
    "business_id=5", "bodySHA256={hash}", "business_id=5&bodySHA256={hash}",
    "bodySHA256={hash}&business_id=5",
])
def test_the_query_is_signed(
    given: Given, stack: Stack, new_business: Callable[[], int], query: str
) -> None:
    call = given.call(new_business())
    params = recording_event(stack, call)
    body = sign.form(params)
    path = RECORDING_STATUS + "?" + query.format(hash=hashlib.sha256(body).hexdigest())
    answer = post(stack, path, body, stack.public_base_url + path,
                  None if "SHA" in query else params)
    assert answer.status == 204
    assert given.row("call_log", call_sid=call)["recording_sid"] == params["RecordingSid"]


@pytest.mark.parametrize("public, signed, status", [
    ("https://calls.example", "https://calls.example", 204),
    ("https://calls.example", "https://calls.example:443", 204),
    ("https://calls.example", "https://calls.example:80", 403),
    ("https://calls.example", "http://calls.example", 403),
    ("https://calls.example", "https://CALLS.example", 403),
    ("https://calls.example", "https://evil.example", 403),
    ("https://calls.example:443", "https://calls.example", 204),
    ("https://calls.example:8443", "https://calls.example:8443", 204),
    ("https://calls.example:8443", "https://calls.example", 204),
    ("https://user:secret@calls.example/base/", "https://calls.example/base", 204),
    ("https://user:secret@calls.example/base/", "https://calls.example:443/base", 204),
    ("http://calls.example", "http://calls.example:80", 204),
    ("http://[::1]:8080", "http://[::1]:8080", 204),
])
def test_the_public_address_is_signed(
    make_stack: Callable[..., Stack], public: str, signed: str, status: int
) -> None:
    """With or without port, never by what the request says of its own host."""
    stack = make_stack(overrides={"PUBLIC_BASE_URL": public}, responders=1)
    params = recording_event(stack, new_sid("CA"))
    for _ in range(2):
        answer = post(stack, RECORDING_STATUS, sign.form(params), signed + RECORDING_STATUS,
                      params, Host="evil.example", X_Forwarded_Host="evil.example",
                      X_Forwarded_Proto="http", X_Forwarded_Port="80")
        assert answer.status == status
    with given_in(stack) as given:
        assert len(given.rows("recording_inbox")) == (status == 204)


# ---- what is not ----


@dataclass(frozen=True)
class Bad:
    """One request that must be refused; {…} are filled in for each test."""

    path: str = RECORDING_STATUS
    signed: str = "{url}"
    more: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    status: int = 403
    code: str = "forbidden"
    cause: str = "mismatch"


HASHED = RECORDING_STATUS + "?bodySHA256="
BAD_REQUEST: dict[str, Any] = {"status": 400, "code": "bad_parameter", "cause": "no_form"}
BAD: dict[str, Bad] = {
    "no signature": Bad(headers={"X-Twilio-Signature": ""}, cause="no_header"),
    "nonsense": Bad(headers={"X-Twilio-Signature": "x"}),
    "nonsense of the right length": Bad(headers={"X-Twilio-Signature": "A" * 27 + "="}),
    "a very long one": Bad(headers={"X-Twilio-Signature": "A" * 8000}),
    "a parameter more": Bad(more={"Added": "1"}),
    "a parameter changed": Bad(more={"RecordingDuration": "6"}),
    "an empty parameter more": Bad(more={"Empty": ""}),
    "another path": Bad(signed="{base}" + OLDER),
    "another host": Bad(signed="https://evil.example" + RECORDING_STATUS),
    "a query that was not signed": Bad(path=RECORDING_STATUS + "?business_id=1"),
    "a query that was changed": Bad(path=RECORDING_STATUS + "?business_id=1",
                                    signed="{url}?business_id=2"),
    "the fragment signed": Bad(signed="{url}#rc=3"),
    "the hash of another body": Bad(path=HASHED + "0" * 64, signed="{url}?bodySHA256=" + "0" * 64,
                                    cause="bad_body"),
    "no hash": Bad(path=HASHED, signed="{url}?bodySHA256=", cause="bad_body"),
    "half a hash": Bad(path=HASHED + "{hash:.32}", signed="{url}?bodySHA256={hash:.32}",
                       cause="bad_body"),
    "a hash in capitals": Bad(path=HASHED + "{HASH}", signed="{url}?bodySHA256={HASH}",
                              cause="bad_body"),
    "a hash that was not signed": Bad(path=HASHED + "{hash}"),
    "json": Bad(headers={"Content-Type": "application/json"}, body=b"{}", **BAD_REQUEST),
    "multipart": Bad(headers={"Content-Type": "multipart/form-data; boundary=x"}, **BAD_REQUEST),
    "no type": Bad(headers={"Content-Type": ""}, **BAD_REQUEST),
    "a type that only begins so": Bad(headers={"Content-Type": FORM + "2"}, **BAD_REQUEST),
}


@pytest.mark.parametrize("name", BAD)
def test_refusals_change_nothing(
    given: Given, stack: Stack, new_business: Callable[[], int], name: str
) -> None:
    bad, call = BAD[name], given.call(new_business())
    params = recording_event(stack, call)
    body = sign.form({**params, **bad.more}) if bad.body is None else bad.body
    digest = hashlib.sha256(body).hexdigest()
    fill = {"base": stack.public_base_url, "url": stack.public_base_url + RECORDING_STATUS,
            "hash": digest, "HASH": digest.upper()}
    hashed = "bodySHA256" in bad.signed
    before, log = given.everything(), stack.log("responders").stat().st_size
    answer = post(stack, bad.path.format(**fill), body, bad.signed.format(**fill),
                  None if hashed else params, **bad.headers)
    says(answer, bad.status, bad.code)
    assert given.everything() == before
    logged = stack.logged("responders", log)
    assert logged == f"WEBHOOK_REFUSED cause={bad.cause}\n"


@pytest.mark.parametrize("path", [RECORDING_STATUS, OLDER, CALL_STATUS])
def test_a_signature_of_another_key_is_none(given: Given, stack: Stack, path: str) -> None:
    params = {**recording_event(stack, new_sid("CA")), "CallStatus": "ringing"}
    before = given.everything()
    for token in ("", stack.auth_token[:-1], stack.auth_token.upper() + "x"):
        header = sign.signature(token, stack.public_base_url + path, params)
        answer = post(stack, path, sign.form(params), "", X_Twilio_Signature=header)
        says(answer, 403, "forbidden")
    # A session opens nothing here.
    answer = Api(stack.base_url, stack.token).post(
        path, sign.form(params), headers={"Content-Type": FORM})
    says(answer, 403, "forbidden")
    assert given.everything() == before


@pytest.mark.parametrize("path", [RECORDING_STATUS, OLDER, CALL_STATUS])
def test_a_body_beyond_all_measure_is_refused(given: Given, stack: Stack, path: str) -> None:
    params = {**recording_event(stack, new_sid("CA")), "CallStatus": "ringing"}
    before = given.everything()
    for size in (65537, 200_000):
        full = {**params, "Note": "x" * size}
        answer = post(stack, path, sign.form(full), stack.public_base_url + path, full)
        assert answer.status == 413 and answer.headers["Content-Type"].startswith(
            "application/json")
        assert {"error", "message", "message_he"} <= answer.json.keys()
    assert given.everything() == before


def test_a_large_body_is_taken(given: Given, stack: Stack) -> None:
    params = {**recording_event(stack, new_sid("CA")), "Note": "x" * 60_000}
    answer = post(stack, RECORDING_STATUS, sign.form(params),
                  stack.public_base_url + RECORDING_STATUS, params)
    assert answer.status == 204
    assert given.row("recording_inbox", recording_sid=params["RecordingSid"])


def test_without_postgresql_twilio_is_told_to_come_again(
    make_stack: Callable[..., Stack]
) -> None:
    stack = make_stack(responders=1)
    stack.halt("postgres")
    call = new_sid("CA")
    recording = recording_event(stack, call)
    ringing = {"AccountSid": stack.account_sid, "CallSid": call, "CallStatus": "ringing"}

    def send(path: str, params: dict[str, str]) -> Answer:
        return post(stack, path, sign.form(params), stack.public_base_url + path, params)

    for path, params in ((RECORDING_STATUS, recording), (OLDER, recording),
                         (CALL_STATUS + "?business_id=1", ringing)):
        answer = send(path, params)
        says(answer, 503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    stack.revive("postgres")
    assert wait_until(lambda: send(RECORDING_STATUS, recording).status == 204, SOON)
    assert send(CALL_STATUS + "?business_id=1", ringing).status == 204
    with given_in(stack) as given:
        assert given.row("call_log", call_sid=call)["recording_sid"] == recording["RecordingSid"]
