"""`tapedeck retain`: what PostgreSQL knows as deleted or moved goes at once, whatever its age and
number, and a run that is killed leaves nothing that the next one does not finish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from stack.calls import Call, new_sid

from jobs_kit import value_of
from retain_kit import Own, killed_at_its_mark, retaining

GONE = {
    "marked": "UPDATE call_log SET recording_deleted_at = now()",
    "moved": "UPDATE call_log SET business_id = 2, legal_hold = true",
    "deleted": "DELETE FROM call_log",
}


@contextmanager
def without_triggers(own: Own) -> Iterator[None]:
    """As when a dump is restored."""
    own.db.execute("SET session_replication_role = replica")
    yield
    own.db.execute("RESET session_replication_role")


def away_for_long(own: Own) -> None:
    """This host was, so that no cleanup of its own saw what was revoked."""
    own.db.execute("UPDATE tapedeck_revoked SET revoked_at = now() - interval '3 hours'")


@pytest.mark.parametrize("how", GONE)
def test_all_of_them_go_at_once(own: Own, how: str) -> None:
    """Young files, and nothing else on the disk: neither age nor brake is for what is known."""
    calls = [own.stored() for _ in range(25)]
    link = calls[0].api.post(calls[0].prepare_path).json["play_url"]
    own.db.execute(GONE[how])
    away_for_long(own)
    own.retain()
    assert own.files() == set()
    path = str(link).removeprefix(own.stack.public_base_url)
    assert calls[0].api.get(path).status in (404, 410)


@pytest.mark.parametrize("how", ["marked", "moved"])
def test_a_restored_database_is_right_after_one_night(own: Own, how: str) -> None:
    """Nothing was revoked in it: its rows alone say so."""
    for _ in range(25):
        own.stored()
    with without_triggers(own):
        own.db.execute(GONE[how])
    own.retain()
    assert own.files() == set()


def test_a_recording_of_its_own_goes_at_once(own: Own) -> None:
    kept, over, moved = (new_sid("RE") for _ in range(3))
    for sid in (kept, over, moved):
        own.file(1, f"{sid}.wav")
        own.db.execute(
            "INSERT INTO tapedeck_recordings (business_id, recording_sid, name, recording_url)"
            " VALUES (1, %s, %s, '/x')", [sid, sid])
    with without_triggers(own):
        own.db.execute("UPDATE tapedeck_recordings SET deleted_at = now() WHERE recording_sid = %s",
                       [over])
        own.db.execute("UPDATE tapedeck_recordings SET business_id = 2 WHERE recording_sid = %s",
                       [moved])
    own.retain()
    assert own.files() == {f"{kept}.wav"}


def test_what_is_held_stays(own: Own) -> None:
    call = own.stored()
    own.db.execute("UPDATE call_log SET recording_deleted_at = now(), legal_hold = true")
    away_for_long(own)
    own.retain()
    assert own.files() == {f"{call.call_sid}.wav", f"{call.call_sid}.peaks.json"}


def test_a_disk_that_refuses_one_file_keeps_no_other(own: Own) -> None:
    stuck, marked = own.stored(days=8), own.stored()
    stray = own.file(1, f"{new_sid('CA')}.wav", days=2)
    folder = own.stack.recordings_dir / "1"
    (folder / f"{stuck.call_sid}.mp3").mkdir()
    own.db.execute("UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
                   [marked.call_sid])
    own.db.execute("DELETE FROM tapedeck_revoked")
    own.retain(code=1)
    assert own.files() == {f"{stuck.call_sid}.mp3"} and not stray.exists()


def test_a_dry_run_tells_of_them(own: Own) -> None:
    call = own.stored()
    own.db.execute(GONE["marked"])
    said = own.retain("--dry-run")
    assert "2 files of recordings that are deleted or moved would go, too" in said
    assert f"{call.call_sid}.wav" in own.files()


# ---- killed ----


def left_by_a_kill(own: Own) -> Call:
    call = own.stored(days=8)
    killed_at_its_mark(own)
    assert f"{call.call_sid}.wav" in own.files()
    return call


@pytest.mark.parametrize("command", ["retain", "cleanup"])
def test_killed_between_mark_and_file(own: Own, command: str) -> None:
    call = left_by_a_kill(own)
    assert call.api.get(call.file_path).status == 410
    assert own.stack.run(command).returncode == 0
    assert own.files() == set()


@pytest.mark.parametrize("command", ["retain", "cleanup"])
def test_killed_between_one_file_and_the_next(own: Own, command: str) -> None:
    """The waveform goes first, so the recording is found with all that is left."""
    call = left_by_a_kill(own)
    (own.stack.recordings_dir / "1" / f"{call.call_sid}.peaks.json").unlink()
    assert own.stack.run(command).returncode == 0
    assert own.files() == set()


def test_killed_at_any_instant(own: Own) -> None:
    calls = [own.stored(days=8 + n / 100) for n in range(60)]
    for round_ in range(13):
        with retaining(own) as process:
            time.sleep(0.01 + 0.005 * round_)
            process.kill()
    own.retain()
    assert own.files() == set()
    assert value_of(own.db, "SELECT count(*) FROM call_log WHERE recording_deleted_at IS NULL") == 0
    assert {call.api.get(call.file_path).status for call in calls[:5]} == {410}
