"""Play links that the web server checks itself: the same answers as the responder's, to the byte."""

from __future__ import annotations

import http.client
import secrets
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from http_asks import Ask, asks
from http_carry import CARRIED, CONTENT, ETAG, LEFT, Fronts, essence, get
from http_fronts import another_front
from http_given import MODIFIED_DATE, Given
from stack.api import Api
from stack.calls import new_sid
from stack.stack import Stack

LATER = 4102444800


@pytest.fixture
def theirs(fronts: Fronts, new_business: Callable[[], int]) -> tuple[int, str, str]:
    """A business, a call with a recording, and a good link to it."""
    business, call = new_business(), new_sid("CA")
    fronts.file(business, call)
    return business, call, fronts.given.link(business, f"{call}.wav", LATER)


# ---- what the web server sends itself ----


@pytest.mark.parametrize(
    "ask", [*CARRIED, get(("Authorization", "Bearer x"), ("Cookie", "session=x"))], ids=repr)
def test_the_web_server_sends_as_the_responder_would(
    fronts: Fronts, theirs: tuple[int, str, str], ask: Ask
) -> None:
    own, plain, by_itself = fronts.both(ask, theirs[2])
    assert by_itself, "a responder was asked"
    assert essence(own) == essence(plain)
    assert own.headers["ETag"] == ETAG and own.headers["Last-Modified"] == MODIFIED_DATE
    assert own.status == (206 if "Range" in dict(ask.headers) else 200)


def test_both_kinds(fronts: Fronts, new_business: Callable[[], int]) -> None:
    business = new_business()
    for kind, content_type in (("wav", "audio/wav"), ("mp3", "audio/mpeg")):
        call = new_sid("CA")
        fronts.file(business, call, kind)
        own, plain, by_itself = fronts.both(
            get(), fronts.given.link(business, f"{call}.{kind}", LATER))
        assert by_itself and own.headers["Content-Type"] == content_type
        assert essence(own) == essence(plain)


def test_a_responder_is_not_needed(make_stack: Callable[..., Stack]) -> None:
    """What is played goes on playing while the responders are away."""
    stack = make_stack(responders=1)
    call = new_sid("CA")
    folder = stack.recordings_dir / "1"
    folder.mkdir()
    (folder / f"{call}.wav").write_bytes(CONTENT)
    path = Given(stack, None).link(1, f"{call}.wav", LATER)  # type: ignore[arg-type]
    stack.halt("responders")
    answer = Api(stack.base_url).get(path, headers={"Range": "bytes=10-19"})
    assert (answer.status, answer.body) == (206, CONTENT[10:20])
    assert Api(stack.base_url).get(path + "&x=1").status == 503


# ---- what it leaves to a responder, as if it were not there ----


@pytest.mark.parametrize("ask", LEFT, ids=repr)
def test_what_is_out_of_the_ordinary_is_the_responders(
    fronts: Fronts, theirs: tuple[int, str, str], ask: Ask
) -> None:
    own, plain, by_itself = fronts.both(ask, theirs[2])
    assert not by_itself
    assert essence(own) == essence(plain)


def bad_links(link: str, business: int, call: str) -> dict[str, str]:
    base, _, query = link.partition("?")
    exp, sig = query.split("&")
    return {
        "tampered": link[:-1] + ("0" if link[-1] != "0" else "1"),
        "in capitals": f"{base}?{exp}&sig={sig[4:].upper()}",
        "half": link[:-32],
        "longer": link + "0",
        "none": base,
        "of a foreign business": link.replace(f"/{business}/", f"/{business + 1}/"),
        "of a foreign call": link.replace(call, new_sid("CA")),
        "of another kind": link.replace(".wav", ".mp3"),
        "to live longer": link.replace(exp, exp + "0"),
        "the other way round": f"{base}?{sig}&{exp}",
        "with more": link + "&x=1",
        "with a zero before the business": link.replace(f"/{business}/", f"/0{business}/"),
        "with a zero before the time": link.replace("exp=", "exp=0"),
        "escaped": link.replace("/CA", "/%43A"),
        "with an escaped key": link.replace("exp=", "%65xp="),
        "with an end that says nothing": link + "&",
    }


def test_links_that_do_not_hold(fronts: Fronts, theirs: tuple[int, str, str]) -> None:
    business, call, link = theirs
    fronts.file(business + 1, call)
    for what, path in bad_links(link, business, call).items():
        for method in ("GET", "HEAD"):
            own, plain, by_itself = fronts.both(get(method=method), path)
            assert (what, by_itself) == (what, False)
            assert (what, essence(own)) == (what, essence(plain))
            assert (what, own.status) in ((what, 400), (what, 403))


def test_a_link_ends(fronts: Fronts, theirs: tuple[int, str, str]) -> None:
    business, call, _ = theirs
    for expires in (0, 1, int(time.time()) - 1, int(time.time()), 2**63 - 1, 10**16):
        own, plain, by_itself = fronts.both(
            get(), fronts.given.link(business, f"{call}.wav", expires))
        assert not by_itself and essence(own) == essence(plain)
        assert own.status == (403 if expires <= time.time() else 200)


def test_failures_are_counted_by_the_responder(
    make_stack: Callable[..., Stack]
) -> None:
    stack = make_stack(overrides={"SIGNIN_FAILURES": "2"}, responders=1)
    link = Given(stack, None).link(1, f"{new_sid('CA')}.wav", LATER)  # type: ignore[arg-type]
    api = Api(stack.base_url)
    assert [api.get(link + "0").status for _ in range(3)] == [403, 403, 429]


