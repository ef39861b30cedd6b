"""Whose: every route of the table, asked by everybody, and a stranger's call is no call at all.

The rows are checked against fcgi/routes.c: a route that is not asked here fails the test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from http_given import Given, given_in
from http_raw import talk
from stack import tokens
from stack.api import Answer
from stack.calls import new_sid, token_for
from stack.stack import ROOT, Stack
from twilio import sign

FOREVER = 4102444800  # 2100-01-01
FORM = "application/x-www-form-urlencoded"
MINE = b"RIFF: what the right business may hear"
NOBODY, OTHER, RIGHT, EXPIRED, TAMPERED, UNSIGNED = CALLERS = (
    "no token", "other business", "right business", "expired", "tampered", "alg none")

# ---- the table in the source ----

TABLE = re.compile(r"ROUTES\[\] = \{\n(.*?)\n\};", re.DOTALL)
ROUTE = re.compile(r'\{\s*(GET_HEAD|METHOD_\w+),\s*"([^"]+)",\s*\{[^}]*NULL\},\s*WHO_\w+,'
                   r"\s*handle_\w+\s*\}", re.DOTALL)
METHODS = {"GET_HEAD": ("GET", "HEAD"), "METHOD_POST": ("POST",), "METHOD_DELETE": ("DELETE",),
           "METHOD_PUT": ("PUT",), "METHOD_PATCH": ("PATCH",)}


def routes_of(source: str) -> set[tuple[str, str]]:
    """Method and pattern of every row; a row that this cannot read is not passed over."""
    found = TABLE.search(source)
    assert found, "routes.c has no table ROUTES"
    rows = ROUTE.findall(found[1])
    assert len(rows) == len(re.findall(r"\bhandle_\w+", found[1]))
    return {(method, pattern) for methods, pattern in rows for method in METHODS[methods]}


# ---- who asks, and what is said to them ----


@dataclass(frozen=True)
class World:
    """Two businesses with a call, a finished file and a waiting run each."""

    given: Given
    business: int
    call: str
    run: int
    other: int
    name: str  # of the recording that is asked for: the call's first, or another one

    @property
    def stack(self) -> Stack:
        return self.given.stack


# A request: the path's query, the header lines, and the body.
Sent = tuple[str, list[str], bytes]


def token_of(world: World, caller: str) -> str:
    secret = world.stack.config["JWT_SECRET"]
    claims = {"business_id": world.business, "sub": "tester", "exp": FOREVER}
    good = tokens.encode(secret, claims)
    head, body, mac = good.split(".")
    return {
        NOBODY: "",
        OTHER: token_for(world.stack, world.other),
        RIGHT: good,
        EXPIRED: tokens.encode(secret, {**claims, "exp": 1}),
        TAMPERED: f"{head}.{token_for(world.stack, world.other).split('.')[1]}.{mac}",
        UNSIGNED: tokens.encode(secret, claims, {"alg": "none"}).rpartition(".")[0] + ".",
    }[caller]


def as_bearer(world: World, caller: str) -> Sent:
    token = token_of(world, caller)
    return "", [f"Authorization: Bearer {token}"] if token else [], b""


def as_cookie(world: World, caller: str) -> Sent:
    """From our own page, so that the origin is not what refuses it."""
    lines = [f"Origin: {world.stack.public_base_url}"]
    token = token_of(world, caller)
    return "", [*lines, f"Cookie: session={token}"] if token else lines, b""


def as_json(body: bytes) -> tuple[Callable[[World, str], Sent], ...]:
    """Both ways, with a body."""
    def with_body(way: Callable[[World, str], Sent]) -> Callable[[World, str], Sent]:
        def sent(world: World, caller: str) -> Sent:
            query, lines, _ = way(world, caller)
            return query, [*lines, "Content-Type: application/json"], body
        return sent
    return with_body(as_bearer), with_body(as_cookie)


def as_link(world: World, caller: str) -> Sent:
    """A play link in the place of a token; a session beside it adds nothing."""
    def query(business: int, expires: int) -> str:
        return world.given.link(business, f"{world.name}.wav", expires).partition("?")[2]

    good = query(world.business, FOREVER)
    return {
        NOBODY: "",
        OTHER: "?" + query(world.other, FOREVER),
        RIGHT: "?" + good,
        EXPIRED: "?" + query(world.business, 1),
        TAMPERED: "?" + good[:-1] + ("0" if good[-1] != "0" else "1"),
        UNSIGNED: "?" + good.partition("&")[0] + "&sig=",
    }[caller], as_bearer(world, RIGHT if caller != RIGHT else NOBODY)[1], b""


def as_scraper(world: World, caller: str) -> Sent:
    """Prometheus' own token; nobody's session is one."""
    token = world.stack.config["METRICS_TOKEN"]
    bearer = {RIGHT: token, TAMPERED: token[:-1] + ("0" if token[-1] != "0" else "1"),
              UNSIGNED: token[:-1]}.get(caller, token_of(world, caller))
    return "", [f"Authorization: Bearer {bearer}"] if bearer else [], b""


def as_twilio(path: str) -> Callable[[World, str], Sent]:
    """A signed form in the place of a token; a session beside it adds nothing."""
    def ask(world: World, caller: str) -> Sent:
        params = {"AccountSid": world.stack.account_sid, "CallSid": world.call,
                  "RecordingSid": new_sid("RE"), "RecordingStatus": "in-progress",
                  "CallStatus": "completed", "ConferenceSid": new_sid("CF")}
        url, key = world.stack.public_base_url + path, world.stack.auth_token
        signature = {
            NOBODY: None,
            OTHER: sign.signature(key[::-1], url, params),
            RIGHT: sign.signature(key, url, params),
            EXPIRED: sign.signature(key, url, {**params, "CallStatus": "ringing"}),
            TAMPERED: sign.signature(key, url, params)[:-3] + "AA=",
            UNSIGNED: "",
        }[caller]
        lines = as_bearer(world, RIGHT)[1] + [f"Content-Type: {FORM}"]
        if signature is not None:
            lines.append(f"X-Twilio-Signature: {signature}")
        return "", lines, sign.form(params)

    return ask


@dataclass(frozen=True)
class Row:
    """The statuses by caller, in the order of CALLERS."""

    statuses: tuple[int, int, int, int, int, int]
    how: tuple[Callable[[World, str], Sent], ...] = (as_bearer, as_cookie)


def closed(right: int, other: int = 404,
           how: tuple[Callable[[World, str], Sent], ...] = (as_bearer, as_cookie)) -> Row:
    return Row((401, other, right, 401, 401, 401), how)


LINK = Row((403, 403, 200, 403, 403, 403), (as_link,))
# What share's listeners are told is in tests/fcgi/routes/test_shares.py: nobody else is one.
NOT_ASKED_SO = Row((403,) * 6)
SCRAPED = Row((401, 401, 200, 401, 401, 401), (as_scraper,))
OPEN = Row((200,) * 6)


def twilio(path: str) -> Row:
    return Row((403, 403, 204, 403, 403, 403), (as_twilio(path),))


def both(pattern: str, row: Row) -> dict[tuple[str, str], Row]:
    return {("GET", pattern): row, ("HEAD", pattern): row}


# What those take that want JSON.
BODIES = {
    ("PATCH", "/api/calls/{call}"): b'{"agent_id":"7"}',
    ("POST", "/api/calls/{call}/notes"): b'{"text":"a"}',
    ("POST", "/api/calls/{call}/shares"): b"{}",
}

MATRIX: dict[tuple[str, str], Row] = {
    **both("/api/recordings/file/{call}", closed(200)),
    **both("/media/share", NOT_ASKED_SO),
    **both("/media/{business}/{file}", LINK),
    **both("/api/recordings/runs/active", closed(200, other=200)),
    **both("/api/recordings/runs/{run}/status", closed(200)),
    ("POST", "/api/recordings/runs/{run}/cancel"): closed(200),
    ("POST", "/api/recordings/{call}/prepare"): closed(200),
    **both("/api/recordings/{call}/status", closed(200)),
    **both("/api/recordings/{call}/peaks", closed(202)),
    **both("/api/calls", closed(200, other=200)),
    **both("/api/calls/{call}", closed(200)),
    ("PATCH", "/api/calls/{call}"): closed(200, how=as_json(BODIES["PATCH", "/api/calls/{call}"])),
    **both("/api/calls.csv", closed(200, other=200)),
    **both("/api/calls/totals", closed(200, other=200)),
    **both("/api/calls/changes", closed(200, other=200)),
    **both("/api/agents", closed(200, other=200)),
    **both("/api/lines", closed(200, other=200)),
    **both("/api/calls/{call}/download", closed(200)),
    ("PUT", "/api/calls/{call}/star"): closed(200),
    ("DELETE", "/api/calls/{call}/star"): closed(200),
    ("PUT", "/api/calls/{call}/tags/{tag}"): closed(200),
    ("DELETE", "/api/calls/{call}/tags/{tag}"): closed(200),
    ("POST", "/api/calls/{call}/notes"): closed(
        201, how=as_json(BODIES["POST", "/api/calls/{call}/notes"])),
    ("DELETE", "/api/calls/{call}/notes/{note}"): closed(200),
    ("POST", "/api/calls/{call}/shares"): closed(
        201, how=as_json(BODIES["POST", "/api/calls/{call}/shares"])),
    **both("/api/calls/{call}/shares", closed(200)),
    ("DELETE", "/api/calls/{call}/shares/{share}"): closed(200),
    ("POST", "/api/share"): Row((403,) * 6, as_json(b'{"token":"a"}')),
    **both("/api/tags", closed(200, other=200)),
    **{("POST", path): twilio(path) for path in (
        "/webhook/recording_status", "/recording_status_callback", "/webhook/call_status",
        "/webhook/conference_status")},
    ("POST", "/api/session"): closed(200, other=200),
    ("DELETE", "/api/session"): OPEN,
    **both("/api/openapi.json", OPEN),
    **both("/healthz", OPEN),
    **both("/readyz", OPEN),
    **both("/metrics", SCRAPED),
}


def test_every_route_is_in_the_matrix() -> None:
    assert routes_of((ROOT / "fcgi" / "routes.c").read_text()) == MATRIX.keys()


def test_a_route_that_is_not_is_noticed() -> None:
    source = (ROOT / "fcgi" / "routes.c").read_text()
    more = source.replace('    {GET_HEAD, "/healthz"', '    {METHOD_POST, "/api/all", {"x", NULL},'
                          ' WHO_ANYONE, handle_all},\n    {GET_HEAD, "/healthz"')
    assert routes_of(more) - MATRIX.keys() == {("POST", "/api/all")}
    odd = source.replace("{GET_HEAD, \"/healthz\"", "{GET_HEAD | METHOD_POST, \"/healthz\"")
    with pytest.raises(AssertionError):
        routes_of(odd)


@pytest.fixture
def world(request: pytest.FixtureRequest, given: Given, new_business: Callable[[], int]) -> World:
    """`named` says by whose name the recording is asked for."""
    business, other = new_business(), new_business()
    call = given.recorded(business, status="completed")
    name = call
    if request.node.callspec.params.get("named") == "recording":
        name = given.further(business, call)
    given.file(business, name, MINE)
    given.note(business, call, "tester")
    given.share(business, call, "0" * 31 + str(business % 10))
    return World(given, business, call, given.waiting_run(business, call), other, name)


def ask(world: World, method: str, pattern: str, sent: Sent) -> Answer:
    query, lines, body = sent
    call = world.name if pattern.startswith(OF_A_NAME) else world.call
    path = pattern.format(call=call, business=world.business, run=world.run,
                          file=f"{world.name}.wav", tag="tag", note=note_of(world),
                          share="0" * 31 + str(world.business % 10)) + query
    head = [f"{method} {path} HTTP/1.1", "Host: test", "Connection: close", *lines,
            *([f"Content-Length: {len(body)}"] if method in CHANGES else [])]
    (answer,) = talk(world.stack, "\r\n".join([*head, "", ""]).encode() + body, method)
    return answer


def note_of(world: World) -> int:
    """A note of whoever is let in, which is still there."""
    rows = world.given.rows("tapedeck_notes", call_sid=world.call)
    return int(rows[0]["id"]) if rows else world.given.note(world.business, world.call, "tester")


CHANGES = ("POST", "PUT", "PATCH")
OF_A_NAME = "/api/recordings/"  # what begins so takes a recording's own SID, too
NAMED = [(method, pattern, named) for method, pattern in sorted(MATRIX)
         for named in ("call", "recording")
         if named == "call" or "{file}" in pattern
         or pattern.startswith(OF_A_NAME) and "{call}" in pattern]


@pytest.mark.parametrize("method, pattern, named", NAMED)
def test_the_matrix(world: World, method: str, pattern: str, named: str) -> None:
    row, given = MATRIX[method, pattern], world.given
    refused = [pair for pair in zip(CALLERS, row.statuses) if pair[1] >= 400]
    let_in = [pair for pair in zip(CALLERS, row.statuses) if pair[1] < 400]
    before = given.everything()
    for how in row.how:
        for caller, status in refused:
            answer = ask(world, method, pattern, how(world, caller))
            assert (caller, answer.status) == (caller, status)
            is_silent(world, answer)
    assert given.everything() == before, "whoever was refused has changed nothing"
    for how in row.how:
        for caller, status in let_in:
            if pattern.endswith("/cancel"):
                given.db.execute("UPDATE recording_runs SET status = 'queued' WHERE id = %s",
                                 [world.run])
            answer = ask(world, method, pattern, how(world, caller))
            assert (caller, answer.status) == (caller, status)
            if caller == OTHER:
                is_silent(world, answer)


def is_silent(world: World, answer: Answer) -> None:
    """Nothing of the call is in it, not even that it exists."""
    everything = str(answer.headers).encode() + answer.body
    assert MINE not in everything and world.call.encode() not in everything
    assert world.name.encode() not in everything
    assert b"set-cookie" not in everything.lower() or answer.status == 200


# ---- a stranger's call is no call ----

Make = Callable[[Given, int], tuple[str, int]]


def ready(given: Given, business: int) -> tuple[str, int]:
    call = given.recorded(business)
    given.file(business, call, MINE)
    return call, given.run(business, call, status="completed")


def absent(given: Given, business: int) -> tuple[str, int]:
    return given.recorded(business), 0


def waiting(given: Given, business: int) -> tuple[str, int]:
    call = given.recorded(business)
    return call, given.waiting_run(business, call)


def running(given: Given, business: int) -> tuple[str, int]:
    call = given.recorded(business)
    return call, given.run(business, call, status="running", lease_token="x")


def failed(given: Given, business: int) -> tuple[str, int]:
    call = given.recorded(business)
    return call, given.failed_run(business, call)


def unrecorded(given: Given, business: int) -> tuple[str, int]:
    return given.call(business), 0


def gone(given: Given, business: int) -> tuple[str, int]:
    return given.recorded(business, recording_status="absent"), 0


def further(given: Given, business: int) -> tuple[str, int]:
    """Not the first of its call: it is asked for by its own name."""
    name = given.further(business, given.recorded(business))
    given.file(business, name, MINE)
    return name, 0


STATES: dict[str, Make] = {
    one.__name__: one for one in (ready, absent, waiting, running, failed, unrecorded, gone, further)}
# What a handler looks at, beside the path.
NOT_ASKED_ALONE: tuple[list[str], ...] = (
    [], ["Range: bytes=0-3"], ["If-None-Match: *"], ["Prefer: wait=2"])
OF_A_CALL = [(method, pattern) for method, pattern in sorted(MATRIX)
             if "{call}" in pattern and "{note}" not in pattern and "{share}" not in pattern]
OF_A_RUN = [(method, pattern) for method, pattern in sorted(MATRIX) if "{run}" in pattern]


def bytes_of(given: Given, business: int, method: str, path: str, *lines: str,
             body: bytes = b"") -> bytes:
    """All that is answered, to the last byte, but for the time of day and the request's name."""
    head = [f"{method} {path} HTTP/1.1", "Host: test", "Connection: close",
            f"Authorization: Bearer {token_for(given.stack, business)}", *lines,
            *([f"Content-Length: {len(body)}"] if method in CHANGES else []),
            *(["Content-Type: application/json"] if body else [])]
    answer = given.api(business).raw("\r\n".join([*head, "", ""]).encode() + body)
    return re.sub(rb"(?<=\r\n)(Date|X-Request-Id): [^\r]*", b"", answer, count=2)


