"""`tapedeck retain`: what is over goes, and nothing else does."""

from __future__ import annotations

import os
import time
from pathlib import Path

from stack.calls import new_sid

from jobs_kit import assert_stored, click, known_call, runs_of, value_of
from retain_kit import DAY_S, Own


def test_what_is_over_goes_and_the_words_stay(own: Own) -> None:
    old, young = own.stored(days=7.01), own.stored(days=6.99)
    assert old.api.get(old.file_path).status == 200
    said = own.retain()
    assert f"RECORDING_DELETED business_id=1 sid={old.call_sid} bytes=4000\n" in said
    assert "RETAIN_DONE deleted=1 bytes=4000 orphans=0 failed=0" in said
    assert (own.keeps(old), own.keeps(young)) == (False, True)
    answer = old.api.get(old.file_path)
    assert (answer.status, answer.json["error"]) == (410, "recording_expired")
    assert old.api.get(f"/api/calls/{old.call_sid}").json["has_transcript"]
    assert runs_of(own.db, old) == 0, "nobody fetches it again"
    assert young.api.get(young.file_path).status == 200


def test_whose_days_count(own: Own) -> None:
    """A business's own days before RETENTION_DAYS, a date of its own before both, a hold before
    all; 0 is for ever."""
    own.db.execute("INSERT INTO business_retention VALUES (2, 30), (3, 0), (4, 1)")
    own.db.execute("UPDATE business_retention SET days = 30 WHERE business_id = 2")
    over = [own.stored(1, 8), own.stored(2, 31), own.stored(4, 1.1), own.stored(3, 0.1)]
    kept = [own.stored(2, 29), own.stored(3, 4000), own.stored(4, 0.9), own.stored(1, 8),
            own.stored(1, 8)]
    set_date = "UPDATE call_log SET recording_expires_at = now() + %s::interval WHERE call_sid = %s"
    own.db.execute(set_date, ["-1 second", over[3].call_sid])
    own.db.execute(set_date, ["1 hour", kept[3].call_sid])
    own.db.execute("UPDATE call_log SET legal_hold = true WHERE call_sid = %s", [kept[4].call_sid])
    own.retain()
    assert [own.keeps(call) for call in over] == [False] * 4
    assert [own.keeps(call) for call in kept] == [True] * 5
    own.retain(RETENTION_DAYS="0")
    assert own.keeps(kept[3])


def test_when_it_expires_is_shown(own: Own) -> None:
    call, held, gone = own.stored(), own.stored(), own.stored(days=9)
    own.db.execute("UPDATE call_log SET legal_hold = true WHERE call_sid = %s", [held.call_sid])
    shown = {row["call_sid"]: row["expires_at"] for row in call.api.get("/api/calls").json["calls"]}
    week = value_of(own.db, "SELECT to_char(created_at + interval '7 days',"
                            " 'YYYY-MM-DD\"T\"HH24:MI') FROM call_log WHERE call_sid = %s",
                    call.call_sid)
    assert shown[call.call_sid].startswith(week)
    assert call.api.get(f"/api/calls/{call.call_sid}").json["expires_at"] == shown[call.call_sid]
    assert shown[held.call_sid] is None and shown[gone.call_sid] is not None
    for one in (call, held):
        assert one.api.post(one.prepare_path).json["recording_expires_at"] == shown[one.call_sid]


def test_what_is_being_fetched_waits(own: Own) -> None:
    call = known_call(own.stack, own.db, 1)
    own.db.execute("UPDATE call_log SET created_at = now() - interval '8 days'")
    click(call)
    own.retain()
    assert value_of(own.db, "SELECT recording_deleted_at FROM call_log") is None
    assert own.stack.run("drain", "--once").returncode == 0
    assert_stored(call, "wav2")
    own.retain()
    assert own.files() == set()


