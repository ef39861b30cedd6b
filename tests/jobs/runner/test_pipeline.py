"""The whole way, as `make up` runs it: a callback comes in, a webhook goes out."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from speech.fake import FakeSpeech
from speech.receiver import Receiver
from stack.calls import new_call
from stack.stack import Stack

from steps_kit import expected, steps_of


def test_callback_in_webhook_out(make_stack: Callable[..., Stack]) -> None:
    with FakeSpeech() as fake, Receiver() as receiver:
        stack = make_stack(timers=True, overrides={**fake.settings, "WEBHOOK_PRIVATE": "true"})
        done = stack.run("webhook", "--business", "1", "--url", receiver.url)
        call = new_call(stack, 1, seconds=20)
        (told,) = receiver.wait(1)
        assert told.is_signed(done.stdout.strip())
        said = told.json["call"]
        wanted = [(speaker, text) for speaker, text, _ in expected(call)]
        assert [(one["speaker"], one["text"]) for one in said["transcript"]] == wanted
        assert said["summary"] and said["summary_status"] == "done"
        page = call.api.get(f"/api/calls/{call.call_sid}").json
        assert (page["transcript"], page["summary"]) == (said["transcript"], said["summary"])
        assert call.api.get(call.file_path).body == call.source("wav2")
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            assert set(steps_of(db, call).values()) == {"done"}
        assert fake.refused == []