@pytest.mark.parametrize("state", STATES)
def test_a_strangers_call_is_no_call(
    given: Given, new_business: Callable[[], int], state: str
) -> None:
    mine, theirs = new_business(), new_business()
    call, run = STATES[state](given, theirs)
    nowhere = new_sid(call[:2])
    before = given.everything()
    for method, pattern in OF_A_CALL:
        for lines in NOT_ASKED_ALONE:
            foreign = bytes_of(given, mine, method, pattern.format(call=call, tag="tag"), *lines,
                               body=BODIES.get((method, pattern), b""))
            missing = bytes_of(given, mine, method, pattern.format(call=nowhere, tag="tag"), *lines,
                               body=BODIES.get((method, pattern), b""))
            assert foreign == missing
            assert foreign.startswith(b"HTTP/1.1 404 ")
            assert method == "HEAD" or b'"call_not_found"' in foreign
    for method, pattern in OF_A_RUN if run else []:
        foreign = bytes_of(given, mine, method, pattern.format(run=run))
        assert foreign == bytes_of(given, mine, method, pattern.format(run=run + 10**9))
        assert foreign.startswith(b"HTTP/1.1 404 ")
    assert given.everything() == before, "asking for a stranger's call has changed it"
    for path in ("/api/calls?limit=100", "/api/recordings/runs/active"):
        assert call.encode() not in bytes_of(given, mine, "GET", path)


