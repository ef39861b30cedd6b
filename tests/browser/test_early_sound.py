"""Sound before the download is done: an <audio> element and a play link, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import redis

from stack.calls import Call, new_call
from stack.stack import Stack
from twilio.client import fault

from browser_kit import until
from listener import Listener

NETWORK_ERROR = 2  # MediaError.MEDIA_ERR_NETWORK
FASTEST = 16.0  # as fast as browsers play
SECOND = 32_000  # bytes of a two-channel WAV


@pytest.fixture
def home(make_stack: Callable[..., Stack]) -> Stack:
    """A stack with a runner that lingers."""
    return make_stack(timers=True, responders=4, overrides={"RESPONDERS": "4", "RETRY_DELAYS": "1h"})


@pytest.fixture
def rds(home: Stack) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(home.redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def unasked(home: Stack) -> Callable[..., Call]:
    """unasked(seconds=…, faults=…): a call whose recording nobody has asked for yet."""

    def make(**recording: Any) -> Call:
        call = new_call(home, 1, announced=False, **recording)
        assert call.send_call_status().status == 204
        with psycopg.connect(home.database_url, autocommit=True) as db:
            db.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s",
                       [call.recording_url, call.call_sid])
        return call

    return make


def play_url(call: Call) -> str:
    """What prepare gives as soon as there is something to play."""

    def asked() -> str | None:
        answer = call.api.post(call.prepare_path, headers={"Prefer": "wait=2"})
        return answer.json.get("play_url")

    return until(asked, "a play link")


def heard_to_its_end(listener: Listener, call: Call, seconds: float) -> list[str]:
    """The events from its first sound on, which comes while most of it is still to come."""
    until(lambda: listener.at > 0.2, "sound")
    assert call.finished_file is None
    before = listener.at
    until(lambda: listener.at > before + 0.5, "more of it")
    assert call.finished_file is None
    until(lambda: listener.error or "ended" in listener.heard, "its end", 120)
    heard = listener.heard
    assert heard[-1] == "ended" and "error" not in heard, heard
    assert abs(listener.duration - seconds) < 0.1 and abs(listener.at - seconds) < 0.2
    assert call.finished_file is not None
    return heard[heard.index("playing"):]


def test_ten_megabytes_are_heard_before_they_are_here(
    listener: Listener, unasked: Callable[..., Call]
) -> None:
    """Played sixteen times as fast, and sent three times as fast as that. (So fast, Chromium waits
    for its decoder now and then, for a file on the disk as well.)"""
    call = unasked(seconds=327, faults=[fault("trickle", bytes_per_second=1_500_000)])
    assert call.recording is not None and call.recording.sizes["wav2"] > 10_000_000
    listener.play(play_url(call), FASTEST)
    heard_to_its_end(listener, call, 327)


def test_there_is_no_gap(listener: Listener, unasked: Callable[..., Call]) -> None:
    """As people listen: from the first sound to the last, it never waits."""
    call = unasked(seconds=20, faults=[fault("trickle", bytes_per_second=4 * SECOND)])
    listener.play(play_url(call))
    assert heard_to_its_end(listener, call, 20) == ["playing", "ended"]


# Firefox's element gives up as soon as a request brings nothing; the player loads it again (test_pauses.py).
@pytest.mark.engines("chromium")
def test_a_seek_ahead_waits_and_then_plays(
    listener: Listener, unasked: Callable[..., Call], home: Stack, rds: redis.Redis
) -> None:
    """However often it has to come back for it."""
    call = unasked(seconds=120, faults=[fault("stall", after_bytes=20 * SECOND, first=1)])
    listener.play(play_url(call))
    until(lambda: listener.at > 0.3, "sound")
    listener.seek(90)
    waits: set[str] = set()

    def came_back() -> bool:
        for key in rds.scan_iter("rec_waiting:*"):
            waits.update(rds.zrange(key, 0, -1))
        return len(waits) >= 3

    until(came_back, "three requests that waited for what is not here")
    assert listener.error is None and listener.at == 90
    home.twilio.release(call.recording_sid)
    until(lambda: listener.error or listener.at > 90.5, "sound at the place it was moved to")
    assert listener.error is None and "seeked" in listener.heard


@pytest.mark.engines("chromium")  # see above; of the player in both browsers: test_early_player.py
def test_when_it_dies_the_element_is_told_and_can_go_on(
    listener: Listener, unasked: Callable[..., Call], home: Stack
) -> None:
    """An error, not a spinner; and the next link plays from the same second."""
    call = unasked(seconds=60, faults=[fault("stall", after_bytes=12 * SECOND, first=1),
                                       fault("truncate", after_bytes=13 * SECOND, first=1)])
    listener.play(play_url(call))
    until(lambda: listener.at > 1, "sound")
    listener.seek(30)
    home.twilio.release(call.recording_sid)
    until(lambda: listener.error, "the element's error")
    assert listener.error == NETWORK_ERROR
    assert home.run("retry", "--call", call.call_sid).returncode == 0
    listener.play(play_url(call))
    until(lambda: listener.at > 0.1, "sound of the next attempt")
    listener.seek(30)
    until(lambda: listener.error or listener.at > 30.5, "the same second")
    assert listener.error is None
