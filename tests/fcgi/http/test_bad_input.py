"""Whatever comes: never a 5xx, the contract's error where we answer, nothing of it raw in the log.

The web server refuses some of this before a responder sees it; its answers say the same in the same
way. One status in the 500s is left to it: 501 for a method that nobody has ever heard of, which is
what RFC 9110 (9.1) wants there.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

import pytest

from http_expect import ODD, brief, is_refusal, nothing_raw_in_the_log, says
from http_given import Given
from http_raw import request, talk
from stack.api import Api
from stack.stack import Stack

SID = "CA" + "0" * 32
ROUTES: dict[str, tuple[str, str]] = {
    f"/api/recordings/file/{SID}": ("GET, HEAD", ""),
    f"/media/1/{SID}.wav": ("GET, HEAD", "?exp=1&sig=x"),
    f"/api/recordings/{SID}/prepare": ("POST", ""),
    f"/api/recordings/{SID}/status": ("GET, HEAD", ""),
    "/api/calls": ("GET, HEAD", "?limit=1"),
    f"/api/calls/{SID}": ("GET, HEAD, PATCH", ""),
    f"/api/calls/{SID}/star": ("PUT, DELETE", ""),
    f"/api/calls/{SID}/tags/new": ("PUT, DELETE", ""),
    f"/api/calls/{SID}/notes": ("POST", ""),
    f"/api/calls/{SID}/notes/1": ("DELETE", ""),
    f"/api/calls/{SID}/shares": ("GET, HEAD, POST", ""),
    f"/api/calls/{SID}/shares/{'0' * 32}": ("DELETE", ""),
    "/api/share": ("POST", ""),
    "/media/share": ("GET, HEAD", "?token=a"),
    "/api/tags": ("GET, HEAD", ""),
    f"/api/calls/{SID}/download": ("GET, HEAD", ""),
    "/webhook/recording_status": ("POST", ""),
    "/recording_status_callback": ("POST", ""),
    "/webhook/call_status": ("POST", "?business_id=1"),
    "/api/session": ("POST, DELETE", ""),
    "/healthz": ("GET, HEAD", ""),
    "/readyz": ("GET, HEAD", ""),
}


@pytest.fixture(autouse=True)
def clean_log(stack: Stack) -> Iterator[None]:
    """What came must not be found as it came in what the responders wrote."""
    with nothing_raw_in_the_log(stack):
        yield


# ---- SIDs and paths ----

SIDS = ["", "CA", SID[:-1], SID + "0", "ca" + "0" * 32, "CF" + "0" * 32, "CA" + "g" * 32,
        "CA" + "0" * 31 + "%30", "%43A" + "0" * 32, "CA" + "%D9%A0" * 32, SID + ".wav", SID + "'",
        "'%20OR%201=1--", "CA" + "0" * 31 + "*", "..", "~root", "-1", "null", "CA" + "0" * 200]


@pytest.mark.parametrize("sid", SIDS, ids=brief)
def test_malformed_sids(api: Api, sid: str) -> None:
    # An empty one is a double slash, which the web server refuses alike.
    for path in ("/api/recordings/file/{}", "/api/recordings/{}/status", "/api/calls/{}",
                 "/api/calls/{}/download"):
        says(api.get(path.format(sid)), 400, "bad_parameter")
    says(api.post(f"/api/recordings/{sid}/prepare"), 400, "bad_parameter")


@pytest.mark.parametrize("path", [
    "/api//calls", "//api/calls", "/api/./calls", "/api/../api/calls", "/api/%2e%2e/calls",
    "/api/..%2f..%2fetc/passwd", "/api%2fcalls", "/api/calls%2f", "/api/calls%00",
    "/api/calls%0aFORGED", "/api/calls%0d%0aX:y", "/api/calls/", "/api/calls/%", "/api/%ff",
    "/api/%c0%ae%c0%ae/", "/media/0/" + SID + ".wav", "/media/-1/" + SID + ".wav",
    "/media/x/" + SID + ".wav", "/media/" + "9" * 30 + "/" + SID + ".wav", "/media/1/" + SID,
    "/media/1/" + SID + ".WAV", "/media/1/" + SID + ".ogg", "/media/1/../2/" + SID + ".wav",
    "api/calls", "*", "http://evil.example/api/calls", "/api/calls\\", "/api/;", "/api/calls;a=b",
    "/api/CALLS", "/api/", "/api/nothing", "/webhook/", "/webhook/nothing", "/media/", "/media/1",
    "/api/" + "x" * 249, "/api/" + "x" * 250, "/api/" + "x" * 251, "/api/" + "x" * 5000,
    "/api/" + "x" * 17000, "/api/calls?search=" + "x" * 5000, "/api/calls?search=" + "x" * 17000,
    "/api/calls?" + "&".join(f"a{n}=1" for n in range(129)), "/api/calls?limit=1#" + ODD,
    "/api/recordings/file/" + SID + "/", "/api/recordings/file/" + SID + "/x",
], ids=brief)
def test_odd_paths(stack: Stack, path: str) -> None:
    (answer,) = talk(stack, request(stack, "GET", path))
    is_refusal(answer, 400, 404, 413, 414, 431)


def test_a_query_beyond_measure_is_called_too_large(api: Api) -> None:
    says(api.get("/api/calls?search=" + "x" * 5000), 413, "too_large")


# ---- queries and methods ----


@pytest.mark.parametrize("query", ["x=1", "x", "=1", "%zz=1", "a=%00", "Limit=1", "exp=1", "sig=",
                                   "%65vil=1", "limit%00=1", urllib.parse.quote(ODD) + "=1"])
@pytest.mark.parametrize("path", ROUTES)
def test_unknown_query_keys(api: Api, path: str, query: str) -> None:
    methods, known = ROUTES[path]
    if query.partition("=")[0] in known:
        query += "&" + query + "x"
    joined = (known or "?") + "&" + query
    signed = "webhook" in path or "callback" in path  # any keys, but nobody signed this
    is_refusal(api.request(methods.split(", ")[0], path + joined), 400, *[403] * signed)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE",
                                    "PROPFIND", "OPTIONS"])
def test_methods(api: Api, stack: Stack, path: str, method: str) -> None:
    allowed, query = ROUTES[path]
    if method in allowed.split(", "):
        return
    answer = api.request(method, path + query)
    if method == "TRACE" and stack.front != "lighttpd":
        is_refusal(answer, 405)  # by the web server, which knows no Allow
        return
    assert set(answer.headers["Allow"].split(", ")) == {*allowed.split(", "), "OPTIONS"}
    if method == "OPTIONS":
        assert (answer.status, answer.body) == (204, b"")
    elif method == "HEAD":
        assert (answer.status, answer.body) == (405, b"")
    else:
        says(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("method", ["FOO", "get", "G\xcbT", "X" * 300], ids=brief)
def test_methods_of_nobody(stack: Stack, method: str) -> None:
    (answer,) = talk(stack, request(stack, method, "/api/calls"))
    is_refusal(answer, 400, 405, 501)


# ---- bodies ----


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data",
                                  "application/x-www-form-urlencoded", "x/y;", ""])
def test_bodies_nobody_asked_for(
    given: Given, stack: Stack, api: Api, kind: str
) -> None:
    call = given.call(1)
    for body in (b"{", b"[]", b"\x00\xff" * 500, b"x" * 60_000, b'{"a":1}'):
        answer = api.post(f"/api/recordings/{call}/prepare", body, headers={"Content-Type": kind})
        says(answer, 404, "no_recording")
        assert api.post("/api/session", body, headers={"Content-Type": kind}).status == 200
        if stack.front == "lighttpd":  # which takes no body with a GET
            is_refusal(api.request("GET", "/api/calls?limit=1", body=body), 400)
        else:
            assert api.request("GET", "/api/calls?limit=1", body=body).status == 200
