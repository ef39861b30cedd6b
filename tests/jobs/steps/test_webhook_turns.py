"""Webhooks in turn: a receiver that hangs, or fails again and again, holds up its own and no others."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest
from speech.receiver import Receiver
from speech.server import Reply
from stack.calls import new_sid

from jobs_kit import Db, Runner, until, value_of

Run = Callable[..., subprocess.CompletedProcess[str]]
MANY = 64  # more than a runner sends at once
FAILURES = 5  # in a row: then a webhook rests
# No answer is given up while a test runs.
PATIENT = {"WEBHOOK_PRIVATE": "true", "WEBHOOK_TIMEOUT": "1h"}
OURS = {"WEBHOOK_PRIVATE": "true"}

UNDER_WAY = """
SELECT count(*) FROM call_webhook_deliveries WHERE business_id = %s AND sending_until > now()
"""


@pytest.fixture
def hanging() -> Iterator[Receiver]:
    """It takes what comes, and never answers."""
    with Receiver(*[Reply(hang=True)] * MANY) as one:
        yield one


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


def wanted(db: Db, business: int, url: str, count: int, since: str = "1 minute") -> int:
    """A webhook for which so many deliveries are due, and have been for so long; its id."""
    hook = value_of(db, "INSERT INTO call_webhooks (business_id, url, secret) VALUES (%s, %s, 's')"
                    " RETURNING id", business, url)
    for _ in range(count):
        db.execute("INSERT INTO call_webhook_deliveries (webhook_id, business_id, call_sid, event,"
                   " payload, not_before, created_at) VALUES (%s, %s, %s, 'call.completed', '{}',"
                   " now() - %s::interval, now() - %s::interval)",
                   [hook, business, new_sid("CA"), since, since])
    return int(hook)


def statuses(db: Db, hook: int) -> list[tuple[str, str | None, int]]:
    return db.execute("SELECT status, error_code, count(*) FROM call_webhook_deliveries"
                      " WHERE webhook_id = %s GROUP BY 1, 2 ORDER BY 1, 2", [hook]).fetchall()


def test_one_that_hangs_holds_up_nobody_else(
    hanging: Receiver, receiver: Receiver, db: Db, new_business: Callable[[], int],
    runner: Callable[..., Runner],
) -> None:
    theirs, other = new_business(), new_business()
    wanted(db, theirs, hanging.url, MANY, since="1 hour")
    runner(**PATIENT)
    hanging.wait(2)
    hook = wanted(db, other, receiver.url, 5)
    receiver.wait(5)
    until(lambda: statuses(db, hook) == [("delivered", None, 5)], "that it is noted")
    assert len(hanging.told) == 2 and value_of(db, UNDER_WAY, theirs) == 2


def test_two_at_once_for_a_webhook_in_all_runners_together(
    hanging: Receiver, receiver: Receiver, db: Db, new_business: Callable[[], int],
    runner: Callable[..., Runner],
) -> None:
    theirs, other = new_business(), new_business()
    wanted(db, theirs, hanging.url, MANY, since="1 hour")
    for _ in range(2):
        runner(**PATIENT)
    hanging.wait(2)
    wanted(db, other, receiver.url, 20)
    receiver.wait(20)
    assert len(hanging.told) == 2


def test_many_webhooks_of_one_business_hold_up_nobody_either(
    hanging: Receiver, receiver: Receiver, db: Db, new_business: Callable[[], int],
    runner: Callable[..., Runner],
) -> None:
    theirs, other = new_business(), new_business()
    for number in range(40):
        wanted(db, theirs, f"{hanging.url}?{number}", 1, since="1 hour")
    runner(**PATIENT)
    hanging.wait(4)
    wanted(db, other, receiver.url, 5)
    receiver.wait(5)
    assert len(hanging.told) == 4


def fail_until_it_rests(db: Db, drain: Run, hook: int) -> None:
    for _ in range(FAILURES):
        db.execute("UPDATE call_webhook_deliveries SET not_before = now() WHERE webhook_id = %s",
                   [hook])
        drain(**OURS)


def make_due(db: Db, hook: int) -> None:
    db.execute("UPDATE call_webhook_deliveries SET not_before = now() WHERE webhook_id = %s", [hook])


def rested(db: Db, hook: int) -> None:
    db.execute("UPDATE call_webhooks SET rests_until = now() WHERE id = %s", [hook])


def test_one_that_fails_again_and_again_rests(
    db: Db, new_business: Callable[[], int], drain: Run, run_tapedeck: Run
) -> None:
    business = new_business()
    with Receiver(*[Reply(503)] * (FAILURES + 1)) as receiver:
        hook = wanted(db, business, receiver.url, 1)
        fail_until_it_rests(db, drain, hook)
        assert len(receiver.told) == FAILURES
        make_due(db, hook)
        drain(**OURS)
        assert len(receiver.told) == FAILURES, "it rests"
        [rest] = [one for one in json.loads(run_tapedeck("status", "--json").stdout)
                  ["webhooks_resting"] if one["business_id"] == business]
        assert (rest["failures"], rest["reason"]) == (FAILURES, "server_error")
        assert rest["host"] in receiver.url and 0 < rest["left_s"] <= 60
        assert f"business {business}, {rest['host']}, {FAILURES} times: server_error" in (
            run_tapedeck("status").stdout)
        rested(db, hook)
        drain(**OURS)
        assert len(receiver.told) == FAILURES + 1, "one, to see whether it is well"
        left = value_of(db, "SELECT extract(epoch FROM rests_until - now())::int FROM call_webhooks"
                        " WHERE id = %s", hook)
        assert 60 < left <= 120, "longer each time"
        rested(db, hook)
        make_due(db, hook)
        drain(**OURS)
        assert statuses(db, hook) == [("delivered", None, 1)]
    assert value_of(db, "SELECT failures FROM call_webhooks WHERE id = %s", hook) == 0


def test_who_adds_it_again_ends_its_rest(
    receiver: Receiver, db: Db, new_business: Callable[[], int], drain: Run, run_tapedeck: Run
) -> None:
    business = new_business()
    hook = wanted(db, business, receiver.url, 3)
    db.execute("UPDATE call_webhooks SET failures = 9, error_code = 'timed_out',"
               " rests_until = now() + interval '30 minutes' WHERE id = %s", [hook])
    drain(**OURS)
    assert receiver.told == []
    assert run_tapedeck("webhook", "--business", str(business), "--url", receiver.url).returncode == 0
    drain(**OURS)
    receiver.wait(1)


def test_a_rest_that_no_failure_can_have_set_is_none(
    receiver: Receiver, db: Db, new_business: Callable[[], int], drain: Run
) -> None:
    """The database's clock was a day ahead."""
    hook = wanted(db, new_business(), receiver.url, 1)
    db.execute("UPDATE call_webhooks SET failures = 9, rests_until = now() + interval '1 day'"
               " WHERE id = %s", [hook])
    db.execute("UPDATE call_webhook_deliveries SET sending_until = now() + interval '1 day'"
               " WHERE webhook_id = %s", [hook])
    drain(**OURS)
    receiver.wait(1)


def test_what_waits_for_one_that_rests_ends_some_day(
    db: Db, new_business: Callable[[], int], drain: Run
) -> None:
    """When a try of its own would have ended, had there been any."""
    with Receiver(*[Reply(503)] * MANY) as receiver:
        hook = wanted(db, new_business(), receiver.url, 10, since="2 days")
        fail_until_it_rests(db, drain, hook)
    found = dict((code, count) for status, code, count in statuses(db, hook) if status == "failed")
    assert found.get("receiver_rests", 0) >= 1
    assert sum(count for _, _, count in statuses(db, hook)) == 10


def test_one_that_is_switched_off_ends_at_once(
    hanging: Receiver, db: Db, new_business: Callable[[], int], drain: Run
) -> None:
    hook = wanted(db, new_business(), hanging.url, 4)
    db.execute("UPDATE call_webhooks SET active = false, failures = 9,"
               " rests_until = now() + interval '30 minutes' WHERE id = %s", [hook])
    drain(**OURS)
    until(lambda: drain(**OURS) and statuses(db, hook) == [("failed", "inactive", 4)], "its end")
    assert hanging.told == []
