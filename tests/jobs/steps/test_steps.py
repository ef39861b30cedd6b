"""The steps' machine: nothing is lost, nothing is done twice, whatever happens to a runner."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest
from speech.fake import FakeSpeech, fault
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control

from jobs_kit import Db, Runner, click, known_call, run_of, until, value_of
from steps_kit import expected, make_steps_due, saved, step_of, steps_of

Run = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
DONE = {"transcribe": "done", "summarise": "done", "notify": "done"}


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one
        assert one.refused == []


@pytest.fixture
def hanging(
    fake: FakeSpeech, new_call: NewCall, runner: Callable[..., Runner]
) -> tuple[Call, Runner]:
    """A call that a runner is having transcribed, and will be for a long time."""
    fake.faults("speech", fault("hang", first=1))
    call = new_call(seconds=6)
    one = runner(**fake.settings)
    until(lambda: fake.requests("speech") == 1, "a file at the speech server")
    return call, one


def test_a_click_alone_is_not_transcribed(
    fake: FakeSpeech, stack: Stack, db: Db, new_business: Callable[[], int], drain: Run
) -> None:
    call = known_call(stack, db, new_business())
    click(call)
    drain(**fake.settings)
    assert run_of(db, call).status == "completed"
    assert steps_of(db, call) == {} and fake.took == []


def test_a_callback_makes_more_of_a_click(
    fake: FakeSpeech, stack: Stack, db: Db, new_business: Callable[[], int], drain: Run
) -> None:
    """A download that was under way becomes a full run."""
    call = known_call(stack, db, new_business(), seconds=6)
    click(call)
    assert call.send_recording_status().status == 204
    drain(**fake.settings)
    assert steps_of(db, call) == DONE


def test_a_file_that_is_here_is_not_fetched_again(
    fake: FakeSpeech, stack: Stack, db: Db, new_business: Callable[[], int], drain: Run,
    twilio: Control,
) -> None:
    call = known_call(stack, db, new_business(), seconds=6)
    click(call)
    drain()
    fetched = twilio.stats().recording(call.recording_sid).requests
    assert call.send_recording_status().status == 204
    drain(**fake.settings)
    assert steps_of(db, call) == DONE
    assert twilio.stats().recording(call.recording_sid).requests == fetched


def test_a_call_is_transcribed_once(
    fake: FakeSpeech, new_call: NewCall, drain: Run, db: Db, run_tapedeck: Run
) -> None:
    call = new_call(seconds=6)
    drain(**fake.settings)
    once = len(fake.took)
    db.execute("INSERT INTO recording_runs (business_id, call_sid, job_type)"
               " VALUES (%s, %s, 'full')", [call.business, call.call_sid])
    assert run_tapedeck("cleanup").returncode == 0
    said = run_tapedeck("transcribe", "--call", call.call_sid)
    assert said.returncode == 0 and "already" in said.stdout
    drain(**fake.settings)
    assert (run_of(db, call).status, len(fake.took)) == ("completed", once)


def test_again_does_it_again(
    fake: FakeSpeech, new_call: NewCall, drain: Run, db: Db, run_tapedeck: Run
) -> None:
    call = new_call(seconds=6)
    drain(**fake.settings)
    db.execute("UPDATE call_log SET final_transcript = 'old', ai_summary = 'old'"
               " WHERE call_sid = %s", [call.call_sid])
    assert run_tapedeck("transcribe", "--call", call.call_sid, "--again").returncode == 0
    assert steps_of(db, call) == {"transcribe": "queued"}
    drain(**fake.settings)
    assert steps_of(db, call) == DONE
    row = saved(db, call)
    assert len(row.segments) == len(expected(call)) and "old" not in (row.transcript, row.summary)


def test_what_a_crm_transcribed_stays(
    fake: FakeSpeech, new_call: NewCall, drain: Run, db: Db
) -> None:
    call = new_call(seconds=6)
    db.execute("UPDATE call_log SET final_transcript = 'הם דיברו על חשבונית' WHERE call_sid = %s",
               [call.call_sid])
    drain(**fake.settings)
    assert steps_of(db, call) == {**DONE, "transcribe": "skipped"}
    assert fake.took == [] and len(fake.asked) == 1
    assert saved(db, call).transcript == "הם דיברו על חשבונית"


def test_what_failed_begins_anew_by_hand(
    fake: FakeSpeech, new_call: NewCall, drain: Run, db: Db, run_tapedeck: Run
) -> None:
    fake.faults("speech", fault("status", code=400))
    call = new_call(seconds=6)
    drain(**fake.settings)
    assert step_of(db, call).error_code == "server_refused"
    shown = run_tapedeck("status").stdout
    assert "1 transcribe failed: server_refused" in shown
    fake.faults("speech")
    assert run_tapedeck("transcribe", "--call", call.call_sid).returncode == 0
    drain(**fake.settings)
    assert steps_of(db, call) == DONE


def test_transcribe_fetches_what_is_not_here(
    fake: FakeSpeech, stack: Stack, db: Db, new_business: Callable[[], int], drain: Run,
    run_tapedeck: Run,
) -> None:
    """By the way that a click goes."""
    call = known_call(stack, db, new_business(), seconds=6)
    done = run_tapedeck("transcribe", "--call", call.call_sid)
    assert done.returncode == 0 and "asked for" in done.stdout
    drain(**fake.settings)
    make_steps_due(db, call)
    drain(**fake.settings)
    assert steps_of(db, call) == DONE


@pytest.mark.parametrize("arguments, status", [
    (["--call", "CA" + "0" * 32], 1), (["--call", "x"], 2), ([], 2), (["--again"], 2)])
def test_transcribe_needs_a_call(arguments: list[str], status: int, run_tapedeck: Run) -> None:
    assert run_tapedeck("transcribe", *arguments).returncode == status


def test_a_killed_runners_step_is_taken_up(
    hanging: tuple[Call, Runner], fake: FakeSpeech, drain: Run, db: Db
) -> None:
    call, dead = hanging
    dead.kill()
    drain(**fake.settings)
    assert step_of(db, call).status == "running", "nobody knows yet that it is dead"
    db.execute("UPDATE call_steps SET heartbeat_at = now() - interval '1 hour'"
               " WHERE call_sid = %s", [call.call_sid])
    drain(**fake.settings)
    assert steps_of(db, call) == DONE
    assert step_of(db, call).attempts == 1, "a runner that died counts"


def test_a_stopped_runner_hands_its_step_back(
    hanging: tuple[Call, Runner], fake: FakeSpeech, drain: Run, db: Db
) -> None:
    call, stopped = hanging
    stopped.terminate()
    stopped.ended_well()
    step = step_of(db, call)
    assert (step.status, step.attempts, step.error_code) == ("queued", 0, "handed_back")
    drain(**fake.settings)
    assert steps_of(db, call) == DONE


def test_whoever_lost_a_step_writes_nothing(
    hanging: tuple[Call, Runner], fake: FakeSpeech, drain: Run, db: Db, runner: Callable[..., Runner]
) -> None:
    """Another runner has it by now; the first one's end changes nothing."""
    call, frozen = hanging
    db.execute("UPDATE call_steps SET lease_token = 'another' WHERE call_sid = %s", [call.call_sid])
    frozen.terminate()
    frozen.ended_well()
    step = step_of(db, call)
    assert (step.status, step.lease_token, step.error_code) == ("running", "another", None)


