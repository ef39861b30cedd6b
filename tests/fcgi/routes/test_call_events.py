"""The callback about a call: whose it is, what of it is kept, and in which order it may come."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from http_given import Given, given_in
from stack.api import Answer
from stack.calls import CALL_STATUS, Call, new_number, new_sid
from stack.processes import wait_until
from stack.stack import Stack

ENDED = ("completed", "busy", "failed", "no-answer", "canceled")


@pytest.fixture
def make_call(stack: Stack) -> Callable[[int], Call]:
    """make_call(business): a call that nobody has been told of."""

    def make(business: int) -> Call:
        return Call(stack, business, new_sid("CA"), new_sid("RE"), new_number(), new_number(),
                    None)

    return make


def saved(answer: Answer) -> None:
    assert (answer.status, answer.body) == (204, b"")


# ---- what is kept ----


def test_a_new_call_is_kept(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int]
) -> None:
    call, parent = make_call(new_business()), new_sid("CA")
    saved(call.send_call_status(ParentCallSid=parent, Direction="outbound-dial",
                                CallStatus="in-progress", CallDuration="42"))
    row = given.row("call_log", call_sid=call.call_sid)
    assert row["created_at"] and row["updated_at"]
    assert {name: row[name] for name in (
        "business_id", "parent_call_sid", "direction", "from_number", "to_number", "status",
        "duration", "recording_url")} == {
        "business_id": call.business, "parent_call_sid": parent, "direction": "outbound-dial",
        "from_number": call.from_number, "to_number": call.to_number, "status": "in-progress",
        "duration": 42, "recording_url": None,
    }
    assert call.api.get("/api/calls").json["calls"][0]["call_sid"] == call.call_sid


def test_what_a_later_event_leaves_out_stays(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int]
) -> None:
    call = make_call(new_business())
    saved(call.send_call_status(CallStatus="ringing", CallDuration=None))
    first = given.row("call_log", call_sid=call.call_sid)
    saved(call.send_call_status(From=None, To="", Direction=None, CallStatus="completed",
                                CallDuration="7"))
    row = given.row("call_log", call_sid=call.call_sid)
    assert (first["duration"], row["duration"], row["status"]) == (None, 7, "completed")
    for name in ("from_number", "to_number", "direction", "created_at", "business_id"):
        assert row[name] == first[name]


@pytest.mark.parametrize("said", ["-1", "-5", "", "junk", "1e3", None])
def test_a_duration_that_is_none_is_not_stored(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int],
    said: str | None,
) -> None:
    call = make_call(new_business())
    saved(call.send_call_status(CallDuration=said))
    assert given.row("call_log", call_sid=call.call_sid)["duration"] is None
    saved(call.send_call_status(CallDuration="0"))
    saved(call.send_call_status(CallDuration=said))
    assert given.row("call_log", call_sid=call.call_sid)["duration"] == 0


@pytest.mark.parametrize("events, status", [
    (("queued", "initiated", "ringing", "in-progress", "completed"), "completed"),
    *(((ended, late), ended) for ended in ENDED for late in ("ringing", "in-progress")),
    (("completed", "initiated", "completed"), "completed"),
])
def test_a_call_that_ended_does_not_ring_again(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int],
    events: tuple[str, ...], status: str,
) -> None:
    call = make_call(new_business())
    for event in events:
        saved(call.send_call_status(CallStatus=event))
    assert given.row("call_log", call_sid=call.call_sid)["status"] == status


def test_the_same_event_many_times_at_once_is_one_call(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int]
) -> None:
    call = make_call(new_business())
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda _: call.send_call_status(), range(16)))
    assert {answer.status for answer in answers} == {204}
    assert given.row("call_log", call_sid=call.call_sid)["business_id"] == call.business


def test_a_call_that_the_crm_inserts_at_the_same_moment(make_stack: Callable[..., Stack]) -> None:
    """Its unique index lets only one of two in: whoever comes second has something to say, too."""
    stack = make_stack(responders=1)
    call = Call(stack, 1, new_sid("CA"), new_sid("RE"), new_number(), new_number(), None)
    with given_in(stack) as given, psycopg.connect(stack.database_url) as crm, \
            ThreadPoolExecutor(1) as sender:
        given.db.execute("CREATE UNIQUE INDEX one_of_each ON call_log (call_sid)")
        crm.execute("INSERT INTO call_log (business_id, call_sid, status) VALUES (1, %s, 'ringing')",
                    [call.call_sid])
        sent = sender.submit(call.send_call_status)
        assert wait_until(lambda: given.db.execute(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND query LIKE 'INSERT INTO call_log%'").fetchone() is not None, 30.0)
        crm.commit()
        saved(sent.result())
        row = given.row("call_log", call_sid=call.call_sid)
        assert (row["status"], row["duration"]) == ("completed", 5)


def test_it_starts_no_download(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int]
) -> None:
    call = make_call(new_business())
    saved(call.send_call_status())
    assert given.rows("recording_runs", business_id=call.business) == []


# ---- whose it is ----


def owner(given: Given, call: Call) -> int:
    return int(given.row("call_log", call_sid=call.call_sid)["business_id"])


def link_account(given: Given, account: str, *businesses: int) -> None:
    for business in businesses:
        given.db.execute("INSERT INTO business_twilio_accounts VALUES (%s, %s)",
                         [account, business])


def link_number(given: Given, number: str, business: int) -> None:
    given.db.execute("INSERT INTO business_phone_numbers VALUES (%s, %s)", [number, business])


def test_a_known_call_stays_where_it_is(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int]
) -> None:
    account, (first, second, third) = new_sid("AC"), (new_business() for _ in range(3))
    call = make_call(first)
    saved(call.send_call_status(CallStatus="ringing"))
    link_account(given, account, third)
    link_number(given, call.to_number, third)
    saved(call.send_call_status(path=f"{CALL_STATUS}?business_id={second}", AccountSid=account))
    assert owner(given, call) == first


def test_the_address_comes_before_account_and_number(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int]
) -> None:
    account, (first, second) = new_sid("AC"), (new_business() for _ in range(2))
    call = make_call(first)
    link_account(given, account, second)
    link_number(given, call.to_number, second)
    saved(call.send_call_status(AccountSid=account))
    assert owner(given, call) == first


def test_the_account_comes_before_the_number(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int]
) -> None:
    account, (first, second) = new_sid("AC"), (new_business() for _ in range(2))
    call = make_call(first)
    link_account(given, account, first)
    link_number(given, call.to_number, second)
    saved(call.send_call_status(path=CALL_STATUS, AccountSid=account))
    assert owner(given, call) == first


@pytest.mark.parametrize("direction, mine", [
    ("inbound", "to_number"), (None, "to_number"), ("outbound", "from_number"),
    ("outbound-api", "from_number"), ("outbound-dial", "from_number"),
])
@pytest.mark.parametrize("shared_account", [False, True])
def test_our_own_number_says_whose_it_is(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int],
    direction: str | None, mine: str, shared_account: bool,
) -> None:
    """An account of two businesses says nothing; the other party's number never does."""
    account, (first, second) = new_sid("AC"), (new_business() for _ in range(2))
    call = make_call(first)
    if shared_account:
        link_account(given, account, first, second)
    other = "from_number" if mine == "to_number" else "to_number"
    link_number(given, getattr(call, mine), first)
    link_number(given, getattr(call, other), second)
    saved(call.send_call_status(path=CALL_STATUS, AccountSid=account, Direction=direction))
    assert owner(given, call) == first


