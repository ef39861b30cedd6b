"""Limits: failed sign-ins by address, and the sizes of all that may be sent; never a 5xx."""

from __future__ import annotations

import http.client
import random
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

import http_fastcgi
from http_expect import is_refusal, says
from http_given import Given, given_in
from http_raw import request, talk
from stack import tokens
from stack.api import Answer, Api
from stack.calls import CALL_STATUS, RECORDING_STATUS, new_sid, token_for
from stack.processes import wait_until
from stack.stack import Stack
from twilio import sign

BUSINESS = 1
FAILURES = 3
WINDOW_MS = 3_600_000
LATER = 4102444800  # 2100-01-01
LIST = "/api/calls?limit=1"
FRIEND = "https://crm.example"
CONTENT = b"RIFF of a sort"
FORM = "application/x-www-form-urlencoded"
SOON = 120.0
STRICT = {"SIGNIN_FAILURES": str(FAILURES), "SIGNIN_WINDOW": "1h", "ALLOWED_ORIGINS": FRIEND}


@pytest.fixture(scope="module")
def strict(sanitizer_reports: object, build_dir: Path,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    """A stack that soon has enough of failures."""
    with Stack(tmp_path_factory.mktemp("strict") / "run", build_dir=build_dir, responders=3,
               fast=True, bound=True, overrides=STRICT) as stack, given_in(stack) as given:
        yield given


class Somebody:
    """A client at an address of its own, so that tests do not count against each other."""

    def __init__(self, stack: Stack) -> None:
        lot = random.SystemRandom()
        self.stack = stack
        self.address = ".".join(["127", *(str(lot.randrange(1, 255)) for _ in range(3))])

    def ask(self, method: str, path: str, **headers: str) -> Answer:
        base = urllib.parse.urlsplit(self.stack.base_url)
        connection = http.client.HTTPConnection(
            base.hostname or "", base.port, timeout=30, source_address=(self.address, 0))
        try:
            connection.request(method, path, None, {
                name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def token(self, token: str, **headers: str) -> Answer:
        return self.ask("GET", LIST, Authorization=f"Bearer {token}", **headers)

    def fails(self, times: int) -> None:
        for _ in range(times):
            says(self.token("x.y.z"), 401, "unauthorized")

    def has_enough(self) -> None:
        is_too_often(self.token("x.y.z"))


def is_too_often(answer: Answer) -> None:
    says(answer, 429, "too_many_failures")
    assert WINDOW_MS / 4000 < int(answer.headers["Retry-After"]) <= WINDOW_MS / 1000


@pytest.fixture
def somebody(strict: Given) -> Somebody:
    return Somebody(strict.stack)


# ---- failed sign-ins ----


def test_too_many_bad_tokens(strict: Given, somebody: Somebody) -> None:
    secret = strict.stack.config["JWT_SECRET"]
    for token in (tokens.session(secret, BUSINESS, ttl=-1), tokens.session(secret[::-1], BUSINESS),
                  tokens.encode(secret, {"business_id": 1, "exp": LATER}, {"alg": "none"})):
        says(somebody.token(token), 401, "unauthorized")
    for _ in range(3 * FAILURES):
        somebody.has_enough()
    is_too_often(somebody.ask("GET", LIST, Cookie="session=x"))
    is_too_often(somebody.ask("POST", "/api/session", Authorization="Bearer x"))
    head = somebody.ask("HEAD", LIST, Authorization="Bearer x")
    assert (head.status, head.body) == (429, b"") and head.headers["Retry-After"]


def test_too_many_bad_links(strict: Given, somebody: Somebody) -> None:
    call = new_sid("CA")
    strict.file(BUSINESS, call, CONTENT)
    bad = (f"/media/{BUSINESS}/{call}.wav?exp={LATER}&sig={'0' * 64}",
           f"/media/{BUSINESS}/{call}.wav", strict.link(BUSINESS, f"{call}.wav", 1))
    for path in bad:
        says(somebody.ask("GET", path), 403, "forbidden")
    for path in bad:
        is_too_often(somebody.ask("GET", path))
    assert somebody.ask("GET", strict.link(BUSINESS, f"{call}.wav", LATER)).body == CONTENT


def test_tokens_and_links_count_together(strict: Given, somebody: Somebody) -> None:
    somebody.fails(FAILURES - 1)
    says(somebody.ask("GET", f"/media/1/{new_sid('CA')}.wav"), 403, "forbidden")
    somebody.has_enough()
    is_too_often(somebody.ask("GET", f"/media/1/{new_sid('CA')}.wav"))


def test_what_is_good_goes_on(strict: Given, somebody: Somebody) -> None:
    """The neighbours behind the same address have done nothing wrong."""
    call = strict.recorded(BUSINESS)
    strict.file(BUSINESS, call, CONTENT)
    somebody.fails(FAILURES)
    somebody.has_enough()
    token = token_for(strict.stack, BUSINESS)
    for _ in range(2 * FAILURES):
        assert somebody.token(token).status == 200
        assert somebody.ask("GET", LIST, Cookie=f"session={token}").status == 200
        assert somebody.ask("POST", "/api/session", Authorization=f"Bearer {token}").status == 200
        assert somebody.ask("GET", strict.link(BUSINESS, f"{call}.wav", LATER)).body == CONTENT
    somebody.has_enough()


def test_other_addresses_are_others(strict: Given, somebody: Somebody) -> None:
    somebody.fails(FAILURES)
    somebody.has_enough()
    Somebody(strict.stack).fails(FAILURES)
    somebody.has_enough()


def test_the_address_is_the_connections(strict: Given, somebody: Somebody) -> None:
    """What the request says of itself neither hides nor accuses anybody."""
    victim = Somebody(strict.stack)
    for n in range(FAILURES):
        says(somebody.token("x", X_Forwarded_For=f"10.0.0.{n}", X_Real_IP=f"10.0.0.{n}",
                            Forwarded=f"for=10.0.0.{n}", Client_IP=f"10.0.0.{n}",
                            Remote_Addr=victim.address), 401, "unauthorized")
    is_too_often(somebody.token("x", X_Forwarded_For=victim.address, Remote_Addr="10.9.9.9"))
    victim.fails(FAILURES)


def test_nobody_is_blamed_for_asking(strict: Given, somebody: Somebody) -> None:
    """No token is no failed attempt; neither is a stranger's call, nor a callback, which Twilio
    sends for many from few addresses."""
    token = token_for(strict.stack, BUSINESS)
    for _ in range(3 * FAILURES):
        says(somebody.ask("GET", LIST), 401, "unauthorized")
        says(somebody.ask("GET", LIST, Cookie="theme=dark"), 401, "unauthorized")
        says(somebody.ask("GET", f"/api/calls/{new_sid('CA')}", Authorization=f"Bearer {token}"),
             404, "call_not_found")
        says(somebody.ask("POST", CALL_STATUS, Content_Type=FORM, X_Twilio_Signature="x"),
             403, "forbidden")
    somebody.fails(FAILURES)


def test_the_window_begins_with_the_first(strict: Given, somebody: Somebody) -> None:
    key = f"rec_signin:{somebody.address}"
    with redis.Redis.from_url(strict.stack.redis_url, decode_responses=True) as rds:
        somebody.fails(1)
        assert rds.keys("rec_signin:*").count(key) == 1
        assert 0 < rds.pttl(key) <= WINDOW_MS
        rds.pexpire(key, WINDOW_MS // 2)
        somebody.fails(FAILURES - 1)
        somebody.has_enough()
        assert rds.get(key) == str(FAILURES + 1)
        assert 0 < rds.pttl(key) <= WINDOW_MS // 2, "each failure must not prolong it"
        rds.pexpire(key, 1)
        assert wait_until(lambda: not rds.exists(key), SOON)
        somebody.fails(FAILURES)


def test_without_redis_nobody_is_counted(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(overrides=STRICT, responders=2)
    somebody = Somebody(stack)
    somebody.fails(FAILURES)
    somebody.has_enough()
    stack.halt("redis")
    somebody.fails(3 * FAILURES)
    for _ in range(FAILURES):
        says(somebody.ask("GET", f"/media/1/{new_sid('CA')}.wav"), 403, "forbidden")
    assert somebody.token(stack.token).status == 200
    stack.revive("redis")
    assert wait_until(lambda: somebody.token("x").status == 429, SOON)
    stack.halt("postgres")
    for path in (LIST, f"/api/recordings/file/{new_sid('CA')}"):
        answer = somebody.ask("GET", path, Authorization=f"Bearer {stack.token}", Origin=FRIEND)
        says(answer, 503, "unavailable")
        is_for_friends(answer)


# ---- sizes ----


def sized(path: str, size: int) -> str:
    """A target of just this many bytes."""
    return path + "x" * (size - len(path))


TARGETS = [
    (sized("/api/", 255), {404}), (sized("/api/", 256), {404}), (sized("/api/", 4096), {404}),
    (sized("/api/", 4097), {404, 413}), (sized("/media/1/", 5000), {400, 404, 413}),
    (sized("/api/calls?search=", 218), {200}), (sized("/api/calls?search=", 219), {400}),
    (sized("/api/calls?search=", 4096), {400}), (sized("/api/calls?search=", 4097), {413}),
    (sized("/api/calls?search=", 15000), {413}),
    (sized("/api/calls?search=", 17000), {413, 414, 431}),
    ("/api/calls?" + "&" * 4000, {200}),
    ("/api/calls?" + "&".join(f"a{n}=" for n in range(500)), {400}),
    ("/api/calls?limit=" + "0" * 4000 + "1", {200, 400}),
    ("/api/calls?cursor=" + "x" * 4000, {400}),
    (f"/media/{'9' * 300}/{new_sid('CA')}.wav", {400, 404}),
    ("/api/recordings/runs/" + "9" * 200 + "/status", {400, 404}),
]


@pytest.mark.parametrize("target, statuses", TARGETS, ids=lambda value: str(value)[:32])
def test_targets(stack: Stack, target: str, statuses: set[int]) -> None:
    (answer,) = talk(stack, request(stack, "GET", target))
    assert answer.status in statuses
    if answer.status >= 400:
        is_refusal(answer, *statuses)


HEADERS = {
    "many": ([f"X{n}: {'y' * 40}" for n in range(250)], {200}),
    "too many": ([f"X{n}: {'y' * 40}" for n in range(400)], {431}),
    "one of 8 kB": (["X: " + "y" * 8000], {200}),
    "one of 20 kB": (["X: " + "y" * 20000], {431}),
    "a name of 20 kB": (["Y" * 20000 + ": x"], {431}),
    "one of 1 MB": (["X: " + "y" * 10**6], {431}),
    "cookies": (["Cookie: " + "; ".join(f"c{n}={'y' * 20}" for n in range(300))], {200}),
    "the same cookie": (["Cookie: " + "session=x; " * 900], {200}),  # there is a bearer beside it
    "ranges": (["Range: bytes=" + ",".join(f"{n}-{n}" for n in range(1500))], {200, 206}),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers(stack: Stack, name: str) -> None:
    lines, statuses = HEADERS[name]
    if stack.front == "apache" and statuses == {431}:
        statuses = {400}
    for answer in talk(stack, request(stack, "GET", LIST, *lines)):
        assert answer.status in statuses
        if answer.status >= 400:
            is_refusal(answer, *statuses)


@pytest.mark.parametrize("size", [4000, 4096, 4099, 4100, 4101, 5000, 15000])
def test_tokens_of_all_sizes(stack: Stack, size: int) -> None:
    for token in ("x" * size, "a.b." + "x" * (size - 4), "." * size):
        for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"session={token}"}):
            says(Api(stack.base_url).get(LIST, headers=headers), 401, "unauthorized")


def post(stack: Stack, path: str, params: dict[str, str], size: int | None = None) -> Answer:
    """A signed form, grown to just this many bytes."""
    body = sign.form(params)
    if size is not None:
        params = {**params, "Zz": "x" * (size - len(body) - 4)}
        body = sign.form(params)
        assert len(body) == size
    signature = sign.signature(stack.auth_token, stack.public_base_url + path, params)
    return Api(stack.base_url).post(path, body, headers={
        "Content-Type": FORM, "X-Twilio-Signature": signature})


def event(stack: Stack) -> dict[str, str]:
    return {"AccountSid": stack.account_sid, "CallSid": new_sid("CA"),
            "RecordingSid": new_sid("RE"), "RecordingStatus": "in-progress"}


@pytest.mark.parametrize("size, status", [(60_000, 204), (65_536, 204), (65_537, 413),
                                          (66_000, 413), (1_000_000, 413)])
def test_bodies(given: Given, stack: Stack, size: int, status: int) -> None:
    params = event(stack)
    answer = post(stack, RECORDING_STATUS, params, size)
    assert answer.status == status
    assert len(given.rows("recording_inbox", call_sid=params["CallSid"])) == (status == 204)
    if status == 413:
        is_refusal(answer, 413)


@pytest.mark.parametrize("count", [129, 5000])
def test_fields(given: Given, stack: Stack, count: int) -> None:
    """As many as there is room for."""
    params = event(stack)
    more = {f"F{n}": "" for n in range(count - len(params))}
    assert post(stack, RECORDING_STATUS, {**params, **more}).status == 204
    assert given.row("recording_inbox", call_sid=params["CallSid"])


@pytest.mark.parametrize("name, value", [
    ("From", "+" + "1" * 128), ("To", "x" * 60_000), ("CallSid", "CA" + "0" * 60_000),
    ("CallStatus", "ringing" * 5000), ("Direction", "x" * 5000), ("ParentCallSid", "CA" * 5000),
    ("AccountSid", "AC" + "0" * 5000),
])
def test_one_field_beyond_measure(given: Given, stack: Stack, name: str, value: str) -> None:
    """It was signed: what cannot be used waits, and all else is kept without it."""
    params = {"AccountSid": stack.account_sid, "CallSid": new_sid("CA"), "CallStatus": "ringing",
              name: value}
    kept = len(given.rows("call_log")) + len(given.rows("tapedeck_unused_callbacks"))
    assert post(stack, f"{CALL_STATUS}?business_id=1", params).status == 204
    assert len(given.rows("call_log")) + len(given.rows("tapedeck_unused_callbacks")) == kept + 1


@pytest.mark.parametrize("length", ["65537", "1000000000000", "9223372036854775807",
                                    "9223372036854775808", "99999999999999999999999"])
def test_a_length_that_is_only_said(stack: Stack, length: str) -> None:
    """Refused before anything of it came."""
    for path in (RECORDING_STATUS, f"/api/recordings/{new_sid('CA')}/prepare"):
        for answer in talk(stack, request(stack, "POST", path, f"Content-Length: {length}")):
            is_refusal(answer, 400, 413)


# ---- CORS, whatever the gate says ----


def is_for_friends(answer: Answer) -> None:
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_cors_on_what_the_gate_and_the_handlers_refuse(
    strict: Given, somebody: Somebody
) -> None:
    """Also where nobody gets to a handler: a page that may not read an error cannot show it."""
    stack, failed, ended = strict.stack, strict.recorded(BUSINESS), strict.recorded(BUSINESS)
    for _ in range(3):
        strict.failed_run(BUSINESS, failed)
    run = strict.run(BUSINESS, ended, status="completed")
    expired = strict.recorded(BUSINESS, recording_deleted_at="now()")
    bearer = {"Authorization": f"Bearer {token_for(stack, BUSINESS, exp=int(time.time()) + 999)}"}
    cookie = {"Cookie": f"session={token_for(stack, BUSINESS)}"}
    asked: dict[int, tuple[str, str, dict[str, str]]] = {
        400: ("GET", "/api/calls?x=1", bearer),
        401: ("GET", LIST, {}),
        403: ("GET", f"/media/1/{new_sid('CA')}.wav", {}),
        404: ("GET", f"/api/calls/{new_sid('CA')}", bearer),
        405: ("PUT", "/api/calls", bearer),
        409: ("POST", f"/api/recordings/runs/{run}/cancel", bearer),
        410: ("GET", f"/api/recordings/file/{expired}", bearer),
        413: ("GET", sized("/api/calls?search=", 5000), bearer),
        500: ("GET", f"/api/recordings/file/{failed}", bearer),
    }
    for status, (method, path, headers) in asked.items():
        answer = somebody.ask(method, path, Origin=FRIEND, **headers)
        assert (status, answer.status) == (status, status)
        is_for_friends(answer)
        stranger = somebody.ask(method, path, Origin="https://evil.example", **headers)
        assert not [name for name in stranger.headers if name.lower().startswith("access-control")]
    for method in ("GET", "OPTIONS"):
        is_for_friends(somebody.ask(method, "/api/nothing", Origin=FRIEND))
    refused = somebody.ask("POST", "/api/session", Origin="https://evil.example", **cookie)
    says(refused, 403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in refused.headers
    somebody.fails(FAILURES - 2)  # two links above were bad ones
    answer = somebody.token("x", Origin=FRIEND)
    is_too_often(answer)
    is_for_friends(answer)


@pytest.mark.parametrize("size", [0, 1, 4000, 9000, 65536, 1_000_000])
def test_a_body_that_nobody_reads_breaks_nothing_off(stack: Stack, size: int) -> None:
    """A responder lets go at once only when nothing is left unread; else the web server, which
    still sends, would lose its connection before it has the answer."""
    for method, status in (("POST", "401"), ("DELETE", "405")):
        answer = http_fastcgi.ask(stack, f"/api/recordings/{new_sid('CA')}/prepare", {
            "REQUEST_METHOD": method, "CONTENT_LENGTH": str(size)}, b"x" * size)
        assert answer["Status"].split()[0] == status
