"""Whoever knows one account's token can sign whatever names it: it says nothing of others' calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from stack.api import Answer, Api
from stack.calls import CALL_STATUS, RECORDING_STATUS, new_sid
from stack.stack import Stack
from twilio import sign

from jobs_kit import Db
from reconcile_kit import (  # noqa: F401 (fixtures)
    empty_shelf,
    is_told,
    reconcile,
    silent_call,
    url_of,
)

FORM = "application/x-www-form-urlencoded"
SECOND, THIRD, SUB = new_sid("AC"), new_sid("AC"), new_sid("AC")
TOKENS = {SECOND: "hunter2-of-the-second", THIRD: "hunter2-of-the-third"}
OURS, THEIRS, OPEN = 101, 102, 103  # businesses: the first two say whose accounts they have


class House:
    """A stack that knows three tokens, and the calls in it."""

    def __init__(self, stack: Stack, db: psycopg.Connection[dict[str, Any]]) -> None:
        self.stack, self.db, self.main = stack, db, stack.account_sid

    def known(self, business: int, account: str | None, **columns: Any) -> str:
        sid = new_sid("CA")
        row = {"business_id": business, "call_sid": sid, "account_sid": account,
               "status": "completed", **columns}
        names = ", ".join(row)
        self.db.execute(f"INSERT INTO call_log ({names}) VALUES"
                        f" ({', '.join(['%s'] * len(row))})", list(row.values()))
        return sid

    def row(self, sid: str) -> dict[str, Any] | None:
        rows = self.db.execute("SELECT * FROM call_log WHERE call_sid = %s", [sid]).fetchall()
        assert len(rows) <= 1
        return rows[0] if rows else None

    def post(self, path: str, account: str, **fields: str) -> Answer:
        params = {"AccountSid": account, **fields}
        token = TOKENS.get(account, self.stack.auth_token)
        mac = sign.signature(token, self.stack.public_base_url + path, params)
        return Api(self.stack.base_url).post(path, sign.form(params), headers={
            "Content-Type": FORM, "X-Twilio-Signature": mac})

    def calls(self, account: str, sid: str, query: str = "", **fields: str) -> Answer:
        return self.post(CALL_STATUS + query, account, CallSid=sid, CallStatus="busy",
                         Direction="inbound", **fields)

    def records(self, account: str, sid: str) -> Answer:
        return self.post(RECORDING_STATUS, account, CallSid=sid, RecordingSid=new_sid("RE"),
                         RecordingStatus="completed", RecordingDuration="7")

    def is_refused(self, answer: Answer, sid: str) -> None:
        assert (answer.status, answer.json["error"]) == (403, "forbidden")
        lines = self.stack.logged("responders").splitlines()
        assert [line for line in lines if line.startswith(f"CALLBACK_FOREIGN sid={sid} ")]
        for table in ("recording_inbox", "tapedeck_unused_callbacks"):
            kept = self.db.execute(f"SELECT 1 FROM {table} WHERE call_sid = %s", [sid])
            assert kept.fetchone() is None


@contextmanager
def connected(stack: Stack) -> Iterator[House]:
    with psycopg.connect(stack.database_url, autocommit=True, row_factory=dict_row) as db:
        yield House(stack, db)


@pytest.fixture(scope="module")
def house(sanitizer_reports: object, build_dir: Path,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    accounts = folder / "accounts"
    accounts.touch(0o600)
    accounts.write_text("".join(f"{sid}={token}\n" for sid, token in TOKENS.items()))
    with Stack(folder / "run", build_dir=build_dir, responders=1, fast=True, bound=True,
               overrides={"TWILIO_ACCOUNTS_FILE": str(accounts)}) as stack, \
            connected(stack) as one:
        for business, account in ((OURS, one.main), (THEIRS, SECOND)):
            one.db.execute("INSERT INTO business_twilio_accounts (account_sid, business_id)"
                           " VALUES (%s, %s)", [account, business])
        one.db.execute("INSERT INTO business_phone_numbers (number, business_id)"
                       " VALUES ('+15550001', %s), ('+15550003', %s)", [OURS, OPEN])
        yield one


def test_a_call_that_names_its_account(house: House) -> None:
    for owner, stranger in ((house.main, SECOND), (SECOND, house.main), (SECOND, THIRD),
                            (SECOND, SUB), (SUB, THIRD)):
        sid = house.known(OPEN, owner)
        before = house.row(sid)
        house.is_refused(house.calls(stranger, sid), sid)
        house.is_refused(house.calls(stranger, sid, f"?business_id={THEIRS}"), sid)
        house.is_refused(house.records(stranger, sid), sid)
        assert house.row(sid) == before
        assert house.records(owner, sid).status == house.calls(owner, sid).status == 204
        after = house.row(sid)
        assert after and after["recording_duration"] == 7 and after["account_sid"] == owner


def test_accounts_with_one_token_are_one(house: House) -> None:
    """A subaccount without a line in the file has the configured account's token."""
    for owner, other in ((house.main, SUB), (SUB, house.main), (SUB, new_sid("AC"))):
        sid = house.known(OPEN, owner)
        assert house.calls(other, sid).status == house.records(other, sid).status == 204


