"""What the tests of conferences share."""

from __future__ import annotations

from stack.calls import Call


def joins(call: Call, conference: str, event: str = "participant-join") -> None:
    answer = call.send_conference_status(conference, StatusCallbackEvent=event)
    assert (answer.status, answer.body) == (204, b"")


def announce(conference: Call, sid: str, **changes: str | None) -> None:
    answer = conference.send_recording_status(
        CallSid=None, ConferenceSid=sid, RecordingSource="Conference", **changes)
    assert (answer.status, answer.body) == (204, b"")


def shown(call: Call) -> list[tuple[str, str]]:
    """The recordings that a call in full has, and what they are of."""
    full = call.api.get(f"/api/calls/{call.call_sid}").json
    return [(one["recording_sid"], one["kind"]) for one in full["recordings"]]
