"""The fake speech and chat server: strict about what it is asked, deterministic in what it answers.

    with FakeSpeech() as fake:
        …  TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key …
        fake.faults("speech", fault("status", code=429, retry_after=7))
        fake.heard            # every file that it took
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from . import hearing, multipart
from .server import Asked, Reply, Server, reply_json

MODELS = {"whisper-1", "large-v3"}
CHAT_MODELS = {"gpt-4o-mini"}
FIELDS = {"model", "language", "response_format", "temperature", "file"}
SIZE_LIMIT = 25 * 1024 * 1024
MADE_UP = "Thank you for watching!"
QUIET = 60


@dataclass
class Fault:
    """What goes wrong: `status`, `hang`, `nonsense`, `empty`, `cut`, `silence`, `text`; for the
    first so many requests, or all."""

    kind: str
    first: int | None = None
    code: int = 500
    retry_after: int = 0
    value: str = ""


def fault(kind: str, **values: Any) -> Fault:
    return Fault(kind, **values)


@dataclass(frozen=True)
class Took:
    """A file that was transcribed."""

    model: str
    language: str
    seconds: float
    size: int
    phrases: list[hearing.Heard]


class Refused(Exception):
    """The request is wrong: the answer says how."""

    def __init__(self, status: int, message: str, code: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Kept:
    """What happened so far."""

    took: list[Took] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)


class FakeSpeech:
    """Both APIs under one address."""

    def __init__(self, key: str = "sk-test", size_limit: int = SIZE_LIMIT) -> None:
        self.key = key
        self.size_limit = size_limit
        self.models = set(MODELS)
        self.any_rate = False
        self._kept = Kept()
        self._lock = threading.Lock()
        self._server = Server(self._serve)

    def __enter__(self) -> FakeSpeech:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    # What tests say and ask.

    @property
    def url(self) -> str:
        return self._server.url + "/v1"

    @property
    def settings(self) -> dict[str, str]:
        return {"TRANSCRIBE_URL": self.url, "SUMMARY_URL": self.url, "OPENAI_API_KEY": self.key}

    def faults(self, side: str, *faults: Fault) -> None:
        """Replace what goes wrong with `speech` or `chat`; none at all heals it."""
        with self._lock:
            self._kept.faults[side] = list(faults)

    @property
    def took(self) -> list[Took]:
        """The files that were transcribed."""
        with self._lock:
            return list(self._kept.took)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The chat requests' bodies."""
        with self._lock:
            return list(self._kept.asked)

    @property
    def refused(self) -> list[str]:
        """Why requests were refused: a good client has none."""
        with self._lock:
            return list(self._kept.refused)

    def forget_refused(self) -> list[str]:
        """The same, for a test that means them to be refused."""
        with self._lock:
            refused, self._kept.refused = self._kept.refused, []
            return refused

    def requests(self, side: str) -> int:
        with self._lock:
            return self._kept.requests.get(side, 0)

    # How it answers.

    def _serve(self, asked: Asked) -> Reply:
        sides = {"/v1/audio/transcriptions": ("speech", self._transcribe),
                 "/v1/chat/completions": ("chat", self._complete)}
        try:
            if asked.path not in sides or asked.method != "POST":
                raise Refused(404, f"no such endpoint: {asked.method} {asked.path}", "not_found")
            side, answer = sides[asked.path]
            struck = self._count(side)
            wanted = f"Bearer {self.key}" if self.key else None
            if asked.headers.get("Authorization") != wanted:
                raise Refused(401, "no such key", "invalid_api_key")
            good = answer(asked)
        except (Refused, multipart.BadForm, hearing.BadAudio) as error:
            return self._refuse(error)
        return good if struck is None else _spoil(struck, good)

    def _count(self, side: str) -> Fault | None:
        with self._lock:
            self._kept.requests[side] = self._kept.requests.get(side, 0) + 1
            for one in self._kept.faults.get(side, []):
                if one.first is None or one.first > 0:
                    one.first = None if one.first is None else one.first - 1
                    return one
        return None

    def _refuse(self, error: Exception) -> Reply:
        with self._lock:
            self._kept.refused.append(str(error))
        status, code = (error.status, error.code) if isinstance(error, Refused) else (400, "bad")
        return reply_json(status, {"error": {"message": str(error), "code": code, "param": None}})

    def _transcribe(self, asked: Asked) -> Reply:
        fields = multipart.parse(asked.headers.get("Content-Type", ""), asked.body)
        if fields.keys() != FIELDS:
            raise Refused(400, f"the fields are {sorted(fields)}")
        plain = {name: one.value.decode() for name, one in fields.items() if name != "file"}
        if plain["model"] not in self.models:
            raise Refused(404, f"the model {plain['model']} does not exist", "model_not_found")
        if (plain["response_format"], plain["temperature"]) != ("verbose_json", "0"):
            raise Refused(400, f"asked for {plain}")
        file = fields["file"]
        if file.type != "audio/wav" or not (file.filename or "").endswith(".wav"):
            raise Refused(400, f"the file is {file.filename} of {file.type}")
        if len(file.value) > self.size_limit:
            raise Refused(413, f"{len(file.value)} bytes are too many")
        samples, rate = hearing.samples_of(file.value, self.any_rate)
        if hearing.loudness(samples) < QUIET:
            raise Refused(400, "the file is silent")
        took = Took(plain["model"], plain["language"], len(samples) / 2 / rate, len(file.value),
                    hearing.hear(samples))
        with self._lock:
            self._kept.took.append(took)
        return reply_json(200, _verbose(took))

    def _complete(self, asked: Asked) -> Reply:
        body = json.loads(asked.body)
        if asked.headers.get("Content-Type") != "application/json":
            raise Refused(400, "not JSON")
        if body.keys() != {"model", "temperature", "response_format", "messages"}:
            raise Refused(400, f"the fields are {sorted(body)}")
        if body["model"] not in CHAT_MODELS:
            raise Refused(404, f"the model {body['model']} does not exist", "model_not_found")
        if (body["temperature"], body["response_format"]) != (0, {"type": "json_object"}):
            raise Refused(400, "asked for another temperature or format")
        if [one["role"] for one in body["messages"]] != ["system", "user"]:
            raise Refused(400, "expected a prompt and a transcript")
        with self._lock:
            self._kept.asked.append(body)
        lines = body["messages"][1]["content"].split("\n\n", 1)[1].splitlines()
        said = {"subject": f"שיחה של {len(lines)} תורות", "discussed": lines[0],
                "outcome": lines[-1], "next_step": ""}
        return reply_json(200, _completion(json.dumps(said, ensure_ascii=False)))


