"""A call with several recordings: each is kept, fetched, shown, transcribed and played by itself."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from speech.fake import FakeSpeech
from stack.calls import Call, new_sid

from jobs_kit import Db, value_of
from steps_kit import expected

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]


def further(call: Call, *, announce: bool = True, **recording: object) -> Call:
    """Another recording of that call: what a Call is by its first, this is by its own name."""
    added = call.stack.twilio.add_recording(
        **{"seconds": 3, "seed": 77, "call_sid": call.call_sid, **recording})  # type: ignore
    other = replace(call, recording_sid=added.sid, recording=added)
    if announce:
        assert other.send_recording_status().status == 204
    return other


def plays(call: Call, name: str) -> bytes:
    answer = call.api.get(f"/api/recordings/file/{name}")
    assert answer.status == 200, answer.body
    return answer.body


def test_each_is_fetched_and_plays(new_call: NewCall, drain: Drain, db: Db) -> None:
    call = new_call()
    second, third = further(call, seed=5), further(call, seed=6)
    drain()
    assert plays(call, call.call_sid) == call.source()
    first = call.api.post(call.prepare_path).json
    assert (first["recording"], first["recordings"]) == (call.call_sid, 3)
    for one in (second, third):
        assert plays(call, one.recording_sid) == one.source()
        ready = call.api.post(f"/api/recordings/{one.recording_sid}/prepare")
        assert (ready.status, ready.json["status"]) == (200, "ready")
        assert ready.json["recording"] == one.recording_sid
        link = ready.json["play_url"].removeprefix(call.stack.public_base_url)
        assert call.api.get(link).body == one.source()
    assert plays(call, call.recording_sid) == call.source(), "the first one, by its own SID"
    assert value_of(db, "SELECT count(*) FROM recording_inbox WHERE call_sid = %s"
                    " AND matched_at IS NULL", call.call_sid) == 0


def test_a_call_in_full_tells_of_each(new_call: NewCall, drain: Drain) -> None:
    call = new_call(seconds=2)
    second = further(call, seconds=4)
    row = call.api.get("/api/calls").json["calls"][0]
    assert (row["recordings"], row["recordings_duration"]) == (2, 6)
    full = call.api.get(f"/api/calls/{call.call_sid}").json
    assert [(one["recording_sid"], one["name"], one["kind"], one["status"], one["duration"])
            for one in full["recordings"]] == [
        (call.recording_sid, call.call_sid, "call", "processing", 2),
        (second.recording_sid, second.recording_sid, "call", "processing", 4)]
    drain()
    full = call.api.get(f"/api/calls/{call.call_sid}").json
    assert [one["status"] for one in full["recordings"]] == ["ready", "ready"]


def test_the_first_that_completes_is_the_calls(new_call: NewCall, db: Db) -> None:
    call = new_call(announced=False)
    assert call.send_call_status().status == 204
    assert call.send_recording_status(RecordingStatus="in-progress").status == 204
    second = further(call)
    assert call.send_recording_status().status == 204
    row = call.api.get(f"/api/calls/{call.call_sid}").json
    assert {one["recording_sid"]: one["name"] for one in row["recordings"]} == {
        second.recording_sid: call.call_sid, call.recording_sid: call.recording_sid}
    assert value_of(db, "SELECT recording_sid FROM call_log WHERE call_sid = %s",
                    call.call_sid) == second.recording_sid


def test_one_that_waited_in_the_inbox_is_taken_up(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    """A release before this one left them there."""
    call = new_call()
    second = further(call)
    db.execute("DELETE FROM tapedeck_recordings WHERE call_sid = %s", [call.call_sid])
    db.execute("DELETE FROM recording_runs WHERE call_sid = %s", [second.recording_sid])
    db.execute("UPDATE recording_inbox SET matched_at = NULL WHERE recording_sid = %s",
               [second.recording_sid])
    assert call.stack.run("cleanup").returncode == 0
    drain()
    assert plays(call, second.recording_sid) == second.source()


def test_one_under_way_is_not_its_other_legs(new_call: NewCall, drain: Drain) -> None:
    """A call that has no recording yet plays its leg's; by its own SID that of the call does not."""
    call = new_call(announced=False)
    leg = new_call(announced=False)
    leg = replace(leg, business=call.business)
    assert call.send_call_status().status == 204
    assert call.send_recording_status(RecordingStatus="in-progress").status == 204
    assert leg.send_call_status(ParentCallSid=call.call_sid).status == 204
    assert leg.send_recording_status().status == 204
    drain()
    assert plays(call, call.call_sid) == plays(call, leg.recording_sid) == leg.source()
    answer = call.api.get(f"/api/recordings/file/{call.recording_sid}")
    assert (answer.status, answer.json["error"]) == (404, "no_recording")
    assert call.send_recording_status().status == 204
    drain()
    assert plays(call, call.recording_sid) == call.source()
    own = call.api.get(f"/api/calls/{call.call_sid}/download")  # which no grant answers
    assert (own.status, own.body) == (200, call.source())


def test_nobody_elses(new_call: NewCall, drain: Drain) -> None:
    call, stranger = new_call(), new_call()
    second = further(call)
    drain()
    for path in (f"/api/recordings/file/{second.recording_sid}",
                 f"/api/recordings/{second.recording_sid}/status",
                 f"/api/recordings/{second.recording_sid}/peaks"):
        assert stranger.api.get(path).status == 404
        assert call.api.get(path).status in (200, 202)
    assert call.api.get(f"/api/recordings/file/{new_sid('RE')}").status == 404


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one


