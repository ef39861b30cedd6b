"""Whom the runner talks to: what api.twilio.com turns out to be, if that is nobody's inside.

Each test is an island, where the name leads to an address that is really there and would answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from stack.calls import Call, new_sid
from stack.stack import Stack

import island
from island import answer_of, basic, recording
from jobs_kit import LATER, Db, click, files_of, insert_call, run_of, unrecorded_call

NewBusiness = Callable[[], int]
TWILIO = f"http://api.twilio.com:{island.PORT}"
PUBLIC4, PUBLIC6 = "54.172.60.1", "2600:1f18::1"
BORN_THERE = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0")

NO_ISLAND = island.why_not()
pytestmark = pytest.mark.skipif(bool(NO_ISLAND), reason=NO_ISLAND)


WAV = recording()


@pytest.fixture
def account(db: Db) -> Iterator[str]:
    """An account that no other test pauses."""
    one = new_sid("AC")
    yield one
    db.execute("DELETE FROM provider_accounts WHERE account_sid = %s", [one])


@pytest.fixture
def call(stack: Stack, db: Db, new_business: NewBusiness, account: str) -> Call:
    """A call that was clicked, and whose recording is at Twilio."""
    one = unrecorded_call(stack, new_business())
    insert_call(db, one, recording_url=f"https://api.twilio.com{path_of(account, one)}")
    click(one)
    return one


def path_of(account: str, call: Call) -> str:
    return f"/2010-04-01/Accounts/{account}/Recordings/{call.recording_sid}"


@pytest.fixture
def drained(stack: Stack) -> Callable[..., island.Told]:
    """drained(*addresses, base=…, NAME="value", …): one round of the runner, on an island where
    Twilio's name leads to these addresses."""

    def run(
        *addresses: str, base: str = TWILIO, command: tuple[str, ...] = ("drain", "--once"),
        answer: dict[str, Any] | None = None, **settings: str,
    ) -> island.Told:
        names = "api.twilio.com api.dublin.ie1.twilio.com proxy.example evil.example"
        there = [one for one in addresses if one not in BORN_THERE]
        return island.run(
            [str(stack.tapedeck), *command],
            stack.environment(TWILIO_API_BASE=base, RETRY_DELAYS=LATER, CONNECT_TIMEOUT="2s",
                              **settings),
            hosts="".join(f"{one} {names}\n" for one in addresses), addresses=there,
            answer=answer_of(WAV) if answer is None else answer,
        )

    return run


Drained = Callable[..., island.Told]

# One of each kind; the whole table of blocks is tests/unit/base/test_address.c's.
INSIDE = {
    "loopback": ["127.0.0.1"], "loopback, another": ["127.8.9.10"], "loopback 6": ["::1"],
    "private": ["10.1.2.3"], "private, another": ["192.168.1.1"], "link-local": ["169.254.169.254"],
    "carrier's": ["100.64.0.1"], "unique local": ["fd00:ec2::254"],
    "mapped": ["::ffff:127.0.0.1"], "by NAT64": ["64:ff9b::7f00:1"], "by 6to4": ["2002:7f00:1::1"],
    "by Teredo": ["2001::1"], "unspecified": ["0.0.0.0"],
    "several": ["127.0.0.1", "::1", "10.1.2.3", "fd00:ec2::254"],
}


@pytest.mark.parametrize("kind", INSIDE)
def test_a_name_that_leads_inside_is_refused(
    stack: Stack, call: Call, db: Db, drained: Drained, kind: str
) -> None:
    told = drained(*INSIDE[kind])
    assert (told.returncode, told.connections) == (0, 0), told.stderr
    run = run_of(db, call)
    assert (run.status, run.error_code) == ("queued", "address_refused")
    assert run.attempts == 0, "that is not this recording's fault"
    assert f"sid={call.call_sid} active=0/3 reason=address_refused\n" in told.stderr
    assert files_of(call) == [] and stack.auth_token not in told.stderr
    for address in INSIDE[kind]:
        assert address not in told.stderr and address not in (run.error or "")


@pytest.mark.parametrize("base", [
    "https://api.twilio.com", f"https://api.twilio.com:{island.PORT}",
    f"http://API.Twilio.Com:{island.PORT}",
    f"http://api.dublin.ie1.twilio.com:{island.PORT}/",
])
def test_however_its_name_is_written(
    call: Call, db: Db, drained: Drained, base: str
) -> None:
    told = drained("127.0.0.1", base=base)
    assert told.connections == 0
    assert run_of(db, call).error_code == "address_refused"