def _verbose(took: Took) -> dict[str, Any]:
    segments = [
        {"id": n, "start": round(one.start, 2), "end": round(one.end, 2), "text": f" {one.text}",
         "temperature": 0.0, "avg_logprob": -0.2, "no_speech_prob": 0.01}
        for n, one in enumerate(took.phrases)
    ]
    return {"task": "transcribe", "language": "hebrew", "duration": took.seconds,
            "text": " ".join(one.text for one in took.phrases), "segments": segments}


def _completion(content: str, why: str = "stop") -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": why}]}


def _spoil(struck: Fault, good: Reply) -> Reply:
    value = json.loads(good.body)
    if struck.kind == "status":
        headers = {"Retry-After": str(struck.retry_after)} if struck.retry_after else {}
        return reply_json(struck.code, {"error": {"message": "a fault", "code": "fault"}}, **headers)
    if struck.kind == "empty":
        empty = _completion("") if "choices" in value else {**value, "text": "", "segments": []}
        return reply_json(200, empty)
    if struck.kind == "silence":
        made_up = {"id": 0, "start": value["duration"], "end": value["duration"], "text": MADE_UP}
        return reply_json(200, {**value, "segments": [*value["segments"], made_up]})
    if struck.kind == "text":
        return reply_json(200, _completion(struck.value) if "choices" in value
                          else {"text": struck.value})
    return {"hang": Reply(hang=True), "nonsense": Reply(200, b'{"segments": 7'),
            "cut": Reply(200, good.body, good.headers, cut=True)}[struck.kind]
