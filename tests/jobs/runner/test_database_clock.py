"""PostgreSQL's clock was ahead for a while and stepped back: what was written meanwhile lies in the
future, and is as dead as what lies in the past."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
import redis
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import (
    Db, Sql, assert_idle, assert_stored, change_run, click, insert_call, known_call, lapse, line_of,
    run_of, unrecorded_call, until, value_of,
)

Command = Callable[..., subprocess.CompletedProcess[str]]
NewBusiness = Callable[[], int]

AHEAD = Sql("now() + interval '1 day'")


@pytest.fixture
def stranded(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness
) -> Call:
    """Its runner died while the clock was a day ahead: the lease has lapsed, the row has not."""
    call = known_call(stack, db, new_business())
    click(call)
    change_run(db, call, status="running", lease_token="f" * 32, heartbeat_at=AHEAD)
    lapse(rds, call)
    return call


def test_cleanup_rescues_it(
    stranded: Call, rds: redis.Redis, db: Db, cleanup: Command, drain: Command
) -> None:
    cleanup()
    assert run_of(db, stranded).status == "queued"
    drain()
    assert_stored(stranded, "wav2")
    assert_idle(rds, stranded.business)


def test_cancel_ends_it(stranded: Call, db: Db) -> None:
    answer = stranded.api.post(f"/api/recordings/runs/{run_of(db, stranded).id}/cancel")
    assert (answer.status, answer.json) == (200, {"ok": True})
    assert run_of(db, stranded).status == "cancelled"


def test_retry_takes_it_up(
    stranded: Call, db: Db, run_tapedeck: Command, drain: Command
) -> None:
    said = run_tapedeck("retry", "--business", str(stranded.business)).stdout
    assert said.startswith("1 recording"), said
    assert run_of(db, stranded).status == "queued"
    drain()
    assert_stored(stranded, "wav2")


def test_its_slot_is_not_given_back_to_the_dead(
    stack: Stack, db: Db, rds: redis.Redis, new_business: NewBusiness
) -> None:
    """Redis lost its memory: only runs that are alive have their slots restored."""
    business = new_business()
    dead = [known_call(stack, db, business) for _ in range(3)]
    for call in dead:
        click(call)
        change_run(db, call, status="running", lease_token=call.call_sid[2:], heartbeat_at=AHEAD)
    rds.flushdb()
    alive = known_call(stack, db, business)
    click(alive)
    assert line_of(rds, business).leases == {alive.call_sid}


def test_a_rescue_of_the_future_is_no_reason_to_stop(
    stranded: Call, db: Db, cleanup: Command, drain: Command
) -> None:
    """RECOVERY_LIMIT counts those of the last RECOVERY_WINDOW."""
    change_run(db, stranded, recoveries=50, recovered_at=AHEAD)
    cleanup()
    drain()
    assert_stored(stranded, "wav2")


def test_a_failure_of_the_future_keeps_no_breaker_open(
    stack: Stack, db: Db, new_business: NewBusiness, drain: Command
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    change_run(db, call, status="failed", attempts=50, completed_at=AHEAD, error_code="stalled")
    assert call.api.get(call.status_path).json["status"] == "absent"


def test_a_time_to_come_is_bounded(
    stack: Stack, db: Db, new_business: NewBusiness, cleanup: Command, drain: Command
) -> None:
    """A retry that is due in a day, although no delay is as long as that."""
    call = known_call(stack, db, new_business())
    click(call)
    change_run(db, call, not_before=AHEAD, queued_at=AHEAD)
    cleanup()
    drain()
    assert_stored(call, "wav2")


def test_a_time_that_a_delay_has_set_is_kept(
    stack: Stack, db: Db, new_business: NewBusiness, cleanup: Command
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    change_run(db, call, not_before=Sql("now() + interval '5 minutes'"))
    cleanup()
    assert run_of(db, call).waits


def test_a_pause_of_an_account_is_bounded(
    stack: Stack, db: Db, new_business: NewBusiness, cleanup: Command
) -> None:
    """Neither its pause nor its probe can be further away than the longest pause."""
    account = "AC" + "9" * 32
    db.execute("INSERT INTO provider_accounts (account_sid, failures, paused_until, probe_until)"
               " VALUES (%s, 3, now() + interval '2 days', now() + interval '2 days')", [account])
    try:
        cleanup()
        assert value_of(db, "SELECT paused_until <= now() AND probe_until IS NULL"
                            " FROM provider_accounts WHERE account_sid = %s", account)
    finally:
        db.execute("DELETE FROM provider_accounts WHERE account_sid = %s", [account])


def test_steps_and_deliveries_are_bounded(
    stack: Stack, db: Db, new_business: NewBusiness, cleanup: Command
) -> None:
    call = unrecorded_call(stack, new_business())
    insert_call(db, call)
    db.execute("INSERT INTO call_steps (business_id, call_sid, step, not_before)"
               " VALUES (%s, %s, 'notify', now() + interval '2 days')",
               [call.business, call.call_sid])
    hook = value_of(db, "INSERT INTO call_webhooks (business_id, url, secret, active)"
                        " VALUES (%s, 'https://crm.example/', 'secret', false) RETURNING id",
                    call.business)
    db.execute("INSERT INTO call_webhook_deliveries"
               " (webhook_id, business_id, call_sid, event, payload, not_before)"
               " VALUES (%s, %s, %s, 'call.completed', '{}', now() + interval '2 days')",
               [hook, call.business, call.call_sid])
    cleanup()
    for table in ("call_steps", "call_webhook_deliveries"):
        assert value_of(db, f"SELECT not_before <= now() FROM {table} WHERE call_sid = %s",
                        call.call_sid), table


def test_a_step_whose_runner_died_ahead_is_taken_up(
    stack: Stack, db: Db, new_business: NewBusiness, drain: Command
) -> None:
    call = unrecorded_call(stack, new_business())
    insert_call(db, call)
    db.execute("INSERT INTO call_steps (business_id, call_sid, step, status, lease_token,"
               " heartbeat_at) VALUES (%s, %s, 'notify', 'running', %s, now() + interval '1 day')",
               [call.business, call.call_sid, "f" * 32])
    drain()
    until(lambda: value_of(db, "SELECT status = 'done' FROM call_steps WHERE call_sid = %s",
                           call.call_sid), "its step")
