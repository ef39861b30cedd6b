"""`tapedeck move`: everything to the object store, or back; verified, and resumed where it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import psycopg
import pytest
from stack.calls import Call, new_call, new_sid
from stack.stack import Stack

from conference_kit import announce, joins
from jobs_kit import Db, click, known_call, until
from objects_kit import Objects, peaks_file, peaks_of, row_of, settings

LONG_AGO = 1_600_000_000


@dataclass(frozen=True)
class Mover:
    """A stack of this test's own; its recordings are fetched while it has no store."""

    stack: Stack
    db: Db
    objects: Objects

    def on_disk(self, count: int) -> list[Call]:
        """Played long ago."""
        calls = [known_call(self.stack, self.db, 1 + n % 2) for n in range(count)]
        for call in calls:
            click(call)
        self.stack.run("drain", "--once", S3_ENDPOINT="")
        for call in calls:
            self.was_played(call, LONG_AGO)
        return calls

    def was_played(self, call: Call, when: float) -> None:
        assert call.finished_file is not None
        stat = call.finished_file.stat()
        os.utime(call.finished_file, ns=(int(when * 1e9), stat.st_mtime_ns))

    def move(self, *arguments: str, code: int = 0, **settings: str) -> str:
        done = self.stack.run("move", *arguments, **settings)
        assert done.returncode == code, done.stderr
        return done.stderr

    def where(self, call: Call) -> tuple[bool, bool, str]:
        """On disk, in the store, and what the row says."""
        return (call.finished_file is not None, self.objects.has(call) is not None,
                row_of(self.db, call))


@pytest.fixture
def mover(make_stack: Callable[..., Stack], objects: Objects) -> Iterator[Mover]:
    stack = make_stack(responders=1, overrides=settings(objects.proxy.endpoint))
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield Mover(stack, connection, objects)


def test_to_the_store_and_back(mover: Mover) -> None:
    calls = mover.on_disk(3)
    stamps = [call.finished_file.stat().st_mtime_ns for call in calls if call.finished_file]
    total = sum(len(call.source("wav2")) for call in calls)
    said = mover.move("--to", "s3")
    assert f"3 of 3 recordings, {total / 1e6:.1f} of {total / 1e6:.1f} MB" in said
    assert "MOVE_DONE to=s3 moved=3 playing=0 nobodys=0 failed=0" in said
    assert [mover.where(call) for call in calls] == [(False, True, "object")] * 3
    assert calls[0].api.get(calls[0].file_path).status == 307
    mover.move("--to", "disk")
    assert [mover.where(call) for call in calls] == [(True, False, "disk")] * 3
    for call, stamp in zip(calls, stamps):
        assert call.finished_file and call.finished_file.stat().st_mtime_ns == stamp
        assert call.api.get(call.file_path).body == call.source("wav2")
    assert "moved=0 " in mover.move("--to", "disk")


def test_each_recording_of_a_call_goes_along(mover: Mover) -> None:
    """Its first, a further one and its conference's, whose files bear their own names."""
    call, sid = new_call(mover.stack, 1), new_sid("CF")
    named = [call]
    for of in ({"call_sid": call.call_sid}, {"conference_sid": sid}):
        added = mover.stack.twilio.add_recording(seconds=2, seed=len(named), **of)  # type: ignore
        named.append(replace(call, call_sid=added.sid, recording_sid=added.sid, recording=added))
    joins(call, sid)
    assert named[1].send_recording_status(CallSid=call.call_sid).status == 204
    announce(named[2], sid)
    mover.stack.run("drain", "--once", S3_ENDPOINT="")
    for one in named:
        mover.was_played(one, LONG_AGO)
    assert "MOVE_DONE to=s3 moved=3 playing=0 nobodys=0 failed=0" in mover.move("--to", "s3")
    assert [mover.where(one) for one in named] == [(False, True, "object")] * 3
    assert [call.api.get(one.file_path).status for one in named] == [307] * 3
    mover.move("--to", "disk")
    assert [mover.where(one) for one in named] == [(True, False, "disk")] * 3
    assert [call.api.get(one.file_path).body for one in named] == [one.source() for one in named]


