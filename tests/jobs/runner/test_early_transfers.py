"""Sound before the download is done, from the provider's first bytes to the finished file, and
whatever happens in between."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from stack.api import Answer, Api
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault
from twilio.odd_audio import tone, wav

from jobs_kit import (
    Db, Runner, assert_stored, click, files_of, heard_of_long_ago, known_call, lapse, make_due,
    run_of, until, until_idle,
)

Command = Callable[..., "subprocess.CompletedProcess[str]"]
PIECE = 65536
HELD_AT = 200_000  # of 960,044 bytes
Begin = Callable[..., tuple[Call, str]]


def prepared(call: Call) -> dict[str, object]:
    """What prepare says once it is playable."""

    def playable() -> dict[str, object] | None:
        answer = call.api.post(call.prepare_path, headers={"Prefer": "wait=2"})
        assert answer.status in (200, 202), answer.body
        return answer.json if answer.json.get("play_url") else None

    body = until(playable, "a play link")
    assert isinstance(body, dict)
    return body


def link_of(call: Call) -> str:
    return str(prepared(call)["play_url"]).removeprefix(call.stack.public_base_url)


def ask(call: Call, link: str, start: int, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Api(call.stack.base_url).get(link, headers={"Range": f"bytes={start}-", **sent})


@pytest.fixture
def begun(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner]
) -> Begin:
    """begun(fault, …): a call whose transfer is under way, by default held up after HELD_AT bytes,
    and its play link."""

    def begin(*faults: dict[str, object], **settings: str) -> tuple[Call, str]:
        shaped = list(faults) or [fault("stall", after_bytes=HELD_AT, first=1)]
        call = known_call(stack, db, new_business(), seconds=30, faults=shaped)
        runner("--linger", "1h", **settings)
        click(call)
        return call, link_of(call)

    return begin


def play(call: Call, link: str, at: int = 0) -> tuple[bytes, set[str], int]:
    """All of it as a player gets it, each time from the next byte on: the bytes, the entity tags,
    and how many answers it took."""
    source, body, tags, asked = call.source(), b"", set(), 0
    while at + len(body) < len(source):
        answer = ask(call, link, at + len(body))
        asked += 1
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "1"
            continue
        assert answer.status == 206, (answer.status, answer.body[:300])
        first = at + len(body)
        assert answer.headers["Content-Range"] == \
            f"bytes {first}-{first + len(answer.body) - 1}/{len(source)}"
        body += answer.body
        tags.add(answer.headers["ETag"])
    assert body == source[at:], "the bytes of the provider, each one"
    return body, tags, asked


def test_it_plays_while_it_arrives(begun: Begin, rds: redis.Redis) -> None:
    """From the first 64 KiB to the last byte, and on when it is finished: one link, one tag."""
    call, link = begun(fault("trickle", bytes_per_second=600_000))
    assert call.finished_file is None
    _, tags, asked = play(call, link)
    assert asked > 3 and len(tags) == 1
    until_idle(rds, call.business)
    assert_stored(call, "wav2")
    finished = ask(call, link, 0)
    assert finished.body == call.source() and {finished.headers["ETag"]} == tags
    assert Api(call.stack.base_url).get(link).headers["ETag"] in tags


def test_its_waveform_grows_with_it(
    begun: Begin, rds: redis.Redis, build_dir: Path
) -> None:
    """Each is the beginning of the next, and the last one is the finished file's, byte for byte."""
    call, _ = begun(fault("trickle", bytes_per_second=300_000))
    seen: list[dict[str, Any]] = []

    def whole() -> bytes | None:
        answer = call.api.get(f"/api/recordings/{call.call_sid}/peaks")
        if answer.status == 200:
            return answer.body
        assert answer.status == 202, answer.body
        if "peaks" in answer.json and answer.json["peaks"] not in seen:
            seen.append(answer.json["peaks"])
        return None

    last = until(whole, "the whole waveform")
    with open(call.finished_file, "rb") as file:  # type: ignore[arg-type]
        decoded = subprocess.run([build_dir / "tapedeck-decoder", "peaks", "open"], stdin=file,
                                 capture_output=True, check=True).stdout
    assert last == decoded
    final = json.loads(last)
    assert len(seen) >= 2 and [one["length"] for one in seen] == sorted(one["length"] for one in seen)
    for one in seen:
        settled = 4 * (one["length"] - 1)
        assert one["length"] <= final["length"] and one["data"][:settled] == final["data"][:settled]
        assert {**one, "length": 0, "data": 0} == {**final, "length": 0, "data": 0}
    until_idle(rds, call.business)
    assert not rds.exists(f"rec_waveform:{call.business}:{call.call_sid}")


