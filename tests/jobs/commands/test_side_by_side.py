"""An upgrade under load: that release's responders and runner go on beside the new ones, then leave.

What it is about to find is in test_upgrade.py, too, without that release's programs.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest
from speech.fake import FakeSpeech
from stack.api import Answer
from stack.calls import Call, new_call, new_sid
from stack.stack import Stack
from twilio.client import fault

import old_release
from jobs_kit import Runner, until, value_of
from objects_kit import SHARED, Objects, settings

BUSINESS, OTHER = 1, 2
BEFORE = 6  # calls whose recordings are stored before the upgrade
WAITING = 4  # and that wait, or are under way, at that time
ROUNDS = 12  # of each kind of traffic, while both are there
LEASE = {"INFLIGHT_TTL": "4s", "STALE_AFTER": "4s"}
WORDLESS = ("empty_answer", "no_transcript")  # what is so short holds no word, now and then
LAST = 240.0  # seconds for what is left in the end
LEFT = """
SELECT 'inbox', recording_sid, status, coalesce(conference_sid, call_sid) FROM recording_inbox
 WHERE matched_at IS NULL
UNION ALL SELECT 'run', call_sid, status, coalesce(error_code, '') || lane || coalesce(not_before::text, '')
  FROM recording_runs WHERE status IN ('queued', 'running')
UNION ALL SELECT step, call_sid, status, error_code FROM call_steps WHERE status IN ('queued', 'running')
"""
CONFERENCE_STATUS = "/webhook/conference_status"
PROBED = "UPDATE call_log SET notes = notes WHERE call_sid = %s"
PLACE = "SELECT ctid::text, xmin::text FROM call_log WHERE call_sid = %s"
FOLLOWED = ("SELECT NOT EXISTS (SELECT FROM call_steps WHERE call_sid = %s"
            " AND status IN ('queued', 'running'))")


@pytest.fixture(scope="session")
def tree() -> Path:
    old_release.skip_without_its_postgres()
    try:
        return old_release.tree()
    except old_release.NoHistory as why:
        said = f"the upgrade beside the older release is NOT TESTED: no history to build it from ({why})"
        warnings.warn(said, stacklevel=1)
        pytest.skip(said)


@dataclass
class World:
    """Both stacks, what was announced, and what was answered."""

    old: Stack
    new: Stack | None = None
    calls: list[Call] = field(default_factory=list)
    others: list[Call] = field(default_factory=list)  # further recordings, by their own name
    conferences: list[Call] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def front(self, chance: random.Random) -> Stack:
        """Where the web server in front of both sends the next request."""
        fronts = [one for one in (self.old, self.new) if one is not None and self.serves(one)]
        return chance.choice(fronts)

    def serves(self, one: Stack) -> bool:
        return one is not self.old or not self.over.is_set()

    def note(self, what: str, stack: Stack, answer: Answer, *allowed: int) -> None:
        where = "old" if stack is self.old else "new"
        self.tally[f"{what}, {where}, {answer.status}"] += 1
        if answer.status not in allowed:
            self.faults.append(f"{what} at the {where} one: {answer.status} {answer.body[:200]!r}")


def further(call: Call, seconds: int = 2) -> Call:
    added = call.stack.twilio.add_recording(seconds=seconds, seed=secrets.randbelow(1000),
                                            call_sid=call.call_sid)
    return replace(call, recording_sid=added.sid, recording=added)


def announce(world: World, chance: random.Random) -> None:
    """A call with a prompt and a conversation; each callback goes to either release."""
    call = new_call(world.old, BUSINESS, announced=False)
    second = further(call)
    at = world.front(chance)
    world.note("call", at, replace(call, stack=at).send_call_status(), 204)
    for one in chance.sample([call, second], 2):
        at = world.front(chance)
        world.note("recording", at, replace(one, stack=at).send_recording_status(), 204)
    world.calls.append(call)
    world.others += [call, second]


def confer(world: World, chance: random.Random) -> None:
    """Conferences come with the new release, and go to it alone."""
    if world.new is None:
        return
    leg, sid = new_call(world.old, BUSINESS, recorded=False, announced=False), new_sid("CF")
    added = world.old.twilio.add_recording(seconds=2, seed=secrets.randbelow(1000),
                                           conference_sid=sid)
    held = replace(leg, stack=world.new, recording_sid=added.sid, recording=added)
    at = world.front(chance)
    world.note("call", at, replace(leg, stack=at).send_call_status(), 204)
    joined = held._send(CONFERENCE_STATUS, {  # noqa: SLF001: the form is another one
        "AccountSid": world.old.account_sid, "ConferenceSid": sid, "CallSid": leg.call_sid,
        "StatusCallbackEvent": "participant-join"})
    world.note("conference", world.new, joined, 204)
    world.note("recording", world.new, held.send_recording_status(CallSid=None, ConferenceSid=sid), 204)
    world.conferences.append(replace(held, stack=world.old))


def listen(world: World, chance: random.Random) -> None:
    """By the call's name at either; every answer is one of the contract."""
    call = chance.choice(world.calls)
    at = world.front(chance)
    here = replace(call, stack=at)
    world.note("status", at, here.api.get(here.status_path), 200, 202)
    world.note("prepare", at, here.api.post(here.prepare_path), 200, 202)
    world.note("file", at, here.api.get(here.file_path), 200, 202, 206)
    world.note("download", at, here.api.get(f"/api/calls/{call.call_sid}/download"), 200, 202)
    world.note("list", at, here.api.get("/api/calls?limit=20"), 200)