def test_files_that_are_not_there_or_not_for_it(
    fronts: Fronts, theirs: tuple[int, str, str], new_business: Callable[[], int]
) -> None:
    business, call = new_business(), new_sid("CA")
    link = fronts.given.link(business, f"{call}.wav", LATER)
    folder = fronts.file(business, new_sid("CA")).parent
    aside = fronts.file(business, call, "mp3")

    def same(path: str = link) -> int:
        own, plain, by_itself = fronts.both(get(), path)
        assert not by_itself and essence(own) == essence(plain)
        return own.status

    assert same() == 404, "only the other kind is there"
    (folder / f".{call}.part").write_bytes(CONTENT)
    aside.unlink()
    assert same() == 404, "a part file that nobody writes"
    (folder / f"{call}.wav").symlink_to(fronts.file(*theirs[:2]))
    assert same() == 404, "a symbolic link"
    (folder / f"{call}.wav").unlink()
    (folder / f"{call}.wav").mkdir()
    assert same() == 404, "a folder"
    (folder / f"{call}.wav").rmdir()
    fronts.file(business, call, content=b"")
    assert same() == 404, "an empty file"
    fronts.file(business, call, content=b"RIFF\xff\x0f\0\0WAVE" + CONTENT)
    assert same() == 404, "one that lost its tail"


def test_a_wav_comes_before_an_mp3(fronts: Fronts, new_business: Callable[[], int]) -> None:
    business, call = new_business(), new_sid("CA")
    fronts.file(business, call, "wav")
    fronts.file(business, call, "mp3")
    link = fronts.given.link(business, f"{call}.mp3", LATER)
    own, plain, by_itself = fronts.both(get(), link)
    assert not by_itself and own.status == 404 and essence(own) == essence(plain)


def test_what_is_deleted_is_gone_at_once(fronts: Fronts, theirs: tuple[int, str, str]) -> None:
    """The web server keeps no picture of the disk: not of what was there, nor how large it was."""
    business, call, link = theirs
    assert fronts.both(get(), link)[2]
    fronts.file(business, call, content=CONTENT * 2)
    own, plain, by_itself = fronts.both(get(), link)
    assert by_itself and own.body == CONTENT * 2 and essence(own) == essence(plain)
    (fronts.given.stack.recordings_dir / str(business) / f"{call}.wav").unlink()
    own, plain, _ = fronts.both(get(), link)
    assert own.status == 404 and essence(own) == essence(plain)


def test_it_remembers_more_links_than_it_keeps(
    fronts: Fronts, theirs: tuple[int, str, str]
) -> None:
    """Each holds whenever it is asked for; what does not hold is not made good by its neighbours."""
    business, call, _ = theirs
    links = [fronts.given.link(business, f"{call}.wav", LATER + n) for n in range(1100)]
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(fronts.own).netloc, timeout=120)

    def head(path: str) -> int:
        connection.request("HEAD", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    for n, link in enumerate([*links, *links[:50]]):
        assert head(link) == 200
        if n % 50 == 0:
            assert head(link.replace("exp=4", "exp=5")) == 403
    connection.close()


# ---- everything at once ----


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_by_lot(fronts: Fronts, theirs: tuple[int, str, str], first: int) -> None:
    """The requests of test_modes, drawn from all that clients send and from what none should."""
    itself = 0
    for ask in asks()[first:first + 100]:
        own, plain, by_itself = fronts.both(ask, theirs[2])
        assert essence(own) == essence(plain), ask
        itself += by_itself
    assert 0 < itself < 100


# ---- secrets ----


def test_secrets_are_changed_in_steps(
    fronts: Fronts, stack: Stack, theirs: tuple[int, str, str], tmp_path: Path
) -> None:
    """The old one as MEDIA_SECRET_PREVIOUS still holds; an empty one is no secret."""
    _, _, link = theirs
    old, new = stack.config["MEDIA_SECRET"], secrets.token_hex(32)
    for n, (settings, itself) in enumerate([
        ({"MEDIA_SECRET": new, "MEDIA_SECRET_PREVIOUS": old}, True),
        ({"MEDIA_SECRET": old, "MEDIA_SECRET_PREVIOUS": ""}, True),
        ({"MEDIA_SECRET": new}, False),
        ({"MEDIA_SECRET": "", "MEDIA_SECRET_PREVIOUS": ""}, False),
        ({}, False),
    ]):
        with another_front(stack, tmp_path / str(n), settings) as base_url:
            front = Fronts(fronts.given, fronts.rds, base_url, fronts.plain)
            own, plain, by_itself = front.both(get(), link)
            assert (n, by_itself) == (n, itself)
            assert own.status == 200 and essence(own) == essence(plain)


def test_the_secret_shows_nowhere(stack: Stack, theirs: tuple[int, str, str]) -> None:
    """Not among the arguments that ps shows everybody, and in no log."""
    for path in (theirs[2], theirs[2] + "0", theirs[2] + "&x=1"):
        Api(stack.base_url).get(path)
    secret = stack.config["MEDIA_SECRET"].encode()
    assert secret not in Path(f"/proc/{stack.pid('lighttpd')}/cmdline").read_bytes()
    signature = urllib.parse.parse_qs(urllib.parse.urlsplit(theirs[2]).query)["sig"][0].encode()
    for log in (stack.log("lighttpd"), stack.log("responders")):
        said = log.read_bytes()
        assert secret not in said and signature not in said
        assert b"lua" not in said, said[-2000:]
