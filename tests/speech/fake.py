"""The fake speech and chat server: strict about what it is asked, deterministic in what it answers.

    with FakeSpeech() as fake:
        …  TRANSCRIBE_URL=fake.url, OPENAI_API_KEY=fake.key …
        fake.faults("speech", fault("status", code=429, retry_after=7))
        fake.heard            # every file that it took
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from . import hearing, multipart
from .kinds import ANY, KINDS, Refused, address, words
from .server import Asked, Reply, Server, reply_json

MODELS = {"whisper-1", "large-v3"}
SIZE_LIMIT = 25 * 1024 * 1024
MADE_UP = "Thank you for watching!"
QUIET = 60


@dataclass
class Fault:
    """What goes wrong: `status`, `hang`, `nonsense`, `empty`, `cut`, `silence`, `text`, `raw`; for
    the first so many requests, or all; `after` others that go well."""

    kind: str
    first: int | None = None
    after: int = 0
    code: int = 500
    retry_after: int = 0
    value: str = ""
    body: bytes = b""  # of `raw`, with `code` and `type`
    type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def fault(kind: str, **values: Any) -> Fault:
    return Fault(kind, **values)


@dataclass(frozen=True)
class Took:
    """A file that was transcribed."""

    model: str
    language: str
    prompt: str
    seconds: float
    size: int
    phrases: list[hearing.Heard]


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

    def __init__(self, key: str = "sk-test", size_limit: int = SIZE_LIMIT,
                 kind: str = "whisper-1") -> None:
        self.key = key
        self.size_limit = size_limit
        self.kind = KINDS[kind]
        self.context_limit = 1 << 30  # characters of a chat
        self.models = {*MODELS, self.kind.model}
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
        return self._server.url + self.kind.base

    @property
    def settings(self) -> dict[str, str]:
        return {"TRANSCRIBE_URL": self.url, "TRANSCRIBE_MODEL": self.kind.model,
                "SUMMARY_URL": self._server.url + (self.kind.chat_base or self.kind.base),
                "SUMMARY_MODEL": self.kind.chat_model, "OPENAI_API_KEY": self.key}

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
        kind = self.kind
        sides = {address(kind.base, kind.speech): ("speech", self._transcribe),
                 address(kind.chat_base or kind.base, "/chat/completions"): ("chat", self._complete)}
        path = asked.path.removesuffix("/") if self.kind.slash else asked.path
        try:
            if path not in sides or asked.method != "POST":
                raise Refused(404, f"no such endpoint: {asked.method} {asked.path}", "not_found")
            if self.kind.slash and path == asked.path:
                return Reply(307, b"", {"Location": self._server.url + path + "/"})
            side, answer = sides[path]
            struck = self._count(side)
            self._check_key(asked)
            good = answer(asked)
        except (Refused, multipart.BadForm, hearing.BadAudio) as error:
            return self._refuse(error)
        return good if struck is None else _spoil(struck, good)

    def _check_key(self, asked: Asked) -> None:
        """It comes in the one header that is for it."""
        wanted = {"Authorization": f"Bearer {self.key}", "api-key": self.key}
        for name in wanted if self.kind.key else ():
            sent = asked.headers.get(name)
            if sent != (wanted[name] if self.key and name == self.kind.key else None):
                raise Refused(401, "Access denied: no such key", "invalid_api_key")

    def _count(self, side: str) -> Fault | None:
        with self._lock:
            self._kept.requests[side] = self._kept.requests.get(side, 0) + 1
            for one in self._kept.faults.get(side, []):
                if one.after > 0:
                    one.after -= 1
                elif one.first is None or one.first > 0:
                    one.first = None if one.first is None else one.first - 1
                    return one
        return None

    def _refuse(self, error: Exception) -> Reply:
        with self._lock:
            self._kept.refused.append(str(error))
        if not isinstance(error, Refused):
            error = Refused(400, str(error), "bad")
        status = 422 if error.param and self.kind.says in ("fastapi", "mistral") else error.status
        return reply_json(status, words(self.kind.says, error))

    def _transcribe(self, asked: Asked) -> Reply:
        fields = multipart.parse(asked.headers.get("Content-Type", ""), asked.body)
        self._check_fields(fields.keys() - {"model", "file"})
        plain = {name: one.value.decode() for name, one in fields.items() if name != "file"}
        if plain["model"] not in self.models:
            raise Refused(404, f"Model '{plain['model']}' is not installed", "model_not_found")
        asked_for = plain.get("response_format")
        if self.kind.fields != ANY and asked_for not in self.kind.formats:
            raise Refused(400, f"response_format '{asked_for}' is not compatible with model "
                          f"'{plain['model']}'. Use 'json' or 'text' instead.",
                          "unsupported_value", "response_format")
        if plain.get("temperature", "0") != "0":
            raise Refused(400, f"asked for {plain}")
        if not re.fullmatch("[a-z]{2,3}", plain.get("language", "he")):
            raise Refused(400, f"Invalid language '{plain['language']}'. Language parameter must be"
                          " specified in ISO-639-1 format.", "invalid_language_format", "language")
        self._check_prompt(plain.get("prompt", "x"))
        file = fields["file"]
        if file.type != "audio/wav" or not (file.filename or "").endswith(".wav"):
            raise Refused(400, f"the file is {file.filename} of {file.type}")
        if len(file.value) > self.size_limit:
            raise Refused(413, f"{len(file.value)} bytes are too many", "too_large")
        samples, rate = hearing.samples_of(file.value, self.any_rate)
        if hearing.loudness(samples) < QUIET:
            raise Refused(400, "the file is silent")
        took = Took(plain["model"], plain.get("language", ""), plain.get("prompt", ""), len(samples) / 2 / rate, len(file.value),
                    hearing.hear(samples))
        with self._lock:
            self._kept.took.append(took)
        if self.kind.answers == "nanoseconds":
            return reply_json(200, _verbose(took, 10**9))
        return _in_form(asked_for, took)

    def _check_prompt(self, prompt: str) -> None:
        """It says something, on one line, that a whisper reads to its end."""
        tokens = sum(1 if ord(one) > 127 else 1 / 3 for one in prompt)
        if not prompt.isprintable() or prompt.strip() != prompt or not prompt or tokens > 224:
            raise Refused(400, f"it is {prompt!r}, {tokens} tokens")
        if len(prompt) > self.kind.prompt_most:
            raise Refused(400, f"prompt length must be {self.kind.prompt_most} characters or fewer,"
                          f" but provided prompt contains {len(prompt)} characters")

    def _check_fields(self, names: set[str]) -> None:
        for name in sorted(names - self.kind.fields if self.kind.fields != ANY else ()):
            raise Refused(400, f"{name} is not supported for this model", "unknown_parameter", name)
        for name in sorted(self.kind.needs - names):
            raise Refused(400, f"{name} is required for this model", "invalid_value", name)

    def _complete(self, asked: Asked) -> Reply:
        body = json.loads(asked.body)
        if asked.headers.get("Content-Type") != "application/json":
            raise Refused(400, "not JSON")
        self._check_chat(body)
        if [one["role"] for one in body["messages"]] != ["system", "user"]:
            raise Refused(400, "expected a prompt and a transcript")
        if len(asked.body) > self.context_limit:
            raise Refused(400, f"This model's maximum context length is {self.context_limit} tokens.",
                          "context_length_exceeded", "messages")
        with self._lock:
            self._kept.asked.append(body)
        lines = body["messages"][1]["content"].split("\n\n", 1)[1].splitlines()
        said = {"subject": f"שיחה של {len(lines)} תורות", "discussed": lines[0],
                "outcome": lines[-1], "next_step": ""}
        asks = re.findall(r"^(answer_\d): (.+)$", body["messages"][0]["content"], re.MULTILINE)
        said |= {key: f"על {question}" for key, question in asks}
        self._check_schema(body, list(said))
        return reply_json(200, _completion(json.dumps(said, ensure_ascii=False)))


    def _check_chat(self, body: dict[str, Any]) -> None:
        if not body.keys() <= {"model", "temperature", "response_format", "messages"}:
            raise Refused(400, f"the fields are {sorted(body)}")
        if body["model"] != self.kind.chat_model:
            raise Refused(404, f"the model {body['model']} does not exist", "model_not_found")
        if "temperature" in body and self.kind.temperature:
            raise Refused(400, self.kind.temperature, "unsupported_parameter", "temperature")
        if body.get("temperature", 0) != 0:
            raise Refused(400, "asked for another temperature")
        wanted = body.get("response_format", {}).get("type")
        if wanted not in self.kind.chat_formats:
            raise Refused(400, f"'response_format.type' must be one of {self.kind.chat_formats}",
                          "unsupported_value", "response_format")
        if wanted == "json_object" and "json" not in json.dumps(body["messages"]).lower():
            raise Refused(400, "'messages' must contain the word 'json' in some form, to use"
                          " 'response_format' of type 'json_object'.")

    def _check_schema(self, body: dict[str, Any], keys: list[str]) -> None:
        schema = body.get("response_format", {}).get("json_schema")
        if schema and not schema["schema"]["required"] == list(schema["schema"]["properties"]) == keys:
            raise Refused(400, "strict schemas require all of their properties")


def _in_form(form: str | None, took: Took) -> Reply:
    verbose = _verbose(took)
    if form == "diarized_json":
        said = [{"type": "transcript.text.segment", "id": f"seg_{n}", "start": one.start,
                 "end": one.end, "text": one.text, "speaker": "AB"[one.voice]}
                for n, one in enumerate(took.phrases)]
        return reply_json(200, {"task": "transcribe", "duration": took.seconds,
                                "text": verbose["text"], "segments": said})
    if form == "text":
        return Reply(200, verbose["text"].encode() + b"\n",
                     {"Content-Type": "text/plain; charset=utf-8"})
    return reply_json(200, verbose if form == "verbose_json" else {"text": verbose["text"]})


def _verbose(took: Took, second: int = 1) -> dict[str, Any]:
    segments = [
        {"id": n, "start": round(one.start, 2) * second, "end": round(one.end, 2) * second, "text": f" {one.text}",
         "temperature": 0.0, "avg_logprob": -0.2, "no_speech_prob": 0.01}
        for n, one in enumerate(took.phrases)
    ]
    return {"task": "transcribe", "language": "hebrew", "duration": took.seconds,
            "text": " ".join(one.text for one in took.phrases), "segments": segments}


def _completion(content: str, why: str = "stop") -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": why}]}


def _spoil(struck: Fault, good: Reply) -> Reply:
    if struck.kind == "raw":
        return Reply(struck.code, struck.body, {"Content-Type": struck.type, **struck.headers})
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