def test_a_seek_ahead_waits_and_then_plays(begun: Begin, twilio: Control) -> None:
    call, link = begun()
    got: list[bytes] = []
    player = threading.Thread(target=lambda: got.append(play(call, link, 700_000)[0]), daemon=True)
    assert ask(call, link, 700_000).status == 503
    player.start()
    twilio.release(call.recording_sid)
    player.join(120)
    assert got == [call.source()[700_000:]]


def test_mp3_plays_early_too(begun: Begin) -> None:
    """Under its own name and type."""
    call, link = begun(fault("trickle", bytes_per_second=400_000), RECORDING_FORMATS="mp3")
    assert f"{call.call_sid}.mp3?" in link
    whole = call.source("mp3")
    first = ask(call, link, 0)
    assert first.status == 206 and first.headers["Content-Type"] == "audio/mpeg"
    assert first.body == whole[: len(first.body)]
    until(lambda: call.finished_file, "a finished file")
    last = ask(call, link, 0)
    assert last.body == whole and last.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("lie", [1, 5000])
def test_a_total_that_was_a_lie(lie: int, begun: Begin, db: Db, twilio: Control) -> None:
    """The provider promises more than there is: who listens is told where the WAV ends."""
    call, link = begun(fault("lie_length", by=lie), fault("stall", after_bytes=HELD_AT, first=1))
    whole = call.source()
    first = ask(call, link, 0)
    assert first.headers["Content-Range"].endswith(f"/{len(whole)}")
    assert first.body == whole[: len(first.body)] and len(first.body) >= PIECE
    beyond = ask(call, link, len(whole))
    assert beyond.status == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole)}"
    assert prepared(call)["bytes_total"] == len(whole)
    twilio.release(call.recording_sid)
    until(lambda: run_of(db, call).error_code == "truncated", "the end of the lie")


def test_what_lies_behind_the_end_stays(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    twilio: Control, rds: redis.Redis,
) -> None:
    """Nothing of it is sound, and nothing of it is lost."""
    sound = wav(tone(10))
    call = known_call(stack, db, new_business(),
                      faults=[fault("stall", after_bytes=PIECE + 5000, first=1)])
    twilio.give(call.recording_sid, sound + b"behind" * 1000)
    runner("--linger", "1h")
    click(call)
    link = link_of(call)
    early = ask(call, link, 0)
    assert early.headers["Content-Range"].endswith(f"/{len(sound)}")
    twilio.release(call.recording_sid)
    until_idle(rds, call.business)
    last = ask(call, link, 0)
    assert last.body == sound + b"behind" * 1000


def test_a_header_that_says_nothing_has_no_total_of_its_own(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    twilio: Control,
) -> None:
    sound = wav(tone(10), size=0, riff=36)
    call = known_call(stack, db, new_business(),
                      faults=[fault("stall", after_bytes=PIECE + 5000, first=1)])
    twilio.give(call.recording_sid, sound)
    runner("--linger", "1h")
    click(call)
    assert ask(call, link_of(call), 0).headers["Content-Range"].endswith(f"/{len(sound)}")


def test_nothing_plays_before_64_kib(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    rds: redis.Redis,
) -> None:
    call = known_call(stack, db, new_business(), seconds=30,
                      faults=[fault("stall", after_bytes=PIECE - 1, first=1)])
    runner()
    click(call)
    name = f"rec_progress:{call.business}:{call.call_sid}"
    until(lambda: rds.hget(name, "received"), "its first bytes")
    assert call.api.post(call.prepare_path, headers={"Prefer": "wait=1"}).json["playable"] is False


def test_64_kib_are_told_of_at_once(begun: Begin) -> None:
    """Though the first bytes were told of a moment ago, and no others come."""
    call, link = begun(fault("trickle", bytes_per_second=600_000, first=1),
                       fault("stall", after_bytes=PIECE, first=1))
    assert ask(call, link, 0).body == call.source()[:PIECE]


