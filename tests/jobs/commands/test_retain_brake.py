"""`tapedeck retain` and a wrong clock: a night that would delete far too much deletes nothing."""

from __future__ import annotations

import pytest

from jobs_kit import value_of
from retain_kit import Own

MANY = 120  # more than the floor


def insert_calls(own: Own, count: int, days: float, business: int = 1) -> None:
    own.db.execute(
        "INSERT INTO call_log (business_id, call_sid, recording_url, created_at)"
        " SELECT %s, 'CA' || md5(random()::text), '/x', now() - %s * interval '1 day'"
        " FROM generate_series(1, %s)", [business, days, count])


def deleted(own: Own) -> int:
    return int(value_of(
        own.db, "SELECT count(*) FROM call_log WHERE recording_deleted_at IS NOT NULL"))


def test_a_clock_that_is_ahead_deletes_nothing(own: Own) -> None:
    """All that expires at all is due: the rest does not count, however much it is. What was deleted
    before stays at Twilio, too."""
    before = own.stored(days=9)
    own.retain()
    insert_calls(own, MANY, days=365)
    own.db.execute("INSERT INTO business_retention VALUES (2, 0)")
    insert_calls(own, 3 * MANY, days=1, business=2)
    said = own.retain(code=1, RETENTION_AT_TWILIO="true")
    assert f"RETAIN_HELD due={MANY} of={MANY + 1} max=50%" in said
    assert f"nothing was deleted: {MANY} of {MANY + 1} recordings are due" in said
    assert "RETAIN_DONE" not in said and "TWILIO_DONE" not in said
    assert deleted(own) == 1
    assert own.stack.twilio.stats().entries(before.recording_sid) == []
    own.retain(code=1)
    assert deleted(own) == 1, "the next night is no other"


def test_what_is_meant_is_told(own: Own) -> None:
    """As on the first night after retention was switched on."""
    insert_calls(own, MANY, days=30)
    said = own.retain("--dry-run")
    assert f"{MANY} recordings, 0 bytes, would be deleted" in said
    assert "nothing would be deleted" in said and "tapedeck retain --all" in said
    assert f"RETAIN_DONE deleted={MANY} " in own.retain("--all")
    assert deleted(own) == MANY


def test_a_small_installation_is_not_held_up(own: Own) -> None:
    insert_calls(own, 100, days=30)
    own.retain()
    assert deleted(own) == 100


@pytest.mark.parametrize("share, held", [("50", False), ("49", True), ("100", False)])
def test_the_share_is_a_setting(own: Own, share: str, held: bool) -> None:
    """Half is due; of what stays some has a date of its own."""
    insert_calls(own, MANY, days=8)
    insert_calls(own, MANY, days=6)
    own.db.execute("UPDATE call_log SET recording_expires_at = now() + interval '1 day'"
                   " WHERE created_at > now() - interval '7 days' AND call_sid < 'CA8'")
    own.retain(code=int(held), RETENTION_MAX_SHARE=share)
    assert deleted(own) == (0 if held else MANY)


def test_a_night_after_a_holiday_is_none_too_many(own: Own) -> None:
    """All that is there is due; but as much was due on other nights, also where it was not done."""
    own.db.execute("INSERT INTO tapedeck_retain_nights (began_at, due)"
                   " SELECT now() - n * interval '1 day', %s FROM generate_series(1, 20) n", [MANY])
    insert_calls(own, MANY, days=8)
    own.retain()
    assert deleted(own) == MANY
    assert value_of(own.db, "SELECT max(due) FROM tapedeck_retain_nights"
                            " WHERE began_at > now() - interval '1 hour'") == MANY


@pytest.mark.parametrize("when", ["- interval '15 days'", "+ interval '1 day'"])
def test_nights_of_another_time_do_not_count(own: Own, when: str) -> None:
    own.db.execute(
        f"INSERT INTO tapedeck_retain_nights (began_at, due) VALUES (now() {when}, 10000)")
    insert_calls(own, MANY, days=8)
    own.retain(code=1)
    assert deleted(own) == 0


def test_recordings_of_their_own_count(own: Own) -> None:
    for days, count in ((8, MANY), (6, MANY)):
        own.db.execute(
            "INSERT INTO tapedeck_recordings (business_id, recording_sid, name, recording_url,"
            "   started_at) SELECT 1, s, s, '/x', now() - %s * interval '1 day'"
            " FROM (SELECT 'RE' || md5(random()::text) AS s FROM generate_series(1, %s)) x",
            [days, count])
    own.retain(code=1, RETENTION_MAX_SHARE="49")
    own.retain()
    assert value_of(own.db, "SELECT count(*) FROM tapedeck_recordings"
                            " WHERE deleted_at IS NOT NULL") == MANY


def test_what_is_nobodys_has_the_same_share(own: Own) -> None:
    """And the same way out."""
    for n in range(30):
        own.file(1, f"CA{n:032x}.wav", days=2)
    for _ in range(20):
        own.stored()
    assert len(own.files()) == 70
    assert "30 of 70 files belong to no call" in own.retain(code=1, RETENTION_MAX_SHARE="40")
    assert len(own.files()) == 70
    own.retain("--all", RETENTION_MAX_SHARE="40")
    assert len(own.files()) == 40
