"""What the web server does before, and instead of, the responders."""

from __future__ import annotations

import pytest

from stack.api import Api
from stack.stack import Stack

# What no honest client sends; a responder never sees it.
AMBIGUOUS = [
    "/api/../healthz", "/api/%2e%2e/healthz", "/api/calls/%2fx", "/api/calls/..%2fx",
    "/api/calls/a%00b", "/api/calls/a%0ab", "/api/calls?cursor=%00", "/api/calls/%ff",
    "//api/calls",
]


def ask(api: Api, target: str, *headers: str, method: str = "GET") -> tuple[int, bytes]:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    raw = api.raw("\r\n".join([*lines, "", ""]).encode())
    return int(raw.split(b" ", 2)[1]), raw


@pytest.mark.parametrize("target", AMBIGUOUS)
def test_ambiguous_requests_are_refused(api: Api, target: str) -> None:
    status, raw = ask(api, target)
    assert status == 400
    assert b"application/json" in raw and b'"error":"bad_parameter"' in raw


def test_nothing_tells_the_servers_version(api: Api) -> None:
    for path in ("/", "/nowhere", "/healthz", "/api/calls"):
        assert "Server" not in api.get(path).headers


def test_pages_are_served_and_asked_for_again(api: Api) -> None:
    page = api.get("/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    again = api.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status == 304


def test_a_page_that_is_not_there_says_so_in_both_languages(api: Api) -> None:
    answer = api.get("/nowhere")
    assert answer.status == 404 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "אין דף כזה" in answer.body.decode()


def test_folders_are_not_listed(api: Api) -> None:
    assert api.get("/errors/").status in (403, 404)


def test_bodies_and_headers_have_a_limit(api: Api) -> None:
    large = api.post("/webhook/call_status", body=b"x" * 70_000)
    assert large.status == 413 and large.json["error"] == "bad_parameter"
    status, raw = ask(api, "/healthz", "Cookie: " + "x" * 20_000)
    assert status == 431 and b'"error":"bad_parameter"' in raw


def test_a_host_that_is_none_is_refused(api: Api) -> None:
    raw = api.raw(b"GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n")
    assert raw.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))


def test_recordings_cannot_be_reached_as_pages(api: Api, stack: Stack) -> None:
    assert api.get("/recordings/").status == 404
    assert api.get("/../recordings/").status == 400
    assert stack.recordings_dir.is_dir()
