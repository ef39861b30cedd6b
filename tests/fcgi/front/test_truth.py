"""What is not to be heard any more, or is not whole, is silent on every way to it: at once where a
session asks, by a play link that was given out before with the next cleanup. While PostgreSQL is
away, what is on the disk plays, if all of it is there."""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from http_expect import says
from http_given import MODIFIED, Given, given_in
from stack.api import Answer
from stack.calls import token_for
from stack.processes import wait_until
from stack.stack import Stack

SIZE = 3000
CONTENT = b"RIFF" + (SIZE - 8).to_bytes(4, "little") + b"WAVEfmt " + bytes(SIZE - 16)
SOON = 120.0
PART = {"Range": "bytes=100-199"}


@dataclass(frozen=True)
class Heard:
    """A recording that plays: its call, its name, and a link to it that was given out."""

    given: Given
    business: int
    call: str
    name: str
    file: Path
    link: str

    def asked(self) -> dict[str, Answer]:
        """Every way to it with a session; what starts nothing comes first."""
        api = self.given.api(self.business)
        status, peaks, file = (f"/api/recordings/{at}" for at in (
            f"{self.name}/status", f"{self.name}/peaks", f"file/{self.name}"))
        download = f"/api/calls/{self.call}/download"
        if self.name != self.call:
            download += f"?recording={self.name}"
        return {
            "status": api.get(status), "HEAD status": api.head(status),
            "prepare": api.post(f"/api/recordings/{self.name}/prepare"),
            **{f"{how} {at}": answer for at, path in (("file", file), ("download", download))
               for how, answer in (("GET", api.get(path)), ("HEAD", api.head(path)),
                                   ("part of", api.get(path, headers=PART)))},
            "peaks": api.get(peaks), "HEAD peaks": api.head(peaks),
        }

    def played(self, link: str = "") -> dict[str, Answer]:
        """By the play link alone."""
        api, link = self.given.api(self.business).with_token(None), link or self.link
        return {"GET": api.get(link), "HEAD": api.head(link), "part": api.get(link, headers=PART)}


def heard(given: Given, business: int, named: str) -> Heard:
    call = given.recorded(business)
    name = call if named == "call" else given.further(business, call)
    given.run(business, name, status="completed", bytes_received=SIZE)
    file = given.file(business, name, CONTENT)
    peaks = file.with_suffix(".peaks.json")
    peaks.write_text(json.dumps({"version": 2, "channels": 1, "sample_rate": 8000,
                                 "samples_per_pixel": 800, "bits": 8, "length": 1,
                                 "data": [0, 0]}))
    os.utime(peaks, ns=(0, MODIFIED * 10**9))
    ready = says(given.api(business).post(f"/api/recordings/{name}/prepare"), 200, "ready")
    link = ready["play_url"].removeprefix(given.stack.public_base_url)
    one = Heard(given, business, call, name, file, link)
    assert statuses(one.played()) == {"GET": 200, "HEAD": 200, "part": 206}
    return one


def statuses(answers: dict[str, Answer]) -> dict[str, int]:
    return {asked: answer.status for asked, answer in answers.items()}


# ---- what happens to it ----


def moved(one: Heard) -> None:
    business = one.business + 1
    one.given.stack.create_business(business)
    one.given.db.execute("UPDATE call_log SET business_id = %s WHERE call_sid = %s",
                         [business, one.call])


def deleted(one: Heard) -> None:
    one.given.db.execute("DELETE FROM call_log WHERE call_sid = %s", [one.call])


def _write(one: Heard, of_call: str, of_other: str, time: str = "now()") -> None:
    table, column, key = ("call_log", of_call, "call_sid") if one.name == one.call \
        else ("tapedeck_recordings", of_other, "recording_sid")
    one.given.db.execute(f"UPDATE {table} SET {column} = {time} WHERE {key} = %s", [one.name])


def marked(one: Heard) -> None:
    _write(one, "recording_deleted_at", "deleted_at")


def expired(one: Heard) -> None:
    _write(one, "recording_expires_at", "expires_at")


