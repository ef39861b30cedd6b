"""What was heard is not asked about again: a try that follows goes on at the piece that failed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from speech.fake import FakeSpeech, fault
from stack.calls import Call

from jobs_kit import Db, Runner, until, value_of
from steps_kit import expected, make_steps_due, saved, step_of, steps_of

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
SMALL = {"TRANSCRIBE_MAX_BYTES": "150000"}  # nine seconds
KEPT = ("SELECT count(*) FROM tapedeck_step_pieces p JOIN call_steps s ON s.id = p.step_id"
        " WHERE s.call_sid = %s")


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one


@pytest.fixture
def pieces(fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db) -> int:
    """So many requests does a call of 40 seconds take where nothing goes wrong."""
    call = new_call(seconds=40, seed=7)
    drain(**SMALL, **fake.settings)
    assert steps_of(db, call)["transcribe"] == "done"
    count = fake.requests("speech")
    assert count >= 5 and value_of(db, KEPT, call.call_sid) == 0
    return count


def is_whole(db: Db, call: Call) -> bool:
    segments = saved(db, call).segments
    wanted = [(speaker, text) for speaker, text, _ in expected(call)]
    assert all(abs(one["start"] - start) < 0.5 for one, (_, _, start) in zip(
        segments, expected(call)))
    return [(one["speaker"], one["text"]) for one in segments] == wanted


FAULTS: dict[str, tuple[dict[str, Any], int]] = {
    "500": ({"kind": "status", "code": 500}, 1),
    "no credit": ({"kind": "status", "code": 402}, 0),
    "cut": ({"kind": "cut"}, 1),
    "nonsense": ({"kind": "nonsense"}, 1),
}


@pytest.mark.parametrize("wrong, attempts", FAULTS.values(), ids=FAULTS)
def test_a_try_goes_on_at_the_piece_that_failed(
    wrong: dict[str, Any], attempts: int, fake: FakeSpeech, pieces: int, new_call: NewCall,
    drain: Drain, db: Db,
) -> None:
    """Also where several fail, one after the other."""
    before = fake.requests("speech")
    call = new_call(seconds=40, seed=7)
    for well in (3, 1):
        fake.faults("speech", fault(**wrong, after=well, first=1))
        make_steps_due(db, call)
        drain(**SMALL, **fake.settings)
        assert step_of(db, call).status == "queued"
    assert step_of(db, call).attempts == 2 * attempts
    make_steps_due(db, call)
    drain(**SMALL, **fake.settings)
    assert is_whole(db, call) and saved(db, call).source == "whisper-1"
    assert fake.requests("speech") - before == pieces + 2
    assert value_of(db, KEPT, call.call_sid) == 0, "what is done keeps nothing"


def test_after_a_runner_was_killed(
    fake: FakeSpeech, pieces: int, new_call: NewCall, runner: Callable[..., Runner], drain: Drain,
    db: Db,
) -> None:
    before = fake.requests("speech")
    fake.faults("speech", fault("hang", after=3, first=1))
    call = new_call(seconds=40, seed=7)
    one = runner(**SMALL, **fake.settings)
    until(lambda: fake.requests("speech") == before + 4, "the fourth piece is asked about")
    one.kill()
    db.execute("UPDATE call_steps SET heartbeat_at = now() - interval '1 hour'"
               " WHERE call_sid = %s", [call.call_sid])
    drain(**SMALL, **fake.settings)
    assert is_whole(db, call)
    assert fake.requests("speech") - before == pieces + 1


def test_smaller_pieces_stay_small(new_call: NewCall, drain: Drain, db: Db) -> None:
    """What is too large for a proxy was found out once."""
    with FakeSpeech(size_limit=150_000) as fake:
        call = new_call(seconds=40, seed=7)
        drain(TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key)
        once, refused = fake.requests("speech"), len(fake.forget_refused())
        assert refused > 0 and is_whole(db, call)
        fake.faults("speech", fault("status", code=500, after=refused + 3, first=1))
        other = new_call(seconds=40, seed=7)
        for _ in range(2):
            make_steps_due(db, other)
            drain(TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key)
        assert is_whole(db, other)
        assert (fake.requests("speech") - once, len(fake.forget_refused())) == (once + 1, refused)


def test_what_failed_for_good_goes_on_by_hand(
    fake: FakeSpeech, pieces: int, new_call: NewCall, drain: Drain, db: Db,
    run_tapedeck: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """`transcribe` goes on; with `--again` it begins with the first piece."""
    for arguments, asked in ((["--business", "--since", "2020-01-01"], pieces + 1),
                             (["--call"], pieces + 1), (["--call", "--again"], pieces + 4)):
        before = fake.requests("speech")
        fake.faults("speech", fault("status", code=400, after=3))
        call = new_call(seconds=40, seed=7)
        drain(**SMALL, **fake.settings)
        assert step_of(db, call).status == "failed"
        fake.faults("speech")
        whose = str(call.business) if "--business" in arguments else call.call_sid
        assert run_tapedeck("transcribe", arguments[0], whose, *arguments[1:]).returncode == 0
        drain(**SMALL, **fake.settings)
        assert is_whole(db, call)
        assert fake.requests("speech") - before == asked


OTHERWISE: dict[str, dict[str, str]] = {
    "another model": {"TRANSCRIBE_MODEL": "large-v3"},
    "another language": {"TRANSCRIBE_LANGUAGE": "en"},
    "other audio": {},
}


@pytest.mark.parametrize("settings", OTHERWISE.values(), ids=OTHERWISE)
def test_what_was_heard_otherwise_does_not_count(
    settings: dict[str, str], fake: FakeSpeech, pieces: int, new_call: NewCall, drain: Drain,
    db: Db,
) -> None:
    fake.faults("speech", fault("status", code=500, after=3, first=1))
    call = new_call(seconds=40, seed=7)
    drain(**SMALL, **fake.settings)
    if not settings:
        turn_over(call)
    make_steps_due(db, call)
    before = fake.requests("speech")
    drain(**SMALL, **fake.settings | settings)
    assert fake.requests("speech") - before == pieces
    assert saved(db, call).source == settings.get("TRANSCRIBE_MODEL", "whisper-1")
    assert is_whole(db, call) == bool(settings), "nobody understands what is upside down"


def turn_over(call: Call) -> None:
    """As loud as before, everywhere, and yet another recording: upside down."""
    assert call.finished_file is not None
    file = bytearray(call.finished_file.read_bytes())
    samples = memoryview(file)[44:].cast("h")
    for at, value in enumerate(samples.tolist()):
        samples[at] = max(-value, -32767)
    samples.release()
    call.finished_file.write_bytes(file)


def test_what_is_asked_otherwise_does_not_count(
    fake: FakeSpeech, pieces: int, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """The server learnt to give times: all is heard with them."""
    fake.faults("speech", fault("status", code=500, after=3, first=1))
    call = new_call(seconds=40, seed=7)
    drain(**SMALL, **fake.settings)
    db.execute("UPDATE tapedeck_step_pieces SET shape = 1")
    make_steps_due(db, call)
    before = fake.requests("speech")
    drain(**SMALL, **fake.settings)
    assert fake.requests("speech") - before == pieces and is_whole(db, call)


@pytest.mark.parametrize("how", ["call_log", "expires", "deleted"])
def test_what_was_heard_goes_with_the_recording(
    how: str, fake: FakeSpeech, pieces: int, new_call: NewCall, drain: Drain, db: Db
) -> None:
    fake.faults("speech", fault("status", code=500, after=3))
    call = new_call(seconds=40, seed=7)
    drain(**SMALL, **fake.settings)
    assert value_of(db, KEPT, call.call_sid) == 3
    sql = {"call_log": "DELETE FROM call_log WHERE call_sid = %s",
           "expires": "UPDATE call_log SET recording_expires_at = now() WHERE call_sid = %s",
           "deleted": "UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s"}
    db.execute(sql[how], [call.call_sid])
    assert value_of(db, KEPT, call.call_sid) == 0


def test_nobody_elses_is_read(
    fake: FakeSpeech, pieces: int, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """The same words, the same audio: another call's are asked about all the same."""
    fake.faults("speech", fault("status", code=500, after=3, first=1))
    first = new_call(seconds=40, seed=7)
    drain(**SMALL, **fake.settings)
    assert value_of(db, KEPT, first.call_sid) == 3
    db.execute("UPDATE call_steps SET not_before = now() + interval '1 day'"
               " WHERE call_sid = %s", [first.call_sid])
    before = fake.requests("speech")
    other = new_call(seconds=40, seed=7)
    drain(**SMALL, **fake.settings)
    assert is_whole(db, other) and fake.requests("speech") - before == pieces


