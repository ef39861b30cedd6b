"""Leaks: nothing that is secret gets into a log, and nothing that was used stays in memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import redis

from http_expect import says
from http_given import Given, given_in
from stack import programs, tokens
from stack.api import Api
from stack.calls import CALL_STATUS, RECORDING_STATUS, new_call, new_sid, token_for
from stack.processes import wait_until
from stack.stack import ROOT, Stack
from twilio import sign
from twilio.client import fault

BUSINESS = 1
LATER = 4102444800  # 2100-01-01
SOON = 120.0
CONTENT = b"RIFF of a sort"
FORM = "application/x-www-form-urlencoded"
NUMBERS = ("+972501234567", "+14155550123")
LINE = re.compile(r"[A-Z][A-Z_]+(?: [a-z_]+=[!-~]*)*")
SQL = ("SELECT", "INSERT INTO", "UPDATE ", "DELETE ", "FROM ", "WHERE", "call_log",
       "playback_audit", "recording_runs", "column", "relation", "syntax")
# What somebody sends to write lines of their own, or to talk to a terminal.
FORGED = "x\r\nRECORDING_DONE business_id=1\x1b]0;owned\x07\x00\u202e\u05d0"


class Secrets:
    """All that must not be found, with a name for the message; grows as the session goes on."""

    def __init__(self, stack: Stack) -> None:
        self.words: dict[str, str] = {}
        for name in ("JWT_SECRET", "MEDIA_SECRET", "TWILIO_AUTH_TOKEN"):
            self.add(name, stack.config[name])
        self.add("the folder", str(stack.recordings_dir))
        self.add("the database's address", stack.database_url.partition("?")[0])
        self.add("a socket", "redis.sock")
        self.add("a socket", ".s.PGSQL")
        for number in NUMBERS:
            self.add("a number", number[1:])
            self.add("a number", number[-7:])

    def add(self, name: str, word: str) -> str:
        assert len(word) >= 7
        self.words[word] = name
        return word

    def token(self, token: str) -> str:
        for name, part in zip(("a token's claims", "a token's signature"), token.split(".")[1:]):
            self.add(name, part)
        return token

    def link(self, path: str) -> str:
        self.add("a link's signature", path.partition("sig=")[2])
        return path

    def found_in(self, text: str) -> list[str]:
        return [f"{name}: {word}" for word, name in self.words.items() if word in text]


# ---- the session ----


def as_a_browser(given: Given, secrets: Secrets) -> None:
    """What people do; each secret where it belongs."""
    stack, api = given.stack, Api(given.stack.base_url)
    call = given.recorded(BUSINESS, from_number=NUMBERS[0], to_number=NUMBERS[1])
    given.file(BUSINESS, call, CONTENT)
    token = secrets.token(token_for(stack, BUSINESS, sub="dana@example.com"))
    cookie = {"Cookie": f"session={token}", "Origin": stack.public_base_url}
    for headers in ({"Authorization": f"Bearer {token}"}, cookie):
        for path in (f"/api/recordings/file/{call}", f"/api/calls/{call}/download", "/api/calls",
                     f"/api/calls/{call}", f"/api/calls?search={urllib.parse.quote(NUMBERS[0])}"):
            assert api.get(path, headers=headers).status == 200
        url = api.post(f"/api/recordings/{call}/prepare", headers=headers).json["play_url"]
        link = secrets.link(url.removeprefix(stack.public_base_url))
        assert api.get(link, headers={"Referer": url}).body == CONTENT
    assert api.post("/api/session", headers=cookie).status == 200
    assert api.delete("/api/session", headers=cookie).status == 200


def as_an_intruder(given: Given, secrets: Secrets) -> None:
    """Each secret where it does not belong, and bytes that would forge a line."""
    stack, call = given.stack, new_sid("CA")
    api = Api(stack.base_url)
    token = secrets.token(token_for(stack, BUSINESS))
    expired = secrets.token(tokens.session(stack.config["JWT_SECRET"], BUSINESS, ttl=-1))
    link = secrets.link(given.link(BUSINESS, f"{call}.wav", 1))
    odd = FORGED.encode().decode("latin-1").translate({13: None, 10: None, 0: None})
    quoted = urllib.parse.quote(FORGED)
    for path in (f"/api/calls?token={token}", f"/api/{token}", f"/media/1/{token}", link,
                 link + "0", f"/api/calls/{call}?{link.partition('?')[2]}", f"/{token}/x.html",
                 f"/api/calls?search={quoted}", f"/api/calls/{quoted}", "/api/" + token * 40,
                 f"/api/recordings/{quoted}/status", f"/api/calls?cursor={quoted}",
                 f"/api/calls?limit={token}"):
        for headers in ({"Authorization": f"Bearer {expired}"}, {"Cookie": f"session={expired}x"},
                        {"Authorization": f"Basic {token}", "User-Agent": odd, "Referer": link}):
            assert 400 <= api.get(path, headers=headers).status < 500
    for line in (f"Authorization: Bearer {token}", f"Cookie: session={token}"):
        api.raw(f"GET /api/calls HTTP/1.1\r\nHost: a b\r\n{line}\r\n\r\n".encode())
        api.raw(f"GET /api/calls HTTP/1.1\r\n{line} \0\r\n\r\n".encode())
        api.raw(f"GET {link}\0 HTTP/9.9\r\n{line}\r\n\r\n".encode())


def as_twilio(stack: Stack, secrets: Secrets) -> None:
    """Good callbacks, bad ones, and calls that are nobody's."""
    api = Api(stack.base_url)
    for account in (stack.account_sid, new_sid("AC")):
        params = {"AccountSid": account, "CallSid": new_sid("CA"), "CallStatus": "ringing",
                  "From": NUMBERS[0], "To": NUMBERS[1], "Direction": "inbound"}
        for path in (CALL_STATUS, f"{CALL_STATUS}?business_id=1", RECORDING_STATUS):
            for fields in (params, {**params, "To": FORGED}, {**params, "CallSid": FORGED},
                           {**params, "RecordingSid": FORGED, "RecordingStatus": FORGED}):
                mac = sign.signature(stack.auth_token, stack.public_base_url + path, fields)
                secrets.add("Twilio's signature", mac)
                secrets.add("a wrong signature", mac[::-1])
                for header in (mac, mac[::-1], ""):
                    answer = api.post(path, sign.form(fields), headers={
                        "Content-Type": FORM, "X-Twilio-Signature": header})
                    assert answer.status == (204 if header == mac else 403)


