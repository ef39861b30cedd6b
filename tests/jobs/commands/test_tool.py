"""`tapedeck` as an operator's tool: tokens, how things are, and what it says of wrong commands."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from stack.api import Api
from stack.calls import Call, new_sid
from stack.stack import ROOT, Stack
from twilio.client import fault

from jobs_kit import Db, known_call, unrecorded_call, value_of

Tool = Callable[..., subprocess.CompletedProcess[str]]

SECRET = "s" * 32
BIGGEST = 2**63 - 1


# Tokens.


def claims_of(token: str, secret: str = SECRET) -> dict[str, Any]:
    """What a token says, once its signature is found right."""
    header, claims, signature = token.split(".")
    signed = hmac.new(secret.encode(), f"{header}.{claims}".encode(), hashlib.sha256).digest()
    assert signature == base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    assert json.loads(unpacked(header))["alg"] == "HS256"
    found: dict[str, Any] = json.loads(unpacked(claims))
    return found


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


TTLS = {"": 8 * 3600, "90": 90, "15min": 900, "1s": 1, "30d": 30 * 86400}


@pytest.mark.parametrize("ttl, seconds", TTLS.items())
def test_a_token_and_its_claims(ttl: str, seconds: int, tool: Tool) -> None:
    before = int(time.time())
    done = tool("token", "--business", "7", *(["--ttl", ttl] if ttl else []), JWT_SECRET=SECRET)
    after = int(time.time())
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    claims = claims_of(done.stdout.strip())
    assert set(claims) == {"business_id", "sub", "exp"}
    assert (claims["business_id"], claims["sub"]) == (7, "tapedeck token")
    assert before + seconds <= claims["exp"] <= after + seconds


@pytest.mark.parametrize("business", ["1", str(BIGGEST)])
@pytest.mark.parametrize("subject", ["ann", 'a"b\\c', "רות", "x" * 60])
def test_whom_a_token_is_for(business: str, subject: str, tool: Tool) -> None:
    done = tool("token", f"--business={business}", f"--sub={subject}", JWT_SECRET=SECRET)
    claims = claims_of(done.stdout.strip())
    assert (claims["business_id"], claims["sub"]) == (int(business), subject)


def test_a_token_opens_its_business_and_no_other(
    stack: Stack, new_call: Callable[..., Call], run_tapedeck: Tool
) -> None:
    call = new_call(recorded=False)
    for business, status in (call.business, 200), (call.business + 1, 404):
        token = run_tapedeck("token", "--business", str(business)).stdout.strip()
        answer = Api(stack.base_url, token).get(f"/api/calls/{call.call_sid}")
        assert answer.status == status


BAD_TOKENS = {
    "nobody": [],
    "business 0": ["--business", "0"],
    "a negative business": ["--business", "-1"],
    "a business with a name": ["--business", "acme"],
    "a business past all numbers": ["--business", str(BIGGEST + 1)],
    "half a number": ["--business", "7x"],
    "an empty business": ["--business", ""],
    "no value": ["--business"],
    "twice": ["--business", "1", "--business", "2"],
    "no duration": ["--business", "1", "--ttl", "long"],
    "no time at all": ["--business", "1", "--ttl", "0"],
    "less than a second": ["--business", "1", "--ttl", "999ms"],
    "a negative time": ["--business", "1", "--ttl=-1h"],
    "for ever": ["--business", "1", "--ttl", "400d"],
    "a long subject": ["--business", "1", "--sub", "x" * 5000],
    "an unknown option": ["--business", "1", "--admin"],
    "a word too many": ["--business", "1", "2"],
}


@pytest.mark.parametrize("arguments", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_bad_arguments_make_no_token(arguments: list[str], tool: Tool) -> None:
    done = tool("token", *arguments, JWT_SECRET=SECRET)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tapedeck: [^\n]+\n", done.stderr)


# Commands and options.

ALL = ("drain", "cleanup", "migrate", "token", "status", "reconcile", "retry", "config")
ENOUGH = {
    "DATABASE_URL": "postgresql:///nowhere?host=/nowhere", "REDIS_URL": "unix:///nowhere",
    "RECORDINGS_DIR": "/nowhere", "JWT_SECRET": SECRET, "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "t",
}


@pytest.mark.parametrize("word", ["help", "--help", "-h"])
def test_help_names_every_command(word: str, tool: Tool) -> None:
    done = tool(word)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n  {command} " in done.stdout for command in ALL)


def test_the_version_needs_no_settings(tool: Tool) -> None:
    version = (ROOT / "VERSION").read_text().strip()
    for word in "--version", "-V":
        done = tool(word)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.fullmatch(rf"tapedeck {re.escape(version)}(~git\d{{14}}\.[0-9a-f]+)?\n", done.stdout)
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
    assert (ROOT / "debian" / "changelog").read_text().startswith(f"tapedeck ({version}) ")


def options_of_the_manual() -> dict[str, set[str]]:
    items = (ROOT / "docs" / "tapedeck.1").read_text().split("\n.It Cm ")[1:]
    return {item.split()[0]: set(re.findall(r"\bFl -([a-z-]+)", item)) for item in items}


def test_each_command_tells_its_options_without_settings(tool: Tool) -> None:
    manual = options_of_the_manual()
    del manual["help"]
    assert {"drain", "inbox", "migrate"} <= manual.keys()
    for command, options in manual.items():
        for arguments in ["--help"], ["-h"], ["--nonsense", "--help"]:
            done = tool(command, *arguments)
            assert (done.returncode, done.stderr) == (0, "")
            usage, _, lines = done.stdout.partition("\n")
            assert usage.startswith(f"usage: tapedeck {command}")
            assert set(re.findall(r"^  --([a-z-]+) ", lines, re.MULTILINE)) == options, command
            assert set(re.findall(r"--([a-z-]+)", usage)) == options, command


def test_a_shell_completes_commands_and_options(build_dir: Path) -> None:
    def completed(*words: str) -> set[str]:
        script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tapedeck;'
                  ' printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-euc", script, str(ROOT / "contrib/completion/tapedeck"),
                               str(build_dir / "tapedeck"), *words], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return set(done.stdout.split())

    assert completed("re") == {"reconcile", "retain", "retry"}
    assert completed("status", "--") == {"--json", "--watch", "--businesses"}
    assert completed("status", "--json", "--w") == {"--watch"}
    assert completed("cleanup", "") == set()


@pytest.mark.parametrize("arguments", [[], [""], ["drian"], ["--once"], ["Drain"], ["x" * 9999]])
def test_no_such_command(arguments: list[str], tool: Tool) -> None:
    done = tool(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    usage = tool("help").stdout
    assert done.stderr.endswith(usage)
    said = done.stderr.removesuffix(usage)
    assert said.count("\n") == len(arguments) and len(said) < 100


WRONG_OPTIONS = [
    ("drain", "--twice"), ("drain", "now"), ("drain", "--once=1"), ("drain", "--linger"),
    ("drain", "--linger", "soon"), ("drain", "--linger", "1s", "--linger", "2s"),
    ("drain", "--linger="), ("drain", "-once"), ("cleanup", "--force"), ("cleanup", "all"),
    ("migrate", "--check=yes"), ("migrate", "--chek"), ("status", "--jsn"), ("status", "--businesses"),
    ("status", "--businesses=0"), ("status", "--businesses", "1001"), ("config", "--all"),
    ("reconcile", "--all"), ("reconcile", "now"), ("reconcile", "--window=1d"),
]


@pytest.mark.parametrize("arguments", WRONG_OPTIONS, ids=" ".join)
def test_a_wrong_option_is_one_line(arguments: tuple[str, ...], tool: Tool) -> None:
    done = tool(*arguments, **ENOUGH)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tapedeck: [^\n]+\n", done.stderr)


# How things are.


def said_of(done: subprocess.CompletedProcess[str], what: str) -> str:
    found = re.search(rf"^{what} +(.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return found[1]


def test_all_is_well(run_tapedeck: Tool, drain: Tool) -> None:
    drain()
    done = run_tapedeck("status")
    assert (done.returncode, done.stderr) == (0, "")
    words = {what: said_of(done, what) for what in ("redis", "disk", "database")}
    assert words == {"redis": "ok", "disk": "ok", "database": "ok"}
    assert re.fullmatch(r"seen \d+s ago", said_of(done, "runner"))


def test_no_runner_has_been_seen(run_tapedeck: Tool, rds: redis.Redis) -> None:
    rds.delete("rec_runner")
    assert said_of(run_tapedeck("status"), "runner") == "none seen; is the drain timer running?"


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_each_server_that_is_down_is_named(
    run_tapedeck: Tool, tmp_path: Path, silent: int
) -> None:
    """The others are asked all the same, and a server that hangs is a server that is down."""
    table = [
        ("redis", "not reachable", 0, {"REDIS_URL": "unix:///nowhere"}),
        ("redis", "not reachable", 0,
         {"REDIS_URL": f"redis://127.0.0.1:{silent}", "REDIS_TIMEOUT": "300ms"}),
        ("database", "not reachable", 1, {"DATABASE_URL": f"postgresql:///x?host={tmp_path}"}),
        ("database", "not reachable", 1,
         {"DATABASE_URL": f"postgresql://u@127.0.0.1:{silent}/x", "PG_TIMEOUT": "300ms"}),
        ("disk", "RECORDINGS_DIR cannot be written to", 1,
         {"RECORDINGS_DIR": str(tmp_path / "nowhere")}),
    ]
    for what, word, code, settings in table:
        done = run_tapedeck("status", **settings)
        assert (said_of(done, what), done.returncode) == (word, code)
        others = {"redis", "database", "disk"} - {what}
        assert {said_of(done, other) for other in others} == {"ok"}


def test_a_database_without_schema_is_not_ok(stack: Stack, run_tapedeck: Tool) -> None:
    url = stack.database_url.replace("/tapedeck?", "/postgres?")
    done = run_tapedeck("status", DATABASE_URL=url)
    assert done.returncode == 1 and said_of(done, "database") != "ok"


def test_callbacks_that_wait_are_counted(
    stack: Stack, new_business: Callable[[], int], run_tapedeck: Tool
) -> None:
    waiting = int(said_of(run_tapedeck("status"), "inbox").split()[0])
    for _ in range(2):
        call = unrecorded_call(stack, new_business())
        assert call.send_recording_status().status == 204
        assert call.send_recording_status().status == 204  # again, and counted once
    said = said_of(run_tapedeck("status"), "inbox")
    assert said == f"{waiting + 2} callbacks wait for their call"


def test_a_second_recording_of_a_call_does_not_wait_for_it(
    stack: Stack, db: Db, new_business: Callable[[], int], run_tapedeck: Tool
) -> None:
    before = said_of(run_tapedeck("status"), "inbox")
    call = known_call(stack, db, new_business())
    assert call.send_recording_status().status == 204
    second = new_sid("RE")
    url = call.recording_url.replace(call.recording_sid, second)
    assert call.send_recording_status(RecordingSid=second, RecordingUrl=url).status == 204
    assert value_of(db, "SELECT count(*) FROM recording_inbox WHERE call_sid = %s",
                    call.call_sid) == 2
    assert said_of(run_tapedeck("status"), "inbox") == before


def test_lines_and_reasons_are_told(
    stack: Stack, db: psycopg.Connection[Any], new_business: Callable[[], int],
    new_call: Callable[..., Call], run_tapedeck: Tool, drain: Tool,
) -> None:
    business = new_business()
    db.execute("UPDATE recording_runs SET completed_at = now() - interval '2 days'"
               " WHERE status = 'failed'")
    for faults in ([fault("html")], [fault("html")], [fault("short")], []):
        new_call(business, faults=faults)
    drain(RUN_ATTEMPTS="1")
    for _ in range(2):
        new_call(business)
    done = run_tapedeck("status")
    assert done.returncode == 0
    assert re.search(rf"^ +{business} +0 +2 +3 +\d+s$", done.stdout, re.MULTILINE)
    lines = done.stdout.partition("failed within a day, by reason\n")[2].splitlines()
    assert [line.split()[:2] for line in lines] == [["2", "not_audio"], ["1", "too_small"]]
    assert all(re.search(r" last at \d\d:\d\d  [A-Z]\w+ ", line) for line in lines)
