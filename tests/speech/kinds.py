"""The kinds of speech and chat servers that there are: what each takes, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Refused(Exception):
    """The request is wrong: the answer says how."""

    def __init__(self, status: int, message: str, code: str = "invalid_request_error",
                 param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


@dataclass(frozen=True)
class Kind:
    """Whose server it is: what it takes, and how it says no. Made from what is public of each:
    see KINDS."""

    formats: tuple[str | None, ...] = ("verbose_json",)
    fields: frozenset[str] = frozenset()  # beside the model and the file; others are refused
    needs: frozenset[str] = frozenset()
    chat_formats: tuple[str | None, ...] = ("json_object",)
    temperature: bool = True
    slash: bool = False   # its routes end with one
    says: str = "openai"  # the form of its errors: openai, fastapi, text, object


ASKED = frozenset({"language", "prompt", "response_format", "temperature"})
NEEDED = frozenset({"response_format", "temperature"})

KINDS = {
    # OpenAI API reference, "Create transcription": whisper-1 takes all of it.
    "whisper-1": Kind(fields=ASKED, needs=NEEDED),
    # The same page, and vercel/ai#8214: json and text only.
    "gpt-4o-transcribe": Kind(("json", "text"), ASKED),
    # The same page: chunking_strategy is required for what is longer than 30 seconds.
    "gpt-4o-transcribe-diarize": Kind(("json", "text", "diarized_json"),
                                      ASKED | {"chunking_strategy"},
                                      frozenset({"chunking_strategy"})),
    # vllm-project/vllm#14818: "Currently do not support verbose_json".
    "vllm": Kind(("json", "text"), ASKED, says="object"),
    # speaches: FastAPI's errors, a model that must be installed.
    "speaches": Kind(("verbose_json", "json", "text", "srt", "vtt"), ASKED, says="fastapi"),
    # ggml-org/whisper.cpp, examples/server: any field, unknown ones are passed over.
    "whisper.cpp": Kind(("verbose_json", "json", "text", None), ASKED),
    # A FastAPI server whose route ends with a slash: 307 to it.
    "slash": Kind(fields=ASKED, slash=True),
    # lmstudio-ai/lmstudio-bug-tracker#189: json_schema or text.
    "lmstudio": Kind(fields=ASKED, chat_formats=("json_schema", "text", None), says="text"),
    # tmc/langchaingo#1355: gpt-5 and the o-series have no temperature.
    "gpt-5": Kind(fields=ASKED, chat_formats=("json_object", "json_schema"), temperature=False),
    # A chat server that knows no response_format at all (FastAPI, extra fields forbidden).
    "plain": Kind(fields=ASKED, chat_formats=(None,), says="fastapi"),
}


def words(form: str, error: Refused) -> Any:
    """An error as that kind of server writes it."""
    if form == "fastapi":
        detail = str(error) if error.param is None else [
            {"type": "value_error", "loc": ["body", error.param], "msg": str(error)}]
        return {"detail": detail}
    if form == "text":
        return {"error": str(error)}
    inside = {"message": str(error), "type": "invalid_request_error", "param": error.param,
              "code": error.code}
    return {"object": "error", **inside, "code": error.status} if form == "object" else {
        "error": inside}