def test_one_without_a_length_waits_for_its_end(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    rds: redis.Redis, twilio: Control,
) -> None:
    """Without the total there is no Content-Range to give."""
    call = known_call(stack, db, new_business(), seconds=30, faults=[
        fault("stall", after_bytes=HELD_AT, first=1), fault("no_length", first=1)])
    runner()
    click(call)
    name = f"rec_progress:{call.business}:{call.call_sid}"
    until(lambda: int(rds.hget(name, "received") or 0) >= PIECE, "64 KiB")
    assert call.api.get(call.status_path).json["playable"] is False
    twilio.release(call.recording_sid)
    assert prepared(call)["status"] == "ready"


def test_an_error_page_is_never_played(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
) -> None:
    call = known_call(stack, db, new_business(), seconds=30, faults=[fault("html_as_audio")])
    one = runner("--linger", "1h", RETRY_DELAYS="1h")
    click(call)
    one.hear("reason=not_audio")
    assert call.api.get(call.status_path).json["playable"] is False and files_of(call) == []


# It dies, is cancelled, is begun again.


def test_a_download_that_dies_is_told(begun: Begin) -> None:
    """Between two attempts there is nothing to play: the same 202 as prepare's."""
    call, link = begun(fault("trickle", bytes_per_second=300_000),
                       fault("truncate", after_bytes=HELD_AT), RETRY_DELAYS="1h")
    until(lambda: call.api.get(call.status_path).json["status"] == "queued", "the next attempt")
    answer = ask(call, link, 0)
    assert (answer.status, answer.json["status"]) == (202, "queued")
    assert call.api.get(call.status_path).json["playable"] is False


def test_when_there_are_no_more_attempts_that_is_told(begun: Begin, db: Db) -> None:
    call, link = begun(fault("trickle", bytes_per_second=300_000),
                       fault("truncate", after_bytes=HELD_AT), RETRY_DELAYS="1ms")
    until(lambda: run_of(db, call).status == "failed", "the last attempt")
    answer = ask(call, link, 0)
    assert (answer.status, answer.json["error"]) == (500, "recording_failed")


def test_another_attempt_has_another_tag(begun: Begin, db: Db) -> None:
    """Whoever goes on with the first one's tag gets no byte of the second one."""
    call, link = begun(
        fault("trickle", bytes_per_second=300_000, first=1),
        fault("truncate", after_bytes=HELD_AT, first=1),
        fault("trickle", bytes_per_second=300_000), RETRY_DELAYS="1h")
    first = ask(call, link, 0)
    until(lambda: run_of(db, call).attempts == 1, "the end of the first attempt")
    make_due(db, call)
    assert call.stack.run("cleanup").returncode == 0
    again = until(lambda: (got := ask(call, link, 0)).status == 206 and got, "the second attempt")
    tag = first.headers["ETag"]
    assert again.headers["ETag"] != tag and again.body == call.source()[: len(again.body)]
    assert ask(call, link, 0, If_Range=tag).status in (200, 202), "from the beginning"
    assert ask(call, link, 0, If_Match=tag).status == 412


def test_another_attempt_in_another_format(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
) -> None:
    """The first link is for a file that will not be; prepare has the right one."""
    call = known_call(stack, db, new_business(), seconds=30, faults=[
        fault("trickle", bytes_per_second=300_000), fault("truncate", after_bytes=HELD_AT, first=1)])
    one = runner("--linger", "1h", RETRY_DELAYS="1h", RECORDING_FORMATS="wav2")
    click(call)
    link = link_of(call)
    until(lambda: run_of(db, call).attempts == 1, "the end of the first attempt")
    one.terminate()
    one.ended_well()
    make_due(db, call)
    runner("--linger", "1h", RECORDING_FORMATS="mp3")
    new = link_of(call)
    assert ".mp3?" in new and ask(call, new, 0).headers["Content-Type"] == "audio/mpeg"
    assert ask(call, link, 0).status in (202, 404)


