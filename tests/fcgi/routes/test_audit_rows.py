"""Nothing goes out unnoted, by whatever route and method; and one listening is one row."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

import http_fastcgi
from http_audit import (  # noqa: F401 (a fixture)
    CONTENT, LATER, POSTED, SOON, cleanup, file_of, ready,
)
from http_given import MODIFIED_DATE, Given
from stack.api import Api
from stack.calls import new_sid, token_for
from stack.processes import wait_until
from stack.stack import Stack

GRANT = "X-Tapedeck-Grant"
UNTIL = "rec_noted_until"
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "DELETE", "PUT")
HEADERS: list[dict[str, str]] = [
    {}, {"SERVER_PROTOCOL": "HTTP/1.0"}, {"HTTP_RANGE": "bytes=0-0"},
    {"HTTP_RANGE": "bytes=0-1,5-6"}, {"HTTP_RANGE": "bytes=99999-"}, {"HTTP_RANGE": "lines=1-2"},
    {"HTTP_RANGE": "bytes=0-0", "SERVER_PROTOCOL": "HTTP/1.0"}, {"HTTP_IF_NONE_MATCH": "*"},
    {"HTTP_IF_MATCH": "*"}, {"HTTP_IF_MATCH": '"x"'}, {"HTTP_IF_MODIFIED_SINCE": MODIFIED_DATE},
    {"HTTP_IF_UNMODIFIED_SINCE": "Fri, 31 Dec 2100 17:12:18 GMT"},
    {"HTTP_RANGE": "bytes=0-0", "HTTP_IF_RANGE": '"x"'}, {"HTTP_ORIGIN": "https://a.example"},
]


def rows_of(given: Given, business: int) -> list[dict[str, Any]]:
    return given.rows("playback_audit", business_id=business)


def paths(given: Given, business: int) -> dict[str, str]:
    """Every way to a recording, or to what was said in it: by the call's name, by a recording's."""
    call = ready(given, business, final_transcript="what was said")
    other = given.further(business, call)
    given.file(business, other, CONTENT)
    arriving = given.recorded(business)
    part = given.stack.recordings_dir / str(business) / f".{arriving}.part"
    part.write_bytes(CONTENT)
    os.utime(part, ns=(0, 10**18))
    with redis.Redis.from_url(given.stack.redis_url) as rds:
        rds.hset(f"rec_progress:{business}:{arriving}", mapping={
            "format": "wav2", "kind": "wav", "received": len(CONTENT), "total": 70_000,
            "stamp": 10**18})
    return {
        "file": file_of(call), "file of another": file_of(other), "file arriving": file_of(arriving),
        "download": f"/api/calls/{call}/download",
        "download of another": f"/api/calls/{call}/download?recording={other}",
        "media": given.link(business, f"{call}.wav", LATER),
        "media of another": given.link(business, f"{other}.wav", LATER),
        "media arriving": given.link(business, f"{arriving}.wav", LATER),
        "prepare": f"/api/recordings/{call}/prepare",
        "prepare of another": f"/api/recordings/{other}/prepare",
        "status": f"/api/recordings/{call}/status",
        "peaks": f"/api/recordings/{call}/peaks",
        "call": f"/api/calls/{call}", "list": "/api/calls", "search": "/api/calls?search=said",
        "runs": "/api/recordings/runs/active",
    }


# What an answer gives that has to be noted, as far as its head shows it: a method and a path.
def gives(method: str, way: str, status: int) -> bool:
    if method == "HEAD" or way in ("peaks", "runs"):
        return False
    return status in (200, 206, 307)


def test_nothing_goes_out_unnoted(
    given: Given, stack: Stack, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    """Each as another person, from another address, so that each is a stretch of its own."""
    business = new_business()
    given_any = granted = 0
    for n, (way, method, headers) in enumerate(itertools.product(
            paths(given, business).items(), METHODS, HEADERS)):
        rds.delete(POSTED, UNTIL)
        answer = http_fastcgi.ask(stack, way[1], {
            "REQUEST_METHOD": method, "TAPEDECK_GRANTS": "1",
            "REMOTE_ADDR": f"192.0.{n // 250}.{n % 250}", **headers,
            "HTTP_AUTHORIZATION": f"Bearer {token_for(stack, business, sub=str(n))}"})
        status = int(str(answer.get("Status", "200")).split()[0])
        gave = gives(method, way[0], status)
        granted += GRANT in answer
        if gave or GRANT in answer:
            assert wait_until(lambda: bool(rds.exists(POSTED)), SOON), (way[0], method, headers)
        assert gave == bool(rds.exists(POSTED)), (way[0], method, headers, status)
        given_any += gave
    assert given_any > 50 and granted > 5


def test_head_and_then_get_is_noted(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    """Through the web server, which goes on by itself where it was allowed to."""
    business = new_business()
    call = ready(given, business)
    api = given.api(business)
    assert api.head(file_of(call)).status == 200
    assert api.get(file_of(call)).body == CONTENT
    cleanup()
    (row,) = rows_of(given, business)
    assert (row["action"], row["call_sid"], row["subject"]) == ("file", call, "tester")


def test_one_listening_is_one_row(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    """However many ranges it takes; and it says until when. Another person's is another."""
    business = new_business()
    call = ready(given, business)
    dana, noa = (Api(stack.base_url, token_for(stack, business, sub=sub))
                 for sub in ("dana", "noa"))
    for n in range(5):
        plain = {"Range": f"bytes={n}-{n},9-9"}  # two ranges: the web server leaves them to us
        assert dana.get(file_of(call), headers=plain).status == 206
    assert noa.get(file_of(call)).status == 200
    cleanup()
    rows = {row["subject"]: row for row in rows_of(given, business)}
    assert len(rows) == len(rows_of(given, business)) == 2
    assert rows["dana"]["times"] == 5 and rows["dana"]["until"] >= rows["dana"]["at"]
    assert rows["noa"]["times"] == 1 and rows["noa"]["until"] is None
    given.db.execute("UPDATE playback_audit SET at = at - interval '1 minute' WHERE business_id = %s",
                     [business])
    assert dana.get(file_of(call), headers={"Range": "bytes=0-0,9-9"}).status == 206
    cleanup()
    again = {row["subject"]: row for row in rows_of(given, business)}
    assert again["dana"]["id"] == rows["dana"]["id"] and again["dana"]["times"] == 6
    assert again["dana"]["until"] > again["dana"]["at"]


