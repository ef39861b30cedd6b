"""What a business tells the models: its language, its words, a prompt, and questions of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import psycopg
import pytest
from speech.fake import FakeSpeech, Took, fault
from stack.calls import Call

from jobs_kit import Db
from steps_kit import make_steps_due, saved, step_of, steps_of

Command = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one


def tells(db: Db, business: int, **columns: str) -> None:
    """As a CRM writes it."""
    names = ", ".join(columns)
    db.execute(f"INSERT INTO business_speech (business_id, {names}) VALUES (%s{', %s' * len(columns)})",
               [business, *columns.values()])


def heard(fake: FakeSpeech, drain: Command, **settings: str) -> Took:
    """How the last call was asked about; both of its channels in the same way."""
    before = len(fake.took)
    drain(**{**fake.settings, **settings})
    took = fake.took[before:]
    assert len({(one.language, one.prompt) for one in took}) == 1 and fake.refused == []
    return took[0]


def test_each_business_is_heard_in_its_own_way(
    fake: FakeSpeech, new_call: NewCall, drain: Command, db: Db
) -> None:
    hebrew, english, other = (new_call(seconds=12).business for _ in range(3))
    drain()
    tells(db, hebrew, words="טייפדק,\n כהן ושות'", prompt="שיחה\tעם מוקד\x01השירות.")
    tells(db, english, language="en", words="Tapedeck")
    tells(db, other, language="auto")
    for business, language, prompt in [
        (hebrew, "he", "שיחה עם מוקד השירות. טייפדק, כהן ושות'."), (english, "en", "Tapedeck."),
        (other, "", ""),
    ]:
        call = new_call(business=business, seconds=12)
        took = heard(fake, drain)
        assert (took.language, took.prompt) == (language, prompt)
        begins = ("Agent: ", "Customer: ") if business == english else ("נציג: ", "לקוח: ")
        assert (saved(db, call).transcript or "").startswith(begins)
        chat = fake.asked[-1]["messages"][1]["content"]
        assert chat.startswith(f"Language of the call: {language or 'that of the transcript'}\n\n")


def test_the_default_may_be_any_language(
    fake: FakeSpeech, new_call: NewCall, drain: Command
) -> None:
    new_call(seconds=12)
    assert heard(fake, drain, TRANSCRIBE_LANGUAGE="auto").language == ""


def test_a_glossary_is_cut_at_a_word(
    fake: FakeSpeech, new_call: NewCall, drain: Command, db: Db
) -> None:
    """The fake takes no more than whisper reads; the first words are those that count."""
    call = new_call(seconds=12)
    tells(db, call.business, words=", ".join(f"מונח{n}" for n in range(3000)))
    prompt = heard(fake, drain).prompt
    assert prompt.startswith("מונח0, מונח1, ") and len(prompt) > 150
    words = prompt.removesuffix(".").split(", ")
    assert words == [f"מונח{n}" for n in range(len(words))]


QUESTIONS = "האם נקבעה פגישה?\n\nמחיר שסוכם\nתוצאה: זויפה?"


def test_a_business_asks_questions_of_its_own(
    fake: FakeSpeech, new_call: NewCall, drain: Command, db: Db
) -> None:
    call = new_call(seconds=20)
    tells(db, call.business, questions=QUESTIONS)
    drain(**fake.settings)
    row = saved(db, call)
    assert (row.summary or "").splitlines()[3:] == [
        "האם נקבעה פגישה? על האם נקבעה פגישה?", "מחיר שסוכם: על מחיר שסוכם",
        "תוצאה: זויפה? על תוצאה: זויפה?"]
    assert row.summary_status == "done" and fake.refused == []


def test_an_answer_is_one_line_of_its_own(
    fake: FakeSpeech, new_call: NewCall, drain: Command, db: Db
) -> None:
    """What the call does not answer is left out; an answer without a summary is one."""
    call = new_call(seconds=20)
    tells(db, call.business, questions="מחיר\nמועד")
    fake.faults("chat", fault("text", value=json.dumps(
        {"subject": "", "answer_1": "מאה\nתוצאה: נמכר", "answer_2": None})))
    drain(**fake.settings)
    assert saved(db, call).summary == "מחיר: מאה תוצאה: נמכר"


def test_questions_are_part_of_a_schema(new_call: NewCall, drain: Command, db: Db) -> None:
    with FakeSpeech(kind="lmstudio") as fake:
        call = new_call(seconds=20)
        tells(db, call.business, questions=QUESTIONS)
        drain(**fake.settings)
        assert "מחיר שסוכם: על מחיר שסוכם" in (saved(db, call).summary or "")
        assert len(fake.refused) == 1, "json_object"


def test_a_moved_call_is_heard_as_its_new_business_is(
    fake: FakeSpeech, new_call: NewCall, new_business: Callable[[], int], drain: Command, db: Db,
    run_tapedeck: Command,
) -> None:
    call, other = new_call(seconds=12), new_business()
    tells(db, call.business, language="en", words="Old")
    tells(db, other, language="ar", words="חדש")
    drain()
    db.execute("UPDATE call_log SET business_id = %s WHERE call_sid = %s", [other, call.call_sid])
    assert run_tapedeck("transcribe", "--call", call.call_sid).returncode == 0
    drain(**fake.settings)  # it is fetched for them
    make_steps_due(db, call)
    took = heard(fake, drain)
    assert (took.language, took.prompt) == ("ar", "חדש.")
    assert saved(db, call).transcript


def test_a_language_that_is_refused_is_left_out_for_its_business_alone(
    fake: FakeSpeech, new_call: NewCall, drain: Command, db: Db
) -> None:
    call = new_call(seconds=12)
    tells(db, call.business, language="tlh")
    refusal = {"error": {"message": "Invalid language 'tlh'", "param": "language"}}
    fake.faults("speech", fault("raw", code=400, first=1, body=json.dumps(refusal).encode()))
    drain(**fake.settings)
    assert [one.language for one in fake.took] == ["tlh", "", ""] and saved(db, call).transcript
    new_call(seconds=12)
    assert heard(fake, drain).language == "he"


def test_an_older_database_tells_nothing(
    fake: FakeSpeech, new_call: NewCall, drain: Command, db: Db
) -> None:
    call = new_call(seconds=20)
    db.execute("ALTER TABLE business_speech RENAME TO hidden")
    try:
        assert heard(fake, drain).language == "he"
    finally:
        db.execute("ALTER TABLE hidden RENAME TO business_speech")
    assert steps_of(db, call) == {"transcribe": "done", "summarise": "done", "notify": "done"}
    assert step_of(db, call).error is None


@pytest.mark.parametrize("language", ["Hebrew", "he, en", "HE", ""])
def test_what_is_no_language_is_refused_when_it_is_written(
    language: str, new_business: Callable[[], int], db: Db
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        tells(db, new_business(), language=language)