def test_a_cancelled_one_stops_playing(begun: Begin) -> None:
    call, link = begun()
    assert ask(call, link, 0).status == 206
    run_id = prepared(call)["run_id"]
    assert call.api.post(f"/api/recordings/runs/{run_id}/cancel").json == {"ok": True}
    until(lambda: files_of(call) == [], "its end")
    until(lambda: ask(call, link, 0).status == 404, "its slot's end")
    assert ask(call, link, 700_000).status == 404


def test_it_goes_on_when_redis_is_emptied(
    begun: Begin, rds: redis.Redis, twilio: Control
) -> None:
    """What was published is published again with the next bytes."""
    call, link = begun(fault("trickle", bytes_per_second=300_000))
    first = ask(call, link, 0)
    rds.flushall()
    body, tags, _ = play(call, link, len(first.body))
    assert first.body + body == call.source() and tags == {first.headers["ETag"]}


def test_without_redis_nobody_hangs(
    make_stack: Callable[..., Stack], tmp_path: object
) -> None:
    """What arrives cannot be told from what has died; the finished file plays."""
    import psycopg

    stack = make_stack(timers=True)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        call = known_call(stack, db, 1, seconds=30,
                          faults=[fault("stall", after_bytes=HELD_AT, first=1)])
        click(call)
        link = link_of(call)
        assert ask(call, link, 0).status == 206
        stack.halt("redis")
        assert ask(call, link, 0).status == 202
        assert ask(call, link, 700_000).status == 202
        stack.twilio.release(call.recording_sid)
        until(lambda: call.finished_file, "a finished file")
        assert ask(call, link, 0).body == call.source()


def test_after_a_runner_was_killed(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    rds: redis.Redis, cleanup: Command,
) -> None:
    """What it left plays as long as it is there; then another attempt begins, in a file of its
    own, under another tag."""
    call = known_call(stack, db, new_business(), seconds=30,
                      faults=[fault("stall", after_bytes=HELD_AT)])
    one = runner("--once")
    if one.process.poll() is None:
        one.kill()
    one = runner()
    click(call)
    link = link_of(call)
    first = ask(call, link, 0)
    until(lambda: call.part_file.stat().st_size == HELD_AT, "all that comes")
    one.kill()
    left = ask(call, link, 0)
    assert left.body == call.source()[:min(HELD_AT, 65536)] and left.headers["ETag"] == first.headers["ETag"]
    assert ask(call, link, HELD_AT).status == 503
    with call.part_file.open("rb") as held:
        lapse(rds, call)
        heard_of_long_ago(db, call)
        runner()
        cleanup()
        again = until(
            lambda: (got := ask(call, link, 0)).headers["ETag"] not in (None, tag_of(first)) and got,
            "another attempt")
        assert again.status == 206
        assert held.read() == call.source()[:HELD_AT], "who reads the old one is not disturbed"


def tag_of(answer: Answer) -> str:
    return answer.headers["ETag"]


TAKEN_AWAY = {
    "deleted": "DELETE FROM call_log WHERE call_sid = %s",
    "moved": "UPDATE call_log SET business_id = 1 WHERE call_sid = %s",
    "marked": "UPDATE call_log SET recording_deleted_at = now() WHERE call_sid = %s",
}


@pytest.mark.parametrize("how, status", [("deleted", 404), ("moved", 404), ("marked", 410)])
def test_what_is_taken_away_stops_arriving(begun: Begin, db: Db, how: str, status: int) -> None:
    """A link that was given out plays on until the next cleanup, and no longer."""
    call, link = begun()
    assert ask(call, link, 0).status == 206
    db.execute(TAKEN_AWAY[how], [call.call_sid])
    assert call.stack.run("cleanup").returncode == 0
    until(lambda: run_of(db, call).status == "cancelled", "the end of its run")
    assert ask(call, link, 0).status == status
    assert files_of(call) == []


def test_nor_does_what_a_dead_runner_left_play_on(
    stack: Stack, db: Db, new_business: Callable[[], int], runner: Callable[..., Runner],
    cleanup: Command,
) -> None:
    call = known_call(stack, db, new_business(), seconds=30,
                      faults=[fault("stall", after_bytes=HELD_AT)])
    one = runner()
    click(call)
    link = link_of(call)
    one.kill()
    assert ask(call, link, 0).status == 206
    db.execute(TAKEN_AWAY["deleted"], [call.call_sid])
    cleanup()
    assert ask(call, link, 0).status == 404
