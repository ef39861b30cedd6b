"""Go's public tests of ranges and conditionals (net/http, fs_test.go), against every door of ours.

The same file is asked for by the file route and by a play link, from responders that hand it to the
web server and from responders that send it themselves: one table, one answer.

Where we differ from Go, and why:

| Go                                        | here                   | because                     |
|-------------------------------------------|------------------------|-----------------------------|
| no Last-Modified where no time is known,  | always sent            | a finished file has one     |
| or where it is 1970-01-01                 |                        |                             |
| 304 without Last-Modified beside an ETag  | with it                | harmless (RFC 9110 15.4.5)  |
| a handler may serve a weak ETag           | ours are strong; asked | a file is what it is, byte  |
|                                           | for by its weak form   | for byte                    |
| any number of ranges, and as many bytes;  | more than ten, 64 KiB, | api.md: no responder sends  |
| 200 when they are more than the file      | or the file: the first | much for a short question   |
| an unknown unit: 416                      | ignored, 200           | api.md; RFC 9110 14.2       |
| "bytes=" and nothing else: 200            | 416                    | api.md: malformed           |
| 416 and 412 in plain text                 | in JSON, two languages | api.md                      |
"""

from __future__ import annotations

import email
import email.message
import email.policy
import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from http_expect import head_agrees, says
from http_given import MODIFIED, MODIFIED_DATE, given_in
from stack import fronts
from stack.api import Answer, Api
from stack.calls import new_sid
from stack.stack import Stack

CONTENT = b"0123456789\n"
SIZE = len(CONTENT)
BUSINESS = 2
EARLIER = "Wed, 25 Jun 2014 17:12:16 GMT"
LATER = "Wed, 25 Jun 2014 17:12:19 GMT"

Wanted = list[tuple[int, int]]

GO_RANGES: list[tuple[str, int, Wanted]] = [
    ("", 200, []),
    ("bytes=0-4", 206, [(0, 5)]),
    ("bytes=2-", 206, [(2, SIZE)]),
    ("bytes=-5", 206, [(SIZE - 5, SIZE)]),
    ("bytes=3-7", 206, [(3, 8)]),
    ("bytes=0-0,-2", 206, [(0, 1), (SIZE - 2, SIZE)]),
    ("bytes=0-1,5-8", 206, [(0, 2), (5, 9)]),
    ("bytes=0-1,5-", 206, [(0, 2), (5, SIZE)]),
    ("bytes=5-1000", 206, [(5, SIZE)]),
    ("bytes=0-,1-,2-,3-,4-", 206, [(0, SIZE)]),
    ("bytes=0-9", 206, [(0, SIZE - 1)]),
    ("bytes=0-10", 206, [(0, SIZE)]),
    ("bytes=0-11", 206, [(0, SIZE)]),
    ("bytes=10-11", 206, [(SIZE - 1, SIZE)]),
    ("bytes=10-", 206, [(SIZE - 1, SIZE)]),
    ("bytes=11-", 416, []),
    ("bytes=11-12", 416, []),
    ("bytes=12-12", 416, []),
    ("bytes=11-100", 416, []),
    ("bytes=12-100", 416, []),
    ("bytes=100-", 416, []),
    ("bytes=100-1000", 416, []),
    ("bytes=20-", 416, []),
]

OUR_RANGES: list[tuple[str, int, Wanted]] = [
    ("BYTES=0-4", 206, [(0, 5)]),
    ("bytes= 0-4 ,\t6-7", 206, [(0, 5), (6, 8)]),
    ("bytes=5-8,0-1", 206, [(5, 9), (0, 2)]),
    ("bytes=0-4,20-", 206, [(0, 5)]),
    ("bytes=,0-4,", 206, [(0, 5)]),
    ("bytes=-1000", 206, [(0, SIZE)]),
    ("bytes=0-99999999999999999999999", 206, [(0, SIZE)]),
    ("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9", 206, [(n, n + 1) for n in range(10)]),
    ("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10", 206, [(0, 1)]),
    ("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,20-", 206, [(0, 1)]),
    ("lines=0-4", 200, []),
    ("bytes", 416, []),
    ("bytes=", 416, []),
    ("bytes=-", 416, []),
    ("bytes=-0", 416, []),
    ("bytes=5-2", 416, []),
    ("bytes=alpha", 416, []),
    ("bytes=0-4,x", 416, []),
    ("bytes=0 - 4", 416, []),
    ("bytes=0-4; 6-7", 416, []),
    ("bytes=99999999999999999999999-", 416, []),
]

