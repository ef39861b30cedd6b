"""Any speech server, any chat server: what they send is read, what they refuse is left out."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from speech.fake import FakeSpeech, fault
from speech.kinds import KINDS
from stack.calls import Call

from jobs_kit import Db, value_of
from steps_kit import CHAT_KINDS, SPEECH, expected, make_steps_due, saved, step_of, steps_of

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]
SAID = "שלום עולם"
GOOD = {"subject": "נושא", "discussed": "דובר על", "outcome": "סוכם", "next_step": "להתקשר"}
LINES = "נושא: נושא\nמה נדון: דובר על\nתוצאה: סוכם\nהצעד הבא: להתקשר"


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one


def verbose(*segments: dict[str, Any]) -> bytes:
    return json.dumps({"text": " ".join(str(one.get("text") or "") for one in segments),
                       "segments": list(segments)}).encode()


def segment(start: Any, end: Any, text: str | None = SAID) -> dict[str, Any]:
    return {"id": 0, "start": start, "end": end, "text": text}


# What speech servers answer.

TEXT_IS_THERE = {
    "NaN in a field nobody reads": b'{"text":"%s","segments":[{"start":0,"end":2,"text":"%s",'
                                   b'"avg_logprob":NaN}]}',
    "times in nanoseconds": b'{"text":"%s","segments":[{"start":0.0,"end":2000000000,"text":"%s"}]}',
    "end before start": b'{"text":"%s","segments":[{"start":2.5,"end":2.3,"text":"%s"}]}',
    "end -1": b'{"text":"%s","segments":[{"start":2.0,"end":-1.0,"text":"%s"}]}',
    "no times": b'{"text":"%s","segments":[{"start":null,"text":"%s"}]}',
    "another without text": b'{"text":"%s","segments":[{"start":0,"end":2,"text":"%s"},'
                            b'{"id":1,"start":2,"end":3}]}',
    "duplicate key": b'{"text":"a","text":"%s","segments":[],"x":"%s"}',
    "half a character": b'{"text":"%s","words":[{"word":"\xd7"}],"x":"%s"}',
    "a BOM, and a comma too many": b'\xef\xbb\xbf{"text":"%s","segments":[],"x":"%s",}',
    "a string": b'"%s"',
    "a list": b'[{"text":"%s"}]',
    "chunks": b'{"chunks":[{"timestamp":[0.0,null],"text":"%s"}]}',
    "an object around it": b'{"result":{"text":"%s"}}',
    "events": b'data: {"type":"transcript.text.delta","delta":"x"}\n\n'
              b'data: {"type":"transcript.text.done","text":"%s"}\n\ndata: [DONE]\n\n',
    "text": b"%s\n",
    "SubRip": b"1\n00:00:00,500 --> 00:00:02,000\n%s\n",
    "WebVTT": b"WEBVTT\n\n00:00.500 --> 00:02.000\n%s\n",
}


@pytest.mark.parametrize("body", TEXT_IS_THERE.values(), ids=TEXT_IS_THERE)
def test_a_text_that_is_there_is_read(
    body: bytes, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    said = SAID.encode()
    body = body % ((said,) * body.count(b"%s"))
    kind = "application/json" if body.lstrip(b"\xef\xbb\xbf")[:1] in b'{["' else (
        "text/event-stream" if body.startswith(b"data:") else "text/plain; charset=utf-8")
    fake.faults("speech", fault("raw", code=200, body=body, type=kind))
    call = new_call(seconds=12)
    drain(**fake.settings)
    row = saved(db, call)
    assert steps_of(db, call)["transcribe"] == "done"
    assert [one["text"] for one in row.segments] == [SAID, SAID], "each channel once"
    assert all(0 <= one["start"] <= one["end"] <= 12 for one in row.segments)
    assert row.source == "whisper-1"


def test_201_is_an_answer(fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db) -> None:
    fake.faults("speech", fault("raw", code=201, body=verbose(segment(0, 2))))
    call = new_call(seconds=12)
    drain(**fake.settings)
    assert SAID in (saved(db, call).transcript or "")


@pytest.mark.parametrize("side", ["speech", "chat"])
def test_a_packed_answer_is_unpacked(
    side: str, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    body = verbose(segment(0, 12)) if side == "speech" else completion(
        {"content": json.dumps(GOOD)}, "stop")
    fake.faults(side, fault("raw", code=200, body=gzip.compress(body),
                            headers={"Content-Encoding": "gzip"}))
    call = new_call(seconds=20)
    drain(**fake.settings)
    row = saved(db, call)
    assert SAID in (row.transcript or "") if side == "speech" else row.summary == LINES


def test_202_is_not_waited_for(fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db) -> None:
    fake.faults("speech", fault("raw", code=202, body=b'{"job_id":"j1","status":"queued"}'))
    call = new_call(seconds=12)
    drain(**fake.settings)
    step = step_of(db, call)
    assert (step.status, step.error_code) == ("failed", "unsupported")


NO_SPEECH = {
    "nothing": verbose(), "blank audio": verbose(segment(0, 2, " [BLANK_AUDIO]")),
    "music": verbose(segment(0, 9, "♪♪ (music) ♪")),
    "a film's end": verbose(segment(0, 9, "תודה על הצפייה!")),
}


@pytest.mark.parametrize("body", NO_SPEECH.values(), ids=NO_SPEECH)
def test_nothing_was_said_is_an_answer(
    body: bytes, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    fake.faults("speech", fault("raw", code=200, body=body))
    call = new_call(seconds=12)
    drain(**fake.settings)
    row = saved(db, call)
    assert steps_of(db, call) == {"transcribe": "done", "summarise": "done", "notify": "done"}
    assert (row.segments, row.summary, row.summary_status) == (
        [], "לא נאמר דבר בשיחה.", "fixed")
    assert fake.requests("chat") == 0


def test_a_long_answer(fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db) -> None:
    """Over 9 MB, 30,000 segments with their words: all of them are kept."""
    words = [{"word": "מילה", "start": 0.1, "end": 0.2, "probability": 0.9}] * 4
    body = json.dumps({"text": "x", "segments": [
        {**segment(n / 3000, (n + 1) / 3000, f"w{n}"), "words": words} for n in range(30000)
    ]}).encode()
    assert len(body) > 9_000_000
    fake.faults("speech", fault("raw", code=200, body=body))
    call = new_call(seconds=12)
    drain(**fake.settings)
    assert steps_of(db, call)["transcribe"] == "done"
    assert len(saved(db, call).segments) == 60000


# What speech servers refuse: how many requests the first of two calls costs more.

@pytest.mark.parametrize("kind, more", SPEECH.items(), ids=SPEECH)
def test_each_speech_server(
    kind: str, more: int, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """The second call costs none. Words of the business go to those that take
    them; all that was said is there, whether they give times or not."""
    with FakeSpeech(kind=kind) as fake:
        requests = []
        for _ in range(2):
            call = new_call(seconds=12)
            db.execute("INSERT INTO business_speech (business_id, words) VALUES (%s, 'טייפדק')",
                       [call.business])
            before = fake.requests("speech")
            drain(**fake.settings | {"SUMMARY_URL": ""})
            requests.append(fake.requests("speech") - before)
            row = saved(db, call)
            told = [one.text for took in fake.took[-2:] for one in took.phrases]
            assert sorted(" ".join(one["text"] for one in row.segments).split()) == sorted(
                " ".join(told).split())
            assert {one["speaker"] for one in row.segments} == {"customer", "agent"}
            assert all(0 <= one["start"] <= one["end"] <= 12.1 for one in row.segments)
            assert row.source == fake.kind.model
            takes = {"prompt", "*"} & fake.kind.fields
            assert {one.prompt for one in fake.took[-2:]} == {"טייפדק." if takes else ""}
        assert (requests, len(fake.forget_refused())) == ([2 + more, 2], more)


@pytest.mark.parametrize("kind", ["azure", "groq"])
def test_a_key_that_is_refused_is_said_to_be(
    kind: str, new_call: NewCall, drain: Drain, db: Db
) -> None:
    with FakeSpeech(kind=kind) as fake:
        call = new_call(seconds=12)
        drain(**fake.settings | {"OPENAI_API_KEY": "another"})
        assert step_of(db, call).error_code == "server_auth"
        assert set(fake.forget_refused()) == {"Access denied: no such key"}


@pytest.mark.parametrize("wish, settings, speakers", [
    ({"channels": 1}, {}, {"speaker_1", "speaker_2"}),
    ({"channels": 1}, {"TRANSCRIBE_MAX_BYTES": "200000"}, {"call"}),
    ({"channels": 2}, {}, {"customer", "agent"}),
], ids=["one channel", "in pieces", "two channels"])
def test_voices_are_told_apart_within_one_channel(
    wish: dict[str, int], settings: dict[str, str], speakers: set[str], new_call: NewCall,
    drain: Drain, db: Db,
) -> None:
    """Nobody says which voice of one piece is which of another. A channel says who it is."""
    with FakeSpeech(kind="gpt-4o-transcribe-diarize") as fake:
        call = new_call(seconds=40, **wish)
        drain(**fake.settings, **settings)
        row = saved(db, call)
        assert {one["speaker"] for one in row.segments} == speakers
        told = sorted((one.start, one.voice) for took in fake.took for one in took.phrases)
        assert len(row.segments) == len(told) > 5
        if "speaker_1" in speakers:
            numbers = {voice: f"speaker_{n}" for n, voice in
                       enumerate(dict.fromkeys(voice for _, voice in told), 1)}
            assert [one["speaker"] for one in row.segments] == [numbers[voice] for _, voice in told]
            assert (row.transcript or "").startswith("דובר 1: ")
            assert "\nדובר 2: " in (row.transcript or "")


def test_the_model_of_speaches(new_call: NewCall, drain: Drain, db: Db) -> None:
    with FakeSpeech(kind="speaches") as fake:
        call = new_call(seconds=12)
        drain(**fake.settings | {"TRANSCRIBE_MODEL": "x"})
        step = step_of(db, call)
        assert (step.status, step.error_code) == ("failed", "no_model")
        assert step.error and "TRANSCRIBE_MODEL" in step.error and (
            "Model 'x' is not installed" in step.error) and "127.0.0.1" in step.error
        make_steps_due(db, call)
        other = new_call(seconds=12)
        drain(TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key, TRANSCRIBE_MODEL="x",
              TRANSCRIBE_FALLBACK_MODEL="large-v3")
        assert saved(db, other).source == "large-v3"


def test_the_fallback_is_for_a_missing_model_only(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    fake.faults("speech", fault("raw", code=400, body=json.dumps(
        {"error": {"message": "this model could not decode the file"}}).encode()))
    call = new_call(seconds=12)
    drain(TRANSCRIBE_FALLBACK_MODEL="large-v3", **fake.settings)
    step = step_of(db, call)
    assert (step.status, step.error_code, fake.requests("speech")) == (
        "failed", "server_refused", 1)
    assert step.error and "could not decode the file" in step.error


def test_too_large_for_a_proxy_is_sent_in_smaller_pieces(
    new_call: NewCall, drain: Drain, db: Db
) -> None:
    with FakeSpeech(size_limit=400_000) as fake:
        call = new_call(seconds=60)
        drain(TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key)
        assert len(saved(db, call).segments) == len(expected(call))
        assert all(one.size <= 400_000 for one in fake.took) and len(fake.took) > 2


def test_too_large_at_any_size_names_the_setting(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    page = b"<html><head><title>413 Request Entity Too Large</title></head></html>"
    fake.faults("speech", fault("raw", code=413, body=page, type="text/html"))
    call = new_call(seconds=60)
    drain(**fake.settings)
    step = step_of(db, call)
    assert (step.status, step.error_code) == ("failed", "file_too_large")
    assert step.error and "TRANSCRIBE_MAX_BYTES" in step.error
    assert "413 Request Entity Too Large" in step.error
    assert 1 < fake.requests("speech") < 8


def test_the_servers_words_are_kept_without_secrets(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db,
    run_tapedeck: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    fake.faults("speech", fault("raw", code=401, body=json.dumps({"error": {
        "message": f"Incorrect API key provided: {fake.key}. Find yours at the console."}}).encode()))
    call = new_call(seconds=12)
    done = drain(**fake.settings)
    step = step_of(db, call)
    assert step.error_code == "server_auth" and step.error
    shown = run_tapedeck("status").stdout
    for text in (step.error, shown):
        assert "OPENAI_API_KEY" in text or text is shown
        assert "Incorrect API key provided: " in text and "Find yours" in text
        assert "401" in text and "127.0.0.1" in text and fake.key not in text
    assert fake.key not in done.stderr and "status=401 host=127.0.0.1:" in done.stderr


REFUSALS = {
    "insufficient_quota": (429, {"error": {"message": "no credit", "code": "insufficient_quota"}},
                           "server_quota"),
    "402": (402, {"detail": "no credit"}, "server_quota"),
    "401": (401, {"error": {"message": "no credit for this key"}}, "server_auth"),
}


@pytest.mark.parametrize("status, body, code", REFUSALS.values(), ids=REFUSALS)
def test_an_account_in_trouble_costs_no_call_a_try(
    status: int, body: dict[str, Any], code: str, fake: FakeSpeech, new_call: NewCall,
    drain: Drain, db: Db, run_tapedeck: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The server pauses: others do not ask it. All are done when it answers again."""
    fake.faults("speech", fault("raw", code=status, body=json.dumps(body).encode()))
    calls = [new_call(seconds=12) for _ in range(3)]
    drain(STEPS_PARALLEL="1", STEP_RETRIES="1", **fake.settings)
    steps = [step_of(db, call) for call in calls]
    assert fake.requests("speech") == 1
    assert sorted((step.status, step.attempts, step.error_code or "") for step in steps) == sorted(
        [("queued", 0, code), ("queued", 0, "server_paused"), ("queued", 0, "server_paused")])
    assert all(step.delay <= 60 for step in steps)
    make_steps_due(db, calls[0])
    drain(STEPS_PARALLEL="1", STEP_RETRIES="1", **fake.settings)
    assert 60 < step_of(db, calls[0]).delay <= 120, "twice as long"
    fake.faults("speech")
    business = str(calls[0].business)
    assert run_tapedeck("retry", "--business", business).returncode == 0
    drain(**fake.settings)
    assert [steps_of(db, call)["transcribe"] for call in calls] == ["done"] * 3


