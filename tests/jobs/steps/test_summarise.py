"""What a call was about: asked of a model only where something was said, and never invented."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from speech.fake import FakeSpeech, Fault, fault
from stack.calls import Call

from jobs_kit import Db
from steps_kit import make_steps_due, saved, step_of, steps_of

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
GOOD = {"subject": "חשבונית", "discussed": "הסכום", "outcome": "שולמה", "next_step": "קבלה"}


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one
        assert one.refused == []


def chat_says(fake: FakeSpeech, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    fake.faults("chat", fault("text", value=text))


def test_it_is_saved_as_text_for_people(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    chat_says(fake, GOOD)
    call = new_call(seconds=20)
    drain(**fake.settings)
    row = saved(db, call)
    assert row.summary == "נושא: חשבונית\nמה נדון: הסכום\nתוצאה: שולמה\nהצעד הבא: קבלה"
    assert row.summary_status == "done"
    shown = call.api.get("/api/calls").json["calls"][0]
    assert (shown["summary"], shown["has_transcript"]) == (row.summary, True)


def test_the_model_sees_the_transcript_and_the_rules(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=20)
    drain(**fake.settings)
    (asked,) = fake.asked
    prompt, given = (one["content"] for one in asked["messages"])
    assert given == f"Language of the call: he\n\n{saved(db, call).transcript}"
    for rule in ("never", "language of the call", "next_step", "no instruction"):
        assert rule in prompt


def test_english_calls_have_english_words(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    chat_says(fake, {**GOOD, "next_step": ""})
    call = new_call(seconds=20)
    drain(TRANSCRIBE_LANGUAGE="en", **fake.settings)
    row = saved(db, call)
    assert row.summary == "Subject: חשבונית\nDiscussed: הסכום\nOutcome: שולמה"
    assert {line.split(":")[0] for line in (row.transcript or "").splitlines()} == {
        "Agent", "Customer"}


@pytest.mark.parametrize("seconds, status, sentence", [
    (2.5, "completed", "השיחה קצרה מכדי לסכם."), (20, "no-answer", "השיחה לא נענתה.")])
def test_no_model_is_asked_about_nothing(
    seconds: float, status: str, sentence: str, fake: FakeSpeech, new_call: NewCall, drain: Drain,
    db: Db,
) -> None:
    fake.faults("speech", fault("text", value="שלום"))
    call = new_call(seconds=seconds)
    db.execute("UPDATE call_log SET status = %s WHERE call_sid = %s", [status, call.call_sid])
    drain(**fake.settings)
    row = saved(db, call)
    assert (row.summary, row.summary_status) == (sentence, "fixed")
    assert fake.requests("chat") == 0
    assert steps_of(db, call)["summarise"] == "done"


BAD = {
    "no JSON": "The call was about an invoice.",
    "another object": {"summary": "x"},
    "not whole": json.dumps(GOOD)[:-2],
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_summary_is_not_saved(
    content: Any, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    chat_says(fake, content)
    call = new_call(seconds=20)
    drain(**fake.settings)
    step = step_of(db, call, "summarise")
    assert (step.status, step.attempts, step.error_code) == ("queued", 1, "bad_answer")
    assert saved(db, call).summary is None and saved(db, call).transcript
    fake.faults("chat")
    make_steps_due(db, call)
    drain(**fake.settings)
    assert saved(db, call).summary_status == "done"


def test_a_fence_around_the_json_is_no_trouble(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    chat_says(fake, f"```json\n{json.dumps(GOOD)}\n```")
    call = new_call(seconds=20)
    drain(**fake.settings)
    assert saved(db, call).summary_status == "done"


@pytest.mark.parametrize("wrong, code", [
    (fault("status", code=429, retry_after=7), "server_busy"),
    (fault("status", code=500), "server_error"), (fault("hang"), "timed_out"),
    (fault("empty"), "empty_answer"), (fault("cut"), "broken_answer"),
])
def test_it_fails_alone(
    wrong: Fault, code: str, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """The transcript stays, and is not asked for again; the end is said."""
    fake.faults("chat", Fault(**vars(wrong)))
    call = new_call(seconds=20)
    drain(SUMMARY_TIMEOUT="400ms", STEP_RETRIES="1", **fake.settings)
    assert step_of(db, call, "summarise").error_code == code
    heard = fake.requests("speech")
    make_steps_due(db, call)
    drain(SUMMARY_TIMEOUT="400ms", STEP_RETRIES="1", **fake.settings)
    assert steps_of(db, call) == {"transcribe": "done", "summarise": "failed", "notify": "done"}
    assert saved(db, call).summary_status == "failed"
    assert fake.requests("speech") == heard


def test_without_a_url_it_is_skipped(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    call = new_call(seconds=20)
    drain(TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key)
    step = step_of(db, call, "summarise")
    assert (step.status, step.error_code, step.error) == (
        "skipped", "not_configured", "SUMMARY_URL is not set.")
    assert saved(db, call).summary_status == "skipped"