def as_a_provider_in_trouble(stack: Stack, given: Given) -> None:
    """Downloads that end in all ways."""
    for faults in ([], [fault("html")], [fault("truncate")], [fault("status", code=401)],
                   [fault("redirect", location="http://127.0.0.1:9/" + stack.auth_token)]):
        new_call(stack, BUSINESS, faults=faults)
    call = given.recorded(BUSINESS, recording_url=f"https://{stack.auth_token}@evil.example/x")
    says(Api(stack.base_url, stack.token).get(f"/api/recordings/file/{call}"), 202, "processing")


def with_words_of_others_in_redis(stack: Stack) -> None:
    with redis.Redis.from_url(stack.redis_url) as rds:
        for job in (FORGED, f"1:{FORGED}", f"{BUSINESS}:{new_sid('CA')}"):
            rds.rpush("rec_jobs", job)
        rds.rpush("rec_audit", FORGED.replace("\0", ""), stack.auth_token)


def with_stores_in_trouble(given: Given, secrets: Secrets, call: str) -> None:
    """Errors from PostgreSQL and from Redis, whose texts speak of tables, keys and addresses."""
    stack = given.stack
    api = Api(stack.base_url, secrets.token(stack.token))
    given.db.execute("ALTER TABLE call_log RENAME COLUMN call_sid TO other")
    for path in ("/api/calls", f"/api/recordings/file/{new_sid('CA')}"):
        says(api.get(path), 503, "unavailable")
    given.db.execute("ALTER TABLE call_log RENAME COLUMN other TO call_sid")
    with redis.Redis.from_url(stack.redis_url) as rds:
        rds.set(f"rec_slots:{BUSINESS}", FORGED)
        assert api.get(f"/api/recordings/file/{given.recorded(BUSINESS)}").status == 202
        rds.delete(f"rec_slots:{BUSINESS}")
    stack.halt("redis")
    token = secrets.token(token_for(stack, BUSINESS, sub=FORGED.replace("\0", "")))
    assert api.get(f"/api/recordings/file/{call}", token=token).body == CONTENT
    stack.revive("redis")
    given.db.execute("CHECKPOINT")
    stack.halt("postgres")
    for path in ("/api/calls", f"/api/calls/{call}", f"/api/recordings/{new_sid('CA')}/status"):
        says(api.get(path), 503, "unavailable")
    stack.revive("postgres")
    assert wait_until(lambda: api.get("/api/calls").status == 200, SOON)


COMMANDS = (["drain", "--once"], ["cleanup"], ["reconcile"], ["status"],
            ["retry", "--business", "1"], ["audit", "--call", "CA" + "0" * 32],
            ["migrate", "--check"], ["config"])
# What is away, and which of the commands above have something to say about it.
AWAY: tuple[tuple[dict[str, str], tuple[int, ...]], ...] = (
    ({"TWILIO_API_BASE": "http://127.0.0.1:9"}, (0, 2)),
    ({"RECORDINGS_DIR": "/proc/nowhere"}, (0, 3)),
    ({"DATABASE_URL": "postgresql://hunter2:hunter2@127.0.0.1:9/hunter2"}, (1, 3, 5, 7)),
    ({"REDIS_URL": "redis://:hunter2@127.0.0.1:9/0"}, (0, 1, 7)),
)