KINDS = (announce, confer, listen)


def keep_on(world: World, kind: Callable[[World, random.Random], None], seed: int,
            done: threading.Event) -> None:
    chance = random.Random(seed)
    while not done.is_set():
        try:
            kind(world, chance)
        except Exception as error:  # told by the test, which looks at these
            world.faults.append(f"{kind.__name__}: {error!r}")
            return
        world.tally[kind.__name__] += 1
        done.wait(0.02)


@contextmanager
def traffic(world: World) -> Iterator[None]:
    done = threading.Event()
    threads = [threading.Thread(target=keep_on, args=(world, kind, seed, done))
               for seed, kind in enumerate(KINDS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


class Probe:
    """A CRM that writes one row of call_log after the other: how long the longest took."""

    def __init__(self, url: str, sid: str) -> None:
        self.longest, self._done = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._write, args=(url, sid))

    def __enter__(self) -> Probe:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join()

    def _write(self, url: str, sid: str) -> None:
        with psycopg.connect(url, autocommit=True) as db:
            while not self._done.is_set():
                began = time.monotonic()
                db.execute(PROBED, [sid])
                self.longest = max(self.longest, time.monotonic() - began)


def rounds(world: World, kinds: tuple[str, ...], since: Counter[str]) -> bool:
    return bool(world.faults) or all(world.tally[kind] - since[kind] >= ROUNDS for kind in kinds)


def until_all_is_done(world: World, db: psycopg.Connection, stack: Stack) -> None:
    """Timers bring cleanups and runners; here each is the next one, as leases lapse."""
    def over() -> bool:
        assert stack.run("cleanup").returncode == 0
        assert stack.run("drain", "--once").returncode == 0
        db.execute("UPDATE call_steps SET not_before = now() WHERE status = 'queued'")
        left.clear()
        left.extend(db.execute(LEFT).fetchall())
        return not left

    left: list[tuple[str, ...]] = []
    try:
        until(over, "the end of all work", LAST)
    except AssertionError:
        raise AssertionError(f"this is left: {left[:9]}") from None


def test_two_releases_side_by_side(
    tree: Path, build_dir: Path, tmp_path: Path, store: Objects
) -> None:
    with ExitStack() as open_:
        speech = open_.enter_context(FakeSpeech())
        common = {**settings(store.proxy.endpoint), **LEASE, **speech.settings}
        old = open_.enter_context(old_release.OldStack(
            tmp_path / "old" / "run", tree, responders=2, fast=True, bound=True, overrides=common))
        db = open_.enter_context(psycopg.connect(old.database_url, autocommit=True))
        db.execute("ALTER TABLE call_log ADD COLUMN IF NOT EXISTS notes text")
        world = World(old)

        # That release, with files, objects, transcripts, links, and work under way.
        stored = [new_call(old, BUSINESS) for _ in range(BEFORE)]
        assert old.run("drain", "--once").returncode == 0
        links = {call.call_sid: call.api.post(call.prepare_path).json["play_url"] for call in stored}
        files = [call.finished_file.stat() for call in stored]
        left = further(stored[0])
        assert left.send_recording_status().status == 204, "and that was all it did"
        world.calls += [*stored, *(new_call(old, OTHER) for _ in range(WAITING - 1))]
        held = new_call(old, OTHER, faults=[fault("hold", first=1)])
        world.others += [*stored, *world.calls[BEFORE:], held, left]
        settled = [call for call in stored[1:] if value_of(db, FOLLOWED, call.call_sid)]
        places = [db.execute(PLACE, [call.call_sid]).fetchone() for call in settled]

        old_runner = open_.enter_context(Runner(old, tmp_path, ("--linger", "1h"), {}))
        old.twilio.wait("held", equals=1, sid=held.recording_sid)
        with traffic(world):
            until(lambda: rounds(world, ("announce", "listen"), Counter()), "traffic at the old one")
            with Probe(old.database_url, stored[0].call_sid) as probe:
                new = Stack(tmp_path / "new" / "run", build_dir=build_dir, responders=2, fast=True,
                            bound=True, overrides={
                                **{name: old.config[name] for name in (*SHARED, "RECORDINGS_DIR")},
                                "DATABASE_URL": old.owner_url, **common})
                open_.enter_context(new)  # it begins with its migrate
            print(f"call_log was waited for {probe.longest * 1000:.0f} ms at most")
            world.new = new
            new_runner = open_.enter_context(Runner(new, tmp_path, ("--linger", "1h"), {}))
            old.twilio.release(held.recording_sid)
            since = Counter(world.tally)
            for one in (old, new, old):  # their timers go on, too
                for command in ("cleanup", "retain"):
                    assert one.run(command).returncode == 0
            until(lambda: rounds(world, tuple(kind.__name__ for kind in KINDS), since),
                  "traffic at both")
            world.over.set()
            since = Counter(world.tally)
            until(lambda: rounds(world, tuple(kind.__name__ for kind in KINDS), since),
                  "the end of what is on its way to the old one")
            old_runner.terminate()
            old_runner.ended_well()
            old.halt("lighttpd")
            old.halt("responders")
            since = Counter(world.tally)
            until(lambda: rounds(world, ("announce", "listen"), since), "traffic at the new one")
        new_runner.terminate()
        new_runner.ended_well()
        until_all_is_done(world, db, new)
        print(dict(sorted(world.tally.items())))
        assert not world.faults, world.faults[:5]

        # Nothing is lost, and what was there is as it was.
        assert settled, "a busy machine may have put off the steps of one"
        assert [db.execute(PLACE, [call.call_sid]).fetchone() for call in settled] == places
        assert [call.finished_file.stat() for call in stored] == files
        for call in stored:
            path = links[call.call_sid].removeprefix(old.public_base_url)
            answer = replace(call, stack=new).api.get(path)
            assert (answer.status, answer.body) == (200, call.source("wav2"))
        for one in [*world.others, *world.conferences]:
            answer = replace(one, stack=new).api.get(f"/api/recordings/file/{one.recording_sid}")
            assert (answer.status, answer.body) == (200, one.source("wav2")), one
        assert value_of(db, "SELECT count(*) FROM recording_runs WHERE status <> 'completed'") == 0
        assert db.execute("SELECT step, left(call_sid, 2), status, error_code, count(*) FROM call_steps"
                          " WHERE status <> 'done' AND error_code <> ALL (%s) GROUP BY 1, 2, 3, 4",
                          [list(WORDLESS)]).fetchall() == []
        names = db.execute("SELECT business_id || '/' || call_sid FROM recording_objects"
                           " WHERE call_gone_at IS NULL").fetchall()
        assert len(names) == len(world.others) + len(world.conferences)
        assert all(f"{name}.wav" in store.client.keys("") for (name,) in names)