# Headers, the answer; {etag} is the file's own.
GO_CONTENT: dict[str, tuple[dict[str, str], int]] = {
    "with_last_modified": ({}, 200),
    "not_modified_modtime": ({"If-Modified-Since": MODIFIED_DATE}, 304),
    "modified_since": ({"If-Modified-Since": EARLIER}, 200),
    "not_modified_etag": ({"If-None-Match": "{etag}"}, 304),
    "not_modified_etag_in_list": ({"If-None-Match": '"baz", {etag}'}, 304),
    "not_modified_weak_etag": ({"If-None-Match": "W/{etag}"}, 304),
    "not_modified_star": ({"If-None-Match": "*"}, 304),
    "if_none_match_mismatch": ({"If-None-Match": '"Foo"'}, 200),
    "if_none_match_malformed": ({"If-None-Match": ","}, 200),
    "if_none_match_beats_date": (
        {"If-None-Match": '"Foo"', "If-Modified-Since": MODIFIED_DATE}, 200),
    "range_good": ({"Range": "bytes=0-4"}, 206),
    "range_match": ({"Range": "bytes=0-4", "If-Range": "{etag}"}, 206),
    "range_match_weak_etag": ({"Range": "bytes=0-4", "If-Range": "W/{etag}"}, 200),
    "range_no_overlap": ({"Range": "bytes=11-20"}, 416),
    "range_no_match": ({"Range": "bytes=0-4", "If-Range": '"B"'}, 200),
    "range_with_modtime": ({"Range": "bytes=0-4", "If-Range": MODIFIED_DATE}, 206),
    "range_with_modtime_mismatch": ({"Range": "bytes=0-4", "If-Range": LATER}, 200),
    "ifmatch_matches": ({"Range": "bytes=0-4", "If-Match": '"Z", {etag}'}, 206),
    "ifmatch_star": ({"Range": "bytes=0-4", "If-Match": "*"}, 206),
    "ifmatch_failed": ({"Range": "bytes=0-4", "If-Match": '"B"'}, 412),
    "ifmatch_fails_on_weak_etag": ({"Range": "bytes=0-4", "If-Match": "W/{etag}"}, 412),
    "if_unmodified_since_true": (
        {"Range": "bytes=0-4", "If-Unmodified-Since": MODIFIED_DATE}, 206),
    "if_unmodified_since_false": ({"Range": "bytes=0-4", "If-Unmodified-Since": EARLIER}, 412),
    "if_match_beats_date": ({"If-Match": "{etag}", "If-Unmodified-Since": EARLIER}, 200),
    "dates_that_are_none": ({"If-Modified-Since": "never", "If-Unmodified-Since": "5"}, 200),
    "a_satisfied_304_before_a_bad_range": (
        {"Range": "bytes=11-", "If-None-Match": "{etag}"}, 304),
}


@dataclass(frozen=True)
class Door:
    """One way to one file."""

    api: Api
    path: str

    def ask(self, method: str, headers: dict[str, str]) -> Answer:
        return self.api.request(method, self.path, headers=headers)


@pytest.fixture(scope="module")
def open_door(request: pytest.FixtureRequest) -> Callable[..., Door]:
    """open_door(stack fixture, by link?, modified): the file, put there anew."""

    def make(mode: str, by_link: bool, modified: float = MODIFIED) -> Door:
        stack: Stack = request.getfixturevalue(mode)
        call = new_sid("CA")
        with given_in(stack) as given:
            given.file(BUSINESS, call, CONTENT, modified=modified)
            api = given.api(BUSINESS)
        if not by_link:
            return Door(api, f"/api/recordings/file/{call}")
        link = says(api.post(f"/api/recordings/{call}/prepare"), 200, "ready")["play_url"]
        return Door(api.with_token(None), link.removeprefix(stack.public_base_url))

    return make


