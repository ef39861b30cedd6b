"""What the tests of the jobs share: commands, runners in the background, transfers under way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from s3.ceph import Ceph
from s3.proxy import Proxy
from stack import programs
from stack.calls import Call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import Db, Runner, click, files_of, known_call, run_of, until
from objects_kit import SHARED, Objects, settings
from retain_kit import Own


@pytest.fixture
def runner(stack: Stack, tmp_path: Path) -> Iterator[Callable[..., Runner]]:
    """runner("--linger", "20s", NAME="value"): a `tapedeck drain` beside the test; by default it
    lingers as long as the test."""
    with ExitStack() as running:

        def start(*arguments: str, **settings: str) -> Runner:
            wanted = arguments or ("--linger", "1h")
            return running.enter_context(Runner(stack, tmp_path, wanted, settings))

        yield start


@pytest.fixture
def held(
    stack: Stack, db: Db, new_business: Callable[[], int], twilio: Control,
    runner: Callable[..., Runner],
) -> Callable[..., tuple[Call, Runner]]:
    """held(…): a call whose transfer has begun and is held up by the provider, and its runner.

    With "--once" the runner does not block on the list of jobs, so that none is handed to it while
    it is frozen or as it dies.
    """

    def begin(*arguments: str, **settings: str) -> tuple[Call, Runner]:
        call = known_call(stack, db, new_business(), faults=[fault("hold", first=1)])
        click(call)
        one = runner(*arguments, **settings)
        twilio.wait("held", equals=1, sid=call.recording_sid)
        until(lambda: run_of(db, call).status == "running" and files_of(call), "a part file")
        return call, one

    return begin


@pytest.fixture
def cleanup(
    run_tapedeck: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """cleanup(NAME="value"): one run of it, which must go well."""

    def run(**settings: str) -> subprocess.CompletedProcess[str]:
        done = run_tapedeck("cleanup", **settings)
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def tool(
    sanitizer_reports: Path, build_dir: Path, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """tool(*arguments, NAME="value"): `tapedeck` with no configuration but this; no stack."""
    empty = tmp_path / "empty.env"
    empty.touch(0o600)

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        return programs.run(build_dir / "tapedeck", arguments,
                            {"TAPEDECK_ENV": str(empty), **kept, **settings}, timeout=120)

    return run


@pytest.fixture
def own(make_stack: Callable[..., Stack]) -> Iterator[Own]:
    """A stack whose recordings are all this test's."""
    stack = make_stack(responders=1)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield Own(stack, connection)


@pytest.fixture(scope="session")
def store(ceph: Ceph) -> Iterator[Objects]:
    """This worker's object store, behind a proxy."""
    proxy = Proxy(ceph.port)
    yield Objects(ceph, proxy)
    proxy.close()


@pytest.fixture(scope="session")
def stack_s3(
    sanitizer_reports: Path, build_dir: Path, tmp_path_factory: pytest.TempPathFactory,
    store: Objects,
) -> Iterator[Stack]:
    """A stack with an object store; a module's own `stack` fixture puts it in place of the usual
    one."""
    with Stack(tmp_path_factory.mktemp("stack_s3") / "run", build_dir=build_dir, responders=2,
               fast=True, bound=True, overrides=settings(store.proxy.endpoint)) as one:
        yield one


@pytest.fixture(scope="session")
def other(
    stack_s3: Stack, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A second node beside stack_s3: its own disk, responders and web server, and nothing else."""
    overrides = {name: value for name, value in stack_s3.config.items()
                 if name in SHARED or name.startswith("S3_")}
    overrides["S3_TIMEOUT"] = "10s"  # nothing here waits for it, and a busy machine may need it
    with Stack(tmp_path_factory.mktemp("other") / "run", build_dir=build_dir, responders=2,
               fast=True, bound=True, overrides=overrides) as one:
        yield one


@pytest.fixture
def objects(store: Objects) -> Iterator[Objects]:
    """The store, which works again after the test."""
    store.proxy.requests.clear()
    yield store
    store.proxy.heal()
