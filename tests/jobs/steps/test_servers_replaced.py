"""A server that is replaced by another one at the same address: what was learnt is forgotten."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from speech.fake import FakeSpeech, fault
from speech.kinds import KINDS
from stack.calls import Call

from jobs_kit import Db, value_of
from steps_kit import CHAT_KINDS, SPEECH, step_of

Drain = Callable[..., subprocess.CompletedProcess[str]]
NewCall = Callable[..., Call]


# Those that differ in what they take.
REPLACED = {"speech": ("whisper-1", "gpt-4o-transcribe", "mistral", "speaches"),
            "chat": ("whisper-1", "lmstudio", "gpt-5", "plain")}


@pytest.mark.parametrize("side, first", [(side, kind) for side, kinds in REPLACED.items()
                                         for kind in kinds])
def test_a_server_is_replaced(
    side: str, first: str, new_call: NewCall, drain: Drain, db: Db
) -> None:
    """At the same address, by each other one: what was learnt of it is forgotten when it is refused,
    and the server is asked as if it were a new one."""
    for then in REPLACED[side]:
        with FakeSpeech(kind=first) as fake:
            done_well(side, fake, new_call, drain, db)
            fake.forget_refused()
            fake.kind = replace(KINDS[then], model=fake.kind.model, base=fake.kind.base,
                                chat_base=fake.kind.chat_base, chat_model=fake.kind.chat_model,
                                speech=fake.kind.speech, key=fake.kind.key)
            done_well(side, fake, new_call, drain, db)
            assert len(fake.forget_refused()) <= 1 + (SPEECH if side == "speech" else CHAT_KINDS)[then]
            done_well(side, fake, new_call, drain, db)
            assert fake.forget_refused() == [], "once"


def done_well(side: str, fake: FakeSpeech, new_call: NewCall, drain: Drain, db: Db) -> None:
    call = new_call(seconds=20, channels=1)
    settings = {**fake.settings, **({"SUMMARY_URL": ""} if side == "speech" else {})}
    if side == "chat":
        db.execute("UPDATE call_log SET final_transcript = 'x' WHERE call_sid = %s",
                   [call.call_sid])
    drain(**settings)
    assert step_of(db, call, "transcribe" if side == "speech" else "summarise").status == "done"


def test_what_is_refused_is_forgotten_at_once(new_call: NewCall, drain: Drain, db: Db) -> None:
    """Though the try comes to nothing for another reason."""
    shape = "SELECT shape FROM tapedeck_servers WHERE model = 'gpt-4o-transcribe'"
    with FakeSpeech(kind="gpt-4o-transcribe") as fake:
        drain_one = fake.settings | {"SUMMARY_URL": ""}
        new_call(seconds=12)
        drain(**drain_one)
        assert value_of(db, shape) == 1
        fake.kind = replace(KINDS["whisper-1"], model=fake.kind.model,
                            formats=("verbose_json",))
        fake.faults("speech", fault("status", code=500, after=1, first=1))
        new_call(seconds=12)
        drain(**drain_one)
        assert value_of(db, shape) == 0