def test_waveforms_go_along(mover: Mover) -> None:
    """The very same, whichever way, and the mark of one that cannot be made."""
    call, unreadable = mover.on_disk(2)
    file = unreadable.finished_file
    assert file is not None
    file.write_bytes(b"R" * 3000)
    with psycopg.connect(mover.stack.database_url, autocommit=True) as db:
        db.execute("UPDATE recording_runs SET bytes_received = 3000 WHERE call_sid = %s",
                   [unreadable.call_sid])
    mover.was_played(unreadable, LONG_AGO)
    assert peaks_of(unreadable).status == 202
    mover.stack.run("drain", "--once", S3_ENDPOINT="")
    answers = [(peaks_of(one).status, peaks_of(one).body) for one in (call, unreadable)]
    assert [status for status, _ in answers] == [200, 404]
    for where, here in (("s3", False), ("disk", True)):
        mover.move("--to", where)
        assert [peaks_file(one).exists() for one in (call, unreadable)] == [here] * 2
        assert (mover.objects.client.get(mover.objects.peaks_key(call)) is None) == here
        assert [(peaks_of(one).status, peaks_of(one).body)
                for one in (call, unreadable)] == answers
    assert peaks_file(call).stat().st_mtime_ns == call.finished_file.stat().st_mtime_ns


def test_a_waveform_that_does_not_go_along_is_made_again(mover: Mover) -> None:
    call, = mover.on_disk(1)
    mover.objects.proxy.spoil(to_store=lambda data: b"" if b"peaks.json" in data else data)
    mover.move("--to", "s3", STALL_TIMEOUT="500ms")
    mover.objects.proxy.heal()
    mover.objects.proxy.drop()
    assert mover.where(call) == (False, True, "object")
    assert mover.objects.all_of(call) == {mover.objects.key(call)}
    assert peaks_file(call).exists() and peaks_of(call).status == 200, "it stays, then"
    peaks_file(call).unlink()
    mover.move("--to", "disk")
    assert peaks_of(call).status == 202
    mover.stack.run("drain", "--once", S3_ENDPOINT="")
    assert peaks_of(call).status == 200


def test_a_waveform_alone_goes_the_next_time(mover: Mover) -> None:
    """The recording was there before waveforms were."""
    call, = mover.on_disk(1)
    mover.move("--to", "s3", "--keep")
    mover.objects.client.delete(mover.objects.peaks_key(call))
    mover.db.execute("UPDATE recording_objects SET peaks_bytes = NULL")
    mover.objects.proxy.requests.clear()
    mover.move("--to", "s3", "--keep")
    assert mover.objects.all_of(call) == {mover.objects.key(call), mover.objects.peaks_key(call)}
    assert mover.objects.proxy.asked("PUT .*wav") == 0
    peaks_file(call).unlink()
    assert peaks_of(call).status == 200


def test_both_may_be_kept(mover: Mover) -> None:
    call, = mover.on_disk(1)
    mover.move("--to", "s3", "--keep")
    assert mover.where(call) == (True, True, "object")
    puts = mover.objects.proxy.asked("PUT .*")
    mover.move("--to", "s3", "--keep")
    assert mover.objects.proxy.asked("PUT .*") == puts, "it is not sent twice"
    mover.move("--to", "disk", "--keep")
    assert mover.where(call) == (True, True, "object")
    assert mover.objects.proxy.asked("GET .*") == 0, "nor fetched when it is here"


