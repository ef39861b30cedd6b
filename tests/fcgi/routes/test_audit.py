"""Who listened to what: a row for each link and each file, that no listener waits for."""

from __future__ import annotations

import datetime
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from http_audit import (  # noqa: F401 (a fixture)
    BUSINESS, CONTENT, LATER, POSTED, SOON, actions, anew, cleanup, file_of, listens, ready, to_responders,
)
from http_expect import says
from http_given import Given, given_in
from stack import ports
from stack.api import Answer, Api
from stack.calls import new_sid, token_for
from stack.processes import wait_until
from stack.stack import Stack

Tool = Callable[..., subprocess.CompletedProcess[str]]


# ---- what is noted ----


def test_who_when_where(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    business = new_business()
    call, other = ready(given, business), ready(given, business)
    before = given.db.execute("SELECT date_trunc('second', now())").fetchone()
    listens(given, business, call, sub="דנה <7>")
    cleanup()
    after = given.db.execute("SELECT now()").fetchone()
    row = given.row("playback_audit", call_sid=call)
    assert re.fullmatch("[0-9a-f]{32}", row.pop("id"))
    at: datetime.datetime = row.pop("at")
    assert before and after and before[0] <= at <= after[0]
    assert row == {"business_id": business, "call_sid": call, "action": "file",
                   "subject": "דנה <7>", "address": "127.0.0.1", "until": None, "times": 1,
                   "detail": None}
    assert actions(given, other) == []


def test_each_way_to_listen_is_noted(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    business, anybody = new_business(), to_responders(Api(stack.base_url))
    call = ready(given, business)
    api, link = to_responders(given.api(business)), given.link(business, f"{call}.wav", LATER)
    cookie = {"Cookie": f"session={token_for(stack, business, sub='by cookie')}"}
    asked: list[tuple[str, Answer, int]] = [
        ("file", api.get(file_of(call)), 200),
        ("file", api.get(file_of(call), headers={"Range": "bytes=1-2", **anew()}), 206),
        ("file", api.get(file_of(call), headers={"Range": "bytes=0-1,5-6"}), 206),
        ("file", api.get(file_of(call), headers={"Range": "lines=1-2"}), 200),
        ("download", api.get(f"/api/calls/{call}/download"), 200),
        ("media", anybody.get(link), 200),
        ("media", anybody.get(link, headers={"Range": "bytes=0-0"}), 206),
        ("media", api.get(link), 200),
        ("link", api.post(f"/api/recordings/{call}/prepare"), 200),
        ("link", api.get(f"/api/recordings/{call}/status"), 200),
        ("file", anybody.get(file_of(call), headers=cookie), 200),
    ]
    for action, answer, status in asked:
        assert (action, answer.status) == (action, status)
    cleanup()
    rows = given.rows("playback_audit", call_sid=call)
    assert sorted((row["action"], row["times"]) for row in rows) == [
        ("download", 1), ("file", 1), ("file", 4), ("link", 2), ("media", 3)]
    assert {row["business_id"] for row in rows} == {business}
    # A link is for whoever has it: a session beside it is nobody's word for who listens.
    subjects: dict[str, set[str | None]] = {row["action"]: set() for row in rows}
    for row in rows:
        subjects[row["action"]].add(row["subject"])
    assert subjects == {"file": {"tester", "by cookie"}, "download": {"tester"}, "media": {None},
                        "link": {"tester"}}


def test_a_link_is_noted_once_while_it_works(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None],
    rds: redis.Redis,
) -> None:
    """A player that follows a download is given it every few seconds. Another person, another
    call, another address are another note; and so is the first one's when the link is too old."""
    business = new_business()
    call, other = ready(given, business), ready(given, business)

    def ask(which: str, sub: str = "dana") -> None:
        api = Api(stack.base_url, token=token_for(stack, business, sub=sub))
        assert api.post(f"/api/recordings/{which}/prepare").status == 200
        assert api.get(f"/api/recordings/{which}/status").status == 200

    for _ in range(3):
        ask(call)
    ask(call, "noa")
    ask(other)
    cleanup()
    assert actions(given, call) == ["link"] * 2 and actions(given, other) == ["link"]
    (mark,) = rds.keys(f'rec_noting:{business}:{call}:link:"127.0.0.1":"dana"')
    assert 3_590_000 < rds.pttl(mark) <= 3_600_000, "PLAY_LINK_TTL"
    rds.delete(mark)
    ask(call)
    cleanup()
    assert actions(given, call) == ["link"] * 3


def test_what_gives_nothing_is_not_noted(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    business, stranger = new_business(), new_business()
    call, away, nothing = ready(given, business), given.recorded(business), given.call(business)
    api, link = to_responders(given.api(business)), given.link(business, f"{call}.wav", LATER)
    etag = api.head(file_of(call)).headers["ETag"]

    def get(path: str, **headers: str) -> int:
        return api.get(path, headers={name.replace("_", "-"): value
                                      for name, value in headers.items()}).status

    for path in (file_of(call), f"/api/calls/{call}/download", link):
        assert api.head(path).status == 200
        assert get(path, Range="bytes=99-") == 416
        assert get(path, If_None_Match=etag) == 304
        assert get(path, If_Match='"x"') == 412
        assert api.options(path).status == 204
        assert api.post(path).status == 405
    assert api.head(f"/api/recordings/{call}/status").status == 200
    for path in (file_of(away), f"/api/calls/{away}/download"):
        assert get(path) == 202
    assert api.post(f"/api/recordings/{away}/prepare").status == 202
    assert get(f"/api/recordings/{away}/status") == 202
    assert get(file_of(nothing)) == 404
    for path in (file_of(call), f"/api/calls/{call}/download"):
        assert given.api(stranger).get(path).status == 404
        assert api.get(path, token=None).status == 401
        assert api.get(path + "?x=1").status == 400
    assert given.api(stranger).post(f"/api/recordings/{call}/prepare").status == 404
    assert api.get(link[:-1]).status == 403
    assert api.get(given.link(business, f"{away}.wav", LATER)).status == 202
    assert api.head("/api/calls").status == api.head(f"/api/calls/{call}").status == 200
    assert api.get(f"/api/recordings/{call}/peaks").status == 202
    cleanup()
    for one in (call, away, nothing):
        assert actions(given, one) == []


def test_what_the_web_server_sends_is_noted_as_its_link(
    given: Given, stack: Stack, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    """A row says who was given the link; the plays are in the web server's own log."""
    business = new_business()
    call = ready(given, business)
    link = given.api(business).post(f"/api/recordings/{call}/prepare").json["play_url"]
    path = link.removeprefix(stack.public_base_url)
    for headers in ({}, {"Range": "bytes=0-0"}):
        assert Api(stack.base_url).get(path, headers=headers).status in (200, 206)
    cleanup()
    assert actions(given, call) == ["link"]


def test_a_status_that_starts_nothing_gives_no_link(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None]
) -> None:
    """200 alone is not what counts: an absent recording has a status, too, and no link in it."""
    business = new_business()
    away = given.recorded(business)
    answer = given.api(business).get(f"/api/recordings/{away}/status")
    assert (answer.status, answer.json) == (200, {"status": "absent", "state": "not_fetched"})
    cleanup()
    assert actions(given, away) == []


# ---- while something is away ----


def noted_in_the_log(stack: Stack, call: str) -> list[str]:
    lines = stack.logged("responders").splitlines()
    return [line for line in lines if line.startswith("PLAYBACK ") and call in line]


def test_without_postgresql_they_are_stored_later(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        call = ready(given, BUSINESS)
        given.db.execute("CHECKPOINT")
        stack.halt("postgres")
        listens(given, BUSINESS, call, 3)
        assert stack.run("cleanup").returncode != 0, "it says that it could not"
        listens(given, BUSINESS, call)
    stack.revive("postgres")
    with given_in(stack) as given:
        assert stack.run("cleanup").returncode == 0
        assert actions(given, call) == ["file"] * 4
        assert noted_in_the_log(stack, call) == []


def test_without_redis_they_are_in_the_log(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        call = ready(given, BUSINESS)
        listens(given, BUSINESS, call)
        assert stack.run("cleanup").returncode == 0
        stack.halt("redis")
        listens(given, BUSINESS, call, 3, sub="a b\x1b[31m=\"ד\"")
        link = given.link(BUSINESS, f"{call}.wav", LATER)
        assert to_responders(Api(stack.base_url)).get(link).body == CONTENT
        assert noted_in_the_log(stack, call) == [
            f"PLAYBACK business_id={BUSINESS} sid={call} action=file"
            r" subject=a\x20b\x1b[31m\x3d\x22\xd7\x93\x22 address=127.0.0.1"] * 3 + [
            f"PLAYBACK business_id={BUSINESS} sid={call} action=media subject=- address=127.0.0.1"]
        stack.revive("redis")
        assert wait_until(lambda: _is_posted(given, call), SOON)
        assert stack.run("cleanup").returncode == 0
        posted = actions(given, call)
        assert len(posted) == 2, "and what the log has is not stored as well"


def _is_posted(given: Given, call: str) -> bool:
    listens(given, BUSINESS, call)
    with redis.Redis.from_url(given.stack.redis_url) as rds:
        return bool(rds.exists(POSTED))


class Redis:
    """One of a test's own, that listens on TCP, as it does on another host."""

    def __init__(self, folder: Path) -> None:
        self._port, self._folder = ports.choose_port(0), folder
        self.url = f"redis://127.0.0.1:{self._port}/3"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(self._folder)], stdout=subprocess.DEVNULL, cwd=self._folder)
        with redis.Redis(port=self._port) as rds:
            assert wait_until(lambda: _answers(rds), SOON)
        return process

    def restart(self) -> None:
        self.end()
        self.process = self._start()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def _answers(rds: redis.Redis) -> bool:
    try:
        return bool(rds.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture
def tcp_redis(tmp_path: Path) -> Iterator[Redis]:
    one = Redis(tmp_path)
    yield one
    one.end()


def test_a_new_redis_is_told_at_once(
    make_stack: Callable[..., Stack], tcp_redis: Redis
) -> None:
    """It was restarted while nobody listened: no note goes to the connection that is dead, where
    TCP would take it and tell nobody."""
    stack = make_stack(responders=1, overrides={"REDIS_URL": tcp_redis.url})
    with given_in(stack) as given:
        call = ready(given, BUSINESS)
        for rounds in range(1, 4):
            listens(given, BUSINESS, call)
            assert stack.run("cleanup").returncode == 0
            tcp_redis.restart()
            listens(given, BUSINESS, call, 2)
            assert stack.run("cleanup").returncode == 0
            assert len(actions(given, call)) == 3 * rounds
        assert noted_in_the_log(stack, call) == []


def test_what_redis_refuses_is_in_the_log(make_stack: Callable[..., Stack]) -> None:
    """Nobody waits for its answer, but an error in it does not go unheard."""
    stack = make_stack(responders=1)
    with given_in(stack) as given, redis.Redis.from_url(stack.redis_url) as rds:
        call = ready(given, BUSINESS)
        rds.config_set("maxmemory", "1")
        listens(given, BUSINESS, call, sub="tester")
        says(given.api(BUSINESS).get(file_of(given.recorded(BUSINESS))), 202, "queued")
        rds.config_set("maxmemory", "0")
        assert "REDIS_ERROR message=OOM" in stack.logged("responders")
        assert noted_in_the_log(stack, call) == [
            f"PLAYBACK business_id={BUSINESS} sid={call} action=file subject=tester"
            " address=127.0.0.1"]
        assert Api(stack.base_url).get("/readyz").json["redis"] == "ok"
        listens(given, BUSINESS, call)
        assert stack.run("cleanup").returncode == 0
        assert len(actions(given, call)) == 1
        assert len(noted_in_the_log(stack, call)) == 1


def test_notes_on_their_way_when_redis_dies_are_in_the_log(
    make_stack: Callable[..., Stack], tcp_redis: Redis
) -> None:
    """It took them and said nothing: whether they are anywhere, nobody can tell."""
    stack = make_stack(responders=1, overrides={"REDIS_URL": tcp_redis.url})
    with given_in(stack) as given:
        call = ready(given, BUSINESS)
        listens(given, BUSINESS, call)
        says(given.api(BUSINESS).get(file_of(given.recorded(BUSINESS))), 202, "processing")
        tcp_redis.process.send_signal(signal.SIGSTOP)
        listens(given, BUSINESS, call, 3)
        assert noted_in_the_log(stack, call) == []
        tcp_redis.end()
        listens(given, BUSINESS, call)
        assert len(noted_in_the_log(stack, call)) == 4


def test_notes_that_nobody_stores_have_a_ceiling(make_stack: Callable[..., Stack]) -> None:
    """PostgreSQL is away for long, or no runner is there: what Redis has no room for is logged."""
    most = 100_000
    stack = make_stack(responders=1)
    with given_in(stack) as given, redis.Redis.from_url(stack.redis_url) as rds:
        call = ready(given, BUSINESS)
        rds.rpush(POSTED, *(["{}"] * (most - 1)))
        listens(given, BUSINESS, call, 3)
        says(given.api(BUSINESS).get(file_of(given.recorded(BUSINESS))), 202, "processing")
        assert rds.llen(POSTED) == most
        assert len(noted_in_the_log(stack, call)) == 2
        assert "REDIS_ERROR message=FULL" in stack.logged("responders")
        rds.ltrim(POSTED, -1, -1)
        listens(given, BUSINESS, call)
        assert stack.run("cleanup").returncode == 0
        assert actions(given, call) == ["file"] * 2
        assert len(noted_in_the_log(stack, call)) == 2


def test_playing_needs_no_answer_from_redis(
    make_stack: Callable[..., Stack], tcp_redis: Redis
) -> None:
    """It hangs, and would be waited for for an hour: all have played before it goes on."""
    plays = 250  # more than are left without an answer
    stack = make_stack(responders=1,
                       overrides={"REDIS_TIMEOUT": "1h", "REDIS_URL": tcp_redis.url})
    with given_in(stack) as given:
        call = ready(given, BUSINESS)
        link = given.link(BUSINESS, f"{call}.wav", LATER)
        listens(given, BUSINESS, call)
        tcp_redis.process.send_signal(signal.SIGSTOP)
        listens(given, BUSINESS, call, plays)
        assert to_responders(Api(stack.base_url)).get(link).body == CONTENT
        says(given.api(BUSINESS).post(f"/api/recordings/{call}/prepare"), 200, "ready")
        tcp_redis.process.send_signal(signal.SIGCONT)
        assert stack.run("cleanup").returncode == 0
        logged = len(noted_in_the_log(stack, call))
        assert len(actions(given, call)) + logged == plays + 3, "and none of them is forgotten"


# ---- reading it ----


def told(run_tapedeck: Tool, call: str) -> list[str]:
    done = run_tapedeck("audit", "--call", call)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_who_listened_is_told(
    given: Given, stack: Stack, new_business: Callable[[], int], run_tapedeck: Tool
) -> None:
    """Newest first, what nobody has stored yet among it, and of no other call."""
    business = new_business()
    call, other = ready(given, business), ready(given, business)
    assert told(run_tapedeck, call) == ["nobody has listened to it"]
    listens(given, business, call, sub="dana")
    listens(given, business, other, sub="noa")
    (line,) = told(run_tapedeck, call)
    given.db.execute("UPDATE playback_audit SET at = '2024-01-02 03:04:05+00' WHERE call_sid = %s",
                     [call])
    link = given.link(business, f"{call}.wav", LATER)
    assert to_responders(Api(stack.base_url)).get(link).status == 200
    assert re.fullmatch(rf"\S+\s+file\s+business={business}\s+recording={call} subject=dana"
                        r" address=127\.0\.0\.1 until=20\S+ times=1", line)
    newest, oldest = told(run_tapedeck, call)
    assert re.fullmatch(rf"20\d\d-\S+\s+media\s+business={business}\s+recording={call} subject=-"
                        r" address=127\.0\.0\.1 until=20\S+ times=1", newest)
    assert oldest.startswith("2024-01-02T03:04:05") and "subject=dana" in oldest


def test_what_is_told_cannot_take_over_a_terminal(
    given: Given, new_business: Callable[[], int], run_tapedeck: Tool
) -> None:
    business = new_business()
    call = ready(given, business)
    for subject in ("\x1b]0;x\x07", "a\nb c=d", "דנה", "x" * 100):
        listens(given, business, call, sub=subject)
    lines = told(run_tapedeck, call)
    assert len(lines) == 4
    assert all(re.fullmatch(r"[ -~]+", line) and line.count("subject=") == 1 for line in lines)


@pytest.mark.parametrize("arguments", [
    [], ["--call"], ["--call", ""], ["--call", "CA1"], ["--call", "CF" + "0" * 32],
    ["--call", "CA" + "0" * 32 + "'"], ["--call", "CA" + "0" * 32, "--call", "CA" + "1" * 32],
    ["CA" + "0" * 32], ["--all"],
])
def test_wrong_arguments(run_tapedeck: Tool, arguments: list[str]) -> None:
    done = run_tapedeck("audit", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tapedeck: [ -~]+\n", done.stderr)


def test_without_postgresql_nothing_can_be_told(stack: Stack) -> None:
    done = stack.run("audit", "--call", new_sid("CA"), DATABASE_URL="postgresql:///x?host=/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "tapedeck: audit: PostgreSQL did not answer"
