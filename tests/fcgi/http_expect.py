"""What the contract promises of every answer, and what it says in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stack.api import Answer
from stack.errors import without_times
from stack.stack import Stack

# What tests put where it does not belong, to look for it where it must not turn up.
ODD = "\x1b[31mEVIL"

# The table of api.md, to the letter.
MESSAGES = {
    "ready": ("The recording is ready to play.", "ההקלטה מוכנה להשמעה."),
    "processing": (
        "The recording is on its way. Try again in a moment.",
        "ההקלטה בדרך. אפשר לנסות שוב בעוד רגע.",
    ),
    "queued": ("The recording is waiting its turn.", "ההקלטה ממתינה בתור."),
    "call_not_found": ("There is no such call.", "לא נמצאה שיחה כזאת."),
    "no_recording": ("This call has no recording.", "לשיחה הזאת אין הקלטה."),
    "recording_expired": (
        "The recording was deleted when its retention time ended.",
        "ההקלטה נמחקה בתום תקופת השמירה.",
    ),
    "recording_unavailable": (
        "The phone provider has no recording of this call.",
        "אין הקלטה של השיחה אצל ספק הטלפוניה.",
    ),
    "recording_failed": (
        "The recording could not be fetched. Tapedeck will try again by itself.",
        "לא הצלחנו להביא את ההקלטה. המערכת תנסה שוב מעצמה.",
    ),
    "worker_not_processing_queue": (
        "Recordings are not being prepared right now. Yours is kept in the queue.",
        "הכנת ההקלטות אינה פעילה כרגע. ההקלטה שלך שמורה בתור.",
    ),
    "unauthorized": ("Please sign in.", "יש להתחבר."),
    "origin_not_allowed": ("This site may not do that.", "האתר הזה אינו מורשה לפעולה."),
    "bad_parameter": ("A parameter is not valid.", "אחד הפרמטרים אינו תקין."),
    "unavailable": (
        "The service is busy. Try again in a moment.",
        "השירות עמוס. אפשר לנסות שוב בעוד רגע.",
    ),
    "run_finished": ("That job has already ended.", "הפעולה כבר הסתיימה."),
}


def brief(value: object) -> str:
    """A test's name, for a parameter that may be very long."""
    return repr(value)[:40]


# Why there is none, where a reason has words of its own; of all others, the table's.
REASONS = {
    "empty": ("The recording is empty: it has no sound.", "ההקלטה ריקה: אין בה קול."),
    "gone": ("The phone provider has deleted the recording.", "ספק הטלפוניה מחק את ההקלטה."),
    "not_audio": ("What the phone provider has is not a recording.",
                  "מה שיש אצל ספק הטלפוניה אינו הקלטה."),
    "unsupported_format": ("The recording is in a format that cannot be played here.",
                           "ההקלטה בפורמט שאי אפשר לנגן כאן."),
    "encrypted": ("The recording is encrypted, and its key is not here.",
                  "ההקלטה מוצפנת, והמפתח שלה אינו כאן."),
    "encryption_failed": ("The phone provider could not encrypt the recording, and kept none.",
                          "ספק הטלפוניה לא הצליח להצפין את ההקלטה, ולא שמר אותה."),
    "external_storage": ("The recording is in the company's own storage, not here.",
                         "ההקלטה נמצאת באחסון של החברה עצמה, ולא כאן."),
    "too_short": ("The recording was too short for the phone provider to keep.",
                  "ההקלטה הייתה קצרה מכדי שספק הטלפוניה ישמור אותה."),
    "silent": ("Nothing was heard, so the phone provider kept no recording.",
               "לא נשמע דבר, ולכן ספק הטלפוניה לא שמר הקלטה."),
}


def says(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The answer has this status and code, and both messages; its body is returned."""
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8", answer.body
    body: dict[str, Any] = answer.json
    assert (answer.status, body.get("error" if status >= 400 else "status")) == (status, code)
    own = REASONS.get(body.get("reason", "")) if code == "recording_unavailable" else None
    if code in MESSAGES:
        words = own or MESSAGES[code]
        assert (body["message"], body["message_he"]) == words
        assert words[1].encode() in answer.body, "Hebrew is written as it is"
    assert body["message"] and body["message_he"]
    return body


def head_agrees(head: Answer, get: Answer) -> None:
    """HEAD gives GET's status and headers, and no body."""
    changing = {"date", "connection", "x-request-id"}
    assert head.status == get.status and head.body == b""
    assert sorted((name.lower(), value) for name, value in head.headers.items()
                  if name.lower() not in changing) \
        == sorted((name.lower(), value) for name, value in get.headers.items()
                  if name.lower() not in changing)


# Whoever refuses, the web server or a responder, has one code for each of these.
CODES = {411: "length_required", 413: "too_large", 414: "too_large", 431: "too_large"}


def is_refusal(answer: Answer, *statuses: int) -> None:
    """One of these statuses, said as the contract says it, and none of what came given back."""
    assert answer.status in statuses, answer.body
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert {"error", "message", "message_he"} <= answer.json.keys()
    assert answer.json["error"] == CODES.get(answer.status, answer.json["error"])
    assert b"EVIL" not in answer.body


def cut_short(stack: Stack) -> set[int]:
    """What else a client may be told that has gone away before the end of its body: mod_fcgid
    knows no other word for it."""
    return {500} if stack.front == "apache" else set()


@contextmanager
def nothing_raw_in_the_log(stack: Stack) -> Iterator[None]:
    """What the responders write meanwhile are events of ours, in plain ASCII."""
    log = stack.log("responders")
    before = log.stat().st_size
    yield
    written = log.read_bytes()[before:]
    assert b"EVIL" not in written and b"/etc/passwd" not in written
    assert all(byte in b"\n" or 32 <= byte < 127 for byte in written), written
    for line in without_times(written.decode()).splitlines():
        assert line.split(" ")[0].isupper(), f"no event of ours: {line}"
