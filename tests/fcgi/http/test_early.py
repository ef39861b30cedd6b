"""A play link while the recording still arrives: what is answered out of the part file.

The part file and what a runner publishes of it are put there by hand, so that every byte and every
moment is the test's own; the runner's side is in tests/jobs/runner/test_early_transfers.py.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
import redis

from http_expect import head_agrees, says
from http_given import Given
from stack.api import Answer, Api
from stack.stack import Stack

PIECE = 65536
AUDIO = b"RIFF\x00\x00\x00\x00WAVE" + random.Random(7).randbytes(300_000 - 12)
THERE = 100_000
LATER = 4102444800
# Not a whole number of anything: seconds, milliseconds and microseconds all matter.
STAMP = 1403716338_123456789
STAMP_DATE = "Wed, 25 Jun 2014 17:12:18 GMT"


@dataclass(frozen=True)
class Arriving:
    """A recording of which so much is here."""

    given: Given
    rds: redis.Redis
    business: int
    call: str

    @property
    def part(self) -> Path:
        return self.given.stack.recordings_dir / str(self.business) / f".{self.call}.part"

    @property
    def progress(self) -> str:
        return f"rec_progress:{self.business}:{self.call}"

    @property
    def link(self) -> str:
        return self.given.link(self.business, f"{self.call}.wav", LATER)

    def write(self, content: bytes, stamp: int = STAMP) -> None:
        self.part.parent.mkdir(exist_ok=True)
        self.part.write_bytes(content)
        os.utime(self.part, ns=(0, stamp))

    def grow(self, upto: int, stamp: int = STAMP) -> None:
        """As the runner writes: more bytes, then the stamp again."""
        with self.part.open("ab") as file:
            file.write(AUDIO[file.tell() : upto])
            file.flush()
            os.utime(file.fileno(), ns=(0, stamp))

    def publish(self, received: int, **fields: Any) -> None:
        self.rds.hset(self.progress, mapping={
            "format": "wav2", "kind": "wav", "received": received, "total": len(AUDIO),
            "stamp": STAMP, **fields})

    def finish(self) -> None:
        self.grow(len(AUDIO))
        self.part.rename(self.part.with_name(f"{self.call}.wav"))
        self.rds.delete(self.progress)

    def ask(self, range: str | None = None, method: str = "GET", **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return Api(self.given.stack.base_url).request(
            method, self.link, headers={**({"Range": range} if range else {}), **sent})


@pytest.fixture
def arriving(
    given: Given, rds: redis.Redis, new_business: Callable[[], int]
) -> Arriving:
    """A third of it is here; a runner is at it, as PostgreSQL knows."""
    business = new_business()
    call = given.recorded(business)
    given.run(business, call, status="running", lease_token="t")
    one = Arriving(given, rds, business, call)
    one.write(AUDIO[:THERE])
    one.publish(THERE)
    return one


def is_piece(answer: Answer, start: int, end: int) -> None:
    """These bytes, `end` not included, and the head that goes with them."""
    assert answer.status == 206, (answer.status, answer.body[:200])
    assert answer.body == AUDIO[start:end], f"not the bytes {start} to {end}"
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(AUDIO)}"
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Cache-Control"] == "private, no-store"


# Edges: what is asked, and what of it is sent: what is here, and no more than a piece.
HERE = {
    "bytes=0-": (0, PIECE), "bytes=0-0": (0, 1), "bytes=1-1": (1, 2),
    f"bytes=0-{PIECE - 1}": (0, PIECE), f"bytes=0-{PIECE}": (0, PIECE),
    f"bytes=50000-{THERE - 1}": (50000, THERE), f"bytes=50000-{THERE}": (50000, THERE),
    f"bytes=0-{len(AUDIO) * 9}": (0, PIECE), f"bytes={THERE - 1}-": (THERE - 1, THERE),
    f"bytes={THERE - PIECE}-": (THERE - PIECE, THERE), "bytes=500-999": (500, 1000),
    f"bytes=-{len(AUDIO)}": (0, PIECE), f"bytes=-{len(AUDIO) - 50000}": (50000, THERE),
    f"bytes=-{len(AUDIO) * 2}": (0, PIECE),
}


@pytest.mark.parametrize("range", HERE)
def test_what_is_here_is_sent(range: str, arriving: Arriving) -> None:
    is_piece(arriving.ask(range), *HERE[range])


BEYOND = ["bytes=100000-", f"bytes={THERE}-{THERE}", "bytes=200000-200009", "bytes=-500",
          f"bytes={len(AUDIO) - 1}-"]


@pytest.mark.parametrize("range", BEYOND)
def test_what_is_not_here_yet_is_told_so(range: str, arriving: Arriving) -> None:
    answer = arriving.ask(range)
    assert says(answer, 503, "unavailable") and answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("range", [f"bytes={len(AUDIO)}-", "bytes=-0", "bytes=5-2", "bytes=x"])
def test_what_will_never_be_here_is_refused(range: str, arriving: Arriving) -> None:
    answer = arriving.ask(range)
    assert says(answer, 416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(AUDIO)}"


@pytest.mark.parametrize("range", [None, "pages=1-2"])
def test_the_whole_is_not_here(range: str | None, arriving: Arriving) -> None:
    """Nor is a link given to whoever has a link."""
    answer = arriving.ask(range)
    body = says(answer, 202, "processing")
    assert body["bytes_received"] == THERE and body["bytes_total"] == len(AUDIO)
    assert "play_url" not in body and answer.headers["Retry-After"] == "2"


def test_the_session_route_waits_for_the_whole(arriving: Arriving) -> None:
    api = arriving.given.api(arriving.business)
    answer = api.get(f"/api/recordings/file/{arriving.call}", headers={"Range": "bytes=0-9"})
    assert says(answer, 202, "processing")


def parts_of(answer: Answer) -> list[tuple[str, bytes]]:
    head = b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n"
    message: Message = BytesParser().parsebytes(head + answer.body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    return [(part["Content-Range"], part.get_payload(decode=True)) for part in parts]


def test_several_ranges_are_cut_to_what_is_here(arriving: Arriving) -> None:
    size = len(AUDIO)
    answer = arriving.ask(f"bytes=0-9,20-29,{THERE - 5}-{THERE + 5},{THERE + 10}-{THERE + 20}")
    assert answer.status == 206
    assert [where for where, _ in parts_of(answer)] == [
        f"bytes 0-9/{size}", f"bytes 20-29/{size}", f"bytes {THERE - 5}-{THERE - 1}/{size}"]
    is_piece(arriving.ask(f"bytes=5-9,{THERE + 10}-{THERE + 20}"), 5, 10)


@pytest.mark.parametrize("range", ["bytes=0-", "bytes=200000-", f"bytes={len(AUDIO)}-", None])
def test_head_is_gets(range: str | None, arriving: Arriving) -> None:
    head_agrees(arriving.ask(range, "HEAD"), arriving.ask(range))


def test_the_tag_is_the_finished_files_from_the_first_byte_on(arriving: Arriving) -> None:
    arriving.write(AUDIO[:PIECE])
    arriving.publish(PIECE)
    tags = [arriving.ask("bytes=0-9")]
    for upto in (PIECE + 1, 200_000, len(AUDIO) - 1, len(AUDIO)):
        arriving.grow(upto)
        arriving.publish(upto)
        tags.append(arriving.ask("bytes=0-9"))
    arriving.finish()
    tags += [arriving.ask("bytes=0-9"), arriving.ask()]
    assert tags[-1].body == AUDIO
    assert len({answer.headers["ETag"] for answer in tags}) == 1
    assert {answer.headers["Last-Modified"] for answer in tags} == {STAMP_DATE}


def test_conditions_are_judged_by_that_tag(arriving: Arriving) -> None:
    etag = arriving.ask("bytes=0-9").headers["ETag"]
    is_piece(arriving.ask("bytes=0-9", If_Range=etag), 0, 10)
    is_piece(arriving.ask("bytes=0-9", If_Match=etag), 0, 10)
    is_piece(arriving.ask("bytes=0-9", If_None_Match='"x"'), 0, 10)
    assert arriving.ask("bytes=0-9", If_Range='"x"').status == 202, "the whole, which is not here"
    assert arriving.ask("bytes=0-9", If_Range="W/" + etag).status == 202
    says(arriving.ask("bytes=0-9", If_Match='"x"'), 412, "precondition_failed")
    unchanged = arriving.ask("bytes=0-9", If_None_Match=etag)
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", etag)


# What must be known before a byte is given.


@pytest.mark.parametrize("fields", [
    {"received": PIECE - 1}, {"total": -1}, {"kind": ""}, {"kind": "ogg"}, {"stamp": 0},
    {"stamp": STAMP + 1}, {"total": 1000, "received": 1000}, {"kind": "mp3"}, {"stamp": "x"},
], ids=repr)
def test_not_before_it_may_be_played(fields: dict[str, Any], arriving: Arriving) -> None:
    """Too little, or unknown, or another attempt's file, or another kind of audio."""
    arriving.publish(fields.pop("received", THERE), **fields)
    assert says(arriving.ask("bytes=0-9"), 202, "processing")