def test_it_goes_on_where_it_ended(mover: Mover) -> None:
    calls = mover.on_disk(4)

    def fall_silent(data: bytes) -> bytes:
        if mover.objects.proxy.asked("PUT .*wav") == 3:
            mover.objects.proxy.spoil(silent=True)
            return b""
        return data

    mover.objects.proxy.spoil(to_store=fall_silent)
    said = mover.move("--to", "s3", code=1)
    assert "MOVE_FAILED" in said and "reason=unavailable" in said
    done = [call for call in calls if mover.where(call) == (False, True, "object")]
    assert [mover.where(call) for call in calls if call not in done] == [(True, False, "disk")] * 2
    mover.objects.proxy.heal()
    assert "moved=2 " in mover.move("--to", "s3")
    assert all(mover.where(call) == (False, True, "object") for call in calls)


def test_a_person_may_stop_it(mover: Mover) -> None:
    calls = mover.on_disk(3)
    mover.objects.proxy.spoil(silent=True)
    one = subprocess.Popen([str(mover.stack.tapedeck), "move", "--to", "s3"],
                           env=mover.stack.environment(STALL_TIMEOUT="1h"), cwd="/",
                           stderr=subprocess.PIPE, text=True)
    until(lambda: mover.objects.proxy.asked("PUT .*") == 1, "an upload")
    one.send_signal(signal.SIGINT)
    mover.objects.proxy.heal()
    mover.objects.proxy.drop()
    said = one.communicate(timeout=120)[1]
    assert one.returncode == 1 and "MOVE_DONE to=s3" in said
    assert [mover.where(call)[0] for call in calls].count(True) >= 2
    mover.move("--to", "s3")
    assert all(mover.where(call) == (False, True, "object") for call in calls)


def test_the_one_that_is_played_stays_here_as_well(mover: Mover) -> None:
    playing, other = mover.on_disk(2)
    mover.was_played(playing, time.time())
    assert "moved=1 playing=1 " in mover.move("--to", "s3", code=1)
    assert mover.where(playing) == (True, True, "object")
    assert mover.where(other) == (False, True, "object")


def test_what_is_nobodys_is_not_moved(mover: Mover) -> None:
    stray = mover.stack.recordings_dir / "1" / f"{new_sid('CA')}.wav"
    stray.parent.mkdir(mode=0o750, exist_ok=True)
    stray.write_bytes(b"R" * 2000)
    assert "moved=0 playing=0 nobodys=1 failed=0" in mover.move("--to", "s3")
    assert stray.exists() and not mover.objects.client.keys(f"1/{stray.name}")


def test_other_bytes_do_not_come_back(mover: Mover) -> None:
    changed, lost, good = mover.on_disk(3)
    mover.move("--to", "s3")
    size = len(changed.source("wav2"))
    mover.objects.client.put(mover.objects.key(changed), b"\0" * size)
    mover.objects.client.delete(mover.objects.key(lost))
    said = mover.move("--to", "disk", code=1)
    assert "reason=differs" in said and "reason=not_found" in said
    assert mover.where(changed) == (False, True, "object"), "nothing is deleted"
    assert mover.where(lost) == (False, False, "lost")
    assert mover.where(good) == (True, False, "disk")
    assert not changed.part_file.exists()


def test_a_full_disk_stops_it(mover: Mover) -> None:
    calls = mover.on_disk(2)
    mover.move("--to", "s3")
    for folder in mover.stack.recordings_dir.iterdir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        folder.touch()  # nothing can be written into it
    assert "reason=disk" in mover.move("--to", "disk", code=1)
    assert [mover.where(call)[1:] for call in calls] == [(True, "object")] * 2


@pytest.mark.parametrize("arguments", [[], ["--to", "moon"], ["--keep"]])
def test_called_wrongly(mover: Mover, arguments: list[str]) -> None:
    assert "--to s3 or --to disk" in mover.move(*arguments, code=2)


def test_without_a_store_there_is_nowhere_to_go(mover: Mover) -> None:
    assert "S3_ENDPOINT is not set" in mover.move("--to", "s3", code=2, S3_ENDPOINT="")
