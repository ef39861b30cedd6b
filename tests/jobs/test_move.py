"""`tapedeck move`: everything to the object store, or back; verified, and resumed where it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from stack.calls import Call, new_sid
from stack.stack import Stack

from jobs_kit import Db, click, known_call, until
from objects_kit import Objects, row_of, settings

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


def test_both_may_be_kept(mover: Mover) -> None:
    call, = mover.on_disk(1)
    mover.move("--to", "s3", "--keep")
    assert mover.where(call) == (True, True, "object")
    puts = mover.objects.proxy.asked("PUT .*")
    mover.move("--to", "s3", "--keep")
    assert mover.objects.proxy.asked("PUT .*") == puts, "it is not sent twice"
    mover.move("--to", "disk", "--keep")
    assert mover.where(call) == (True, True, "object")


def test_it_goes_on_where_it_ended(mover: Mover) -> None:
    calls = mover.on_disk(4)

    def fall_silent(data: bytes) -> bytes:
        if mover.objects.proxy.asked("PUT .*") == 3:
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
    said = one.communicate(timeout=30)[1]
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