def test_a_call_whose_recording_names_the_account(house: House) -> None:
    """A CRM's own row may not say whose it is, but where its recording lives."""
    url = f"https://api.twilio.com/2010-04-01/Accounts/{SECOND}/Recordings/{new_sid('RE')}"
    sid = house.known(OPEN, None, recording_url=url)
    before = house.row(sid)
    house.is_refused(house.records(house.main, sid), sid)
    house.is_refused(house.calls(THIRD, sid), sid)
    assert house.row(sid) == before
    assert house.calls(SECOND, sid).status == 204


def test_a_call_whose_business_names_its_accounts(house: House) -> None:
    for business, owner, stranger in ((OURS, house.main, SECOND), (THEIRS, SECOND, SUB)):
        sid = house.known(business, None)
        house.is_refused(house.records(stranger, sid), sid)
        house.is_refused(house.calls(stranger, sid), sid)
        assert house.records(owner, sid).status == 204


def test_where_nobody_says_any_known_account_may_speak(house: House) -> None:
    sid = house.known(OPEN, None)
    assert house.calls(THIRD, sid).status == 204
    house.is_refused(house.calls(SECOND, sid), sid)  # and that was the first word on it


def test_no_call_is_put_into_anothers_business(house: House) -> None:
    """Neither by the address that it signs, nor by the number that it names."""
    for stranger, query, called in ((SECOND, f"?business_id={OURS}", "+1"),
                                    (THIRD, "", "+15550001"), (SUB, f"?business_id={THEIRS}", "+1")):
        sid = new_sid("CA")
        house.is_refused(house.calls(stranger, sid, query, To=called), sid)
        assert house.row(sid) is None
    for account, query, called, business in (
        (SUB, f"?business_id={OURS}", "+1", OURS), (SECOND, "", "+1", THEIRS),
        (THIRD, "", "+15550003", OPEN), (THIRD, f"?business_id={OPEN}", "+1", OPEN),
    ):
        sid = new_sid("CA")
        assert house.calls(account, sid, query, To=called).status == 204
        row = house.row(sid)
        assert row and row["business_id"] == business


def test_what_waited_for_the_call(house: House) -> None:
    """A stranger was first to speak of it, when nobody knew whose it is."""
    sid = new_sid("CA")
    assert house.records(THIRD, sid).status == 204
    assert house.calls(SECOND, sid).status == 204
    row = house.row(sid)
    assert row and row["business_id"] == THEIRS and row["recording_url"] is None
    assert house.records(SECOND, sid).status == 204
    row = house.row(sid)
    assert row and f"/Accounts/{SECOND}/" in row["recording_url"]
    waiting = house.db.execute("SELECT 1 FROM recording_inbox WHERE call_sid = %s"
                               " AND matched_at IS NULL", [sid]).fetchone()
    assert waiting is None, "and it is not looked at again"


def test_with_one_token_nobody_is_asked(make_stack: Callable[..., Stack]) -> None:
    """As ever: what a CRM's rows say of accounts need not be what callbacks say."""
    stack = make_stack(responders=1)
    with connected(stack) as house:
        sid = house.known(OPEN, new_sid("AC"))
        assert house.calls(house.main, sid).status == house.records(SUB, sid).status == 204


def test_the_providers_list_is_no_other_word(
    stack: Stack, db: Db, tmp_path: Path, new_business: Callable[[], int],
    reconcile: Callable[..., str],
) -> None:
    """What `reconcile` reads counts no more than a callback, and the rest of it no less."""
    accounts = tmp_path / "accounts"
    accounts.touch(0o600)
    accounts.write_text(f"{SECOND}={TOKENS[SECOND]}\n")
    foreign, ours = (silent_call(stack, db, new_business(), seconds=3) for _ in range(2))
    db.execute("UPDATE call_log SET account_sid = %s WHERE call_sid = %s",
               [SECOND, foreign.call_sid])
    assert reconcile(TWILIO_ACCOUNTS_FILE=str(accounts)) == "RECONCILE_DONE seen=2 news=1 ok=1"
    assert is_told(db, ours) and url_of(db, foreign) is None
