"""Whatever is signed is kept: 204 and one row, whatever its fields say; what is not, is not."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable

import pytest

from http_given import Given, given_in
from http_signed import CONFERENCE_STATUS, TABLES, Callback, any_callback
from stack.calls import CALL_STATUS, RECORDING_STATUS, new_sid
from stack.stack import Stack

FORMS = 400


def count(given: Given) -> int:
    row = given.db.execute("SELECT " + " + ".join(
        f"(SELECT count(*) FROM {table})" for table in TABLES)).fetchone()
    assert row
    return int(row[0])


def test_any_form_with_a_good_signature_is_one_row(given: Given, stack: Stack) -> None:
    seed = int(os.environ.get("SIGNED_SEED") or secrets.randbelow(2**32))
    print(f"SIGNED_SEED={seed}")
    dice = random.Random(seed)
    for number in range(FORMS):
        one, before = any_callback(dice, stack.account_sid), count(given)
        which = f"SIGNED_SEED={seed}, form {number}: {one.target()} {one.pairs[:40]!r}"
        assert one.send(stack, token="x" * 32).status == 403, which
        assert count(given) == before, which
        answer = one.send(stack)
        assert (answer.status, answer.body) == (204, b""), which
        assert count(given) == before + 1, which
        assert one.send(stack).status == 204, which
        assert count(given) == before + 1, f"{which}: the same again is the same row"


# ---- what cannot be used waits, with the reason ----



def recording(**changes: bytes | None) -> list[tuple[bytes, bytes]]:
    fields = {"CallSid": new_sid("CA").encode(), "RecordingSid": new_sid("RE").encode(),
              "RecordingStatus": b"completed", **changes}
    return [(name.encode(), value) for name, value in fields.items() if value is not None]


def call(**changes: bytes | None) -> list[tuple[bytes, bytes]]:
    fields = {"CallSid": new_sid("CA").encode(), "CallStatus": b"completed", **changes}
    return [(name.encode(), value) for name, value in fields.items() if value is not None]


def conference(**changes: bytes | None) -> list[tuple[bytes, bytes]]:
    fields = {"CallSid": new_sid("CA").encode(), "ConferenceSid": new_sid("CF").encode(), **changes}
    return [(name.encode(), value) for name, value in fields.items() if value is not None]


HINT = "business_id=7"
WRONG_SIDS = [b"", b"CA", b"CA" + b"0" * 31, b"CA" + b"0" * 33, b"CA" + b"g" * 32, b"XX" + b"0" * 32,
              b"../../../etc/passwd", b"CA" + b"0" * 31 + b"\n", b"CA" + b"0" * 32 + b"\x00", None]
UNUSED: list[tuple[str, str, list[tuple[bytes, bytes]], str]] = [
    *((RECORDING_STATUS, "", recording(RecordingStatus=status), "RecordingStatus")
      for status in (b"paused", b"processing", b"deleted", b"COMPLETED", b"completed ", b"", None)),
    *((RECORDING_STATUS, "", recording(CallSid=sid), "CallSid") for sid in WRONG_SIDS),
    *((RECORDING_STATUS, "", recording(RecordingSid=sid), "RecordingSid") for sid in WRONG_SIDS),
    *((CALL_STATUS, HINT, call(CallSid=sid), "CallSid") for sid in WRONG_SIDS),
    *((CALL_STATUS, HINT, call(CallStatus=status), "CallStatus") for status in (b"", None)),
    *((CALL_STATUS, f"business_id={said}", call(), "business_id")
      for said in ("", "0", "-1", "x", "1.0", "9" * 30, "7&business_id=8")),
    (RECORDING_STATUS, "", recording(ConferenceSid=b"CA" + b"0" * 32), "ConferenceSid"),
    (CALL_STATUS, "", call(To=b"+999"), "business"),
    (CONFERENCE_STATUS, "", conference(CallSid=None), "CallSid"),
    (CONFERENCE_STATUS, "", conference(CallSid=b"RE" + b"0" * 32), "CallSid"),
    (CONFERENCE_STATUS, "", conference(ConferenceSid=None), "ConferenceSid"),
    *((RECORDING_STATUS, "", [*recording(**{name: b"1"}), (name.encode(), b"2")], name)
      for name in ("AccountSid", "RecordingDuration", "RecordingStartTime", "ErrorCode")),
    *((CALL_STATUS, HINT, [*call(**{name: b"1"}), (name.encode(), b"2")], name)
      for name in ("From", "To", "Direction", "CallDuration", "ParentCallSid")),
]


@pytest.mark.parametrize("path, query, pairs, reason", UNUSED)
def test_what_cannot_be_used_waits_with_the_reason(
    given: Given, stack: Stack, path: str, query: str, pairs: list[tuple[bytes, bytes]], reason: str
) -> None:
    if b"AccountSid" not in dict(pairs):
        pairs = [(b"AccountSid", stack.account_sid.encode()), *pairs]
    note = secrets.token_hex(8).encode()
    one = Callback(path, [*pairs, (b"Note", note), (b"From2", b"+972501234567")], query)
    before, log = given.everything(), stack.log("responders").stat().st_size
    says_nothing(one, stack)
    (row,) = given.db.execute(
        "SELECT reason, kind, account_sid, form FROM tapedeck_unused_callbacks WHERE form LIKE %s",
        [f"%{note.decode()}%"]).fetchall()
    assert row == (reason, {RECORDING_STATUS: "recording", CALL_STATUS: "call"}.get(
        path, "conference"), stack.account_sid, row[3])
    assert row[3].isascii() and row[3].isprintable()
    after = given.everything()
    assert {name for name in after if after[name] != before[name]} == {"tapedeck_unused_callbacks"}
    logged = stack.logged("responders", log)
    assert logged.count("\n") == (2 if reason == "business" else 1)
    assert f" field={reason}\n" in logged and "972501234567" not in logged


def says_nothing(one: Callback, stack: Stack) -> None:
    answer = one.send(stack)
    assert (answer.status, answer.body) == (204, b"")


def test_who_signed_without_saying_which_account(given: Given, stack: Stack) -> None:
    """Its token is the configured one, and so it is kept under that."""
    for account in (None, b"", b"AC1", b"CA" + b"0" * 32):
        note = secrets.token_hex(8).encode()
        pairs = [*recording(AccountSid=account), (b"Note", note)]
        says_nothing(Callback(RECORDING_STATUS, pairs), stack)
        assert given.db.execute(
            "SELECT reason, account_sid FROM tapedeck_unused_callbacks WHERE form LIKE %s",
            [f"%{note.decode()}%"]).fetchall() == [("AccountSid", stack.account_sid)]


# ---- what can ----

FINE: list[tuple[str, dict[str, bytes | None]]] = [
    ("callId=5", {}), ("foo", {}), ("foo&foo=1", {}), ("%zz", {}),
    *(("", {"RecordingUrl": url}) for url in (
        b"https://recordings-example.s3.eu-west-1.amazonaws.com/AC1/RE1", b"x", b"\xff", b"\x00",
        b"https://api.twilio.com/2010-04-01/Accounts/AC1/Calls/CA1/Recordings/RE1",
        b"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1/",
        b"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1/Media", b"y" * 5000,
        b"https://example.signalwire.com/api/laml/2010-04-01/Accounts/AC1/Recordings/RE1")),
    *(("", {"RecordingDuration": odd}) for odd in (b"-1", b"", b"x", b"1e9", b"\x00", b"\xff")),
    ("", {"RecordingSource": b"\xff", "RecordingTrack": b"a b", "ErrorCode": b"x",
          "RecordingChannels": b"9", "RecordingStartTime": b"soon"}),
    ("", {"CallSid": None, "ConferenceSid": b"CF" + b"0" * 32, "RecordingSource": b"Conference"}),
]


@pytest.mark.parametrize("query, changes", FINE)
def test_a_recording_with_odd_labels_is_as_good_as_any(
    given: Given, stack: Stack, query: str, changes: dict[str, bytes | None]
) -> None:
    pairs = [(b"AccountSid", stack.account_sid.encode()), *recording(**changes)]
    sid = dict(pairs)[b"RecordingSid"].decode()
    says_nothing(Callback(RECORDING_STATUS, pairs, query), stack)
    row = given.row("recording_inbox", recording_sid=sid)
    assert (row["status"], row["duration"]) == ("completed", None)
    assert row["recording_url"].endswith(f"/Accounts/{stack.account_sid}/Recordings/{sid}")


def test_a_field_said_twice_with_one_value_is_said(given: Given, stack: Stack) -> None:
    pairs = [(b"AccountSid", stack.account_sid.encode()), *recording()]
    says_nothing(Callback(RECORDING_STATUS, pairs + pairs), stack)
    assert given.row("recording_inbox", recording_sid=dict(pairs)[b"RecordingSid"].decode())


LABELS: list[tuple[dict[str, bytes | None], dict[str, object], str | None]] = [
    ({"From": b"sip:" + b"a" * 200 + b"@example.com"}, {"from_number": "sip:" + "a" * 124}, None),
    ({"To": "דנה".encode() * 100}, {"to_number": ("דנה" * 43)[:128]}, None),
    ({"From": b"a\nb"}, {"from_number": None}, "From"),
    ({"To": b"+1555\x00"}, {"to_number": None}, "To"),
    ({"To": b"\xff+1555"}, {"to_number": None}, "To"),
    ({"Direction": b"trunking-originating"}, {"direction": "outbound"}, None),
    ({"Direction": b"trunking-terminating"}, {"direction": "inbound"}, None),
    ({"Direction": b"sideways"}, {"direction": None}, "Direction"),
    ({"CallStatus": b"answered"}, {"status": None}, "CallStatus"),
    ({"CallStatus": b"\x00"}, {"status": None}, "CallStatus"),
    ({"ParentCallSid": b"CA1"}, {"parent_call_sid": None}, "ParentCallSid"),
    ({"CallDuration": b"-1"}, {"duration": None}, None),
]


@pytest.mark.parametrize("changes, kept, left_out", LABELS)
def test_a_call_is_kept_without_the_labels_that_do_not_fit(
    given: Given, stack: Stack, new_business: Callable[[], int],
    changes: dict[str, bytes | None], kept: dict[str, object], left_out: str | None,
) -> None:
    business, log = new_business(), stack.log("responders").stat().st_size
    pairs = [(b"AccountSid", stack.account_sid.encode()), *call(**changes)]
    says_nothing(Callback(CALL_STATUS, pairs, f"business_id={business}"), stack)
    row = given.row("call_log", call_sid=dict(pairs)[b"CallSid"].decode())
    assert {name: row[name] for name in kept} == kept
    assert (row["business_id"], row["account_sid"]) == (business, stack.account_sid)
    logged = stack.logged("responders", log)
    assert logged == (f"CALLBACK_LABEL sid={row['call_sid']} field={left_out}\n" if left_out else "")
    assert given.api(business).get("/api/calls").status == 200


def test_a_status_that_we_do_not_know_changes_none(
    given: Given, stack: Stack, new_business: Callable[[], int]
) -> None:
    query = f"business_id={new_business()}"
    pairs = [(b"AccountSid", stack.account_sid.encode()), *call(CallStatus=b"ringing")]
    says_nothing(Callback(CALL_STATUS, pairs, query), stack)
    pairs = [(name, b"answered" if name == b"CallStatus" else value) for name, value in pairs]
    says_nothing(Callback(CALL_STATUS, [*pairs, (b"CallDuration", b"3")], query), stack)
    row = given.row("call_log", call_sid=dict(pairs)[b"CallSid"].decode())
    assert (row["status"], row["duration"]) == ("ringing", 3)


def test_a_cut_number_is_nobodys(given: Given, stack: Stack, new_business: Callable[[], int]) -> None:
    """What is kept of it may be somebody's number; what came was not."""
    number = "+" + "7" * 127
    given.db.execute("INSERT INTO business_phone_numbers VALUES (%s, %s)", [number, new_business()])
    pairs = [(b"AccountSid", new_sid("AC").encode()), *call(To=number.encode() + b"7")]
    says_nothing(Callback(CALL_STATUS, pairs), stack)
    assert given.rows("call_log", call_sid=dict(pairs)[b"CallSid"].decode()) == []


