"""The kinds of speech and chat servers that there are: where each is, what it takes, and how it says
no. Made from what is public of each, and as strict as that is; what docs/speech.md has of them is
tried with these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ASKED = frozenset({"language", "prompt", "response_format", "temperature"})
ANY = frozenset({"*"})  # what it does not know it passes over


class Refused(Exception):
    """The request is wrong: the answer says how."""

    def __init__(self, status: int, message: str, code: str = "invalid_request_error",
                 param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


@dataclass(frozen=True)
class Kind:
    """One server with one model of each sort."""

    formats: tuple[str | None, ...] = ("verbose_json", "json", "text")
    fields: frozenset[str] = ASKED  # beside the model and the file; others are refused
    needs: frozenset[str] = frozenset()
    model: str = "whisper-1"
    prompt_most: int = 1 << 30  # characters
    answers: str = "as asked"   # or "nanoseconds": always with segments, and times in these
    chat_formats: tuple[str | None, ...] = ("json_object", "json_schema", "text", None)
    chat_model: str = "gpt-4o-mini"
    temperature: str = ""       # of a chat: how it is refused
    base: str = "/v1"           # a query in it is wanted, too
    chat_base: str = ""         # where it is another one
    speech: str = "/audio/transcriptions"
    slash: bool = False         # its routes end with one
    key: str = "Authorization"  # the header that its key comes in; "" for a server without keys
    says: str = "openai"        # the form of its errors


FAMILY = ("json", "text")
API_VERSION = "?api-version=2024-10-21"

KINDS = {
    # OpenAI API reference, "Create transcription" and "Create chat completion".
    "whisper-1": Kind(("verbose_json", "json", "text", "srt", "vtt"),
                      needs=frozenset({"response_format", "temperature"})),
    # The same page; openai/openai-dotnet#401 has the words.
    "gpt-4o-transcribe": Kind(FAMILY, model="gpt-4o-transcribe"),
    "gpt-4o-mini-transcribe": Kind(FAMILY, model="gpt-4o-mini-transcribe"),
    # pollinations/pollinations#14060: json and nothing else.
    "gpt-transcribe": Kind(("json",), model="gpt-transcribe"),
    # vercel/ai#11679, riffado/riffado#101: no verbose_json, and never without chunking_strategy; the
    # news of CRAN's stt.api: no prompt.
    "gpt-4o-transcribe-diarize": Kind(
        (*FAMILY, "diarized_json"), ASKED - {"prompt"} | {"chunking_strategy"},
        frozenset({"chunking_strategy"}), model="gpt-4o-transcribe-diarize"),
    # console.groq.com/docs/speech-to-text; OpenWhispr/openwhispr#405: 896 characters of a prompt.
    "groq": Kind(base="/openai/v1", model="whisper-large-v3", prompt_most=896,
                 chat_model="llama-3.3-70b-versatile"),
    # learn.microsoft.com, "Azure OpenAI in Foundry Models REST API reference".
    "azure": Kind(base="/openai/deployments/whisper" + API_VERSION,
                  chat_base="/openai/deployments/gpt-4o-mini" + API_VERSION, key="api-key"),
    # docs.mistral.ai, "Audio transcriptions": no response_format, no prompt; extra fields are refused
    # (nomtek/mistralai_client_dart#44 has the words), and there are no times unless asked for.
    "mistral": Kind((None,), frozenset({"language", "temperature"}), model="voxtral-mini-latest",
                    chat_model="mistral-small-latest", says="mistral"),
    # vllm-project/vllm#14818: "Currently do not support verbose_json".
    "vllm": Kind(FAMILY, model="openai/whisper-large-v3", says="object",
                 chat_model="Qwen/Qwen3-8B"),
    # speaches-ai/speaches: FastAPI's errors, a model that must be installed.
    "speaches": Kind(("verbose_json", "json", "text", "srt", "vtt"), says="fastapi",
                     model="Systran/faster-whisper-large-v3"),
    # mudler/LocalAI#5327: whatever is asked for, segments with times in nanoseconds.
    "localai": Kind(fields=ANY, answers="nanoseconds", chat_model="gpt-4"),
    # ggml-org/whisper.cpp, examples/server/README.md: one address, no key, no model.
    "whisper.cpp": Kind(fields=ANY, base="/inference", speech="", key="", says="text"),
    # A FastAPI server whose route ends with a slash: 307 to it.
    "slash": Kind(slash=True, says="fastapi"),
    # docs.ollama.com/api/openai-compatibility: a key is passed over.
    "ollama": Kind(key="", chat_model="llama3.2"),
    # lmstudio-ai/lmstudio-bug-tracker#189: json_schema or text.
    "lmstudio": Kind(chat_formats=("json_schema", "text", None), says="text", key="",
                     chat_model="qwen2.5-7b-instruct"),
    # BeehiveInnovations/pal-mcp-server#78, openai/openai-python#2072.
    "gpt-5": Kind(chat_model="gpt-5-mini", temperature="Unsupported value: 'temperature' does not "
                  "support 0 with this model. Only the default (1) value is supported."),
    "o-series": Kind(chat_model="o3-mini", temperature="Unsupported parameter: 'temperature' is not "
                     "supported with this model."),
    # A chat server that knows no response_format at all (FastAPI, extra fields forbidden).
    "plain": Kind(chat_formats=(None,), says="fastapi"),
}


def address(base: str, path: str) -> str:
    """A path behind an address, and before its query."""
    head, mark, query = base.partition("?")
    return head + path + mark + query


def words(form: str, error: Refused) -> Any:
    """An error as that kind of server writes it."""
    wrong = [{"type": "extra_forbidden", "loc": ["body", error.param],
              "msg": "Extra inputs are not permitted", "input": "x"}]
    if form == "fastapi":
        return {"detail": wrong if error.param else str(error)}
    if form == "mistral" and error.param:
        return {"object": "error", "message": {"detail": wrong}, "type": "invalid_request_error",
                "param": None, "code": None}
    if form == "text":
        return {"error": str(error)}
    inside = {"message": str(error), "type": "invalid_request_error", "param": error.param,
              "code": error.code}
    return {"object": "error", **inside, "code": error.status} if form in ("object", "mistral") else {
        "error": inside}