def test_a_runner_renews_its_steps(fake: FakeSpeech, new_call: NewCall, db: Db,
                                   runner: Callable[..., Runner]) -> None:
    fake.faults("speech", fault("hang", first=1))
    call = new_call(seconds=6)
    runner(INFLIGHT_TTL="2s", **fake.settings)
    until(lambda: fake.requests("speech") == 1, "a file at the speech server")
    beat = "SELECT heartbeat_at FROM call_steps WHERE call_sid = %s"
    first = value_of(db, beat, call.call_sid)
    until(lambda: value_of(db, beat, call.call_sid) > first, "a later heartbeat")
    assert step_of(db, call).attempts == 0


def test_steps_hold_no_slot_and_are_bounded(
    fake: FakeSpeech, new_call: NewCall, new_business: Callable[[], int], db: Db,
    runner: Callable[..., Runner],
) -> None:
    """Two at a time are transcribed; all five are fetched and play meanwhile."""
    fake.faults("speech", fault("hang"))
    business = new_business()
    calls = [new_call(business, seconds=6) for _ in range(5)]
    runner(STEPS_PARALLEL="2", **fake.settings)
    until(lambda: fake.requests("speech") == 2, "two files at the speech server")
    until(lambda: all(call.api.get(call.file_path).status == 200 for call in calls), "all play")
    running = value_of(db, "SELECT count(*) FROM call_steps WHERE business_id = %s"
                       " AND status = 'running'", business)
    assert (running, fake.requests("speech")) == (2, 2)


def test_runners_share_the_work_and_do_nothing_twice(
    fake: FakeSpeech, new_call: NewCall, new_business: Callable[[], int], db: Db,
    runner: Callable[..., Runner],
) -> None:
    businesses = [new_business() for _ in range(3)]
    calls = [new_call(business, seconds=12) for business in businesses for _ in range(4)]
    for _ in range(3):
        runner(STEPS_PARALLEL="2", **fake.settings)
    until(lambda: all(steps_of(db, call) == DONE for call in calls), "all are done")
    assert value_of(db, "SELECT max(attempts) FROM call_steps"
                    " WHERE business_id = ANY (%s)", businesses) == 0
    assert len(fake.asked) == len(calls), "each was summarised once"
    assert len(fake.took) == 2 * len(calls), "each channel was heard once"


def test_businesses_take_turns(
    fake: FakeSpeech, new_call: NewCall, new_business: Callable[[], int], drain: Run, db: Db,
    runner: Callable[..., Runner],
) -> None:
    """One that has much to be transcribed does not keep another waiting."""
    fake.faults("speech", fault("hang"))
    many, one = new_business(), new_business()
    calls = [new_call(business, seconds=6) for business in (many, many, many, one)]
    drain()
    first = "INSERT INTO call_steps (business_id, call_sid, step) VALUES (%s, %s, 'transcribe')"
    db.execute("DELETE FROM call_steps WHERE business_id = ANY (%s)", [[many, one]])
    for call in calls:
        db.execute(first, [call.business, call.call_sid])
    runner(STEPS_PARALLEL="2", **fake.settings)
    until(lambda: fake.requests("speech") == 2, "two files at the speech server")
    rows = db.execute("SELECT business_id FROM call_steps WHERE status = 'running'"
                      " AND business_id = ANY (%s)", [[many, one]]).fetchall()
    assert sorted(business for (business,) in rows) == sorted([many, one])


def test_no_working_file_stays(
    fake: FakeSpeech, new_call: NewCall, drain: Run, stack: Stack
) -> None:
    before = {path.name for path in stack.recordings_dir.iterdir()}
    call = new_call(seconds=6)
    drain(**fake.settings)
    assert call.finished_file is not None
    after = {path.name for path in stack.recordings_dir.iterdir()}
    assert after - before == {str(call.business)}
    assert {path.name for path in call.finished_file.parent.iterdir()} == {
        call.finished_file.name, f"{call.call_sid}.peaks.json"}
