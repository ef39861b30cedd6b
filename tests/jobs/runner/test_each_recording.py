"""What is done to a call is done to each of its recordings: its own three, or its conference's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from speech.fake import FakeSpeech
from speech.receiver import Receiver
from stack.calls import Call, new_call, new_sid
from stack.stack import Stack
from twilio.client import fault

from conference_kit import announce, joins
from jobs_kit import Db, value_of
from steps_kit import expected

Tool = Callable[..., subprocess.CompletedProcess[str]]
WRONG = {"faults": [fault("html", first=1)]}
ONE_TRY = {"RUN_ATTEMPTS": "1"}


@dataclass(frozen=True)
class Shape:
    """Calls that show the same recordings, which are told one after the other."""

    calls: list[Call]
    recordings: list[Call]  # what the provider has, each with its own recording_sid

    @property
    def names(self) -> list[str]:
        """Of the recordings, in order of time: a call's first has its call's."""
        return [one.call_sid if n == 0 and len(self.calls) == 1 else one.recording_sid
                for n, one in enumerate(self.recordings)]

    def play(self) -> None:
        for call in self.calls:
            for name, one in zip(self.names, self.recordings, strict=True):
                answer = call.api.get(f"/api/recordings/file/{name}")
                assert (answer.status, answer.body) == (200, one.source()), name

    def transcripts(self, call: Call) -> list[list[str]]:
        full = call.api.get(f"/api/calls/{call.call_sid}").json
        return [[said["text"] for said in one["transcript"]] for one in full["recordings"]]

    def said(self) -> list[list[str]]:
        return [[text for _, text, _ in expected(one)] for one in self.recordings]


@pytest.fixture(params=["three recordings", "a conference of three legs"])
def shape(
    request: pytest.FixtureRequest, stack: Stack, new_business: Callable[[], int]
) -> Callable[..., Shape]:
    """shape(seconds=…): told of by callbacks, and not yet fetched."""

    def make(**recording: object) -> Shape:
        business = new_business()
        if request.param == "three recordings":
            call = new_call(stack, business, recorded=False)
            three = [one_of(call, call_sid=call.call_sid, seed=n, **recording) for n in (3, 4, 5)]
            for n, one in enumerate(three):
                answer = one.send_recording_status(RecordingStartTime=began(n))
                assert answer.status == 204
            return Shape([call], three)
        legs = [new_call(stack, business, recorded=False) for _ in range(3)]
        sid = new_sid("CF")
        for leg in legs:
            joins(leg, sid)
        two = [one_of(legs[0], conference_sid=sid, seed=n, **recording) for n in (6, 7)]
        for n, one in enumerate(two):
            announce(one, sid, RecordingStartTime=began(n))
        return Shape(legs, two)

    return make


def began(n: int) -> str:
    return f"Mon, 30 Nov 2026 00:0{n}:00 +0000"


def one_of(call: Call, **recording: object) -> Call:
    added = call.stack.twilio.add_recording(**{"seconds": 2, **recording})  # type: ignore
    return replace(call, recording_sid=added.sid, recording=added)


@pytest.fixture
def fake() -> Iterator[FakeSpeech]:
    with FakeSpeech() as one:
        yield one


def test_each_is_counted_and_fetched(
    shape: Callable[..., Shape], stack: Stack, drain: Tool
) -> None:
    one = shape()
    business = one.calls[0].business
    page = json.loads(stack.run("status", "--json", "--businesses", "1000").stdout)
    [mine] = [row for row in page["businesses"] if row["business_id"] == business]
    assert mine["active"] + mine["waiting"] == len(one.recordings)
    drain()
    one.play()


def test_each_is_tried_again(
    shape: Callable[..., Shape], stack: Stack, drain: Tool, db: Db
) -> None:
    one = shape(**WRONG)
    call = one.calls[-1]
    drain(**ONE_TRY)
    failed = value_of(db, "SELECT count(*) FROM recording_runs WHERE business_id = %s"
                      " AND status = 'failed'", call.business)
    assert failed == len(one.recordings)
    done = stack.run("retry", "--call", call.call_sid)
    assert (done.returncode, done.stdout) == (
        0, f"{len(one.recordings)} recordings are in line again\n"), done.stderr
    drain()
    one.play()


def test_one_is_tried_again_by_its_own_sid(
    shape: Callable[..., Shape], stack: Stack, drain: Tool
) -> None:
    one = shape(**WRONG)
    drain(**ONE_TRY)
    done = stack.run("retry", "--call", one.recordings[-1].recording_sid)
    assert (done.returncode, done.stdout) == (0, "1 recordings are in line again\n"), done.stderr


@pytest.mark.parametrize("again", [False, True])
def test_each_is_transcribed(
    again: bool, shape: Callable[..., Shape], stack: Stack, fake: FakeSpeech, drain: Tool, db: Db
) -> None:
    """By hand: those that were not, or with --again all of them; and then one summary a call."""
    one = shape(seconds=12)
    drain(**(fake.settings if again else {}))
    call, asked = one.calls[-1], len(fake.asked)
    assert one.transcripts(call) == (one.said() if again else [[]] * len(one.recordings))
    for table in ("tapedeck_recordings", "call_log"):  # whatever was heard before
        db.execute(f"UPDATE {table} SET transcript_segments = '[]' WHERE business_id = %s"
                   " AND transcript_segments IS NOT NULL", [call.business])
    done = stack.run("transcribe", "--call", call.call_sid, *(["--again"] if again else []))
    assert done.returncode == 0, done.stderr
    drain(**fake.settings)
    for each in one.calls:
        assert one.transcripts(each) == one.said()
        assert value_of(db, "SELECT ai_summary FROM call_log WHERE call_sid = %s", each.call_sid)
    assert len(fake.asked) == asked + len(one.calls)
    done = stack.run("transcribe", "--call", call.call_sid)
    assert done.stdout == "it is transcribed already; --again does it once more\n"


def test_others_are_told_once_of_all_of_them(
    shape: Callable[..., Shape], stack: Stack, fake: FakeSpeech, drain: Tool
) -> None:
    one = shape(seconds=12)
    with Receiver() as receiver:
        done = stack.run("webhook", "--business", str(one.calls[0].business), "--url", receiver.url)
        assert done.returncode == 0, done.stderr
        drain(**fake.settings, WEBHOOK_PRIVATE="true")
        told = {each.json["call"]["call_sid"]: each.json["call"] for each in receiver.told}
        assert len(receiver.told) == len(one.calls)
    assert sorted(told) == sorted(call.call_sid for call in one.calls)
    for call in told.values():
        assert [each["name"] for each in call["recordings"]] == one.names
        assert [[said["text"] for said in each["transcript"]] for each in call["recordings"]] \
            == one.said()