@pytest.mark.parametrize("shared_account", [False, True])
def test_nobodys_call_is_nobodys(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int],
    stack: Stack, shared_account: bool,
) -> None:
    """Never "the first": a wrong guess would play one business's calls to another."""
    account, (first, second) = new_sid("AC"), (new_business() for _ in range(2))
    call = make_call(first)
    if shared_account:
        link_account(given, account, first, second)
    link_number(given, call.from_number, second)  # the caller is somebody's customer, too
    before, log = given.everything(), stack.log("responders").stat().st_size
    saved(call.send_call_status(path=CALL_STATUS, AccountSid=account))
    after = given.everything()
    assert {name for name in after if after[name] != before[name]} == {"tapedeck_unused_callbacks"}
    assert given.row("tapedeck_unused_callbacks", call_sid=call.call_sid)["reason"] == "business"
    logged = stack.logged("responders", log)
    assert "CALL_WITHOUT_BUSINESS" in logged and call.call_sid in logged
    assert call.to_number not in logged, "no whole number in a log"


@pytest.mark.parametrize("party", ["+972501234567", "client:דנה", "anonymous", "x" * 128,
                                   "sip:a@b;c=\"d\"", "'; DROP TABLE call_log; --"])
def test_parties_are_kept_as_they_are(
    given: Given, make_call: Callable[[int], Call], new_business: Callable[[], int], party: str
) -> None:
    call = make_call(new_business())
    saved(call.send_call_status(From=party))
    assert given.row("call_log", call_sid=call.call_sid)["from_number"] == party
    assert call.api.get("/api/calls").json["calls"][0]["from_number"] == party
