"""From which site: what rides on a cookie comes from ours or a friend's, and CORS says whose."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from http_expect import says
from http_given import Given, given_in
from stack.api import Answer, Api
from stack.calls import new_sid, token_for
from stack.stack import Stack

BUSINESS = 1
OWN = "https://calls.example:8443"
FRIENDS = ("https://crm.example", "http://localhost:3000")
EXPOSED = {"Retry-After", "Content-Range", "Accept-Ranges", "Content-Length", "ETag",
           "X-Request-Id"}
CONTENT = b"RIFF of a sort"


@pytest.fixture(scope="module")
def friendly(sanitizer_reports: object, build_dir: object,
             tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    """A stack that knows two other sites."""
    with Stack(tmp_path_factory.mktemp("friendly") / "run", build_dir=str(build_dir), responders=2,
               fast=True, bound=True, overrides={
                   "PUBLIC_BASE_URL": OWN + "/base", "ALLOWED_ORIGINS": ", ".join(FRIENDS),
               }) as stack, given_in(stack) as given:
        yield given


def ride(given: Given, method: str, path: str, origin: str | None, **headers: str) -> Answer:
    """A request with the session in its cookie."""
    sent = {"Cookie": f"session={token_for(given.stack, BUSINESS)}", **headers}
    if origin is not None:
        sent["Origin"] = origin
    return Api(given.stack.base_url).request(method, path, headers=sent)


# ---- changes that ride on a cookie ----


@pytest.mark.parametrize("origin", [OWN, OWN.upper(), *FRIENDS])
def test_our_own_pages_and_friends_may(friendly: Given, origin: str) -> None:
    call = friendly.recorded(BUSINESS)
    assert ride(friendly, "POST", f"/api/recordings/{call}/prepare", origin).status == 202
    assert ride(friendly, "POST", "/api/session", origin).status == 200
    assert ride(friendly, "DELETE", "/api/session", origin).status == 200


@pytest.mark.parametrize("origin", [
    None, "null", "", "https://evil.example", "https://calls.example", "http://calls.example:8443",
    OWN + "/", OWN + "/base", OWN + ".evil.example", OWN + "@evil.example", OWN + "0",
    FRIENDS[0] + "/", FRIENDS[0] + ".evil.example", FRIENDS[0] + ":443", "https://CRM.example.",
    "crm.example", "https://crm.exampl", ",", f"{FRIENDS[0]}, {FRIENDS[1]}", "*",
])
def test_nobody_else_may(friendly: Given, origin: str | None) -> None:
    call = friendly.recorded(BUSINESS)
    before = friendly.everything()
    for method, path in (("POST", f"/api/recordings/{call}/prepare"), ("POST", "/api/session"),
                         ("DELETE", "/api/session")):
        answer = ride(friendly, method, path, origin, Referer=OWN + "/")
        says(answer, 403, "origin_not_allowed")
        assert "Set-Cookie" not in answer.headers
    assert friendly.everything() == before


@pytest.mark.parametrize("public, origin", [
    ("https://calls.example:443", "https://calls.example"),
    ("http://calls.example:80/", "http://calls.example"),
    ("https://user:secret@calls.example/x", "https://calls.example"),
])
def test_our_own_origin_is_as_browsers_write_it(
    make_stack: Callable[..., Stack], public: str, origin: str
) -> None:
    """They leave out the standard port, and who is named before the host."""
    stack = make_stack(overrides={"PUBLIC_BASE_URL": public}, responders=1)
    with given_in(stack) as given:
        call = given.recorded(BUSINESS)
        assert ride(given, "POST", f"/api/recordings/{call}/prepare", origin).status == 202


def test_a_bearer_may_from_anywhere(friendly: Given) -> None:
    """No page can make a browser send one without being allowed to."""
    call, api = friendly.recorded(BUSINESS), friendly.api(BUSINESS)
    for origin in ("https://evil.example", "null"):
        answer = api.post(f"/api/recordings/{call}/prepare", headers={"Origin": origin})
        assert answer.status == 202
        assert api.post("/api/session", headers={"Origin": origin}).status == 200


def test_a_bearer_that_is_none_does_not_excuse_a_cookie(friendly: Given) -> None:
    path = f"/api/recordings/{friendly.recorded(BUSINESS)}/prepare"
    answer = ride(friendly, "POST", path, None, Authorization="Basic x")
    says(answer, 403, "origin_not_allowed")
    says(ride(friendly, "POST", path, None, Authorization="Bearer x"), 401, "unauthorized")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_needs_no_origin(friendly: Given, method: str) -> None:
    for origin in (None, "https://evil.example"):
        assert ride(friendly, method, "/api/calls", origin).status == 200


# ---- CORS ----


@pytest.fixture(scope="module")
def answers(friendly: Given) -> dict[str, Callable[[str | None], Answer]]:
    """One way to each status; each asks anew with the origin it is given."""
    here, absent = new_sid("CA"), friendly.recorded(BUSINESS)
    friendly.file(BUSINESS, here, CONTENT)
    api, file = friendly.api(BUSINESS), f"/api/recordings/file/{here}"
    etag = api.head(file).headers["ETag"]

    def asking(method: str, path: str, token: str | None = "", **headers: str
               ) -> Callable[[str | None], Answer]:
        def ask(origin: str | None) -> Answer:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if origin is not None:
                sent["Origin"] = origin
            return api.request(method, path, token=token, headers=sent)

        return ask

    return {
        "200": asking("GET", file),
        "200 of the list": asking("GET", "/api/calls"),
        "202": asking("GET", f"/api/recordings/file/{absent}"),
        "204": asking("OPTIONS", file),
        "206": asking("GET", file, Range="bytes=0-1"),
        "206 of several": asking("GET", file, Range="bytes=0-1,4-5"),
        "304": asking("GET", file, If_None_Match=etag),
        "400": asking("GET", "/api/calls?x=1"),
        "401": asking("GET", file, token=None),
        "403": asking("GET", f"/media/{BUSINESS}/{here}.wav"),
        "404": asking("GET", f"/api/recordings/file/{new_sid('CA')}"),
        "404 of nothing": asking("GET", "/api/nothing"),
        "405": asking("POST", file),
        "412": asking("GET", file, If_Match='"x"'),
        "416": asking("GET", file, Range="bytes=99-"),
    }


NAMES = ["200", "200 of the list", "202", "204", "206", "206 of several", "304", "400", "401",
         "403", "404", "404 of nothing", "405", "412", "416"]


@pytest.mark.parametrize("name", NAMES)
def test_cors_on_every_status(answers: dict[str, Callable[[str | None], Answer]],
                              name: str) -> None:
    for origin in FRIENDS:
        answer = answers[name](origin)
        assert str(answer.status) == name[:3]
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        exposed = answer.headers["Access-Control-Expose-Headers"]
        assert EXPOSED <= {one.strip() for one in exposed.split(",")}
        assert "Origin" in answer.headers["Vary"]
    for stranger in (None, "https://evil.example", "null", FRIENDS[0] + ".evil.example",
                     FRIENDS[0].upper(), "*", OWN):
        answer = answers[name](stranger)
        assert str(answer.status) == name[:3]
        assert not [one for one in answer.headers if one.lower().startswith("access-control")]
        assert "Origin" in answer.headers["Vary"], "a cache must not mix them up"


def test_a_preflight_says_what_may_be_sent(friendly: Given) -> None:
    for path, methods in ((f"/api/recordings/file/{new_sid('CA')}", {"GET", "HEAD"}),
                          (f"/api/recordings/{new_sid('CA')}/prepare", {"POST"}),
                          ("/api/session", {"POST", "DELETE"}), ("/api/calls", {"GET", "HEAD"})):
        answer = Api(friendly.stack.base_url).options(path, headers={
            "Origin": FRIENDS[0], "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, range"})
        assert (answer.status, answer.body) == (204, b"")
        assert set(answer.headers["Allow"].split(", ")) == methods | {"OPTIONS"}
        assert methods <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
        allowed = {one.lower() for one in
                   answer.headers["Access-Control-Allow-Headers"].split(", ")}
        assert {"authorization", "range", "if-range", "content-type", "prefer"} <= allowed


def test_without_friends_nobody_is_told(stack: Stack) -> None:
    for origin in (stack.public_base_url, "https://evil.example", "*", "", ","):
        answer = Api(stack.base_url, stack.token).get("/api/calls", headers={"Origin": origin})
        assert answer.status == 200 and "Access-Control-Allow-Origin" not in answer.headers
