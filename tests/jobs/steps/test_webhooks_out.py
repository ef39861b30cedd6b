"""Telling others: `call.completed`, signed, again and again until it has arrived."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from speech.fake import FakeSpeech
from speech.receiver import Receiver
from speech.server import Reply
from stack.calls import Call

from jobs_kit import Db
from steps_kit import expected, saved, steps_of

Run = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
OURS = {"WEBHOOK_PRIVATE": "true"}
CLOSED = "http://127.0.0.1:9/nobody"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


def webhook(run: Run, business: int, url: str) -> str:
    """The secret of a webhook that this adds."""
    done = run("webhook", "--business", str(business), "--url", url)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def delivery_of(db: Db, call: Call) -> tuple[Any, ...]:
    """Status, tries, the answer's status, the reason, and minutes until it is due."""
    row = db.execute("SELECT status, attempts, last_status, error_code,"
                     " round(extract(epoch FROM not_before - now()) / 60)::int"
                     " FROM call_webhook_deliveries WHERE call_sid = %s", [call.call_sid]).fetchone()
    assert row is not None
    return row


def make_due(db: Db, call: Call) -> None:
    db.execute("UPDATE call_webhook_deliveries SET not_before = now() WHERE call_sid = %s",
               [call.call_sid])


def test_a_business_is_told_what_was_said(
    receiver: Receiver, new_call: NewCall, drain: Run, run_tapedeck: Run, db: Db
) -> None:
    call = new_call(seconds=12)
    secret = webhook(run_tapedeck, call.business, receiver.url)
    with FakeSpeech() as fake:
        drain(**fake.settings, **OURS)
    (told,) = receiver.told
    assert told.is_signed(secret) and not told.is_signed(secret[1:])
    assert (told.headers["X-Tapedeck-Event"], told.headers["Content-Type"]) == (
        "call.completed", "application/json")
    body, row = told.json, saved(db, call)
    assert (body["event"], body["id"], body["business_id"]) == (
        "call.completed", told.id, call.business)
    said = body["call"]
    assert (said["call_sid"], said["direction"], said["from_number"]) == (
        call.call_sid, "inbound", call.from_number)
    assert [one["text"] for one in said["transcript"]] == [text for _, text, _ in expected(call)]
    assert (said["transcript_text"], said["summary"]) == (row.transcript, row.summary)
    assert delivery_of(db, call)[:4] == ("delivered", 1, 204, None)


def test_nobody_else_is_told(
    receiver: Receiver, new_call: NewCall, drain: Run, run_tapedeck: Run
) -> None:
    """Another business's webhook, and one that was switched off, hear nothing."""
    call = new_call()
    webhook(run_tapedeck, new_call(recorded=False).business, receiver.url)
    webhook(run_tapedeck, call.business, receiver.url)
    assert run_tapedeck("webhook", "--business", str(call.business), "--url", receiver.url,
                        "--off").returncode == 0
    drain(**OURS)
    assert receiver.told == []


def test_it_is_told_again_with_the_same_id_and_bytes(
    new_call: NewCall, drain: Run, run_tapedeck: Run, db: Db
) -> None:
    call = new_call()
    with Receiver(Reply(503), Reply(302, headers={"Location": "/elsewhere"})) as receiver:
        secret = webhook(run_tapedeck, call.business, receiver.url)
        delays = []
        for _ in range(3):
            drain(**OURS)
            delays.append(delivery_of(db, call))
            make_due(db, call)
        told = receiver.told
    assert len(told) == 3 and all(one.is_signed(secret) for one in told)
    assert len({one.id for one in told}) == len({one.body for one in told}) == 1
    assert [row[:4] for row in delays] == [
        ("waiting", 1, 503, "server_error"), ("waiting", 2, 302, "redirected"),
        ("delivered", 3, 204, None)]
    assert [row[4] for row in delays[:2]] == [pytest.approx(0.5, abs=0.5), 5]