def test_a_stretch_ends(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None],
    rds: redis.Redis,
) -> None:
    """After a quarter of an hour without a request, and after a day in any case."""
    business = new_business()
    call = ready(given, business)
    ranges = {"Range": "bytes=0-0,9-9"}
    api = given.api(business)

    def listen() -> None:
        assert api.get(file_of(call), headers=ranges).status == 206

    listen()
    listen()
    (mark,) = rds.keys(f'rec_noting:{business}:{call}:file:"127.0.0.1":*')
    assert 895_000 < rds.pttl(mark) <= 900_000
    rds.hset(mark, "at", int(time.time()) - 86_400 + 60)
    listen()
    assert 0 < rds.pttl(mark) <= 60_000, "not longer than a day"
    rds.delete(mark)
    listen()
    cleanup()
    assert sorted(row["times"] for row in rows_of(given, business)) == [1, 3]


def test_a_recording_that_arrives_is_one_row_with_a_name(
    given: Given, stack: Stack, rds: redis.Redis, new_business: Callable[[], int],
    cleanup: Callable[[], None],
) -> None:
    """A responder is asked for each piece of it. Who was given the link is known; it is another row
    where it is played from another address, and one without a name where nobody was given it."""
    business = new_business()
    call = given.recorded(business)
    total = 200_000
    part = stack.recordings_dir / str(business) / f".{call}.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(CONTENT + bytes(100_000))
    os.utime(part, ns=(0, 10**18))
    given.run(business, call, status="running", lease_token="x", format="wav2",
              bytes_received=100_000, bytes_total=total)
    given.db.execute("UPDATE recording_runs SET heartbeat_at = now() WHERE call_sid = %s", [call])
    rds.hset(f"rec_progress:{business}:{call}", mapping={
        "format": "wav2", "kind": "wav", "received": 100_000, "total": total, "stamp": 10**18})
    dana = Api(stack.base_url, token_for(stack, business, sub="דנה"))
    link = dana.post(f"/api/recordings/{call}/prepare").json["play_url"]
    path = link.removeprefix(stack.public_base_url)
    for n in range(20):
        headers = {"Range": f"bytes={n * 1000}-{n * 1000 + 999}"}
        assert Api(stack.base_url).get(path, headers=headers).status == 206
    elsewhere = http_fastcgi.ask(stack, path, {"REMOTE_ADDR": "203.0.113.9",
                                               "HTTP_RANGE": "bytes=0-9"})
    assert str(elsewhere["Status"]).startswith("206")
    unknown = given.link(business, f"{call}.wav", LATER)
    assert Api(stack.base_url).get(unknown, headers={"Range": "bytes=0-9"}).status == 206
    cleanup()
    rows = {(row["action"], row["subject"], row["address"]): row for row in rows_of(given, business)}
    assert {key: row["times"] for key, row in rows.items()} == {
        ("link", "דנה", "127.0.0.1"): 1, ("media", "דנה", "127.0.0.1"): 20,
        ("media", "דנה", "203.0.113.9"): 1, ("media", None, "127.0.0.1"): 1}
    assert len(rows_of(given, business)) == len(rows)
    assert {row["call_sid"] for row in rows.values()} == {call}