def tell(stack: Stack, command: list[str], **settings: str) -> str:
    """All that a command says, on either side."""
    env = stack.environment(**settings)
    done = programs.run(stack.tapedeck, tuple(command), env, timeout=60)
    assert done.returncode in (0, 1), (command, done.stderr)
    said = done.stdout + done.stderr
    if command != ["config"]:
        return said
    # It tells where things are: that is what it is for. With what, it does not.
    assert "hunter2" not in said and stack.auth_token not in said
    return ""


def with_the_tool(stack: Stack) -> str:
    return "".join(tell(stack, command) for command in COMMANDS)


def with_the_tool_and_things_away(stack: Stack) -> str:
    return "".join(tell(stack, COMMANDS[number], **settings)
                   for settings, numbers in AWAY for number in numbers)


def test_a_session_leaves_no_secret_behind(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=2)
    secrets = Secrets(stack)
    secrets.add("a password", "hunter2")
    with given_in(stack) as given:
        call = given.recorded(BUSINESS)
        given.file(BUSINESS, call, CONTENT)
        as_a_browser(given, secrets)
        as_an_intruder(given, secrets)
        as_twilio(stack, secrets)
        as_a_provider_in_trouble(stack, given)
        with_words_of_others_in_redis(stack)
        said = with_the_tool(stack) + with_the_tool_and_things_away(stack)
        with_stores_in_trouble(given, secrets, call)
        said += with_the_tool(stack)
    responders = stack.logged("responders")
    are_events(responders)
    assert said.isascii() and "\x1b" not in said and "\x07" not in said
    logs = {"the responders": responders, "the web server": stack.log(stack.front).read_text(),
            "the tool": said}
    for name, text in logs.items():
        assert secrets.found_in(text) == [], name
        assert "\nRECORDING_DONE business_id=1\x1b" not in text
    for word in SQL:
        assert word not in but_for_names(responders) and word not in but_for_names(said)
    for event in ("WEBHOOK_REFUSED", "CALL_WITHOUT_BUSINESS", "PG_FAILED", "PG_UNAVAILABLE",
                  "REDIS_ERROR", "REDIS_UNAVAILABLE", "PLAYBACK", "RECORDING_ENQUEUE"):
        assert f"\n{event} " in f"\n{responders}", "or this has not looked at much"
    for event in ("RECORDING_DONE", "RECORDING_RETRY", "AUDIT_DROPPED", "PG_UNAVAILABLE"):
        assert f"\n{event} " in f"\n{said}"
    assert f" to=...{NUMBERS[1][-4:]}\n" in responders, "four digits are what may be seen"


def but_for_names(log: str) -> str:
    """What PostgreSQL says of a name of ours that is not there, or not granted, is for operators."""
    return re.sub(r"^PG_FAILED sqlstate=42\w+ said=\S+", "PG_FAILED", log, flags=re.MULTILINE)


def are_events(log: str) -> None:
    """One a line, names and values, nothing that a terminal or another reader would act upon."""
    assert log.endswith("\n")
    for line in log.splitlines():
        assert LINE.fullmatch(line), line


# ---- answers ----


def test_an_error_says_nothing_of_the_house(make_stack: Callable[..., Stack]) -> None:
    """No table, no path, no server's own words, whatever is wrong inside."""
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        api, secrets = given.api(BUSINESS), Secrets(stack)
        here = given.recorded(BUSINESS)
        given.file(BUSINESS, here, CONTENT)
        failed = given.recorded(BUSINESS)
        for _ in range(3):
            given.failed_run(BUSINESS, failed, error_code="disk_error",
                             error="The recording could not be written.")
        given.db.execute("ALTER TABLE recording_runs RENAME TO hidden")
        answers = [api.get(path) for path in (
            "/readyz", "/api/calls", f"/api/calls/{here}", "/api/recordings/runs/active",
            "/api/recordings/runs/1/status", f"/api/recordings/file/{failed}")]
        given.db.execute("ALTER TABLE hidden RENAME TO recording_runs")
        answers.append(api.get(f"/api/recordings/file/{failed}"))
        assert [answer.status for answer in answers] == [503] * 6 + [500]
        for answer in answers:
            text = str(answer.headers) + answer.body.decode()
            assert secrets.found_in(text) == []
            assert not [word for word in SQL if word in text]
            assert "/" not in re.sub(r"application/json|\d/\d", "", text)


# ---- memory ----


def test_memory_stays_flat(build_dir: Path, sanitizer_reports: Path) -> None:
    """The short form of bench/leak.py; AddressSanitizer keeps what was freed unless told not to."""
    options = os.environ.get("ASAN_OPTIONS", "")
    spare = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0:malloc_context_size=1"
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "leak.py"), "1000"], timeout=120,
        env={**os.environ, "BUILD": str(build_dir), "ASAN_OPTIONS": f"{options}:{spare}"},
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    growth = re.search(r"growth over 1000 requests: (-?\d+) kB", done.stdout)
    assert growth and int(growth[1]) <= 64, done.stdout
