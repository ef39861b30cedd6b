"""`tapedeck reconcile` when the provider is wrong, and when our own servers are away."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from stack.calls import Call, new_call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import Db, assert_stored, known_call, run_of, runs_of
from odd_provider import OddProvider, answer, odd_provider, page
from reconcile_kit import (  # noqa: F401 (fixtures)
    OTHER_ACCOUNT,
    Command,
    NewBusiness,
    ago,
    empty_shelf,
    everything,
    fails,
    is_told,
    lists,
    reconcile,
    silent_call,
    url_of,
)

# What the provider may answer.

WRONG = {
    "500": (fault("status", code=500), "500"), "503": (fault("status", code=503), "503"),
    "401": (fault("status", code=401), "401"), "429": (fault("status", code=429), "429"),
    "404": (fault("not_ready"), "404"), "an HTML page": (fault("html"), "makes no sense"),
    "a redirect": (fault("redirect", location="http://127.0.0.1:9/"), "302"),
    "silence": (fault("silent_forever"), "stalled"),
}


@pytest.mark.parametrize("wrong, word", WRONG.values(), ids=WRONG)
def test_a_provider_at_fault_changes_nothing(
    wrong: dict[str, Any], word: str, stack: Stack, db: Db, new_business: NewBusiness,
    run_tapedeck: Command, reconcile: Callable[..., str], twilio: Control,
) -> None:
    call = silent_call(stack, db, new_business())
    before = everything(db)
    twilio.account_faults({**wrong, "formats": ["list"]})
    fails(run_tapedeck("reconcile", STALL_TIMEOUT="300ms"), word)
    assert everything(db)[:3] == before[:3]
    twilio.account_faults()
    reconcile()
    assert is_told(db, call)


@pytest.mark.parametrize("wrong", ["500", "a redirect", "silence"])
def test_what_was_read_before_the_fault_is_kept(
    wrong: str, stack: Stack, db: Db, new_business: NewBusiness, run_tapedeck: Command,
    reconcile: Callable[..., str], twilio: Control,
) -> None:
    """The next run goes on at the page that failed."""
    business = new_business()
    calls = [silent_call(stack, db, business, date_created=ago(minutes=n)) for n in range(4)]
    limits = {"RECONCILE_PAGE_SIZE": "2", "RECONCILE_PAGES": "1"}
    reconcile(**limits)
    twilio.account_faults({**WRONG[wrong][0], "formats": ["list"]})
    fails(run_tapedeck("reconcile", STALL_TIMEOUT="300ms", **limits))
    assert [is_told(db, call) for call in calls] == [True, True, False, False]
    twilio.account_faults()
    reconcile(**limits)
    assert all(is_told(db, call) for call in calls)
    assert ["PageToken" in query for query in lists(twilio)] == [False, True, True]


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """Another host, which nobody may talk to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def entry(call: Call) -> dict[str, Any]:
    return {"account_sid": call.stack.account_sid, "call_sid": call.call_sid,
            "sid": call.recording_sid, "status": "completed", "duration": "2", "channels": 2}


@pytest.mark.parametrize("uri", [
    "http://{elsewhere}{own}", "//{elsewhere}{own}", "@{elsewhere}{own}", ":@{elsewhere}{own}",
    "/2010-04-01/Accounts/{other}/Recordings.json", "/2010-04-01/Accounts/{account}/Calls.json",
    "{own}/../../../../{elsewhere}", "", "{own}?a=\r\nHost: {elsewhere}", "{own}?" + "x" * 2000,
])
def test_a_next_page_elsewhere_is_not_asked_for(
    uri: str, stack: Stack, db: Db, new_business: NewBusiness, run_tapedeck: Command,
    reconcile: Callable[..., str], elsewhere: socket.socket,
) -> None:
    """A list that leads away from itself is not believed at all; and our credentials stay here."""
    call = silent_call(stack, db, new_business())
    before = everything(db)
    leads = uri.format(
        own=f"/2010-04-01/Accounts/{stack.account_sid}/Recordings.json", other=OTHER_ACCOUNT,
        account=stack.account_sid, elsewhere=f"127.0.0.1:{elsewhere.getsockname()[1]}")
    with odd_provider(lambda target: page([entry(call)], leads)) as provider:
        fails(run_tapedeck("reconcile", TWILIO_API_BASE=provider.url), "makes no sense")
    assert len(provider.requests) == 1
    assert everything(db)[:3] == before[:3]
    reconcile()
    assert is_told(db, call)