def test_a_summary_goes_on_at_the_part_that_failed(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """In the parts, and when they are summarised as a whole."""
    said = [f"שורה {n} " + "מילה " * 20 for n in range(60)]
    call = new_call(seconds=20)
    drain(TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key)
    db.execute("UPDATE call_log SET final_transcript = %s WHERE call_sid = %s",
               ["\n".join(said), call.call_sid])
    fake.context_limit = 6000
    whole = summarised(db, call, drain, fake)
    refused = len(fake.forget_refused())
    parts = whole - refused - 1
    assert parts > 2
    for well in (refused + 1, refused + parts):
        before = fake.requests("chat")
        fake.faults("chat", fault("status", code=500, after=well, first=1))
        assert summarised(db, call, drain, fake) == whole + 1
        assert fake.requests("chat") - before == whole + 1
        assert len(fake.forget_refused()) == refused, "what is too long was found out once"
        assert value_of(db, KEPT, call.call_sid) == 0


def summarised(db: Db, call: Call, drain: Drain, fake: FakeSpeech) -> int:
    """Its summary once more, until it is there; gives how often the server was asked."""
    before = fake.requests("chat")
    db.execute("UPDATE call_steps SET status = 'queued', again = true, attempts = 0,"
               " started_at = NULL WHERE call_sid = %s AND step = 'summarise'", [call.call_sid])
    for _ in range(2):
        make_steps_due(db, call)
        drain(**fake.settings)
    assert saved(db, call).summary_status == "done"
    assert step_of(db, call, "summarise").status == "done"
    return fake.requests("chat") - before