def test_a_call_is_kept_where_the_crms_columns_are_narrow(
    make_stack: Callable[..., Stack]
) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        narrow_columns(given, stack)


def narrow_columns(given: Given, stack: Stack) -> None:
    given.db.execute("DROP INDEX tapedeck_call_log_number_pieces")
    for column, width in (("from_number", 20), ("to_number", 20), ("direction", 8)):
        given.db.execute(f"ALTER TABLE call_log ALTER {column} TYPE varchar({width})")
    given.db.execute("INSERT INTO business_phone_numbers VALUES ('+15550001', 3)")
    for changes, kept in (
        ({}, ("+15550002", "+15550001", "inbound")),
        ({"From": b"sip:somebody.with.a.long.name@example.com"}, (None, None, "inbound")),
        ({"From": b"+15550001", "Direction": b"outbound-dial"}, (None, None, None)),
    ):
        fields = {"From": b"+15550002", "To": b"+15550001", "Direction": b"inbound", **changes}
        pairs = [(b"AccountSid", stack.account_sid.encode()), *call(**fields)]
        says_nothing(Callback(CALL_STATUS, pairs), stack)
        row = given.row("call_log", call_sid=dict(pairs)[b"CallSid"].decode())
        assert (row["from_number"], row["to_number"], row["direction"]) == kept
        assert row["business_id"] == 3 and row["status"] == ("completed" if kept[2] else None)


# ---- a conference as a whole ----


@pytest.mark.parametrize("event", [b"conference-start", b"conference-end", b"announcement-end"])
def test_an_event_that_tells_of_no_call_leaves_nothing(
    given: Given, stack: Stack, event: bytes
) -> None:
    before = given.everything()
    says_nothing(Callback(CONFERENCE_STATUS, [
        (b"AccountSid", stack.account_sid.encode()),
        *conference(CallSid=None, StatusCallbackEvent=event)]), stack)
    assert given.everything() == before


# ---- size is the only limit ----


def test_as_many_fields_as_fit(given: Given, stack: Stack) -> None:
    pairs = [(b"AccountSid", stack.account_sid.encode()), *recording(),
             *((b"f%d" % n, b"") for n in range(8000))]
    assert len(Callback("", pairs).body()) <= 65536
    says_nothing(Callback(RECORDING_STATUS, pairs), stack)
    assert given.row("recording_inbox", recording_sid=dict(pairs)[b"RecordingSid"].decode())
    before = given.everything()
    assert Callback(RECORDING_STATUS, [*pairs, (b"Note", b"x" * 65536)]).send(stack).status == 413
    assert given.everything() == before