def test_nor_without_postgresql(make_stack: Callable[..., Stack]) -> None:
    """A file that is here answers without it; whose it is must not show by that."""
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        call, _ = ready(given, 2)
        given.db.execute("CHECKPOINT")
        stack.halt("postgres")
        for method, pattern in OF_A_CALL:
            foreign = bytes_of(given, 1, method, pattern.format(call=call, tag="tag"),
                               body=BODIES.get((method, pattern), b""))
            other = new_sid("CA")
            missing = bytes_of(given, 1, method, pattern.format(call=other, tag="tag"),
                               body=BODIES.get((method, pattern), b""))
            assert foreign == missing and foreign.startswith(b"HTTP/1.1 503 ")


def test_a_link_for_a_strangers_file_says_nothing(
    given: Given, new_business: Callable[[], int]
) -> None:
    """Without a good signature a link to a file that is there and one to nothing are the same."""
    theirs = new_business()
    call, _ = ready(given, theirs)
    query = f"?exp={FOREVER}&sig=" + "0" * 64
    for method in ("GET", "HEAD"):
        there = bytes_of(given, theirs, method, f"/media/{theirs}/{call}.wav{query}")
        for name in (f"{theirs}/{call}.mp3", f"{theirs}/{new_sid('CA')}.wav", f"1/{call}.wav"):
            assert bytes_of(given, theirs, method, f"/media/{name}{query}") == there
        assert there.startswith(b"HTTP/1.1 403 ")
