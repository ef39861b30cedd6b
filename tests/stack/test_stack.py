"""The stack itself: it starts whole or not at all, and ends what it started and nothing else."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from stack import front, fronts, processes
from stack.api import Api
from stack.errors import StackError
from stack.stack import ROOT, Stack

PYTHON = "/usr/bin/python3"


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


def command(
    name: str, run_dir: Path, build_dir: Path, **environ: str
) -> subprocess.CompletedProcess[str]:
    """make up, make down, make demo: what they run."""
    return subprocess.run(
        [PYTHON, "tests/stack", name], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "RUN_DIR": str(run_dir), "BUILD": str(build_dir), "PORT": "0",
             "TIMERS": "off", **environ},
    )


def exports(run_dir: Path) -> dict[str, str]:
    """What a shell knows that sourced the env file, however odd its values are."""
    script = 'set -a; . "$1"; exec env -0'
    done = subprocess.run(["sh", "-c", script, "sh", str(run_dir / "env")],
                          env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


def leaders(run_dir: Path) -> dict[str, int]:
    processes = json.loads((run_dir / "pids.json").read_text())["processes"]
    return {one["name"]: one["pid"] for one in processes}


def started(run_dir: Path) -> list[int]:
    """All processes of a run directory, children included."""
    mark = f"{processes.MARK}={run_dir}".encode()
    sessions = set(leaders(run_dir).values())
    return [
        pid for pid in processes.all_pids()
        if mark in processes.read_environment(pid)
        or ((stat := processes.read_stat(pid)) and stat.alive and stat.session in sessions)
    ]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if (stat := processes.read_stat(pid)) and stat.alive]


@pytest.fixture
def up(run_dir: Path, build_dir: Path) -> Iterator[Path]:
    done = command("up", run_dir, build_dir)
    try:
        assert done.returncode == 0, done.stderr
        yield run_dir
    finally:
        command("down", run_dir, build_dir)


def test_up_gives_a_ready_stack_and_down_ends_all_of_it(up: Path, build_dir: Path) -> None:
    known = exports(up)
    token = known["TOKEN"]
    assert Api(known["BASE_URL"]).get("/readyz").status == 200
    assert Api(known["BASE_URL"], token).get("/api/calls").status == 200
    assert Api(known["BASE_URL"]).get("/api/calls").status == 401
    with psycopg.connect(known["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT id FROM business ORDER BY id").fetchall()
        fresh = connection.execute("INSERT INTO business (name) VALUES ('x') RETURNING id")
        assert rows == [(1,), (2,)] and fresh.fetchone() == (3,)
    with redis.Redis.from_url(known["REDIS_URL"]) as client:
        assert client.ping()
    running = started(up)
    assert len(running) >= 5
    done = command("down", up, build_dir)
    assert done.returncode == 0 and "Stopped" in done.stdout
    assert alive(running) == []
    assert sorted(path.name for path in up.iterdir()) == [".tapedeck-stack", "log"]


def test_files_with_secrets_are_private(up: Path) -> None:
    for name in ("env", "tapedeck.env"):
        assert (up / name).stat().st_mode & 0o077 == 0
    for name in ("log", "recordings"):
        assert (up / name).stat().st_mode & 0o077 == 0


def test_up_again_changes_nothing(up: Path, build_dir: Path) -> None:
    before = (up / "pids.json").read_bytes(), (up / "env").read_bytes()
    done = command("up", up, build_dir)
    assert done.returncode == 0 and "Already running" in done.stdout
    assert before == ((up / "pids.json").read_bytes(), (up / "env").read_bytes())


def test_down_with_nothing_running_is_fine(run_dir: Path, build_dir: Path) -> None:
    done = command("down", run_dir, build_dir)
    assert done.returncode == 0 and "Nothing runs" in done.stdout
    assert not run_dir.exists()


def test_two_stacks_side_by_side(up: Path, tmp_path: Path, build_dir: Path) -> None:
    first = exports(up)
    other = tmp_path / "other"
    # In a shell that sourced the first one's env: that must not tie the second to it.
    done = command("up", other, build_dir, **first)
    try:
        assert done.returncode == 0, done.stderr
        second = exports(other)
        for name in ("BASE_URL", "DATABASE_URL", "REDIS_URL", "TWILIO_API_BASE", "JWT_SECRET"):
            assert first[name] != second[name]
        assert command("down", up, build_dir).returncode == 0
        assert Api(second["BASE_URL"]).get("/readyz").status == 200
    finally:
        command("down", other, build_dir)


def test_a_callers_configuration_wins(run_dir: Path, tmp_path: Path, build_dir: Path) -> None:
    recordings = tmp_path / "my recordings"
    done = command(
        "up", run_dir, build_dir, TWILIO_API_BASE="http://127.0.0.1:9", JWT_SECRET="j" * 32,
        RECORDINGS_DIR=str(recordings), PUBLIC_BASE_URL="https://calls.example",
    )
    try:
        assert done.returncode == 0, done.stderr
        known = exports(run_dir)
        assert known["TWILIO_API_BASE"] == "http://127.0.0.1:9"
        assert known["JWT_SECRET"] == "j" * 32
        assert known["PUBLIC_BASE_URL"] == "https://calls.example"
        assert known["RECORDINGS_DIR"] == str(recordings) and recordings.is_dir()
        assert "twilio" not in leaders(run_dir)
    finally:
        command("down", run_dir, build_dir)
    assert recordings.is_dir()


@pytest.mark.parametrize("environ, complaint", [
    ({"PORT": "eighty"}, "PORT must be a number"),
    ({"TIMERS": "maybe"}, "TIMERS is on or off"),
    ({"PG_TIMEOUT": "soon"}, "PG_TIMEOUT"),
    ({"BUILD": "/nowhere"}, "make all"),
    ({"RUN_DIR": "/proc/run"}, "RUN_DIR"),
    ({"DATABASE_URL": "postgresql:///x?host=/nowhere"}, "tapedeck migrate failed"),
])
def test_bad_wishes_are_a_line_and_leave_nothing(
    run_dir: Path, build_dir: Path, environ: dict[str, str], complaint: str
) -> None:
    done = command("up", run_dir, build_dir, **environ)
    assert done.returncode == 1 and complaint in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (run_dir / "pids.json").exists() and not (run_dir / "env").exists()


def test_a_taken_port_is_a_line_and_leaves_nothing(run_dir: Path, build_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("up", run_dir, build_dir, PORT=str(port))
    assert done.returncode == 1
    assert done.stderr == f"port {port} is taken; choose another with PORT=…\n"
    assert not (run_dir / "pids.json").exists()


def test_a_directory_that_is_not_ours_is_left_alone(tmp_path: Path, build_dir: Path) -> None:
    (tmp_path / "env").write_text("mine")
    done = command("up", tmp_path, build_dir)
    assert done.returncode == 1 and "holds other things" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["env"]
    assert command("down", tmp_path, build_dir).returncode == 0
    assert (tmp_path / "env").read_text() == "mine"


def test_a_path_too_long_for_sockets_works(tmp_path: Path, build_dir: Path) -> None:
    run_dir = tmp_path / ("a long name " * 12)
    with Stack(run_dir, build_dir=build_dir, fast=True, responders=1) as stack:
        assert Api(stack.base_url).get("/readyz").status == 200
        scratch = (run_dir / "sockets").readlink().parent
        assert scratch.is_dir()
    assert not scratch.exists()


def test_down_ends_what_a_killed_supervisor_left(up: Path, build_dir: Path) -> None:
    running = started(up)
    os.kill(leaders(up)["responders"], signal.SIGKILL)
    done = command("up", up, build_dir)
    assert done.returncode == 1 and "only in part" in done.stderr
    assert command("down", up, build_dir).returncode == 0
    assert alive(running) == []


def test_down_never_ends_a_stranger(up: Path, build_dir: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        try:
            file = up / "pids.json"
            recorded = json.loads(file.read_text())
            recorded["processes"].append(
                {"name": "ghost", "pid": stranger.pid, "started": 1, "stop_signal": 15,
                 "stop_seconds": 1.0}
            )
            file.write_text(json.dumps(recorded))
            assert command("down", up, build_dir).returncode == 0
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_start_that_fails_half_way_leaves_nothing(
    run_dir: Path, build_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> processes.Service:
        raise StackError("no lighttpd today")

    monkeypatch.setitem(fronts.KINDS, "lighttpd", front.Kind(fail, "x-sendfile"))
    with pytest.raises(StackError, match="no lighttpd today"):
        Stack(run_dir, build_dir=build_dir, fast=True, responders=1, front="lighttpd").start()
    assert sorted(path.name for path in run_dir.iterdir()) == [".tapedeck-stack", "log"]
    mark = f"{processes.MARK}={run_dir}".encode()
    assert not [pid for pid in processes.all_pids() if mark in processes.read_environment(pid)]


def test_the_demo_tells_its_story(run_dir: Path, build_dir: Path) -> None:
    done = command("demo", run_dir, build_dir, DEMO_ONCE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("204, 204", "202, Retry-After", "206, bytes 8000-15999/", "3 active, 7 waiting",
                 "never more than 3 at once", "40 calls", "Listen:", "/#token=ey"):
        assert part in done.stdout
    assert sorted(path.name for path in run_dir.iterdir()) == [".tapedeck-stack", "log"]