def test_reading_is_a_row_too(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    """A call with what was said in it, the list, a search: one row, however many pages."""
    business = new_business()
    call = given.recorded(business, final_transcript="what was said")
    given.recorded(business)
    api = given.api(business)
    for _ in range(2):
        assert api.get(f"/api/calls/{call}").status == 200
    page = api.get("/api/calls?limit=1").json
    assert api.get(f"/api/calls?limit=1&cursor={page['next_cursor']}").status == 200
    assert api.get("/api/calls?direction=inbound").status == 200
    assert api.get("/api/calls?search=was").status == api.get("/api/calls?search=said").status == 200
    assert api.head("/api/calls").status == api.head(f"/api/calls/{call}").status == 200
    assert api.get("/api/calls?limit=0").status == 400
    assert api.get(f"/api/calls/{new_sid('CA')}").status == 404
    cleanup()
    rows = {(row["action"], row["call_sid"]): row["times"] for row in rows_of(given, business)}
    assert rows == {("transcript", call): 2, ("list", ""): 3, ("search", ""): 2}


def test_until_when_is_stored_by_and_by(
    given: Given, stack: Stack, rds: redis.Redis, new_business: Callable[[], int],
    run_tapedeck: Callable[..., Any],
) -> None:
    """Without its columns nothing of it is lost; a storer that dies leaves it to the next."""
    business = new_business()
    call = ready(given, business)
    api, ranges = given.api(business), {"Range": "bytes=0-0,9-9"}
    for _ in range(3):
        assert api.get(file_of(call), headers=ranges).status == 206
    given.db.execute("ALTER TABLE playback_audit RENAME COLUMN times TO not_yet")
    try:
        run_tapedeck("cleanup")
        assert rds.exists(f"{UNTIL}_storing") and not rds.exists(POSTED)
    finally:
        given.db.execute("ALTER TABLE playback_audit RENAME COLUMN not_yet TO times")
    assert run_tapedeck("cleanup").returncode == 0
    assert not rds.exists(f"{UNTIL}_storing", UNTIL)
    (row,) = rows_of(given, business)
    assert row["times"] == 3


@pytest.mark.parametrize("arguments", [
    ["--business"], ["--business", "0"], ["--business", "x"],
    ["--business", "1", "--call", "CA" + "0" * 32]])
def test_wrong_arguments(run_tapedeck: Callable[..., Any], arguments: list[str]) -> None:
    done = run_tapedeck("audit", *arguments)
    assert (done.returncode, done.stdout) == (2, "")


def test_all_of_a_business_is_told(
    given: Given, new_business: Callable[[], int], run_tapedeck: Callable[..., Any]
) -> None:
    business, other = new_business(), new_business()
    call = given.recorded(business, final_transcript="what was said")
    for one in (business, other):
        assert given.api(one).get("/api/calls").status == 200
    assert given.api(business).get(f"/api/calls/{call}").status == 200
    done = run_tapedeck("audit", "--business", str(business))
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 2
    assert sorted(line.split()[1] for line in lines) == ["list", "transcript"]
    assert all(f"business={business} " in line and "times=1" in line for line in lines)
