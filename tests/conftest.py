"""What tests share: one private stack a worker, and short ways to talk to it.

Each test works in businesses of its own (`new_business`, `new_call`), so that tests sharing a
stack do not meet. A test that halts a service, or needs another configuration, makes a stack of its
own with `make_stack`.
"""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from s3.ceph import Ceph
from s3.proxy import Proxy
from stack import calls, scratch, tokens
from stack.api import Api
from stack.calls import Call
from stack.stack import ROOT, Stack
from twilio.client import Control

RESPONDERS = 3
FILES = 4096
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1:log_path={log}",
    "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99:log_path={log}",
}


def pytest_configure() -> None:
    """Some tests hold hundreds of connections at both ends; Debian's usual limit is 1024 files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Workers take a hundred neighbours at once: without this one of them had every browser test.
    One browser comes after the other: each start of one takes seconds."""
    folders: dict[Path, list[Path]] = {}
    for item in items:
        files = folders.setdefault(item.path.parent, [])
        if item.path not in files:
            files.append(item.path)
    where = {path: index / len(files)
             for files in folders.values() for index, path in enumerate(files)}
    engines = sorted({_engine(item) for item in items} - {""})

    def place(item: pytest.Item) -> float:
        engine = _engine(item)
        return (engines.index(engine) + where[item.path]) / len(engines) if engine else where[item.path]

    items.sort(key=place)


def _engine(item: pytest.Item) -> str:
    """The browser that a test is asked of, if any."""
    return item.callspec.params.get("engine", "") if hasattr(item, "callspec") else ""


@pytest.fixture(scope="session", autouse=True)
def sanitizer_reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where sanitizers write; a session with any report in it fails, wherever it came from."""
    folder = tmp_path_factory.mktemp("sanitizer")
    for name, options in SANITIZERS.items():
        os.environ[name] = options.format(log=folder / "report")
    yield folder
    reports = [path.read_text(errors="replace") for path in sorted(folder.iterdir())]
    if reports:
        pytest.fail(f"{len(reports)} sanitizer reports\n" + "\n".join(reports), pytrace=False)


@pytest.fixture(scope="session")
def build_dir() -> Path:
    """The binaries under test: BUILD, else the sanitized ones, else the plain ones."""
    if chosen := os.environ.get("BUILD"):
        return ROOT / chosen
    sanitized = ROOT / "build" / "asan"
    return sanitized if (sanitized / "tapedeck").exists() else ROOT / "build"


@pytest.fixture(scope="session")
def plain() -> Path:
    """The plain build, as it is installed; made, in seconds, where it is older than its source."""
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    clean = {name: value for name, value in os.environ.items()
             if name not in ("BUILD", "SANITIZE", "MAKEFLAGS", "MFLAGS", "CFLAGS", "LDFLAGS")}
    with open(folder / ".lock", "w") as lock:  # several workers, one build
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["make", "-s", "all"], cwd=ROOT, env=clean, capture_output=True,
                              text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def stack(
    sanitizer_reports: Path, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """This worker's stack: no job runs in it but those that a test runs."""
    run_dir = tmp_path_factory.mktemp("stack") / "run"
    with Stack(run_dir, build_dir=build_dir, responders=RESPONDERS, fast=True,
               bound=True) as one:
        yield one


