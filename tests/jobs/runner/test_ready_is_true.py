"""READY is what PostgreSQL says, as long as it answers: what is moved, deleted or marked is silent,
though its file is still here; and within a minute its file is not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from stack.calls import Call, token_for
from stack.stack import Stack

from jobs_kit import Db

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
ASKED = ("/api/recordings/{}/prepare", "/api/recordings/{}/status", "/api/recordings/file/{}",
         "/api/recordings/{}/peaks", "/api/calls/{}/download")


@pytest.fixture
def here(new_call: NewCall, drain: Drain) -> Call:
    call = new_call()
    drain()
    assert call.finished_file
    return call


def statuses(call: Call) -> set[int]:
    return {(call.api.post if path.endswith("prepare") else call.api.get)(
        path.format(call.call_sid)).status for path in ASKED}


def link_of(call: Call) -> str:
    url = call.api.post(call.prepare_path).json["play_url"]
    return str(url).removeprefix(call.stack.public_base_url)


def deleted(db: Db, call: Call) -> None:
    db.execute("DELETE FROM call_log WHERE call_sid = %s", [call.call_sid])


def moved(db: Db, call: Call) -> None:
    db.execute("UPDATE call_log SET business_id = 1 WHERE call_sid = %s", [call.call_sid])


def marked(db: Db, call: Call) -> None:
    db.execute("UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
               [call.call_sid])


@pytest.mark.parametrize("how, status", [(deleted, 404), (moved, 404), (marked, 410)])
def test_it_is_silent_at_once_and_gone_with_the_next_cleanup(
    here: Call, db: Db, stack: Stack, how: Callable[[Db, Call], None], status: int
) -> None:
    link, file = link_of(here), here.finished_file
    assert here.api.get(link).status == 200 and file
    how(db, here)
    assert statuses(here) == {status}
    assert stack.run("cleanup").returncode == 0
    assert not file.exists()
    assert here.api.get(link).status in (404, 410), "a link that was given out before"


def test_who_it_moved_to_has_it_fetched(
    here: Call, db: Db, drain: Drain, new_business: Callable[[], int]
) -> None:
    business = new_business()
    db.execute("UPDATE call_log SET business_id = %s WHERE call_sid = %s",
               [business, here.call_sid])
    assert here.stack.run("cleanup").returncode == 0
    api = here.api.with_token(token_for(here.stack, business))
    assert api.post(here.prepare_path).status == 202
    drain()
    assert api.get(here.file_path).body == here.source()


def test_a_legal_hold_keeps_the_file_of_what_is_marked(
    here: Call, db: Db, stack: Stack
) -> None:
    db.execute("UPDATE call_log SET legal_hold = true, recording_deleted_at = now()"
               " WHERE call_sid = %s", [here.call_sid])
    assert statuses(here) == {410}
    assert stack.run("cleanup").returncode == 0
    assert here.finished_file, "kept, and not played"


def test_a_file_that_is_somebodys_again_stays(here: Call, db: Db, stack: Stack) -> None:
    marked(db, here)
    db.execute("UPDATE call_log SET recording_deleted_at = NULL WHERE call_sid = %s",
               [here.call_sid])
    assert stack.run("cleanup").returncode == 0
    assert statuses(here) == {200}


def test_a_legal_hold_goes_before_an_end_of_its_own(here: Call, db: Db, stack: Stack) -> None:
    db.execute("UPDATE call_log SET legal_hold = true, recording_expires_at = now()"
               " WHERE call_sid = %s", [here.call_sid])
    assert stack.run("cleanup").returncode == 0
    assert here.finished_file and here.api.get(here.file_path).status == 200


def test_an_end_that_is_put_off_again_is_none(here: Call, db: Db, stack: Stack) -> None:
    for until in ("now()", "now() + interval '1 hour'"):
        db.execute(f"UPDATE call_log SET recording_expires_at = {until} WHERE call_sid = %s",
                   [here.call_sid])
    assert stack.run("cleanup").returncode == 0
    assert here.finished_file and here.api.get(here.file_path).status == 200


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("left", [0, 5000])
def test_a_file_that_lost_bytes_is_fetched_again(
    here: Call, db: Db, drain: Drain, left: int, known: bool
) -> None:
    """As a failing disk leaves it, or a copy that was not finished; how many bytes were stored is
    known, or it is from before that was written down."""
    assert here.finished_file
    if not known:
        db.execute("DELETE FROM recording_runs WHERE call_sid = %s", [here.call_sid])
    whole = here.finished_file.read_bytes()
    here.finished_file.write_bytes(whole[:left])
    assert here.api.get(here.file_path).status == 202
    drain()
    answer = here.api.get(here.file_path)
    assert (answer.status, answer.body) == (200, whole)
