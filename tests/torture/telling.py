"""What comes after the recordings: waveforms, transcripts, and the webhooks."""

from __future__ import annotations

import functools
import json
import time
from datetime import datetime
from typing import Any

from speech import hearing
from speech.receiver import Receiver, Told
from stack.calls import Call
from stack.stack import Stack
from twilio import speech

from .cast import Case, Talk
from .crowd import FAILURES
from .verdict import POLL, Run, read_runs
from .world import World


def subscribe(stack: Stack, businesses: set[int], receiver: Receiver) -> dict[int, str]:
    """A webhook of each business; what they are signed with."""
    secrets = {}
    for business in businesses:
        done = stack.run("webhook", "--business", str(business), "--url", receiver.url)
        assert done.returncode == 0, done.stderr
        secrets[business] = done.stdout.strip()
    return secrets


def await_waveforms(world: World) -> None:
    """Each recording that is here has one, as soon as somebody wants it."""
    deadline = time.monotonic() + world.plan.quiet_seconds
    for case in world.cases:
        while not world.violations and not case.is_gone and case.finished():
            try:
                answer = case.talk.api.get(f"/api/recordings/{case.sid}/peaks", timeout=15)
            except FAILURES as error:
                world.complain(f"{case.sid}: no answer about its waveform: {error!r}")
                continue
            if answer.status == 200 and answer.json["length"] > 0:
                world.count("waveforms")
                break
            if answer.status != 202 or time.monotonic() > deadline:
                world.complain(f"{case.sid} has no waveform: {answer.status}")
            time.sleep(POLL)


def page_of(world: World, talk: Talk, call: Call) -> dict[str, Any]:
    """A responder that was killed over such a page keeps its business's place for some seconds."""
    deadline = time.monotonic() + world.plan.quiet_seconds
    while (answer := talk.api.get(f"/api/calls/{call.call_sid}")).status == 429:
        assert time.monotonic() < deadline, "its place is never free"
        time.sleep(POLL)
    assert answer.status == 200, (answer.status, answer.body)
    page: dict[str, Any] = answer.json
    return page


def judge_transcripts(world: World) -> None:
    """What was stored by the run that its callback began has the words that are in it, and no
    others."""
    runs = read_runs(world)
    for talk in world.talks:
        for call in talk.calls if talk.fate is None else []:
            page = page_of(world, talk, call)
            shown = {one["recording_sid"]: one for one in page["recordings"]}
            for case in talk.shown(call):
                _judge_transcript(world, case, shown[case.sid], _full(runs, case))


def _full(runs: dict[str, list[Run]], case: Case) -> bool:
    """Did the run that its callback began store it? One that failed has no steps yet."""
    own = [run for run in runs.get(case.name or case.sid, []) if run.job_type == "full"]
    return any(run.status == "completed" for run in own)


def _late(runs: dict[str, list[Run]], own: list[Case]) -> int:
    """How many nobody could wait for: announced when another of their call had ended, or asked for
    again after they had failed for good."""
    full = {case.sid: [run for run in runs.get(case.name or case.sid, []) if run.job_type == "full"]
            for case in own}
    ended = min(run.completed_at.timestamp() for each in full.values() for run in each
                if run.completed_at)
    again = {"failed", "completed"}
    return sum(case.told_at > ended or {run.status for run in full[case.sid]} == again
               for case in own)


def _judge_transcript(world: World, case: Case, shown: dict[str, Any], full: bool) -> None:
    said = sorted(one["text"] for one in shown["transcript"])
    wanted = words_of(case) if full else []
    if case.cuts and said != wanted:  # a part of it may have been read
        return
    if said != wanted:
        world.complain(f"{case.sid} ({case.trouble.name}): the transcript is {said}, not {wanted}")
    world.count("transcripts" if full else "without transcript")


def words_of(case: Case) -> list[str]:
    """The phrases that really are in it, of all channels."""
    return _words(case.source)


@functools.lru_cache(maxsize=None)
def _words(source: bytes) -> list[str]:
    channels = source[22]
    sound = memoryview(source[speech.HEADER_BYTES:]).cast("h")
    return sorted(one.text for channel in range(channels)
                  for one in hearing.hear(sound[channel::channels].tobytes()))


def judge_told(world: World, told: list[Told], secrets: dict[int, str]) -> None:
    """Each call whose recordings were transcribed was told of, to its business alone: once when all
    that was known was done or had failed, once more at most for each that came late, and in the end
    in full."""
    runs = read_runs(world)
    by_call: dict[str, dict[str, Told]] = {}
    for one in told:
        by_call.setdefault(one.json["call"]["call_sid"], {})[one.id] = one
    calls = {call.call_sid: (talk, call) for talk in world.talks for call in talk.calls}
    for sid in by_call.keys() - calls.keys():
        world.complain(f"told of {sid}, which is no call of ours")
    for sid, (talk, call) in calls.items():
        mine = sorted(by_call.get(sid, {}).values(), key=lambda one: _moment(one.json))
        done = [case for case in talk.own(call) if _full(runs, case)]
        most = 1 + _late(runs, talk.own(call)) if done else 0
        if talk.conference is not None:
            most += len(done)
        if talk.fate is None:
            _judge_call(world, call, done, most, talk, mine, secrets)


def _moment(body: dict[str, Any]) -> float:
    return datetime.fromisoformat(body["created_at"]).timestamp()


def _judge_call(world: World, call: Call, done: list[Case], most: int, talk: Talk,
                mine: list[Told], secrets: dict[int, str]) -> None:
    world.count("webhooks", len(mine))
    for one in mine:
        if one.json["business_id"] != talk.business or not one.is_signed(secrets[talk.business]):
            world.complain(f"{call.call_sid} was told to {one.json['business_id']}")
    if not done:
        return
    if not 1 <= len(mine) <= most:
        world.complain(f"{call.call_sid} was told of {len(mine)} times, and not at most {most}, for"
                       f" {len(talk.own(call))} recordings: {[one.body for one in mine]}")
    elif mine:
        _judge_last(world, call, done, mine[-1].json["call"])


def _judge_last(world: World, call: Call, done: list[Case], said: dict[str, Any]) -> None:
    there = {one["recording_sid"]: one for one in said["recordings"]}
    for case in done:
        words = sorted(one["text"] for one in there.get(case.sid, {}).get("transcript", []))
        if case.sid not in there or words != words_of(case) and not case.cuts:
            world.complain(f"{call.call_sid} was told of, in the end, without what {case.sid} says:"
                           f" {json.dumps(said)}")

