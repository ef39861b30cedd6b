"""The file route for whoever was just sent that recording: the web server goes on by itself, with the
same answers as the responder's, to the byte, and for nobody else."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

import http_fastcgi
from http_asks import Ask, asks
from http_audit import SOON
from http_carry import CARRIED, CONTENT, ETAG, LEFT, NOTES, Fronts, essence, get, send
from http_raw import talk_to
from stack.api import Answer, Api
from stack.calls import new_sid, token_for
from stack.processes import wait_until
from stack.stack import Stack

HEADER = "X-Tapedeck-Grant"
GRANT_S = 60


@dataclass(frozen=True)
class Listener:
    """Somebody who was sent a recording a moment ago."""

    fronts: Fronts
    business: int
    call: str
    token: str

    @property
    def path(self) -> str:
        return f"/api/recordings/file/{self.call}"

    def both(self, ask: Ask, path: str = "", token: str = "") -> tuple[Answer, Answer, bool]:
        return self.fronts.both(ask, path or self.path, token or self.token)

    def is_known(self) -> bool:
        """The web server sends it by itself, as the responder would."""
        own, plain, by_itself = self.both(get())
        assert essence(own) == essence(plain) and own.body == CONTENT
        return by_itself


@pytest.fixture
def listens_to(fronts: Fronts, new_business: Callable[[], int]) -> Callable[..., Listener]:
    def make(kind: str = "wav", **claims: object) -> Listener:
        business, call = new_business(), new_sid("CA")
        fronts.file(business, call, kind)
        token = token_for(fronts.given.stack, business, **claims)
        listener = Listener(fronts, business, call, token)
        assert send(fronts.own, get(), listener.path, token).body == CONTENT
        return listener

    return make


@pytest.fixture
def listener(listens_to: Callable[..., Listener]) -> Listener:
    return listens_to()


# ---- what the web server sends itself ----


@pytest.mark.parametrize("ask", CARRIED, ids=repr)
def test_it_goes_on_as_the_responder_would(listener: Listener, ask: Ask) -> None:
    own, plain, by_itself = listener.both(ask)
    assert by_itself, "a responder was asked"
    assert essence(own) == essence(plain) and own.headers["ETag"] == ETAG
    assert own.status == (206 if "Range" in dict(ask.headers) else 200)


def test_both_kinds(listens_to: Callable[..., Listener]) -> None:
    for kind, content_type in (("wav", "audio/wav"), ("mp3", "audio/mpeg")):
        own, plain, by_itself = listens_to(kind).both(get())
        assert by_itself and own.headers["Content-Type"] == content_type
        assert essence(own) == essence(plain)


def test_a_leg_has_its_parents_recording(fronts: Fronts, new_business: Callable[[], int]) -> None:
    business = new_business()
    parent = fronts.given.recorded(business)
    leg = fronts.given.call(business, parent_call_sid=parent)
    fronts.file(business, parent)
    one = Listener(fronts, business, leg, token_for(fronts.given.stack, business))
    assert not one.is_known() and one.is_known()


def test_a_cookie_is_as_good(fronts: Fronts, listener: Listener) -> None:
    api = Api(fronts.own, None)
    cookie = {"Cookie": f"session={listener.token}", "Range": "bytes=1-2"}
    for notes in (1, 0):
        fronts.rds.delete(*NOTES)
        assert api.get(listener.path, headers=cookie).body == CONTENT[1:3]
        assert fronts.notes() == notes


def test_a_responder_is_not_needed_then(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    call = new_sid("CA")
    folder = stack.recordings_dir / "1"
    folder.mkdir()
    (folder / f"{call}.wav").write_bytes(CONTENT)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        db.execute("INSERT INTO call_log (business_id, call_sid) VALUES (1, %s)", [call])
    api, path = Api(stack.base_url, token_for(stack, 1)), f"/api/recordings/file/{call}"
    assert api.get(path).body == CONTENT
    stack.halt("responders")
    answer = api.get(path, headers={"Range": "bytes=10-19"})
    assert (answer.status, answer.body) == (206, CONTENT[10:20])
    assert api.get(path, headers={"Range": "bytes=1-2,4-5"}).status == 503
    assert Api(stack.base_url, token_for(stack, 1, sub="another")).get(path).status == 503


# ---- what it leaves to a responder ----


@pytest.mark.parametrize("ask", LEFT, ids=repr)
def test_what_is_out_of_the_ordinary_is_the_responders(listener: Listener, ask: Ask) -> None:
    own, plain, by_itself = listener.both(ask)
    assert not by_itself and essence(own) == essence(plain)


REFUSED = {
    "no host": ("GET {path} HTTP/1.1", ""),
    "another version": ("GET {path} HTTP/3.7", "Host: test"),
    "another method": ("FETCH {path} HTTP/1.1", "Host: test"),
    "no method": ("G\x01T {path} HTTP/1.1", "Host: test"),
    "an escaped slash": ("GET {path}%2f HTTP/1.1", "Host: test"),
    "dots": ("GET /api/recordings/file/../file/x HTTP/1.1", "Host: test"),
    "a giant header": ("GET {path} HTTP/1.1", "Host: test\r\nX-Much: " + "x" * 20000),
    "a giant body": ("POST {path} HTTP/1.1", "Host: test\r\nContent-Length: 99999999"),
}


@pytest.mark.parametrize("line, headers", REFUSED.values(), ids=REFUSED)
def test_what_the_web_server_refuses_stays_refused(
    listener: Listener, line: str, headers: str
) -> None:
    """Its answer begins without the request ever having come to the script; on a connection that a
    good one came by, at that."""
    signed = f"Authorization: Bearer {listener.token}"
    good = "\r\n".join([f"GET {listener.path} HTTP/1.1", "Host: test", signed, "", ""])
    bad = "\r\n".join([line.format(path=listener.path), signed, headers]).rstrip("\r\n")
    log = listener.fronts.given.stack.log("lighttpd")
    before = log.stat().st_size
    own, plain = (talk_to(base_url, f"{good}{bad}\r\n\r\n".encode("latin-1"))
                  for base_url in (listener.fronts.own, listener.fronts.plain))
    assert [essence(answer) for answer in own] == [essence(answer) for answer in plain]
    assert [answer.status for answer in own][0] == 200 and own[-1].status >= 400
    assert b"lua" not in log.read_bytes()[before:]


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_by_lot(listener: Listener, first: int) -> None:
    """The requests of test_modes, drawn from all that clients send and from what none should."""
    itself = 0
    for ask in asks()[first:first + 100]:
        own, plain, by_itself = listener.both(ask)
        assert essence(own) == essence(plain), ask
        itself += by_itself
    assert 0 < itself < 100


def test_it_is_for_nobody_else(listener: Listener, new_business: Callable[[], int]) -> None:
    """Another token, another session, another call, another path, another address."""
    stack, business = listener.fronts.given.stack, listener.business
    wrong = "A" if listener.token[-5] != "A" else "B"  # the last one has bits that mean nothing
    for status, token in (
        (200, token_for(stack, business, sub="another")),
        (404, token_for(stack, new_business())),
        (401, listener.token[:-5] + wrong + listener.token[-4:]),
        (401, "x"),
    ):
        own, plain, by_itself = listener.both(get(), token=token)
        assert not by_itself and own.status == status and essence(own) == essence(plain)
    other = new_sid("CA")
    listener.fronts.file(business, other)
    for path in (listener.path.replace(listener.call, other), listener.path + "?x=1",
                 listener.path.replace("file", "%66ile"), listener.path + "/"):
        own, plain, by_itself = listener.both(get(), path)
        assert not by_itself and essence(own) == essence(plain)
    own, plain, by_itself = listener.both(get(("Cookie", "session=another")))
    assert not by_itself and essence(own) == essence(plain)
    assert listener.is_known()


def test_it_is_for_one_address(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda address, timeout=None, _=None: connect(
        address, timeout, source_address=("127.0.0.2", 0)))
    assert not listener.is_known() and listener.is_known()


def test_it_ends_with_the_token(listens_to: Callable[..., Listener]) -> None:
    expires = int(time.time()) + 2
    listener = listens_to(exp=expires)
    assert wait_until(lambda: listener.both(get())[0].status == 401, SOON)
    assert time.time() >= expires


def test_what_is_deleted_is_gone_at_once(listener: Listener) -> None:
    """The web server keeps no picture of the disk: not of what was there, nor how large it was."""
    path = listener.fronts.file(listener.business, listener.call, content=CONTENT * 2)
    own, plain, by_itself = listener.both(get())
    assert by_itself and own.body == CONTENT * 2 and essence(own) == essence(plain)
    path.unlink()
    own, plain, by_itself = listener.both(get())
    assert own.status == 404 and essence(own) == essence(plain)
    path.symlink_to(listener.fronts.file(listener.business, new_sid("CA")))
    assert listener.both(get())[0].status == 404


def test_it_remembers_more_than_it_keeps(listener: Listener) -> None:
    stack, first = listener.fronts.given.stack, get(("Range", "bytes=0-0"))
    for n in range(1100):
        token = token_for(stack, listener.business, sub=f"n{n}")
        assert send(listener.fronts.own, first, listener.path, token).status == 206
    assert not listener.is_known() and listener.is_known()


# ---- who gives a grant, and to whom ----


def grant_of(stack: Stack, business: int, path: str, exp: int | None = None, **more: str) -> str:
    claims = {} if exp is None else {"exp": exp}
    answer = http_fastcgi.ask(stack, path, {
        "REMOTE_ADDR": "192.0.2.1", **more,
        "HTTP_AUTHORIZATION": f"Bearer {token_for(stack, business, **claims)}"})
    return str(answer.get(HEADER, ""))


def test_a_grant_is_for_a_minute_or_as_long_as_the_token(
    stack: Stack, fronts: Fronts, listener: Listener
) -> None:
    name = f"{listener.business}/{listener.call}.wav"
    before = int(time.time())
    expires, granted = grant_of(stack, listener.business, listener.path,
                                TAPEDECK_GRANTS="1").split(" ")
    assert before + GRANT_S <= int(expires) <= time.time() + GRANT_S and granted == name
    soon = before + 20
    assert grant_of(stack, listener.business, listener.path, soon, TAPEDECK_GRANTS="1") \
        == f"{soon} {name}"


def test_only_who_asks_for_it_is_given_one(
    stack: Stack, fronts: Fronts, listener: Listener, new_business: Callable[[], int]
) -> None:
    """And only with the recording: not for what is refused, or not changed, or not here."""
    business, path, asking = listener.business, listener.path, {"TAPEDECK_GRANTS": "1"}
    away = f"/api/recordings/file/{fronts.given.recorded(business)}"
    assert grant_of(stack, business, path) == ""
    assert grant_of(stack, business, path, HTTP_TAPEDECK_GRANTS="1") == ""
    assert grant_of(stack, new_business(), path, **asking) == ""
    assert grant_of(stack, business, path, HTTP_IF_NONE_MATCH="*", **asking) == ""
    assert grant_of(stack, business, path, HTTP_RANGE="bytes=3000-", **asking) == ""
    assert grant_of(stack, business, away, **asking) == ""
    assert grant_of(stack, business, f"/api/calls/{listener.call}/download", **asking) == ""


def test_it_shows_nowhere(listener: Listener) -> None:
    """Nor can a client ask for one, or bring its own."""
    for base_url in (listener.fronts.own, listener.fronts.plain):
        for ask in (get(), get(method="HEAD"), get(("Range", "bytes=1-2,4-5")),
                    get(("Tapedeck-Grants", "1")), get(("X-Tapedeck-Grant", "4102444800 1/x"))):
            answer = send(base_url, ask, listener.path, listener.token)
            assert answer.status in (200, 206) and HEADER not in answer.headers
    log = listener.fronts.given.stack.log("lighttpd").read_bytes()
    assert b"lua" not in log, log[-2000:]


def test_without_a_secret_it_asks_for_none(fronts: Fronts, listener: Listener) -> None:
    for _ in range(2):
        fronts.rds.delete(*NOTES)
        assert send(fronts.plain, get(), listener.path, listener.token).body == CONTENT
        assert fronts.notes() == 1
