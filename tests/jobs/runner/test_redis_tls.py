"""rediss://: Redis by TLS, with its certificate and its name looked at."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from stack.api import Api
from stack.stack import Stack

from jobs_kit import Db, Runner, click, known_call, run_of, runs_of, until
from redis_tls_kit import Authority, TlsRedis, tls_settings
from sentinel_kit import Watched

HOSTS = "DNS:localhost,IP:127.0.0.1,IP:::1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(home: Path) -> Authority:
    return Authority(home / "authority")


@pytest.fixture
def sealed(authority: Authority, tmp_path: Path) -> Iterator[TlsRedis]:
    pair = authority.sign(f"good-{secrets.token_hex(4)}", HOSTS)
    with TlsRedis(tmp_path / "redis", authority, pair) as one:
        yield one


@pytest.fixture
def stack(make_stack: Callable[..., Stack], sealed: TlsRedis) -> Stack:
    return make_stack(overrides={"REDIS_URL": sealed.url("[::1]")})


@pytest.fixture
def new_business(stack: Stack) -> Callable[[], int]:
    return stack.new_business


def redis_line(stack: Stack, url: str) -> str:
    """What `status` says of Redis."""
    told = stack.run("status", REDIS_URL=url, REDIS_TIMEOUT="3s").stdout
    return next(line for line in told.splitlines() if line.startswith("redis")).split(None, 1)[1]


def test_what_waits_is_fetched_and_played(
    stack: Stack, sealed: TlsRedis, db: Db, new_business: Callable[[], int],
    runner: Callable[..., Runner],
) -> None:
    """By a runner that pops and blocks, and responders that ask and post."""
    runner()
    business = new_business()
    for one in [known_call(stack, db, business) for _ in range(3)]:
        click(one)
        until(lambda: run_of(db, one).status == "completed", "the download")
        assert one.api.get(one.file_path).body == one.source("wav2")
    assert Api(stack.base_url).get("/readyz").json["redis"] == "ok"
    with sealed.client() as client:
        until(lambda: client.exists("rec_runner"), "a runner that is known")
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert redis_line(stack, sealed.url(host)) == "ok"


@pytest.mark.parametrize("how", ["killed", "hangs"])
def test_it_goes_while_a_runner_waits(
    how: str, stack: Stack, sealed: TlsRedis, db: Db, new_business: Callable[[], int],
    runner: Callable[..., Runner],
) -> None:
    waiting = runner()
    first, second = [known_call(stack, db, new_business()) for _ in range(2)]
    click(first)
    until(lambda: run_of(db, first).status == "completed", "the first")
    if how == "killed":
        sealed.kill()
    else:
        sealed.signal(signal.SIGSTOP)
    click(second)
    assert first.api.get(first.file_path).body == first.source("wav2")
    until(lambda: Api(stack.base_url).get("/readyz").json["redis"] != "ok", "that it is missed")
    if how == "killed":
        sealed.start()
    else:
        sealed.signal(signal.SIGCONT)

    def done() -> bool:
        assert stack.run("cleanup").returncode == 0
        return run_of(db, second).status == "completed"

    until(done, "the second")
    assert runs_of(db, second) == 1 and waiting.process.poll() is None


@pytest.fixture
def refused(authority: Authority, sealed: TlsRedis, home: Path, tmp_path: Path
            ) -> Iterator[dict[str, str]]:
    """Addresses that must not be taken, by what is wrong with them."""
    with ExitStack() as servers:
        def serves(name: str, for_hosts: str, days: int = 2) -> TlsRedis:
            pair = authority.sign(f"{name}-{secrets.token_hex(4)}", for_hosts, days)
            return servers.enter_context(TlsRedis(tmp_path / name, authority, pair))

        named = serves("named", "DNS:localhost")
        stranger = Authority(home / f"stranger-{secrets.token_hex(4)}")
        yield {
            "another name": serves("other", "DNS:redis.example").url(),
            "another address": named.url("127.0.0.1"),
            "expired": serves("expired", HOSTS, days=-1).url(),
            "foreign": sealed.url(authority=stranger),
            "unknown to the system": sealed.url().partition("?")[0],
            "no authority": f"{sealed.url().partition('?')[0]}?ssl_ca_certs=/nonexistent",
            "plain": sealed.url(port=sealed.plain_port),
            "sealed": sealed.url(scheme="redis"),
            "password": sealed.url().replace(":p%40ss@", ":wrong@"),
            "nobody": sealed.url(port=1),
        }


WORDS = {
    "another name": "its certificate is not valid: hostname mismatch",
    "another address": "its certificate is not valid: IP address mismatch",
    "expired": "its certificate is not valid: certificate has expired",
    "foreign": "its certificate is not valid: self-signed certificate in certificate chain",
    "unknown to the system":
        "its certificate is not valid: self-signed certificate in certificate chain",
    "no authority": "no certificate can be read from its ssl_ca_certs",
    "plain": "it does not begin TLS, as rediss:// asks",
    "sealed": "it breaks off and answers nothing; if it wants TLS, write rediss://",
    "password": "it refuses the user, the password or the database that REDIS_URL has",
    "nobody": "not reachable",
}


def test_what_is_wrong_is_said_in_words(stack: Stack, refused: dict[str, str]) -> None:
    assert {name: redis_line(stack, url) for name, url in refused.items()} == WORDS
    as_json = json.loads(stack.run("status", "--json", REDIS_URL=refused["expired"]).stdout)
    assert (as_json["redis"], as_json["redis_error"]) == (False, WORDS["expired"])


def test_sentinels_and_their_servers(
    make_stack: Callable[..., Stack], authority: Authority, tmp_path: Path
) -> None:
    """The master dies, and the other one's certificate is looked at as its was."""
    tls = tls_settings(authority, authority.sign(f"watched-{secrets.token_hex(4)}", HOSTS))
    with Watched(tmp_path / "watched", tls) as watched:
        own = make_stack(overrides={"REDIS_URL": watched.url})
        assert redis_line(own, watched.url) == "ok"
        old = watched.master
        watched.in_step()
        watched.kill(old)
        watched.await_other(old)
        until(lambda: redis_line(own, watched.url) == "ok", "the new master")
        stranger = Authority(tmp_path / "stranger")
        foreign = watched.url.replace(str(authority.file), str(stranger.file))
        told = own.run("status", REDIS_URL=foreign)
        assert "not\\x20valid" in told.stderr and "not reachable" in told.stdout


def test_readyz_says_it_too(make_stack: Callable[..., Stack], refused: dict[str, str]) -> None:
    own = make_stack(overrides={"REDIS_URL": refused["expired"]})
    answer = Api(own.base_url).get("/readyz")
    assert (answer.status, answer.json["redis"]) == (200, WORDS["expired"])