def truncated(one: Heard) -> None:
    """As a failing disk leaves it, or a copy that was not finished."""
    os.truncate(one.file, SIZE // 2)


def emptied(one: Heard) -> None:
    os.truncate(one.file, 0)


HAPPENS: dict[Callable[[Heard], None], tuple[int, str]] = {
    moved: (404, "call_not_found"), deleted: (404, "call_not_found"),
    marked: (410, "recording_expired"), expired: (410, "recording_expired"),
}
SPOILS = (truncated, emptied)
NAMED = ("call", "recording")


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("happens", HAPPENS)
def test_it_is_silent(
    given: Given, stack: Stack, new_business: Callable[[], int],
    happens: Callable[[Heard], None], named: str,
) -> None:
    one = heard(given, new_business(), named)
    status, code = HAPPENS[happens]
    happens(one)
    for asked, answer in one.asked().items():
        assert (asked, answer.status) == (asked, status)
        if "HEAD" not in asked:
            says(answer, status, code)
    assert stack.run("cleanup").returncode == 0
    assert not one.file.exists()
    assert set(statuses(one.played()).values()) == {410 if status == 410 else 404}


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("spoils", SPOILS)
def test_what_is_not_whole_is_fetched_again(
    given: Given, new_business: Callable[[], int], spoils: Callable[[Heard], None], named: str
) -> None:
    one = heard(given, new_business(), named)
    assert set(statuses(one.asked()).values()) == {200, 206}, "and more lately than a minute ago"
    spoils(one)
    for asked, answer in one.played().items():
        assert (asked, answer.status) == (asked, 500)
        if asked != "HEAD":
            assert says(answer, 500, "recording_failed")["reason"] == "file_damaged"
    assert given.rows("recording_runs", call_sid=one.name, status="queued") == []
    answers = one.asked()
    assert answers.pop("status").json == {"status": "absent", "state": "not_fetched"}
    assert answers.pop("HEAD status").status == 200
    assert set(statuses(answers).values()) == {202}
    assert given.row("recording_runs", call_sid=one.name, status="queued")
    assert set(statuses(one.played()).values()) == {202}


@pytest.mark.parametrize("named", NAMED)
def test_no_link_outlives_its_recording(
    given: Given, new_business: Callable[[], int], named: str
) -> None:
    one = heard(given, new_business(), named)
    _write(one, "recording_expires_at", "expires_at", "now() + interval '20 minutes'")
    ready = given.api(one.business).post(f"/api/recordings/{one.name}/prepare").json
    link, recording = (datetime.datetime.fromisoformat(ready[name])
                       for name in ("expires_at", "recording_expires_at"))
    assert abs(link - recording) <= datetime.timedelta(seconds=2)


def test_without_postgresql_what_is_whole_plays(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=2)
    with given_in(stack) as given:
        all_of_them = [(happens, heard(given, 10 * n, named))
                       for n, (happens, named) in enumerate(
                           ((happens, named) for happens in (*HAPPENS, *SPOILS) for named in NAMED),
                           start=1)]
        for happens, one in all_of_them:
            happens(one)
        given.db.execute("CHECKPOINT")
        stack.halt("postgres")
        for happens, one in all_of_them:
            whole = happens not in SPOILS
            for asked, answer in {**one.asked(), **one.played()}.items():
                good = 206 if asked.startswith("part") else 200
                assert (happens.__name__, one.name, asked, answer.status) == \
                    (happens.__name__, one.name, asked, good if whole else 503)
            if whole:
                new = one.given.api(one.business).get(f"/api/recordings/{one.name}/status").json
                link = new["play_url"].removeprefix(stack.public_base_url)
                assert one.played(link)["GET"].body == CONTENT


# ---- what that costs ----


@pytest.mark.parametrize("named", NAMED)
def test_postgresql_is_asked_once_a_listening_and_not_by_a_link(
    make_stack: Callable[..., Stack], named: str
) -> None:
    """Everybody has a token of their own, so that a responder is asked each time."""
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        one = heard(given, 1, named)
        given.db.execute("ALTER SYSTEM SET log_statement = 'all'")
        given.db.execute("SELECT pg_reload_conf()")
        log, path = stack.log("postgres"), f"/api/recordings/file/{one.name}"
        api = given.api(1)
        assert wait_until(lambda: api.get(f"/api/recordings/{one.name}/status").status == 200
                          and b"LOG:  execute" in log.read_bytes(), SOON)

        def statements(ask: Callable[[], object]) -> int:
            before = log.stat().st_size
            ask()
            said = log.read_bytes()[before:].decode()
            return sum("set_config" not in line for line in re.findall(r"LOG:  execute .*", said))

        def listen(who: str, **headers: str) -> int:
            token = token_for(stack, 1, sub=who)
            answer = api.with_token(token).get(path, headers=headers)
            assert answer.status == (206 if headers else 200)
            return answer.status

        assert statements(lambda: listen("one")) == 1
        assert statements(lambda: [listen("two"), listen("three", **PART)]) == 0
        assert statements(one.played) == 0
        truncated(one)
        assert statements(one.played) == 3, "why it does not play, PostgreSQL says"