def test_each_is_transcribed_and_the_summary_is_of_the_whole(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=12)
    second = further(call, seconds=14)
    drain(**fake.settings)
    full = call.api.get(f"/api/calls/{call.call_sid}").json
    first, other = full["recordings"]
    for one, said in ((first, call), (other, second)):
        assert [(s["speaker"], s["text"]) for s in one["transcript"]] == \
            [(speaker, text) for speaker, text, _ in expected(said)]
    assert full["transcript"] == first["transcript"]
    assert value_of(db, "SELECT count(*) FROM call_steps WHERE call_sid = %s AND step = 'summarise'",
                    call.call_sid) == 1
    assert value_of(db, "SELECT count(*) FROM call_steps WHERE call_sid = %s AND step <> 'transcribe'",
                    second.recording_sid) == 0
    assert len(fake.asked) == 1, "one summary, of the whole"
    question = str(fake.asked[0]["messages"])
    for said in (call, second):
        assert all(text in question for _, text, _ in expected(said))
    assert full["summary"]


def audited(call: Call, name: str) -> list[tuple[str, str]]:
    """What was done, and to which recording, as `tapedeck audit` tells it."""
    done = call.stack.run("audit", "--call", name)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return sorted((words[1], words[3].removeprefix("recording=")) for words in lines)


def test_who_listened_to_any_of_them_is_found_from_the_call(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    call, stranger, sid = new_call(), new_call(), new_sid("CF")
    second, third = further(call), further(call)
    db.execute("INSERT INTO tapedeck_conference_calls VALUES (%s, %s)", [sid, call.call_sid])
    conference = further(call, conference_sid=sid, announce=False)
    assert conference.send_recording_status(CallSid=None, ConferenceSid=sid).status == 204
    drain()
    for wanted in (None, call.recording_sid, second.recording_sid, conference.recording_sid):
        query = f"?recording={wanted}" if wanted else ""
        answer = call.api.get(f"/api/calls/{call.call_sid}/download{query}")
        assert answer.status == 200, answer.body
    plays(call, third.recording_sid)
    plays(stranger, stranger.call_sid)
    first = [("download", call.call_sid), ("export", call.recording_sid)]
    db.execute("INSERT INTO playback_audit (id, at, business_id, call_sid, action) VALUES (%s, now(), %s, %s,"
               " 'export')", [secrets.token_hex(16), call.business, call.recording_sid])  # an older release's name
    expected = [*first, ("download", second.recording_sid), ("download", conference.recording_sid),
                ("file", third.recording_sid)]
    assert audited(call, call.call_sid) == sorted(expected)
    assert audited(call, second.recording_sid) == [("download", second.recording_sid)]
    assert audited(call, conference.recording_sid) == [("download", conference.recording_sid)]
    assert audited(call, call.recording_sid) == sorted(first), "the call's first"


def test_others_go_with_their_call(new_call: NewCall, drain: Drain, db: Db) -> None:
    call = new_call()
    second = further(call)
    drain()
    file = call.stack.recordings_dir / str(call.business) / f"{second.recording_sid}.wav"
    assert file.exists()
    db.execute("DELETE FROM call_log WHERE call_sid = %s", [call.call_sid])
    assert call.api.get(f"/api/recordings/file/{second.recording_sid}").status == 404
    assert call.stack.run("cleanup").returncode == 0
    assert not file.exists()


def test_each_is_retained_and_deleted_by_itself(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call()
    second, third = further(call), further(call)
    drain()
    db.execute("UPDATE tapedeck_recordings SET expires_at = now() WHERE recording_sid = %s",
               [second.recording_sid])
    done = call.stack.run("retain")  # also of what other tests left, and cannot be deleted
    assert f"RECORDING_DELETED business_id={call.business} sid={second.recording_sid} " in done.stderr
    states = {one["recording_sid"]: one["status"]
              for one in call.api.get(f"/api/calls/{call.call_sid}").json["recordings"]}
    assert states == {call.recording_sid: "ready", third.recording_sid: "ready"}
    answer = call.api.get(f"/api/recordings/{second.recording_sid}/status")
    assert answer.status == 410
    folder = call.stack.recordings_dir / str(call.business)
    assert not list(folder.glob(f"{second.recording_sid}.*"))
    assert (folder / f"{third.recording_sid}.wav").exists()


def test_a_first_one_that_is_gone_tells_of_those_that_are_left(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    """Whoever asks for the call learns that there is more to hear."""
    alone, call = new_call(seconds=2), new_call(seconds=2)
    second = further(call, seconds=4)
    drain()
    db.execute("UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = ANY(%s)",
               [[alone.call_sid, call.call_sid]])
    for one, left, seconds in ((alone, 0, 0), (call, 1, 4)):
        answer = one.api.post(one.prepare_path)
        assert (answer.status, answer.json["recordings"]) == (410, left)
        row = next(row for row in one.api.get("/api/calls").json["calls"]
                   if row["call_sid"] == one.call_sid)
        assert (row["recordings"], row["recordings_duration"]) == (left, seconds)
    states = {one["name"]: one["status"]
              for one in call.api.get(f"/api/calls/{call.call_sid}").json["recordings"]}
    assert states == {call.call_sid: "expired", second.recording_sid: "ready"}


def test_by_hand_each_is_named_by_its_own_sid(
    fake: FakeSpeech, new_call: NewCall, drain: Drain
) -> None:
    call = new_call(seconds=12)
    second = further(call, seconds=14)
    drain()
    for command in ("transcribe", "audit"):
        done = call.stack.run(command, "--call", second.recording_sid)
        assert done.returncode == 0, done.stderr
    drain(**fake.settings)
    first, other = call.api.get(f"/api/calls/{call.call_sid}").json["recordings"]
    assert first["transcript"] == [] and other["transcript"] != []