def test_it_ends_after_the_last_delay(
    new_call: NewCall, drain: Run, run_tapedeck: Run, db: Db
) -> None:
    call = new_call()
    webhook(run_tapedeck, call.business, CLOSED)
    for _ in range(3):
        drain(WEBHOOK_DELAYS="1h,2h", **OURS)
        make_due(db, call)
    assert delivery_of(db, call)[:4] == ("failed", 3, None, "unreachable")
    drain(WEBHOOK_DELAYS="1h,2h", **OURS)
    assert delivery_of(db, call)[1] == 3
    shown = run_tapedeck("status").stdout
    assert "webhooks that wait" in shown and "failed: unreachable" in shown


def test_what_ended_long_ago_is_forgotten(
    receiver: Receiver, new_call: NewCall, drain: Run, run_tapedeck: Run, db: Db
) -> None:
    """Its body is what somebody said; a delivery that still waits is kept, however old."""
    arrived, waits = new_call(), new_call()
    webhook(run_tapedeck, arrived.business, receiver.url)
    webhook(run_tapedeck, waits.business, CLOSED)
    drain(**OURS)
    kept = "SELECT call_sid FROM call_webhook_deliveries WHERE call_sid = ANY (%s)"
    both = [arrived.call_sid, waits.call_sid]
    assert run_tapedeck("cleanup").returncode == 0
    assert len(db.execute(kept, [both]).fetchall()) == 2
    db.execute("UPDATE call_webhook_deliveries SET completed_at = now() - interval '31 days',"
               " created_at = now() - interval '31 days' WHERE call_sid = ANY (%s)", [both])
    assert run_tapedeck("cleanup").returncode == 0
    assert db.execute(kept, [both]).fetchall() == [(waits.call_sid,)]


def test_a_hanging_receiver_is_given_up(
    new_call: NewCall, drain: Run, run_tapedeck: Run, db: Db
) -> None:
    call = new_call()
    with Receiver(Reply(hang=True)) as receiver:
        webhook(run_tapedeck, call.business, receiver.url)
        drain(WEBHOOK_TIMEOUT="300ms", **OURS)
    assert delivery_of(db, call)[:4] == ("waiting", 1, None, "timed_out")


def test_our_own_network_is_not_told(
    receiver: Receiver, new_call: NewCall, drain: Run, run_tapedeck: Run, db: Db
) -> None:
    """A business says where to; that must not reach what only we can reach."""
    call = new_call()
    webhook(run_tapedeck, call.business, receiver.url)
    drain()
    assert receiver.told == []
    assert delivery_of(db, call)[:4] == ("failed", 1, None, "address_refused")
    assert steps_of(db, call)["notify"] == "done"


def test_a_connection_that_is_open_is_no_way_around_it(
    new_call: NewCall, drain: Run, run_tapedeck: Run, db: Db
) -> None:
    """The speech server may be on this machine; a webhook that names it must not get there on the
    connection that the transcript came by."""
    call = new_call(seconds=12)
    with FakeSpeech() as fake:
        webhook(run_tapedeck, call.business, fake.url + "/told")
        drain(**fake.settings)
        assert len(fake.took) == 2 and fake.refused == []
    assert delivery_of(db, call)[:4] == ("failed", 1, None, "address_refused")


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "http://a b/", "x"])
def test_only_web_addresses_are_taken(url: str, run_tapedeck: Run) -> None:
    assert run_tapedeck("webhook", "--business", "1", "--url", url).returncode == 2


def test_secrets_are_not_logged(
    receiver: Receiver, new_call: NewCall, drain: Run, run_tapedeck: Run
) -> None:
    call = new_call(seconds=5)
    secret = webhook(run_tapedeck, call.business, receiver.url)
    with FakeSpeech(key="sk-very-secret") as fake:
        done = drain(**fake.settings, **OURS)
    assert "WEBHOOK_DELIVERED" in done.stderr
    for hidden in ("sk-very-secret", secret, receiver.url, call.from_number):
        assert hidden not in done.stderr