def test_from_64_kib_on(arriving: Arriving) -> None:
    arriving.publish(PIECE)
    is_piece(arriving.ask("bytes=0-9"), 0, 10)


def test_a_short_one_when_all_of_it_is_here(arriving: Arriving) -> None:
    arriving.write(AUDIO[:2000])
    arriving.publish(1999, total=2000)
    assert arriving.ask("bytes=0-9").status == 202
    arriving.publish(2000, total=2000)
    assert arriving.ask("bytes=0-").body == AUDIO[:2000]


def test_a_larger_file_than_was_promised_is_not_read_on(arriving: Arriving) -> None:
    arriving.publish(THERE, total=90_000)
    answer = arriving.ask("bytes=50000-")
    assert answer.body == AUDIO[50_000:90_000]
    assert answer.headers["Content-Range"] == "bytes 50000-89999/90000"


def test_no_link_is_followed(arriving: Arriving, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(AUDIO)
    os.utime(victim, ns=(0, STAMP))
    arriving.part.unlink()
    arriving.part.symlink_to(victim)
    assert arriving.ask("bytes=0-9").status == 202
    folder = arriving.part.parent
    arriving.part.unlink()
    arriving.write(AUDIO[:THERE])
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    try:
        assert arriving.ask("bytes=0-9").status == 202
    finally:
        folder.unlink()


def test_a_pipe_in_its_place_holds_up_nobody(arriving: Arriving) -> None:
    arriving.part.unlink()
    os.mkfifo(arriving.part)
    os.utime(arriving.part, ns=(0, STAMP))
    assert arriving.ask("bytes=0-9").status == 202
    arriving.part.unlink()


@pytest.mark.parametrize("state", ["signature", "expired", "business"])
def test_a_link_that_does_not_hold_opens_nothing(state: str, arriving: Arriving) -> None:
    given, name = arriving.given, f"{arriving.call}.wav"
    link = {
        "signature": arriving.link[:-1] + ("0" if arriving.link[-1] != "0" else "1"),
        "expired": given.link(arriving.business, name, 1000),
        "business": given.link(arriving.business + 1, name, LATER).replace(
            str(arriving.business + 1), str(arriving.business)),
    }[state]
    answer = Api(given.stack.base_url).get(link, headers={"Range": "bytes=0-9"})
    says(answer, 403, "forbidden")


# Waiting.


class Asked(threading.Thread):
    """A request under way beside the test."""

    def __init__(self, arriving: Arriving, range: str, **headers: str) -> None:
        super().__init__(daemon=True)
        self._how = (arriving, range, headers)
        self._answer: Answer | None = None
        self.start()

    def run(self) -> None:
        arriving, range, headers = self._how
        self._answer = arriving.ask(range, **headers)

    @property
    def answer(self) -> Answer:
        self.join(120)
        assert self._answer is not None, "no answer"
        return self._answer


def waiting(rds: redis.Redis) -> int:
    return sum(rds.zcard(key) for key in rds.scan_iter("rec_waiting:*"))


def until_waiting(rds: redis.Redis, count: int) -> None:
    deadline = time.monotonic() + 60
    while waiting(rds) != count:
        assert time.monotonic() < deadline, f"{waiting(rds)} wait, not {count}"
        time.sleep(0.005)


def test_the_first_byte_is_waited_for(arriving: Arriving) -> None:
    asked = Asked(arriving, f"bytes={THERE}-")
    until_waiting(arriving.rds, 1)
    arriving.grow(THERE + PIECE)
    is_piece(asked.answer, THERE, THERE + PIECE)
    assert waiting(arriving.rds) == 0


def test_the_last_bytes_are_a_piece_however_few(arriving: Arriving) -> None:
    arriving.grow(len(AUDIO) - 10)
    asked = Asked(arriving, f"bytes={len(AUDIO) - 10}-")
    until_waiting(arriving.rds, 1)
    arriving.finish()
    is_piece(asked.answer, len(AUDIO) - 10, len(AUDIO))


def test_a_download_that_dies_meanwhile_is_told(arriving: Arriving) -> None:
    asked = Asked(arriving, f"bytes={THERE}-")
    until_waiting(arriving.rds, 1)
    arriving.part.unlink()
    assert says(asked.answer, 202, "processing")


def test_another_attempt_meanwhile_is_not_mixed_in(arriving: Arriving) -> None:
    """The name leads to another attempt's file by now; this answer is about the first one."""
    tag = arriving.ask("bytes=0-9").headers["ETag"]
    asked = Asked(arriving, f"bytes={THERE}-")
    until_waiting(arriving.rds, 1)
    arriving.part.unlink()
    arriving.write(b"x" * len(AUDIO), STAMP + 5)
    answer = asked.answer
    assert answer.status in (202, 503) and b"xxx" not in answer.body
    assert arriving.ask("bytes=0-9").status == 202
    arriving.publish(THERE, stamp=STAMP + 5)
    other = arriving.ask("bytes=0-9")
    assert other.body == b"x" * 10 and other.headers["ETag"] != tag, "begun in the same second"


def test_what_redis_forgot_is_waited_for(arriving: Arriving) -> None:
    arriving.rds.delete(arriving.progress)
    asked = Asked(arriving, "bytes=0-9")
    until_waiting(arriving.rds, 1)
    arriving.publish(THERE)
    is_piece(asked.answer, 0, 10)


ELEMENT = {"Sec-Fetch-Dest": "audio"}
RESERVE = 1024


def test_an_audio_element_at_the_edge_gets_a_byte_after_each_wait(arriving: Arriving) -> None:
    """Firefox's plays on after any answer with a byte, and takes one without for the end."""
    edge = THERE - RESERVE
    is_piece(arriving.ask("bytes=0-", **ELEMENT), 0, PIECE)
    is_piece(arriving.ask(f"bytes={PIECE}-", **ELEMENT), PIECE, edge)
    for start in (edge, edge + 1, THERE - 1):
        asked = Asked(arriving, f"bytes={start}-", **ELEMENT)
        until_waiting(arriving.rds, 1)
        is_piece(asked.answer, start, start + 1)
    asked = Asked(arriving, f"bytes={edge + 2}-", **ELEMENT)
    until_waiting(arriving.rds, 1)
    arriving.grow(THERE + PIECE)
    is_piece(asked.answer, edge + 2, edge + PIECE)
    arriving.grow(len(AUDIO))
    is_piece(arriving.ask(f"bytes={edge}-", **ELEMENT), edge, min(edge + PIECE, len(AUDIO)))


def test_a_dead_download_says_so_to_an_element_at_the_edge(arriving: Arriving) -> None:
    asked = Asked(arriving, f"bytes={THERE - RESERVE}-", **ELEMENT)
    until_waiting(arriving.rds, 1)
    arriving.part.unlink()
    assert asked.answer.status != 206


def test_an_audio_element_is_broken_off(arriving: Arriving, stack: Stack) -> None:
    """It takes any error for the end, and an answer that breaks off for a pause. Apache makes an
    empty one of it, which is a pause, too; nginx says nothing of the connection, and closes it."""
    host = stack.base_url.removeprefix("http://")
    came = Api(stack.base_url).raw(
        (f"GET {arriving.link} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={THERE}-\r\n"
         "Sec-Fetch-Dest: audio\r\n\r\n").encode())
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206 ") and body == b""
    if stack.front == "lighttpd":
        assert b"\r\nConnection: close" in head, "else it waits until its keep-alive ends"
    length = 0 if stack.front == "apache" else PIECE
    assert f"content-length: {length}\r\n" in head.decode().lower()
    assert f"Content-Range: bytes {THERE}-{THERE + PIECE - 1}/{len(AUDIO)}" in head.decode()


def test_at_most_half_of_the_responders_wait(
    make_stack: Callable[..., Stack], new_business: Callable[[], int]
) -> None:
    """The others are answered at once: with what is here, or with a word to come again."""
    from http_given import given_in

    stack = make_stack(responders=5, overrides={"RESPONDERS": "4"})
    if stack.front == "apache":
        pytest.skip("it starts a responder a second, when it is needed: the waits are over by then")
    with given_in(stack) as given, redis.Redis.from_url(
        stack.redis_url, decode_responses=True
    ) as rds:
        call = given.recorded(1)
        given.run(1, call, status="running", lease_token="t")
        one = Arriving(given, rds, 1, call)
        one.write(AUDIO[:THERE])
        one.publish(THERE)
        waiters = [Asked(one, f"bytes={THERE}-") for _ in range(2)]
        until_waiting(rds, 2)
        says(one.ask(f"bytes={THERE}-"), 503, "unavailable")
        is_piece(one.ask(f"bytes={THERE - 1}-"), THERE - 1, THERE)
        edge = THERE - RESERVE
        is_piece(one.ask(f"bytes={edge}-", **ELEMENT), edge, edge + RESERVE // 4)
        assert waiting(rds) == 2, "the two still wait, and nobody else does"
        assert Api(stack.base_url).get("/healthz").status == 200
        one.grow(THERE + PIECE)
        for asked in waiters:
            is_piece(asked.answer, THERE, THERE + PIECE)
        assert waiting(rds) == 0


# Prepare and status.


def test_prepare_and_status_give_the_link(arriving: Arriving) -> None:
    api = arriving.given.api(arriving.business)
    for answer in (api.post(f"/api/recordings/{arriving.call}/prepare"),
                   api.get(f"/api/recordings/{arriving.call}/status"),
                   api.post(f"/api/recordings/{arriving.call}/prepare",
                            headers={"Prefer": "wait=2"})):
        body = says(answer, 202, "processing")
        assert body["playable"] is True and answer.headers["Retry-After"] == "2"
        assert (body["bytes_received"], body["bytes_total"]) == (THERE, len(AUDIO))
        path = body["play_url"].removeprefix(arriving.given.stack.public_base_url)
        assert path.startswith(f"/media/{arriving.business}/{arriving.call}.wav?exp=")
        got = Api(arriving.given.stack.base_url).get(path, headers={"Range": "bytes=0-99"})
        is_piece(got, 0, 100)


@pytest.mark.parametrize("fields", [{"received": PIECE - 1}, {"total": -1}, {"kind": ""},
                                    {"stamp": 0}], ids=repr)
def test_no_link_before_it_may_be_played(fields: dict[str, Any], arriving: Arriving) -> None:
    arriving.publish(fields.pop("received", THERE), **fields)
    answer = arriving.given.api(arriving.business).get(f"/api/recordings/{arriving.call}/status")
    body = says(answer, 202, "processing")
    assert (body["playable"], body["play_url"], body["expires_at"]) == (False, None, None)


def test_prefer_wait_ends_when_it_may_be_played(arriving: Arriving) -> None:
    """Not when it is finished: that never comes here."""
    arriving.publish(1000)
    answers: list[Answer] = []

    def prepare() -> None:
        answers.append(arriving.given.api(arriving.business).post(
            f"/api/recordings/{arriving.call}/prepare", headers={"Prefer": "wait=2"}))

    asked = threading.Thread(target=prepare, daemon=True)
    asked.start()
    until_waiting(arriving.rds, 1)
    arriving.publish(THERE)
    asked.join(120)
    assert answers[0].json["playable"] is True


def test_a_link_to_what_plays_is_a_link_given_out(arriving: Arriving) -> None:
    """Who got one is in the audit, as for a recording that is ready."""
    arriving.rds.delete("rec_audit")
    api = arriving.given.api(arriving.business)
    assert api.get(f"/api/recordings/{arriving.call}/status").json["playable"] is True
    arriving.ask("bytes=0-9")
    arriving.ask()
    noted = [note for note in arriving.rds.lrange("rec_audit", 0, -1) if arriving.call in note]
    assert ['"link"' in note for note in noted] == [True, False] and '"media"' in noted[1]
