"""The disk as a cache: what was played longest ago goes first, and nothing goes that must not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db, click, known_call
from objects_kit import Objects, peaks_file, peaks_of, row_of, settings

HOUR = 3600


def set_read(path: Path, hours: float) -> None:
    """Its time of access, so long ago."""
    then = int((time.time() - hours * HOUR) * 1e9)
    os.utime(path, ns=(then, path.stat().st_mtime_ns))


@dataclass(frozen=True)
class Cache:
    """A stack of this test's own, whose disk has a ceiling."""

    stack: Stack
    db: Db

    def played(self, *hours_ago: float) -> list[Call]:
        """Recordings that are here and in the store, last played then."""
        calls = [known_call(self.stack, self.db, 1) for _ in hours_ago]
        for call in calls:
            click(call)
        assert self.stack.run("drain", "--once").returncode == 0
        for call, hours in zip(calls, hours_ago):
            self.set_played(call, hours)
        return calls

    def path(self, call: Call) -> Path:
        assert call.finished_file is not None
        return call.finished_file

    def set_played(self, call: Call, hours: float) -> None:
        set_read(self.path(call), hours)

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.stack.recordings_dir.glob("*/*"))

    def trim(self, ceiling: int) -> str:
        done = self.stack.run("cleanup", CACHE_MAX_BYTES=str(ceiling))
        assert done.returncode == 0, done.stderr
        return done.stderr

    def here(self, *calls: Call) -> list[bool]:
        return [call.finished_file is not None for call in calls]


@pytest.fixture
def cache(make_stack: Callable[..., Stack], objects: Objects) -> Iterator[Cache]:
    stack = make_stack(responders=1, overrides={**settings(objects.proxy.endpoint),
                                                "CACHE_MAX_BYTES": str(1 << 40)})
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield Cache(stack, connection)


def test_the_one_played_longest_ago_goes_first(cache: Cache, objects: Objects) -> None:
    first, second, third = cache.played(2, 9, 5)
    said = cache.trim(cache.size() - 1)
    assert cache.here(first, second, third) == [True, False, True], said
    assert "CACHE_TRIMMED removed=1 " in said and "ok=1" in said
    cache.trim(cache.size() - 1)
    assert cache.here(first, second, third) == [True, False, False]
    assert objects.has(second) and objects.has(third)
    assert second.api.get(second.file_path).status == 307


def test_under_its_ceiling_nothing_goes(cache: Cache) -> None:
    calls = cache.played(100, 200)
    assert "CACHE_TRIMMED" not in cache.trim(cache.size())
    assert cache.here(*calls) == [True, True]


def test_playing_counts(cache: Cache) -> None:
    """By the file route, by a link, or by asking for one."""
    by_route, by_link, prepared, untouched = cache.played(9, 9, 9, 1)
    path = by_link.api.post(by_link.prepare_path).json["play_url"].removeprefix(
        cache.stack.public_base_url)
    cache.set_played(by_link, 9)
    assert by_route.api.get(by_route.file_path).status == 200
    assert by_link.api.with_token(None).get(path, headers={"Range": "bytes=0-9"}).status == 206
    assert prepared.api.post(prepared.prepare_path).status == 200
    stamps = [cache.path(call).stat().st_mtime_ns for call in (by_route, by_link, prepared)]
    cache.trim(1)
    assert cache.here(by_route, by_link, prepared, untouched) == [True, True, True, False]
    assert stamps == [cache.path(call).stat().st_mtime_ns for call in (by_route, by_link, prepared)]


def test_the_one_that_is_open_stays(cache: Cache) -> None:
    """However long ago it began to be played."""
    playing, other = cache.played(9, 5)
    with cache.path(playing).open("rb") as player:
        player.read(10)
        cache.set_played(playing, 9)
        cache.trim(1)
        assert cache.here(playing, other) == [True, False]
    cache.set_played(playing, 9)
    cache.trim(1)
    assert cache.here(playing) == [False]


def test_what_the_store_does_not_have_stays(cache: Cache, objects: Objects) -> None:
    lost, shorter, unknown, changed, there = cache.played(9, 9, 9, 9, 9)
    objects.client.delete(objects.key(lost))
    objects.client.put(objects.key(shorter), b"short")
    cache.db.execute("DELETE FROM recording_objects WHERE call_sid = %s", [unknown.call_sid])
    path = cache.path(changed)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    cache.set_played(changed, 9)
    cache.trim(1)
    assert cache.here(lost, shorter, unknown, changed, there) == [True] * 4 + [False]
    assert [row_of(cache.db, call) for call in (lost, shorter)] == ["lost", "lost"]


def test_what_was_lost_goes_up_again(cache: Cache, objects: Objects) -> None:
    call, = cache.played(9)
    objects.client.delete(objects.key(call))
    cache.trim(1)
    assert cache.stack.run("drain", "--once").returncode == 0
    assert objects.has(call) == call.source("wav2") and row_of(cache.db, call) == "object"


def test_while_the_store_is_away_all_stays(cache: Cache, objects: Objects) -> None:
    calls = cache.played(9, 8)
    with objects.down():
        assert "ok=0" in cache.trim(1)
    assert cache.here(*calls) == [True, True]
    assert [row_of(cache.db, call) for call in calls] == ["object", "object"]


def test_waveforms_go_as_well(cache: Cache, objects: Objects) -> None:
    """Those read longest ago first, and none that is fresh."""
    old, lately, fresh = cache.played(9, 9, 9)
    before = [peaks_of(call).body for call in (old, lately, fresh)]
    for call, hours in ((old, 20), (lately, 15)):
        set_read(peaks_file(call), hours)

    def made() -> list[bool]:
        return [peaks_file(call).exists() for call in (old, lately, fresh)]

    cache.trim(cache.size() - 1)
    assert made() == [False, True, True] and cache.here(old, lately, fresh) == [True] * 3
    cache.trim(1)
    assert made() == [False, False, True] and cache.here(old, lately, fresh) == [False] * 3
    assert [peaks_of(call).body for call in (old, lately, fresh)] == before