@pytest.fixture(scope="module", params=["stack", "stack_off"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["file route", "play link"])
def door(request: pytest.FixtureRequest, mode: str, open_door: Callable[..., Door]) -> Door:
    return open_door(mode, request.param == "play link")


def parts_of(answer: Answer) -> list[tuple[str, str, bytes]]:
    """Content-Type, Content-Range and bytes of every part of a 206."""
    kind = answer.headers["Content-Type"]
    if not kind.startswith("multipart/"):
        return [(kind, answer.headers["Content-Range"], answer.body)]
    assert kind.startswith("multipart/byteranges; boundary=") and "Content-Range" not in \
        answer.headers
    message = email.message_from_bytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + answer.body, policy=email.policy.HTTP)
    assert isinstance(message, email.message.EmailMessage)
    return [(part.get_content_type(), part["Content-Range"], part.get_payload(decode=True))
            for part in message.iter_parts()]


def check_representation(answer: Answer, status: int, wanted: Wanted) -> None:
    """A 200, 206 or 416 has the bytes and the headers that go with it."""
    assert answer.status == status
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    if status == 416:
        says(answer, 416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
        return
    assert answer.headers["Last-Modified"] == MODIFIED_DATE and answer.headers["ETag"][0] == '"'
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.headers["Cache-Control"] == "private, no-store"
    if status == 200:
        assert answer.body == CONTENT and "Content-Range" not in answer.headers
        assert answer.headers["Content-Type"] == "audio/wav"
        return
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert parts_of(answer) == [
        ("audio/wav", f"bytes {start}-{end - 1}/{SIZE}", CONTENT[start:end])
        for start, end in wanted
    ]
    assert answer.headers["Content-Type"].startswith("multipart/") == (len(wanted) > 1)


@pytest.mark.parametrize("header, status, wanted", GO_RANGES + OUR_RANGES)
def test_ranges(door: Door, header: str, status: int, wanted: Wanted) -> None:
    headers = {"Range": header} if header else {}
    got = door.ask("GET", headers)
    check_representation(got, status, wanted)
    head = door.ask("HEAD", headers)
    if len(wanted) <= 1:  # several parts have a fresh boundary each time
        head_agrees(head, got)
    assert (head.status, head.body) == (status, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize("name", GO_CONTENT)
def test_conditionals(door: Door, name: str) -> None:
    headers, status = GO_CONTENT[name]
    etag = door.ask("HEAD", {}).headers["ETag"]
    sent = {header: value.replace("{etag}", etag) for header, value in headers.items()}
    got = door.ask("GET", sent)
    head_agrees(door.ask("HEAD", sent), got)
    if status in (200, 206, 416):
        check_representation(got, status, [(0, 5)])
    elif status == 304:
        assert (got.status, got.body) == (304, b"") and got.headers["ETag"] == etag
        assert got.headers["Last-Modified"] == MODIFIED_DATE
    else:
        says(got, 412, "precondition_failed")


@pytest.mark.parametrize("by_link", [False, True], ids=["file route", "play link"])
@pytest.mark.parametrize("modified, date", [
    (1403716338.000000123, MODIFIED_DATE),
    (1403716338.999, MODIFIED_DATE),
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
])
def test_times_are_whole_seconds(
    mode: str, open_door: Callable[..., Door], by_link: bool, modified: float, date: str
) -> None:
    """Go's range_with_modtime_nanos and unix_zero_modtime: what we sent once matches again."""
    if modified == 0 and fronts.chosen(os.environ) == "apache":
        pytest.skip("Apache takes 1970 for no time at all; no recording is as old")
    door = open_door(mode, by_link, modified)
    assert door.ask("GET", {}).headers["Last-Modified"] == date
    assert door.ask("GET", {"If-Modified-Since": date}).status == 304
    assert door.ask("GET", {"Range": "bytes=0-4", "If-Range": date}).body == CONTENT[:5]


def test_mp3_is_called_mp3(mode: str, request: pytest.FixtureRequest) -> None:
    call = new_sid("CA")
    with given_in(request.getfixturevalue(mode)) as given:
        given.file(BUSINESS, call, CONTENT, "mp3")
        answer = given.api(BUSINESS).get(f"/api/recordings/file/{call}",
                                         headers={"Range": "bytes=0-0,-1"})
    assert [part[0] for part in parts_of(answer)] == ["audio/mpeg", "audio/mpeg"]
