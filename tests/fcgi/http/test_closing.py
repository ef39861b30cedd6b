"""Responders close themselves before they answer anybody, as far as the kernel can."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from http_given import Given, given_in
from stack import old_kernel, processes
from stack.api import Api
from stack.calls import new_sid
from stack.old_kernel import landlock_version, status_of
from stack.ports import choose_port
from stack.processes import wait_until
from stack.stack import Stack

SOON = 120.0
MISSING = "SANDBOX_MISSING"
# Stands in for the responder; a folder with it is a build like another.
ON_AN_OLD_KERNEL = """#!/bin/sh
exec '{python}' '{old_kernel}' '{parts}' '{responder}'
"""


def responders(stack: Stack) -> list[int]:
    leader = stack.pid("responders")
    found = {pid: processes.read_stat(pid) for pid in processes.all_pids()}
    return [pid for pid, stat in found.items() if stat and stat.alive and stat.parent == leader]


def plays(given: Given) -> bool:
    call = given.call(1)
    given.file(1, call, b"RIFF of a sort")
    api = given.api(1)
    return (api.get("/readyz").status, api.get("/api/calls?limit=1").status,
            api.get(f"/api/recordings/file/{call}").body) == (200, 200, b"RIFF of a sort")


def lines(stack: Stack) -> list[str]:
    return [line for line in stack.logged("responders").splitlines() if MISSING in line]


def test_each_has_closed_itself(stack: Stack) -> None:
    assert [status_of(pid) for pid in responders(stack)] == [(1, 1)] * len(responders(stack))
    assert len(responders(stack)) > 1
    if landlock_version() == 0:
        pytest.skip("this kernel has no Landlock: only the filter was looked for")
    assert lines(stack) == []


def test_it_may_be_left_open(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1, overrides={"SANDBOX": "false"})
    assert [status_of(pid) for pid in responders(stack)] == [(0, 0)]
    assert lines(stack) == []
    with given_in(stack) as given:
        assert plays(given)


@pytest.mark.parametrize("parts, said", [
    ("landlock", "landlock=no seccomp=yes"),
    ("seccomp", "landlock=yes seccomp=no"),
    ("landlock,seccomp", "landlock=no seccomp=no"),
])
def test_an_old_kernel_is_told_once(
    parts: str, said: str, make_stack: Callable[..., Stack], build_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "tapedeck").symlink_to(build_dir / "tapedeck")
    (tmp_path / "tapedeck.fcgi").write_text(ON_AN_OLD_KERNEL.format(
        python=sys.executable, old_kernel=old_kernel.__file__, parts=parts,
        responder=build_dir / "tapedeck.fcgi"))
    (tmp_path / "tapedeck.fcgi").chmod(0o755)
    stack = make_stack(responders=1, build_dir=tmp_path)
    (responder,) = responders(stack)
    assert status_of(responder) == (1, 1 if "seccomp" in parts else 2)
    with given_in(stack) as given:
        assert plays(given) and plays(given)
    if landlock_version() == 0:
        said = said.replace("landlock=yes", "landlock=no")
    assert lines(stack) == [f"{MISSING} {said}"]


def test_nothing_else_is_read(make_stack: Callable[..., Stack], plain: Path,
                              tmp_path: Path) -> None:
    """A folder of recordings that leads elsewhere is no reason to look there; a sanitizer's own
    reads are not refused, so this is the plain build."""
    if landlock_version() == 0:
        pytest.skip("this kernel has no Landlock")
    call = new_sid("CA")
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / f"{call}.wav").write_bytes(b"RIFF of a sort")
    tmp_path.chmod(0o755)
    for sandbox, status in (("true", 503), ("false", 200)):
        stack = make_stack(responders=1, build_dir=plain,
                           overrides={"SANDBOX": sandbox, "SENDFILE": "off"})
        with given_in(stack) as given:
            given.call(1, call_sid=call)
            stack.recordings_dir.rename(stack.recordings_dir.with_name("old"))
            stack.recordings_dir.symlink_to(tmp_path)
            answer = given.api(1).get(f"/api/recordings/file/{call}")
        assert answer.status == status, sandbox


def test_recordings_put_in_their_place_later_are_read(
    make_stack: Callable[..., Stack], plain: Path
) -> None:
    """The folder that was there at the start was moved away, and another one made."""
    stack = make_stack(responders=1, build_dir=plain, overrides={"SENDFILE": "off"})
    stack.recordings_dir.rename(stack.recordings_dir.with_name("old"))
    stack.recordings_dir.mkdir()
    with given_in(stack) as given:
        assert plays(given)


def test_a_name_is_looked_up_late(
    make_stack: Callable[..., Stack], plain: Path, tmp_path: Path
) -> None:
    port = choose_port(0)
    with subprocess.Popen(["redis-server", "--port", str(port), "--save", "", "--dir",
                           str(tmp_path)], stdout=subprocess.DEVNULL) as server:
        try:
            stack = make_stack(responders=1, build_dir=plain,
                               overrides={"REDIS_URL": f"redis://localhost:{port}/0"})
            api = Api(stack.base_url)
            assert wait_until(lambda: api.get("/readyz").json["redis"] == "ok", SOON)
        finally:
            server.kill()