GARBAGE: dict[str, bytes] = {
    "nothing": answer(""),
    "no JSON": answer("{"),
    "a list": answer("[]"),
    "no recordings": answer("{}"),
    "an error's JSON": answer(json.dumps({"code": 20003, "status": 401})),
    "bytes": answer(bytes(range(256)) * 10),
    "cut short": answer('{"recordings": []', Content_Length="100000"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing at all": b"",
    "a huge page": answer(b'{"recordings": [' + b" " * (5 << 20) + b"]}"),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_changes_nothing(
    garbage: bytes, stack: Stack, db: Db, new_business: NewBusiness, run_tapedeck: Command,
    reconcile: Callable[..., str],
) -> None:
    call = silent_call(stack, db, new_business())
    before = everything(db)
    with odd_provider(lambda target: garbage) as provider:
        fails(run_tapedeck("reconcile", TWILIO_API_BASE=provider.url))
    assert everything(db)[:3] == before[:3]
    reconcile()
    assert is_told(db, call)


def test_other_entries_of_a_page_are_passed_over(
    stack: Stack, db: Db, new_business: NewBusiness, run_tapedeck: Command
) -> None:
    """Another account's, a conference's, and nonsense beside one that is good."""
    good, bad = (silent_call(stack, db, new_business()) for _ in range(2))
    others = [{**entry(bad), **change} for change in (
        {"account_sid": OTHER_ACCOUNT}, {"call_sid": None}, {"sid": "RE../x"}, {"status": "odd"},
    )]
    with odd_provider(lambda target: page([*others, entry(good), *others])) as provider:
        done = run_tapedeck("reconcile", TWILIO_API_BASE=provider.url)
    assert done.returncode == 0 and "RECONCILE_DONE seen=1 news=1 ok=1" in done.stderr
    assert is_told(db, good) and url_of(db, bad) is None


def test_a_provider_that_is_not_there(run_tapedeck: Command) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        fails(run_tapedeck("reconcile", TWILIO_API_BASE=base), "unreachable")


# Who asks.


def authorization(provider: OddProvider) -> list[str]:
    return re.findall(r"^Authorization: (.*?)\r?$", provider.requests[0], re.MULTILINE)


def test_an_api_key_goes_before_the_auth_token(
    stack: Stack, reconcile: Callable[..., str], run_tapedeck: Command, twilio: Control
) -> None:
    fails(run_tapedeck("reconcile", TWILIO_AUTH_TOKEN="wrong"), "401")
    reconcile(TWILIO_AUTH_TOKEN="wrong", TWILIO_API_KEY=stack.account_sid,
              TWILIO_API_SECRET=stack.auth_token)
    with odd_provider(lambda target: page([])) as provider:
        reconcile(TWILIO_API_BASE=provider.url)
    assert len(authorization(provider)) == 1 and stack.auth_token not in provider.requests[0]


def test_secrets_are_not_logged(stack: Stack, run_tapedeck: Command, twilio: Control) -> None:
    twilio.account_faults({**fault("status", code=401), "formats": ["list"]})
    done = run_tapedeck("reconcile")
    assert stack.auth_token not in done.stderr and "://" not in done.stderr


# The command itself.


def test_without_postgresql_it_says_so(
    run_tapedeck: Command, twilio: Control, tmp_path: object
) -> None:
    done = run_tapedeck("reconcile", DATABASE_URL=f"postgresql:///x?host={tmp_path}")
    fails(done, "PostgreSQL")
    assert lists(twilio) == []


def test_without_redis_the_run_is_kept(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    drain: Command,
) -> None:
    call = silent_call(stack, db, new_business())
    reconcile(REDIS_URL="unix:///nowhere/redis.sock")
    assert run_of(db, call).status == "queued"
    drain()
    assert_stored(call, "wav2")


def test_a_host_without_schedulers_does_nothing(run_tapedeck: Command, twilio: Control) -> None:
    done = run_tapedeck("reconcile", ENABLE_SCHEDULERS="false")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert lists(twilio) == []


@pytest.mark.parametrize("argument", ["--all", "now", "--window=1d"])
def test_it_takes_no_options(argument: str, run_tapedeck: Command, twilio: Control) -> None:
    done = run_tapedeck("reconcile", argument)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tapedeck: [^\n]+\n", done.stderr)
    assert lists(twilio) == []


def test_a_known_recording_of_the_crms_own_is_no_news(
    stack: Stack, db: Db, new_business: NewBusiness, reconcile: Callable[..., str],
    drain: Command, new_call: Callable[..., Call],
) -> None:
    """The CRM wrote its address itself, and the file is here: there is nothing to fetch."""
    call = known_call(stack, db, new_business())
    assert call.api.get(call.file_path).status == 202
    drain()
    reconcile()
    assert runs_of(db, call) == 1 and run_of(db, call).status == "completed"
