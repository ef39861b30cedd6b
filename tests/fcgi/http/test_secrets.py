"""Secrets: changed without a logout, refused when they are short; a link opens its file alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from http_expect import says
from http_given import Given, given_in
from stack import programs, tokens
from stack.api import Answer, Api
from stack.calls import new_sid
from stack.stack import Stack

BUSINESS = 1
LATER = 4102444800  # 2100-01-01
LIST = "/api/calls?limit=1"
CONTENT = b"RIFF: nobody else's"
CLAIMS = {"business_id": BUSINESS, "sub": "tester", "exp": LATER}


# ---- changing them ----


def settings_of(stack: Stack) -> tuple[Path, str]:
    path = Path(stack.environment()["TAPEDECK_ENV"])
    return path, path.read_text()


def restart(stack: Stack, **settings: str) -> None:
    """The responders again, with these lines in their env file in place of what was there, and
    the web server with the secrets of links."""
    path, text = settings_of(stack)
    kept = [line for line in text.splitlines() if line.partition("=")[0] not in settings]
    lines = kept + [f"{name}={value}" for name, value in settings.items()]
    path.write_text("\n".join(lines))
    of_links = dict(line.split("=", 1) for line in lines if line.startswith("MEDIA_"))
    stack.halt("responders")
    stack.revive("responders")
    stack.halt("lighttpd")
    stack.revive("lighttpd", **of_links)


def link(secret: str, name: str, expires: int = LATER) -> str:
    signed = f"{BUSINESS}/{name}\n{expires}".encode()
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"/media/{BUSINESS}/{name}?exp={expires}&sig={mac}"


def works(stack: Stack, call: str, jwt: str, media: str) -> tuple[bool, bool, bool]:
    """Whether a bearer, a cookie and a play link made with these secrets are good; each is asked
    of every responder."""
    api, token = Api(stack.base_url), tokens.encode(jwt, CLAIMS)
    found = set()
    for _ in range(3):
        answers = (api.get(LIST, token=token),
                   api.get(LIST, headers={"Cookie": f"session={token}"}),
                   api.get(link(media, f"{call}.wav")))
        for answer, refusal in zip(answers, (401, 401, 403)):
            assert answer.status in (200, refusal)
        found.add(tuple(answer.status == 200 for answer in answers))
    assert len(found) == 1
    (one,) = found
    return one[0], one[1], one[2]


ALL, NONE = (True, True, True), (False, False, False)


def test_a_secret_is_changed_without_a_logout(make_stack: Callable[..., Stack]) -> None:
    """In three steps: the old one alone, both, the new one alone."""
    stack = make_stack(responders=1)
    old_jwt, old_media = stack.config["JWT_SECRET"], stack.config["MEDIA_SECRET"]
    new_jwt, new_media, third = (secrets.token_hex(16) for _ in range(3))
    with given_in(stack) as given:
        call = new_sid("CA")
        given.file(BUSINESS, call, CONTENT)
    api, before = Api(stack.base_url), tokens.encode(old_jwt, CLAIMS)
    cookie = api.post("/api/session", token=before).headers["Set-Cookie"].partition(";")[0]
    assert works(stack, call, old_jwt, old_media) == ALL
    assert works(stack, call, new_jwt, new_media) == NONE

    restart(stack, JWT_SECRET=new_jwt, JWT_SECRET_PREVIOUS=old_jwt,
            MEDIA_SECRET=new_media, MEDIA_SECRET_PREVIOUS=old_media)
    assert works(stack, call, old_jwt, old_media) == ALL
    assert works(stack, call, new_jwt, new_media) == ALL
    for wrong in (third, "", old_jwt + new_jwt, old_jwt[:-1], new_jwt.upper()):
        assert works(stack, call, wrong, wrong) == NONE
    assert works(stack, call, old_media, old_jwt) == NONE, "each for its own purpose"
    assert api.get(LIST, headers={"Cookie": cookie}).status == 200, "nobody was signed out"
    the_old_one_is_held_to_the_same(stack, call, old_jwt, old_media)
    what_is_new_is_made_with_the_new_one(stack, call, before, new_jwt, new_media)

    restart(stack, JWT_SECRET_PREVIOUS="", MEDIA_SECRET_PREVIOUS="")
    assert works(stack, call, old_jwt, old_media) == NONE
    assert works(stack, call, new_jwt, new_media) == ALL
    says(api.get(LIST, headers={"Cookie": cookie}), 401, "unauthorized")


def the_old_one_is_held_to_the_same(stack: Stack, call: str, jwt: str, media: str) -> None:
    """It opens what the new one would, and not what no token or link may."""
    api = Api(stack.base_url)
    head, body, _ = tokens.encode(jwt, CLAIMS).split(".")
    none = tokens.encode(jwt, CLAIMS, {"alg": "none"}).rpartition(".")[0] + "."
    for token in (tokens.encode(jwt, {**CLAIMS, "exp": int(time.time()) - 1}), none,
                  tokens.encode(jwt, {**CLAIMS, "nbf": LATER - 1}),
                  tokens.encode(jwt, CLAIMS, {"alg": "HS512"}), f"{head}.{body}."):
        says(api.get(LIST, token=token), 401, "unauthorized")
    for path in (link(media, f"{call}.wav", int(time.time()) - 1),
                 link(media, f"{call}.mp3").replace(".mp3", ".wav")):
        says(api.get(path), 403, "forbidden")


def what_is_new_is_made_with_the_new_one(
    stack: Stack, call: str, token: str, jwt: str, media: str
) -> None:
    """Play links and the tool's tokens: or they would end with the old one."""
    url = Api(stack.base_url, token).post(f"/api/recordings/{call}/prepare").json["play_url"]
    expires = int(urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["exp"][0])
    assert url == stack.public_base_url + link(media, f"{call}.wav", expires)
    made = stack.run("token", "--business", str(BUSINESS)).stdout.strip()
    signed, _, mac = made.rpartition(".")
    digest = hmac.new(jwt.encode(), signed.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == mac


# ---- short ones ----

GOOD = {
    "DATABASE_URL": "postgresql:///nowhere?host=/nowhere", "REDIS_URL": "unix:///nowhere",
    "RECORDINGS_DIR": "/nowhere", "PUBLIC_BASE_URL": "https://calls.example",
    "JWT_SECRET": "j" * 32, "MEDIA_SECRET": "m" * 32, "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "t",
}
NAMES = ("JWT_SECRET", "JWT_SECRET_PREVIOUS", "MEDIA_SECRET", "MEDIA_SECRET_PREVIOUS")
PROGRAMS: dict[str, list[tuple[str, ...]]] = {
    "tapedeck.fcgi": [()], "tapedeck": [("drain",), ("cleanup",), ("token",), ("config",)]}

Start = Callable[[str, tuple[str, ...], Mapping[str, str]], subprocess.CompletedProcess[str]]


@pytest.fixture
def start(sanitizer_reports: Path, build_dir: Path, tmp_path: Path) -> Iterator[Start]:
    """start(program, arguments, settings): one of our two programs with this configuration alone,
    and no listening socket."""
    empty = tmp_path / "empty.env"
    empty.touch(0o600)

    def run(program: str, arguments: tuple[str, ...], settings: Mapping[str, str]
            ) -> subprocess.CompletedProcess[str]:
        env = programs.base_environment(GOOD.keys())
        return programs.run(build_dir / program, arguments,
                            {**env, "TAPEDECK_ENV": str(empty), **settings}, timeout=120)

    yield run


@pytest.mark.parametrize("name", NAMES)
def test_a_short_secret_stops_both_programs(start: Start, name: str) -> None:
    for short in ("hunter2" + "x" * 24, "hunter2", "ש" * 15 + "x"):
        for program, commands in PROGRAMS.items():
            for arguments in commands:
                done = start(program, arguments, {**GOOD, name: short})
                assert (done.returncode, done.stdout) == (2, "")
                assert re.fullmatch(rf"{re.escape(program)}: configuration: [ -~]+\n", done.stderr)
                assert f" {name}: " in done.stderr and short not in done.stderr
    # Bytes count, not characters; and one of 32 is enough.
    for enough in ("x" * 32, "ש" * 16):
        assert start("tapedeck", ("config",), {**GOOD, name: enough}).returncode == 0


@pytest.mark.parametrize("name", ["JWT_SECRET", "MEDIA_SECRET"])
def test_without_a_secret_nobody_is_served(start: Start, name: str) -> None:
    """An empty one counts as none; that there is a previous one does not help."""
    for settings in ({name: ""}, {name: "", name + "_PREVIOUS": "p" * 32}):
        done = start("tapedeck.fcgi", (), {**GOOD, **settings})
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"tapedeck.fcgi: configuration: not set: {name}\n"


# ---- one file, until its time, and not one byte of another ----


@pytest.fixture
def theirs(given: Given, new_business: Callable[[], int]) -> tuple[int, str]:
    """A business and its call, with both endings, so that no link fails for want of a file."""
    business, call = new_business(), new_sid("CA")
    for kind in ("wav", "mp3"):
        given.file(business, call, CONTENT, kind)
    return business, call


def plays(stack: Stack, path: str, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Api(stack.base_url).get(path, headers=sent)


def test_a_link_plays_its_file_for_anybody(
    given: Given, stack: Stack, theirs: tuple[int, str], token_for: Callable[..., str]
) -> None:
    business, call = theirs
    path = given.link(business, f"{call}.wav", int(time.time()) + 3600)
    sessions: list[dict[str, str]] = [
        {}, {"Authorization": "Bearer x"}, {"Cookie": "session=x"},
        {"Authorization": f"Bearer {token_for(1)}"}]
    for headers in sessions:
        answer = plays(stack, path, **headers)
        assert (answer.status, answer.body) == (200, CONTENT)
        assert answer.headers["Cache-Control"] == "private, no-store"
    head = Api(stack.base_url).head(path)
    assert (head.status, head.body) == (200, b"")
    assert plays(stack, path, Range="bytes=0-3").body == CONTENT[:4]


def altered(path: str, business: int, call: str) -> dict[str, str]:
    """Everything about a link that somebody may try to change."""
    base, _, query = path.partition("?")
    exp, sig = query.split("&")
    number, mac = int(exp[4:]), sig[4:]
    changed = {f"digit {n}": f"{base}?{exp}&sig={mac[:n]}{'0' if c != '0' else '1'}{mac[n + 1:]}"
               for n, c in enumerate(mac)}
    return {
        **changed,
        "another business": path.replace(f"/{business}/", f"/{business + 1}/"),
        "another call": path.replace(call, new_sid("CA")),
        "another spelling of the call": path.replace(call, "CA" + call[2:].swapcase()),
        "another ending": path.replace(".wav", ".mp3"),
        "a longer time": f"{base}?exp={number + 1}&{sig}",
        "a shorter time": f"{base}?exp={number - 1}&{sig}",
        "ten times the time": f"{base}?{exp}0&{sig}",
        "no time": f"{base}?{sig}",
        "an empty time": f"{base}?exp=&{sig}",
        "a negative time": f"{base}?exp=-{number}&{sig}",
        "a time that is none": f"{base}?exp=never&{sig}",
        "a time past all numbers": f"{base}?exp={2**64 + number}&{sig}",
        "capitals": f"{base}?{exp}&sig={mac.upper()}",
        "an empty signature": f"{base}?{exp}&sig=",
        "no signature": f"{base}?{exp}",
        "nothing": base,
        "half a signature": f"{base}?{exp}&sig={mac[:32]}",
        "a longer signature": f"{base}?{exp}&{sig}0",
        "a prefix": f"{base}?{exp}&sig=0x{mac}",
        "a blank": f"{base}?{exp}&{sig}+",
        "a blank of another kind": f"{base}?{exp}&{sig}%c2%a0",
    }


def test_a_link_holds_for_nothing_else(
    given: Given, stack: Stack, theirs: tuple[int, str]
) -> None:
    business, call = theirs
    path = given.link(business, f"{call}.wav", LATER)
    assert "CA" + call[2:].swapcase() != call
    given.file(business, "CA" + call[2:].swapcase(), CONTENT)
    given.file(business + 1, call, CONTENT)
    for what, other in altered(path, business, call).items():
        answer = plays(stack, other)
        assert (what, answer.status) == (what, 403)
        says(answer, 403, "forbidden")
    assert plays(stack, path).body == CONTENT


@pytest.mark.parametrize("more", ["&x=1", "&x", "&exp=1", "&sig=0", "&exp={exp}", "&sig={sig}",
                                  "&limit=1", "&%65xp=1", "&=", "&Sig=x", "&response-type=x"])
def test_nothing_may_be_appended(
    given: Given, stack: Stack, theirs: tuple[int, str], more: str
) -> None:
    business, call = theirs
    path = given.link(business, f"{call}.wav", LATER)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
    says(plays(stack, path + more.format(**query)), 400, "bad_parameter")
    base, _, rest = path.partition("?")
    says(plays(stack, f"{base}?{more.format(**query)[1:]}&{rest}"), 400, "bad_parameter")


def test_a_link_ends(given: Given, stack: Stack, theirs: tuple[int, str]) -> None:
    business, call = theirs
    for expires in (0, 1, int(time.time()) - 1, int(time.time())):
        for method in ("GET", "HEAD"):
            path = given.link(business, f"{call}.wav", expires)
            answer = Api(stack.base_url).request(method, path)
            assert answer.status == 403
            assert CONTENT not in answer.body
    # Neither a signature over a time that is none.
    for odd in ("", "-1", "x", "1e99", str(2**63)):
        assert plays(stack, given.link(business, f"{call}.wav", odd)).status == 403


def test_a_link_opens_no_other_address(
    given: Given, stack: Stack, theirs: tuple[int, str]
) -> None:
    business, call = theirs
    query = given.link(business, f"{call}.wav", LATER).partition("?")[2]
    for path in (f"/api/recordings/file/{call}", f"/api/calls/{call}/download",
                 f"/api/recordings/{call}/status", f"/api/calls/{call}", "/api/calls"):
        assert plays(stack, f"{path}?{query}").status == 400
        says(plays(stack, path), 401, "unauthorized")


def test_a_good_link_to_what_is_not_there(
    given: Given, stack: Stack, new_business: Callable[[], int]
) -> None:
    """The file that comes must be the one that was signed, not one with another ending."""
    business, call = new_business(), new_sid("CA")
    path = given.link(business, f"{call}.wav", LATER)
    says(plays(stack, path), 404, "no_recording")
    given.file(business, call, CONTENT, "mp3")
    says(plays(stack, path), 404, "no_recording")
    assert plays(stack, given.link(business, f"{call}.mp3", LATER)).body == CONTENT


def test_how_long_a_link_lives_is_configured(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(overrides={"PLAY_LINK_TTL": "90s"}, responders=1)
    with given_in(stack) as given:
        call = given.recorded(BUSINESS)
        given.file(BUSINESS, call, CONTENT)
        before = int(time.time())
        body = given.api(BUSINESS).get(f"/api/recordings/{call}/status").json
        after = int(time.time())
    expires = int(urllib.parse.parse_qs(urllib.parse.urlsplit(body["play_url"]).query)["exp"][0])
    assert before + 90 <= expires <= after + 90