@pytest.mark.parametrize("address", [PUBLIC4, PUBLIC6])
def test_a_public_address_is_where_we_fetch(
    stack: Stack, account: str, call: Call, db: Db, drained: Drained, address: str
) -> None:
    """The island's host bears one of those: the guard lets pass what is meant to pass."""
    told = drained(address)
    assert told.requests == [(address, path_of(account, call) + ".wav?RequestedChannels=2",
                              basic(stack.account_sid, stack.auth_token))]
    assert run_of(db, call).status == "completed"
    assert call.finished_file is not None and call.finished_file.read_bytes() == WAV


def test_of_several_addresses_only_public_ones_count(
    call: Call, db: Db, drained: Drained
) -> None:
    """As when a name is made to mean two things at once, or one after the other."""
    told = drained("10.1.2.3", "127.0.0.1", PUBLIC4)
    assert {at for at, _, _ in told.requests} <= {PUBLIC4}
    assert told.connections == len(told.requests)
    assert run_of(db, call).status == "completed"


@pytest.mark.parametrize("host, address", [
    ("proxy.example", "127.0.0.1"), ("proxy.example", "10.1.2.3"), ("{}", "10.1.2.3"),
    ("{}", "::1"),
])
def test_a_base_that_the_operator_chose_may_be_inside(
    call: Call, db: Db, drained: Drained, host: str, address: str
) -> None:
    literal = f"[{address}]" if ":" in address else address
    told = drained(address, base=f"http://{host.format(literal)}:{island.PORT}")
    assert [at for at, _, _ in told.requests] == [address], told.requests
    assert run_of(db, call).status == "completed"


# ---- to nobody else ----


@pytest.mark.parametrize("status, location", [
    (301, "http://evil.example:{port}/x.wav"), (302, "//evil.example:{port}/x.wav"),
    (303, "/2010-04-01/Accounts/x.wav"), (308, "file:///etc/passwd"),
    (307, "http://169.254.169.254:{port}/latest/meta-data/"),
    (307, "http://api.twilio.com@evil.example:{port}/"),
])
def test_no_redirect_is_followed(
    stack: Stack, account: str, call: Call, db: Db, drained: Drained, location: str, status: int
) -> None:
    to = location.format(port=island.PORT)
    told = drained(PUBLIC4, "169.254.169.254", answer=answer_of(b"", status, {"Location": to}))
    assert told.requests == [(PUBLIC4, path_of(account, call) + ".wav?RequestedChannels=2",
                              basic(stack.account_sid, stack.auth_token))]
    assert run_of(db, call).error_code == "redirected"
    assert to not in told.stderr


def test_no_proxy_is_used(call: Call, db: Db, drained: Drained) -> None:
    """Not one that the environment names for everybody: it would see the credentials."""
    names = ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
    proxy = f"http://127.0.0.1:{island.PORT}"
    told = drained(PUBLIC4, no_proxy="", **dict.fromkeys(names, proxy))
    assert {at for at, _, _ in told.requests} == {PUBLIC4}
    assert run_of(db, call).status == "completed"


# ---- reconcile asks, too ----


def test_the_list_is_not_asked_for_inside(stack: Stack, drained: Drained) -> None:
    for base in (TWILIO, TWILIO.replace("http:", "https:")):
        told = drained("127.0.0.1", "10.1.2.3", base=base, command=("reconcile",))
        assert (told.returncode, told.connections) == (1, 0)
        assert "the provider answered 0 (forbidden)\n" in told.stderr
        assert stack.auth_token not in told.stderr


@pytest.mark.parametrize("uri", [
    "http://evil.example:{port}/x", "@evil.example:{port}/x", ".evil.example:{port}/x",
    "/2010-04-01/Accounts/" + "AC" + "0" * 32 + "/Recordings.json",
    "/2010-04-01/Accounts/{account}/Recordings.json/../../x",
])
def test_the_next_page_is_the_providers_and_ours(
    stack: Stack, db: Db, drained: Drained, uri: str
) -> None:
    """An address that the list names is glued to our base: it must not become another host's."""
    account = new_sid("AC")
    page = {"recordings": [], "next_page_uri": uri.format(port=island.PORT, account=account)}
    answer = answer_of(json.dumps(page).encode(), headers={"Content-Type": "application/json"})
    told = drained(PUBLIC4, "127.0.0.1", command=("reconcile",), TWILIO_ACCOUNT_SID=account,
                   answer=answer)
    assert len(told.requests) == told.connections == 1
    at, path, sent = told.requests[0]
    assert (at, sent) == (PUBLIC4, basic(account, stack.auth_token))
    assert path.startswith(f"/2010-04-01/Accounts/{account}/Recordings.json?")


def test_the_list_takes_no_redirect(stack: Stack, drained: Drained) -> None:
    answer = answer_of(b"", 302, {"Location": f"http://evil.example:{island.PORT}/"})
    told = drained(PUBLIC4, command=("reconcile",), TWILIO_ACCOUNT_SID=new_sid("AC"), answer=answer)
    assert told.returncode == 1 and len(told.requests) == told.connections == 1
