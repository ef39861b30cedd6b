"""`tapedeck retain` with RETENTION_AT_TWILIO: the provider's copy goes after ours, and is seen to."""

from __future__ import annotations

from typing import Any

import pytest
from stack.calls import Call
from twilio.client import fault

from jobs_kit import value_of
from retain_kit import Own

ASKED = {"RETENTION_AT_TWILIO": "true"}
DELETE, LOOK = "delete", "json"


def asked_of(own: Own, call: Call) -> list[tuple[str, int]]:
    """What Twilio was asked about a recording, and how it answered."""
    return [(entry["format"], entry["status"])
            for entry in own.stack.twilio.stats().entries(call.recording_sid)]


def is_gone(own: Own, call: Call) -> bool:
    """As our row says."""
    return bool(value_of(own.db, "SELECT recording_provider_deleted_at IS NOT NULL FROM call_log"
                                 " WHERE call_sid = %s", call.call_sid))


def broken(kind: str, **values: Any) -> dict[str, Any]:
    return fault(kind, formats=[DELETE], **values)


def test_it_goes_after_ours_and_is_seen_to_be_gone(own: Own) -> None:
    old, young = own.stored(days=8), own.stored(days=1)
    said = own.retain(**ASKED)
    assert f"RECORDING_DELETED_AT_TWILIO business_id=1 sid={old.call_sid} status=404" in said
    assert "RETAIN_AT_TWILIO_DONE deleted=1 failed=0" in said
    assert said.index("RECORDING_DELETED ") < said.index("RECORDING_DELETED_AT_TWILIO")
    assert asked_of(own, old) == [(DELETE, 204), (LOOK, 404)] and is_gone(own, old)
    assert asked_of(own, young) == [] and not is_gone(own, young)
    assert "RETAIN_AT_TWILIO_DONE deleted=0 failed=0" in own.retain(**ASKED)
    assert len(asked_of(own, old)) == 2, "it is not asked about again"


def test_unless_asked_nothing_goes_there(own: Own) -> None:
    call = own.stored(days=8)
    assert "TWILIO" not in own.retain()
    assert asked_of(own, call) == [] and not own.keeps(call)
    own.retain(**ASKED)
    assert is_gone(own, call), "what was deleted before goes when it is asked for"


def test_what_twilio_does_not_have_counts_as_gone(own: Own) -> None:
    call = own.stored(days=8)
    own.db.execute("UPDATE call_log SET recording_url = left(recording_url, -4) || 'beef'")
    own.retain(**ASKED)
    assert is_gone(own, call)


def test_what_is_still_there_is_not_believed_to_be_gone(own: Own) -> None:
    """Twilio says that it has none, and has it."""
    call = own.stored(days=8)
    own.stack.twilio.faults(call.recording_sid, broken("status", code=404, first=1))
    said = own.retain(code=1, **ASKED)
    assert f"RECORDING_STAYS_AT_TWILIO business_id=1 sid={call.call_sid} status=200" in said
    assert not is_gone(own, call)
    own.retain(**ASKED)
    assert is_gone(own, call)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_an_account_that_refuses_waits_for_tomorrow(own: Own, status: int) -> None:
    calls = [own.stored(days=9 - n) for n in range(2)]
    own.stack.twilio.account_faults(broken("status", code=status, first=1))
    said = own.retain(code=1, **ASKED)
    assert f"Twilio answered {status} (complete) for account {own.stack.account_sid}" in said
    assert "RETAIN_AT_TWILIO_DONE deleted=0 failed=2" in said
    assert [len(asked_of(own, call)) for call in calls] == [1, 0], "the account is left alone"
    assert not any(is_gone(own, call) or own.keeps(call) for call in calls)
    own.retain(**ASKED)
    assert all(is_gone(own, call) for call in calls)


def test_a_silent_twilio_costs_one_timeout(own: Own) -> None:
    calls = [own.stored(days=9 - n) for n in range(2)]
    own.stack.twilio.account_faults(broken("silent_forever"))
    said = own.retain(code=1, **ASKED, STALL_TIMEOUT="300ms")
    assert "Twilio answered 0 (stalled)" in said
    assert not any(is_gone(own, call) for call in calls)


def test_never_before_our_own_is_gone(own: Own) -> None:
    """Retain follows no symbolic link, so the file stays."""
    call = own.stored(days=8)
    folder, elsewhere = own.stack.recordings_dir / "1", own.stack.recordings_dir / "moved"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    own.retain(code=1, **ASKED)
    assert asked_of(own, call) == [] and not is_gone(own, call)
    folder.unlink()
    elsewhere.rename(folder)
    own.retain(**ASKED)
    assert is_gone(own, call) and own.files() == set()


def test_a_hold_or_longer_days_come_in_time(own: Own) -> None:
    """Ours is gone; the provider's may be the last copy."""
    held, later = own.stored(1, 8), own.stored(2, 8)
    own.retain()
    own.db.execute("UPDATE call_log SET legal_hold = true WHERE call_sid = %s", [held.call_sid])
    own.db.execute("INSERT INTO business_retention VALUES (2, 30)")
    own.retain(**ASKED)
    assert asked_of(own, held) == asked_of(own, later) == []


def test_no_other_host_is_asked(own: Own) -> None:
    """The address is made anew below TWILIO_API_BASE, whatever the row says."""
    call = own.stored(days=8)
    strange = own.stored(days=8)
    own.db.execute("UPDATE call_log SET recording_url = replace(recording_url,"
                   " 'https://api.twilio.com', 'http://127.0.0.1:1') WHERE call_sid = %s",
                   [call.call_sid])
    own.db.execute("UPDATE call_log SET recording_url = 'http://127.0.0.1:1/x' WHERE call_sid = %s",
                   [strange.call_sid])
    own.retain(**ASKED)
    assert is_gone(own, call) and not is_gone(own, strange)
    assert own.stack.twilio.stats().total.auth_failures == 0


def test_the_dry_run_tells_where_from(own: Own) -> None:
    kept_there, due = own.stored(days=9), own.stored(days=8)
    own.db.execute("UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
                   [kept_there.call_sid])
    lines = own.retain("--dry-run", **ASKED).splitlines()
    assert [(line.split()[1], line.split()[-1]) for line in lines[1:3]] == [
        (due.call_sid, "disk,twilio"), (kept_there.call_sid, "twilio")]
    assert lines[-1] == "1 more would be deleted at Twilio"
    assert own.stack.twilio.stats().total.requests == 0


def test_it_needs_credentials(own: Own) -> None:
    said = own.retain(code=2, **ASKED, TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="")
    assert "RETENTION_AT_TWILIO" in said