def test_what_failed_for_many_is_done_for_many(
    fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db,
    run_tapedeck: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Transcripts and summaries that failed; what is done stays as it is."""
    fake.faults("speech", fault("raw", code=400, body=b'{"error":"no"}'))
    fake.faults("chat", fault("raw", code=400, body=b'{"error":"no"}'))
    first = new_call(seconds=20)
    drain(**fake.settings)
    fake.faults("speech")
    second = new_call(seconds=20)
    drain(**fake.settings)
    fake.faults("chat")
    assert [steps_of(db, call)["summarise"] for call in (first, second)] == ["skipped", "failed"]
    for call in (first, second):
        heard = fake.requests("speech")
        again = run_tapedeck("transcribe", "--business", str(call.business), "--since",
                             "2020-01-01")
        assert (again.returncode, again.stdout.split()[0]) == (0, "1"), again.stderr
        drain(**fake.settings)
        assert fake.requests("speech") - heard == (2 if call is first else 0)
        assert saved(db, call).summary_status == "done"
    assert run_tapedeck("transcribe", "--business", "1").returncode == 2
    assert run_tapedeck("transcribe", "--business", "1", "--since", "soon").returncode == 2


# Chats.

CHATS = {
    "empty subject": (json.dumps({**GOOD, "subject": ""}), LINES.partition("\n")[2]),
    "a member left out": (json.dumps({**GOOD, "next_step": None}), LINES.rpartition("\n")[0]),
    "a list": (json.dumps({**GOOD, "discussed": ["א", "ב"]}), LINES.replace("דובר על", "א, ב")),
    "braces in the thought": ('<think>maybe {"draft": true}</think>' + json.dumps(GOOD), LINES),
    "a fence and a comma": (f"```json\n{json.dumps(GOOD)[:-1]},}}\n```", LINES),
    "a line break": (json.dumps({**GOOD, "subject": "a\nתוצאה: forged"}),
                     LINES.replace("נושא: נושא", "נושא: a תוצאה: forged")),
    "an object around it": (json.dumps({"Summary": GOOD}), LINES),
    "Hebrew keys": (json.dumps({"נושא": "נושא", "מה נדון": "דובר על", "תוצאה": "סוכם",
                                "הצעד הבא": "להתקשר"}), LINES),
    "all empty": (json.dumps(dict.fromkeys(GOOD, "")), "אין בשיחה מה לסכם."),
}


@pytest.mark.parametrize("content, text", CHATS.values(), ids=CHATS)
def test_what_models_write_is_read(
    content: str, text: str, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db
) -> None:
    fake.faults("chat", fault("text", value=content))
    call = new_call(seconds=20)
    drain(**fake.settings)
    row = saved(db, call)
    assert row.summary == text
    assert row.summary_status == ("fixed" if "\n" not in text else "done")


def completion(message: dict[str, Any], why: str) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": why}]}).encode()


def test_length_but_whole(fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db) -> None:
    part = {"content": [{"type": "text", "text": json.dumps(GOOD)}]}
    fake.faults("chat", fault("raw", code=200, body=completion(part, "length")))
    call = new_call(seconds=20)
    drain(**fake.settings)
    assert saved(db, call).summary == LINES


@pytest.mark.parametrize("message, why, said", [
    ({"content": None, "refusal": "I cannot help with that."}, "stop", "I cannot help with that."),
    ({"content": ""}, "content_filter", "did not want"),
])
def test_a_refusal_is_said(
    message: dict[str, Any], why: str, said: str, fake: FakeSpeech, new_call: NewCall,
    drain: Drain, db: Db,
) -> None:
    fake.faults("chat", fault("raw", code=200, body=completion(message, why)))
    call = new_call(seconds=20)
    drain(**fake.settings)
    step = step_of(db, call, "summarise")
    assert (step.status, step.error_code) == ("failed", "model_refused")
    assert step.error and said in step.error


@pytest.mark.parametrize("kind, more", CHAT_KINDS.items(), ids=CHAT_KINDS)
def test_each_chat_server(kind: str, more: int, new_call: NewCall, drain: Drain, db: Db) -> None:
    with FakeSpeech() as speech, FakeSpeech(kind=kind) as fake:
        requests = []
        for _ in range(2):
            call = new_call(seconds=20)
            before = fake.requests("chat")
            chat = {name: value for name, value in fake.settings.items() if "TRANSCRIBE" not in name}
            drain(**speech.settings | chat)
            requests.append(fake.requests("chat") - before)
            assert saved(db, call).summary_status == "done"
        assert (requests, len(fake.refused)) == ([1 + more, 1], more)


def test_a_long_call_is_summarised_in_parts(new_call: NewCall, drain: Drain, db: Db) -> None:
    """Whole lines each, nothing left out, and then the parts' summaries as a whole."""
    said = [f"שורה {n} " + "מילה " * 20 for n in range(60)]
    with FakeSpeech() as fake:
        call = new_call(seconds=20)
        drain(TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key)
        db.execute("UPDATE call_log SET final_transcript = %s WHERE call_sid = %s",
                   ["\n".join(said), call.call_sid])
        fake.context_limit = 6000
        make_again(db, call)
        drain(**fake.settings)
        *parts, whole = [one["messages"][1]["content"].split("\n\n", 1)[1] for one in fake.asked]
        assert len(parts) > 2 and [line.strip() for part in parts
                                   for line in part.splitlines()] == [one.strip() for one in said]
        assert whole.count("נושא: ") == len(parts)
        assert saved(db, call).summary_status == "done"
        assert set(fake.refused) == {"This model's maximum context length is 6000 tokens."}


def test_a_model_that_reads_nothing_is_named(new_call: NewCall, drain: Drain, db: Db) -> None:
    with FakeSpeech() as fake:
        fake.context_limit = 10
        call = new_call(seconds=20)
        drain(**fake.settings)
        step = step_of(db, call, "summarise")
        assert (step.status, step.error_code) == ("failed", "too_long")
        assert step.error and "SUMMARY_MODEL" in step.error and "context length" in step.error


def make_again(db: Db, call: Call) -> None:
    """Its summary is due once more."""
    db.execute("UPDATE call_steps SET status = 'queued', again = true, attempts = 0,"
               " not_before = now() WHERE call_sid = %s AND step = 'summarise'", [call.call_sid])


def test_every_kind_of_server_is_tried() -> None:
    assert set(KINDS) == {*SPEECH, *CHAT_KINDS}
