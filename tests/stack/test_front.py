"""What the web server does before, and instead of, the responders."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from stack import front, fronts, ports
from stack.api import Api
from stack.calls import new_call, token_for
from stack.processes import wait_until
from stack.stack import ROOT, Stack

SOON = 120.0
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
def test_ambiguous_requests_are_refused(api: Api, stack: Stack, target: str) -> None:
    status, raw = ask(api, target)
    if stack.front == "apache" and target.endswith("a%00b"):
        assert status == 404  # it knows of no file whose name holds a NUL
        return
    assert status == 400
    assert b"application/json" in raw and b'"error":"bad_parameter"' in raw


def test_nothing_tells_the_servers_version(api: Api, stack: Stack) -> None:
    name = {"lighttpd": None, "apache": "Apache", "nginx": "nginx"}[stack.front]
    for path in ("/", "/nowhere", "/healthz", "/api/calls"):
        assert api.get(path).headers["Server"] == name


def test_pages_are_served_and_asked_for_again(api: Api) -> None:
    page = api.get("/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    again = api.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status == 304


def test_other_sites_may_load_the_player_and_no_page(api: Api) -> None:
    for path, allowed in (("/recording-player.js", "*"), ("/player/view.js", "*"),
                          ("/player/transcript-style.js", "*"), ("/languages.js", "*"),
                          ("/languages/he.js", "*"), ("/player/silence.flac", "*"), ("/", None),
                          ("/calls.js", None), ("/calls/row.js", None), ("/api/calls", None)):
        answer = api.get(path, headers={"Origin": "https://elsewhere.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == allowed, path


def test_pages_are_packed_and_answers_are_not(api: Api) -> None:
    """An answer holds secrets beside what others chose: packed, its length would tell of them."""
    for path, packed in (("/", "gzip"), ("/calls.js", "gzip"), ("/calls.css", "gzip"),
                         ("/icon.svg", "gzip"), ("/manifest.webmanifest", "gzip"),
                         ("/api/calls", None)):
        answer = api.get(path, headers={"Accept-Encoding": "gzip"})
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, packed), path
        assert packed is None or "Accept-Encoding" in answer.headers["Vary"], path


def test_what_is_packed_is_asked_for_again(api: Api) -> None:
    packed = {"Accept-Encoding": "gzip"}
    etag = api.get("/calls.js", headers=packed).headers["ETag"]
    again = api.get("/calls.js", headers={**packed, "If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/.git", "/.htaccess", "/errors/.x", "/.well-known/x"])
def test_what_begins_with_a_dot_is_nobodys(api: Api, path: str) -> None:
    assert api.get(path).status in (403, 404)


def test_a_page_that_is_not_there_says_so_in_both_languages(api: Api) -> None:
    answer = api.get("/nowhere")
    assert answer.status == 404 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "אין דף כזה" in answer.body.decode()


def test_folders_are_not_listed(api: Api) -> None:
    assert api.get("/errors/").status in (403, 404)


def test_bodies_and_headers_have_a_limit(api: Api, stack: Stack) -> None:
    large = api.post("/webhook/call_status", body=b"x" * 70_000)
    assert large.status == 413 and large.json["error"] == "too_large"
    status, raw = ask(api, "/healthz", "Cookie: " + "x" * 20_000)
    expected = (400, b"bad_parameter") if stack.front == "apache" else (431, b"too_large")
    assert status == expected[0] and b'"error":"%s"' % expected[1] in raw


def test_a_host_that_is_none_is_refused(api: Api) -> None:
    raw = api.raw(b"GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n")
    assert raw.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))


def test_recordings_cannot_be_reached_as_pages(api: Api, stack: Stack) -> None:
    assert api.get("/recordings/").status == 404
    assert api.get("/../recordings/").status == 400
    assert stack.recordings_dir.is_dir()


# ---- headers ----

POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
    "media-src": "'self'", "img-src": "'self' data:", "manifest-src": "'self'",
    "worker-src": "'self'", "base-uri": "'none'", "form-action": "'none'",
    "frame-ancestors": "'self'",
}


def policy_of(value: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in value.split(";"))


@pytest.mark.parametrize("path", ["/", "/page.css", "/recording-player.js", "/nowhere", "/errors", "/errors/"])
def test_pages_are_made_of_our_own_files_alone(api: Api, path: str) -> None:
    headers = api.get(path).headers
    assert headers.get_all("Content-Security-Policy") is not None
    assert [policy_of(value) for value in headers.get_all("Content-Security-Policy")] == [POLICY]
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("Referrer-Policy") == ["same-origin"]


def test_no_page_has_anything_inline() -> None:
    """The policy would stop it."""
    pages = [text for path in sorted((ROOT / "web").rglob("*.html"))
             if (text := path.read_text()).startswith("<!doctype")]
    assert len(pages) > 1
    inline = re.compile(r"<style|<script(?![^>]*\ssrc=)[^>]*>|\sstyle=|\son[a-z]+=|javascript:",
                        re.IGNORECASE)
    for page in pages:
        assert not inline.search(page)


def test_the_api_is_no_page(api: Api) -> None:
    for path in ("/healthz", "/api/calls", "/api/none", "/media/1/x"):
        headers = api.get(path).headers
        assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
        (policy,) = headers.get_all("Content-Security-Policy") or [""]
        assert policy == "default-src 'none'; sandbox"


def test_what_the_web_server_says_for_a_dead_responder(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    if fronts.KINDS[stack.front].starts_responders:
        pytest.skip("it starts them itself: there is always one")
    stack.halt("responders")
    answer = Api(stack.base_url).get("/healthz")
    assert (answer.status, answer.json["error"]) == (503, "unavailable")
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]


def test_both_families_are_answered(stack: Stack, tmp_path: Path) -> None:
    """By each front as it is shipped: what listens on all addresses, listens on those of IPv6."""
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    port = urlsplit(stack.base_url).port
    if stack.front == "lighttpd":
        port = ports.choose_port(0)
        place = front.Place(ROOT, stack.run_dir, tmp_path, stack.recordings_dir, port,
                            stack.tapedeck, 1, None)
        service = front.lighttpd_service(place, {}, os.environ)
        everywhere = subprocess.Popen(service.argv, env={**service.env, "BIND": "0.0.0.0"})
    try:
        for address in ("127.0.0.1", "[::1]"):
            one = Api(f"http://{address}:{port}")
            assert wait_until(lambda: answers(one), SOON), address
    finally:
        if stack.front == "lighttpd":
            everywhere.terminate()
            everywhere.wait()


def answers(api: Api) -> bool:
    try:
        return api.get("/").status == 200
    except OSError:
        return False


def test_no_log_has_a_link_or_a_token(api: Api, stack: Stack) -> None:
    """Whatever became of the request, and wherever the server that it lives in logs others'."""
    call = new_call(stack, 1, seconds=2)
    assert stack.run("drain", "--once").returncode == 0
    link = call.api.post(call.prepare_path).json["play_url"].removeprefix(stack.public_base_url)
    signature = link.partition("sig=")[2]
    session = call.api.post("/api/session", headers={"Referer": stack.base_url + link})
    assert session.status == 200
    token = token_for(stack, 1)
    wrong = f"{link[:-4]}0000"
    for target in (link, wrong, link + "%zz", link + "&x=1", link.replace("/media/", "/media//"),
                   link + "&x=" + "y" * 20_000, f"/?token={token}"):
        api.get(target, headers={"Referer": stack.base_url + link})
    ask(api, link, "Range: bytes=5-1", f"Cookie: session={token}", "Bad Header", method="PUT")

    logs = {path: path.read_text(errors="replace") for path in stack.log("x").parent.iterdir()}
    assert stack.front != "apache" or any("/media/" in text for text in logs.values())
    for path, text in logs.items():
        for secret in ("sig=", signature, token.split(".")[2]):
            assert secret not in text, f"{path.name}: {text[:text.index(secret) + 40][-400:]}"