@pytest.fixture(scope="session")
def stack_off(
    sanitizer_reports: Path, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Another stack, whose responders send the bytes themselves."""
    run_dir = tmp_path_factory.mktemp("stack_off") / "run"
    with Stack(run_dir, build_dir=build_dir, responders=RESPONDERS, fast=True,
               bound=True, overrides={"SENDFILE": "off"}) as one:
        yield one


@pytest.fixture
def make_stack(
    sanitizer_reports: Path, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Stack]]:
    """make_stack(timers=…, overrides={…}, …): a stack for this test alone, already started."""
    made: list[Stack] = []

    def make(**wishes: Any) -> Stack:
        run_dir = tmp_path_factory.mktemp("own_stack") / "run"
        wish = {"build_dir": build_dir, "responders": RESPONDERS, "fast": True,
                "bound": True, **wishes}
        one = Stack(run_dir, **wish)
        one.start()
        made.append(one)
        return one

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """This worker's object store, real and empty."""
    with scratch.folder() as home:
        one = Ceph(home)
        try:
            one.start()
            yield one
        finally:
            one.stop()


@pytest.fixture
def store_proxy(ceph: Ceph) -> Iterator[Proxy]:
    """What stands between us and the store, and can spoil what passes."""
    proxy = Proxy(ceph.port)
    yield proxy
    proxy.close()


@pytest.fixture
def api(stack: Stack) -> Api:
    """A client signed in to business 1; `api.with_token(call.token)` is somebody else."""
    return Api(stack.base_url, stack.token)


@pytest.fixture
def db(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the stack's PostgreSQL, in autocommit mode."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def rds(stack: Stack) -> Iterator[redis.Redis]:
    """A client of the stack's Redis, with str for answers."""
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def twilio(stack: Stack) -> Iterator[Control]:
    """The fake provider's control; faults of the whole account end with the test."""
    yield stack.twilio
    stack.twilio.account_faults()


@pytest.fixture
def new_business(stack: Stack) -> Iterator[Callable[[], int]]:
    """new_business(): the id of a new one. What its tests left unfinished goes with the test; what
    others left behind, such as a runner that ended later than its test, does so before."""
    made: list[int] = []
    _forget_rows(stack, "true")

    def make() -> int:
        made.append(stack.new_business())
        return made[-1]

    yield make
    if made:
        _forget_work(stack, made)


@pytest.fixture
def new_call(stack: Stack, new_business: Callable[[], int]) -> Callable[..., Call]:
    """new_call(business=…, …): see stack.calls.new_call; in a new business unless one is given."""

    def make(business: int | None = None, **wishes: Any) -> Call:
        return calls.new_call(stack, new_business() if business is None else business, **wishes)

    return make


@pytest.fixture
def token_for(stack: Stack) -> Callable[..., str]:
    """token_for(business, ttl=…, **claims): a session token, good unless the claims are not."""

    def make(business: int, **claims: Any) -> str:
        return tokens.session(stack.config["JWT_SECRET"], business, **claims)

    return make


@pytest.fixture
def run_tapedeck(stack: Stack) -> Callable[..., subprocess.CompletedProcess[str]]:
    """run_tapedeck(*arguments, timeout=…, NAME="value"): how the command went."""
    return stack.run


@pytest.fixture
def drain(stack: Stack) -> Callable[..., subprocess.CompletedProcess[str]]:
    """drain(*arguments, NAME="value"): one round of the runner, which must go well."""

    def run(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        done = stack.run("drain", "--once", *arguments, **settings)
        print(done.stderr)  # shown beside a failure
        assert done.returncode == 0, done.stderr
        return done

    return run


def _forget_work(stack: Stack, businesses: list[int]) -> None:
    """The next test's runner must not meet what this one left in the queue, nor an account that
    rests."""
    _forget_rows(stack, "business_id = ANY(%s)", businesses)
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        for business in businesses:
            for pattern in (f"rec_*:{business}", f"rec_*:{business}:*"):
                for key in client.scan_iter(pattern):
                    client.delete(key)
        for job in client.lrange("rec_jobs", 0, -1):
            if int(job.split(":")[0]) in businesses:
                client.lrem("rec_jobs", 0, job)


def _forget_rows(stack: Stack, whose: str, *values: Any) -> None:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("UPDATE recording_runs SET status = 'cancelled' "
                           f"WHERE status IN ('queued', 'running') AND {whose}", values)
        connection.execute(f"DELETE FROM call_steps WHERE {whose}", values)
        connection.execute(f"DELETE FROM call_webhooks WHERE {whose}", values)
        connection.execute("DELETE FROM provider_accounts")
        connection.execute("DELETE FROM tapedeck_servers")  # another fake may get the same port