def test_a_dry_run_changes_nothing(own: Own) -> None:
    calls = [own.stored(days=8 + n) for n in range(3)]
    stray = own.file(1, f"{new_sid('CA')}.wav", days=2)
    before = own.files()
    lines = own.retain("--dry-run").splitlines()
    assert lines[0].split() == ["business", "call", "called", "expired", "bytes", "from"]
    assert [line.split()[:2] for line in lines[1:4]] == [["1", call.call_sid]
                                                         for call in reversed(calls)]
    assert {tuple(line.split()[-2:]) for line in lines[1:4]} == {("2000", "disk")}
    assert lines[4] == "3 recordings, 6000 bytes, would be deleted; 1 files are nobody's"
    assert own.files() == before and stray.exists() and all(map(own.keeps, calls))


def test_files_that_are_nobodys_go(own: Own) -> None:
    """After a day; a young one may be on its way to becoming somebody's."""
    kept = own.stored()
    for name in (f"{kept.call_sid}.wav", f"{kept.call_sid}.peaks.json"):
        own.file(1, name, days=3)
    strays = [own.file(1, f"{new_sid('CA')}.{ending}", days=1.1)
              for ending in ("wav", "mp3", "peaks.json")]
    elsewhere = own.file(7, f"{kept.call_sid}.wav")
    young = own.file(1, f"{new_sid('CA')}.wav", days=0.9)
    other = own.file(1, "notes.txt", days=9)
    said = own.retain()
    assert "RETAIN_DONE deleted=0 bytes=0 orphans=3 failed=0 revoked=1\n" in said
    assert not any(path.exists() for path in (*strays, elsewhere, elsewhere.parent))
    assert young.exists() and other.exists() and own.keeps(kept)


def test_a_file_that_stayed_behind_goes_the_next_time(own: Own) -> None:
    call = own.stored(days=8)
    own.db.execute("UPDATE call_log SET recording_deleted_at = now()")
    for path in list((own.stack.recordings_dir / "1").iterdir()):
        os.utime(path, (time.time() - 2 * DAY_S,) * 2)
    own.retain()
    assert not own.keeps(call) and own.files() == set()


def test_a_file_that_is_held_stays(own: Own) -> None:
    """The hold came when it was deleted already, and its file was still there."""
    call = own.stored(days=8)
    own.db.execute("UPDATE call_log SET recording_deleted_at = now(), legal_hold = true")
    for path in list((own.stack.recordings_dir / "1").iterdir()):
        os.utime(path, (time.time() - 2 * DAY_S,) * 2)
    own.retain()
    assert own.files() == {f"{call.call_sid}.wav", f"{call.call_sid}.peaks.json"}


def test_the_wrong_database_deletes_nothing(own: Own) -> None:
    for _ in range(30):
        own.file(1, f"{new_sid('CA')}.wav", days=2)
    before = own.files()
    assert "30 of 30 files belong to no call" in own.retain(code=1)
    assert own.files() == before


def test_what_cannot_be_removed_is_told_and_tried_again(own: Own) -> None:
    call = own.stored(days=8)
    wav = own.stack.recordings_dir / "1" / f"{call.call_sid}.wav"
    wav.unlink()
    wav.mkdir()
    assert "not everything could be removed" in own.retain(code=1)
    wav.rmdir()
    own.retain()
    assert own.files() == set()


def test_without_postgresql_nothing_goes(own: Own, tmp_path: Path) -> None:
    stray = own.file(1, f"{new_sid('CA')}.wav", days=2)
    nowhere = f"postgresql:///x?host={tmp_path}"
    assert "PostgreSQL did not answer" in own.retain(code=1, DATABASE_URL=nowhere)
    assert stray.exists()
    own.retain(ENABLE_SCHEDULERS="false")
    assert stray.exists()


def test_more_than_a_page_goes(own: Own) -> None:
    """Of several businesses, by age and by a date of their own."""
    own.db.execute(
        "INSERT INTO call_log (business_id, call_sid, recording_url, created_at,"
        "   recording_expires_at)"
        " SELECT n % 3, 'CA' || md5(n::text), '/x', now() - interval '8 days',"
        "   CASE WHEN n % 2 = 0 THEN now() - n * interval '1 minute' END"
        " FROM generate_series(1, 2400) n")
    assert "deleted=2400" in own.retain("--all")
