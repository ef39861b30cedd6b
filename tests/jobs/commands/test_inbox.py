"""`tapedeck inbox`: what waits and why, until it is taken up again, or its time is over."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from stack.api import Api
from stack.calls import CALL_STATUS, Call, new_number, new_sid
from stack.stack import Stack

PER_DAY = 3


class House:
    """A stack of its own with no business known to its account, and what its inbox shows."""

    def __init__(self, stack: Stack, db: psycopg.Connection[dict[str, Any]]) -> None:
        self.stack, self.db = stack, db

    def call(self, business: int = 1) -> Call:
        return Call(self.stack, business, new_sid("CA"), new_sid("RE"), new_number(), new_number(),
                    None)

    def kept(self) -> list[dict[str, Any]]:
        return self.db.execute("SELECT * FROM tapedeck_unused_callbacks ORDER BY id").fetchall()

    def lines(self, *options: str) -> list[dict[str, Any]]:
        done = self.stack.run("inbox", "--json", *options)
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def again(self) -> str:
        done = self.stack.run("inbox", "--again")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log(self) -> str:
        return self.stack.logged("responders")


@pytest.fixture
def house(make_stack: Callable[..., Stack]) -> Iterator[House]:
    stack = make_stack(responders=1, overrides={"INBOX_PER_DAY": str(PER_DAY)})
    with psycopg.connect(stack.database_url, autocommit=True, row_factory=dict_row) as db:
        yield House(stack, db)


def saved(answer: Any) -> None:
    assert (answer.status, answer.body) == (204, b"")


# ---- what it shows ----


def test_it_shows_what_waits_and_why(house: House) -> None:
    done = house.stack.run("inbox")
    assert (done.returncode, done.stdout) == (0, "the inbox is empty\n")
    early, paused, nobodys = house.call(), house.call(), house.call(business=5)
    saved(early.send_recording_status())
    saved(paused.send_recording_status(RecordingStatus="paused"))
    saved(nobodys.send_call_status(path=f"{CALL_STATUS}?business_id=5", CallStatus=None))
    lines = house.lines()
    assert [(one["kind"], one["call_sid"], one["recording_sid"], one["reason"], one["business_id"])
            for one in lines] == [
        ("call", nobodys.call_sid, None, "CallStatus", 5),
        ("recording", paused.call_sid, paused.recording_sid, "RecordingStatus", None),
        ("recording", early.call_sid, early.recording_sid, "call", None)]
    assert {one["account_sid"] for one in lines} == {house.stack.account_sid}
    assert all(one["received_at"].endswith("+00:00") for one in lines)
    assert house.lines("--limit", "1") == lines[:1]
    done = house.stack.run("inbox", "--limit=2")
    assert done.returncode == 0 and done.stdout.count("\n") == 4
    assert done.stdout.endswith("and 1 more: --limit\n")
    for line, one in zip(done.stdout.splitlines()[1:3], lines, strict=False):
        assert [word for word in line.split() if word != "-"] == [
            str(one[name]) for name in ("received_at", "account_sid", "kind", "call_sid",
                                        "recording_sid", "reason", "business_id") if one[name]]


def test_it_shows_whose_they_are(house: House) -> None:
    """Their call's business, else the one in the address, else the account's only one."""
    house.db.execute("INSERT INTO business_twilio_accounts VALUES (%s, 3)",
                     [house.stack.account_sid])
    known, named, accounts = house.call(), house.call(), house.call()
    saved(known.send_call_status(path=f"{CALL_STATUS}?business_id=2"))
    for call, query in ((known, "?business_id=9"), (named, "?business_id=9"), (accounts, "")):
        saved(call.send_call_status(path=CALL_STATUS + query, CallStatus=""))
    assert {one["call_sid"]: one["business_id"] for one in house.lines()} == {
        known.call_sid: 2, named.call_sid: 9, accounts.call_sid: 3}


def test_nothing_of_the_form_is_shown_or_logged(house: House) -> None:
    call = house.call()
    saved(call.send_call_status(CallStatus=None, CallerName="Dana"))
    (row,) = house.kept()
    assert "CallerName=Dana" in row["form"] and call.from_number[1:] in row["form"]
    assert house.stack.auth_token not in row["form"]
    told = house.stack.run("inbox").stdout + house.stack.run("inbox", "--json").stdout + house.log()
    for word in ("Dana", call.from_number[1:], call.to_number[1:]):
        assert word not in told


@pytest.mark.parametrize("options", [["--nope"], ["--limit", "0"], ["--limit", "x"],
                                     ["--again", "--json"], ["--again", "--limit=1"]])
def test_wrong_options(run_tapedeck: Callable[..., subprocess.CompletedProcess[str]],
                       options: list[str]) -> None:
    done = run_tapedeck("inbox", *options)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr


@pytest.mark.parametrize("options", [[], ["--json"], ["--again"]])
def test_without_postgresql_it_says_so(house: House, options: list[str]) -> None:
    house.stack.halt("postgres")
    done = house.stack.run("inbox", *options)
    assert done.returncode == 1 and "PostgreSQL did not answer" in done.stderr


# ---- taken up again ----


def test_what_can_be_used_by_now_is_used(house: House) -> None:
    ours, theirs, paused = house.call(), house.call(), house.call()
    for call in (ours, theirs):
        saved(call.send_call_status(path=CALL_STATUS, CallStatus="ringing"))
    saved(paused.send_recording_status(RecordingStatus="paused"))
    saved(ours.send_recording_status())
    assert [row["reason"] for row in house.kept()] == ["business", "business", "RecordingStatus"]
    assert house.again() == "0 were used, 3 could not be\n"
    house.db.execute("INSERT INTO business_phone_numbers VALUES (%s, 4)", [ours.to_number])
    assert house.again() == "1 were used, 2 could not be\n"
    (row,) = house.db.execute("SELECT * FROM call_log").fetchall()
    assert (row["call_sid"], row["business_id"], row["status"]) == (ours.call_sid, 4, "ringing")
    assert row["recording_sid"] == ours.recording_sid, "and what waited for it was matched"
    assert [one["call_sid"] for one in house.kept()] == [theirs.call_sid, paused.call_sid]


def test_every_byte_comes_back(house: House) -> None:
    call, name = house.call(), "דנה & Co. + 100% =?"
    house.db.execute("ALTER TABLE call_log ADD CONSTRAINT never CHECK (status <> 'completed')")
    house.db.execute("INSERT INTO business_phone_numbers VALUES (%s, 4)", [name])
    saved(call.send_call_status(path=CALL_STATUS, To=name, Note=name))
    (row,) = house.kept()
    assert row["reason"] == "database" and "PG_FAILED sqlstate=23514" in house.log()
    house.db.execute("ALTER TABLE call_log DROP CONSTRAINT never")
    assert house.again() == "1 were used, 0 could not be\n"
    (row,) = house.db.execute("SELECT * FROM call_log").fetchall()
    assert (row["to_number"], row["business_id"]) == (name, 4)
    assert house.kept() == []


def test_many_are_taken_up(house: House) -> None:
    account = house.stack.account_sid
    house.db.execute(
        "INSERT INTO tapedeck_unused_callbacks (kind, account_sid, business_said, reason, form,"
        " digest) SELECT 'call', %s, '7', 'CallStatus', format('AccountSid=%%s&CallSid=CA%%s&"
        "CallStatus=%%s', %s::text, lpad(to_hex(n), 32, '0'), CASE WHEN n %% 2 = 0 THEN 'busy' END), n"
        " FROM generate_series(1, 501) n", [account, account])
    assert house.again() == "250 were used, 251 could not be\n"
    assert len(house.kept()) == 251
    assert len(house.db.execute("SELECT 1 FROM call_log WHERE business_id = 7").fetchall()) == 250


# ---- a ceiling a day and account ----


def test_beyond_the_ceiling_it_is_counted_and_not_kept(house: House) -> None:
    def paused(account: str) -> Call:
        call = house.call()
        saved(call.send_recording_status(RecordingStatus="paused", AccountSid=account))
        return call

    account, other = house.stack.account_sid, new_sid("AC")
    first, *_ = [paused(account) for _ in range(PER_DAY)]
    before = house.kept()
    dropped = paused(account)
    saved(first.send_recording_status(RecordingStatus="paused"))  # which is here
    assert house.kept() == before
    lines = house.log().splitlines()
    assert [line for line in lines if line.startswith("CALLBACK_DROPPED ")] == [
        f"CALLBACK_DROPPED kind=recording account={account} sid={dropped.call_sid}"
        f" recording={dropped.recording_sid} field=RecordingStatus"]
    status = house.stack.run("status").stdout
    assert "3 callbacks could not be used; `tapedeck inbox` says why" in status
    assert "of 1 accounts, which reached INBOX_PER_DAY: no more are kept" in status
    full = json.loads(house.stack.run("status", "--json").stdout)
    assert (full["callbacks_unused"], full["inboxes_full"]) == (PER_DAY, 1)
    metrics = Api(house.stack.base_url, house.stack.config["METRICS_TOKEN"]).get(
        "/metrics").body.decode().splitlines()
    assert f"tapedeck_callbacks_unused {PER_DAY}" in metrics
    assert f'tapedeck_callbacks_unused_total{{field="RecordingStatus"}} {PER_DAY}' in metrics
    assert "tapedeck_callbacks_dropped_total 1" in metrics
    paused(other)  # of its own
    assert len(house.kept()) == PER_DAY + 1
    saved(house.call().send_recording_status())  # what can be used is never too much
    house.db.execute("UPDATE tapedeck_unused_callbacks SET received_at = now() - interval '1 day'")
    paused(account)
    assert len(house.kept()) == PER_DAY + 2


# ---- not for ever ----


def keep(house: House, *, days: int, business: int | None = None, call: str | None = None) -> int:
    row = house.db.execute(
        "INSERT INTO tapedeck_unused_callbacks (received_at, kind, account_sid, business_said,"
        " call_sid, reason, form, digest) SELECT now() - make_interval(days => %s), 'call', 'AC1',"
        " %s, %s, 'To', 'From=1', count(*) FROM tapedeck_unused_callbacks RETURNING id",
        [days, None if business is None else str(business), call]).fetchone()
    assert row
    return int(row["id"])


# By name: how many days ago, of which business. Business 1 keeps 7 days, 2 for ever.
AGED = {"p": (6, None), "q": (11, None), "r": (29, None), "s": (31, None), "t": (6, 1), "u": (8, 1),
        "v": (29, 2), "w": (31, 2)}


@pytest.mark.parametrize("settings, left", [
    ({"RETENTION_DAYS": "0"}, "pqrtv"), ({"RETENTION_DAYS": "0", "INBOX_KEEP": "12d"}, "pqt"),
    ({"RETENTION_DAYS": "10"}, "ptv"), ({"RETENTION_DAYS": "400"}, "pqrtv"),
])
def test_they_go_when_their_time_is_over(
    house: House, settings: dict[str, str], left: str
) -> None:
    """After INBOX_KEEP, or the retention time of their business, or RETENTION_DAYS."""
    house.db.execute("INSERT INTO business_retention VALUES (1, 7), (2, 0)")
    ids = {name: keep(house, days=days, business=business)
           for name, (days, business) in AGED.items()}
    assert house.stack.run("cleanup", **settings).returncode == 0
    left_over = {row["id"] for row in house.kept()}
    assert "".join(name for name in AGED if ids[name] in left_over) == left


def test_they_go_with_their_call(house: House) -> None:
    """Whoever has a call deleted has its numbers deleted."""
    gone, stays, held = (house.call() for _ in range(3))
    for call in (gone, stays, held):
        saved(call.send_call_status(CallStatus="ringing"))
        keep(house, days=0, call=call.call_sid)
    house.db.execute("UPDATE call_log SET business_id = 2 WHERE call_sid = %s", [held.call_sid])
    house.db.execute("DELETE FROM call_log WHERE call_sid = %s", [gone.call_sid])
    assert house.stack.run("cleanup").returncode == 0
    assert {row["call_sid"] for row in house.kept()} == {stays.call_sid, held.call_sid}
