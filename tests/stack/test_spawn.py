"""spawn-fcgi.sh: how it ends its responders, in peace and between two requests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg

from stack.api import Answer, Api
from stack.fastcgi import Asker
from stack.processes import wait_until
from stack.stack import ROOT, Stack

SOON = 120.0
GRACEFUL = {"TERM", "USR1"}
# Stands in for a responder that has lost memory, and is asked to end.
LOSER = """
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static volatile sig_atomic_t stopped;
static void stop(int signal) { stopped = signal; }
int main(void)
{
    const struct sigaction action = {.sa_handler = stop};
    char *volatile lost = malloc(100);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    lost = malloc(1);
    free(lost);
    if (write(STDOUT_FILENO, "here\\n", 5) != 5)
        return 1;
    while (!stopped)
        usleep(1000);
    return 0;
}
"""
# Stands in for a responder, and writes down which signal ends it.
NOTER = """#!/bin/sh
for name in HUP INT QUIT ILL TRAP ABRT USR1 USR2 TERM; do
    trap "echo $name >>'{noted}'; exit 0" $name
done
echo here >>'{noted}'
while :; do sleep 0.01; done
"""


def spawn_two(folder: Path, binary: Path, noted: Path, **env: str) -> None:
    """Starts two, waits until both have noted that they are here, and has them ended."""
    with open(noted, "a") as output:
        process = subprocess.Popen(
            ["/bin/sh", str(ROOT / "spawn-fcgi.sh"), "socket", "2", str(binary)], cwd=folder,
            env={**os.environ, "SOCKET_MODE": "0600", **env}, stdout=output,
            start_new_session=True)
    try:
        assert wait_until(lambda: noted.read_text() == "here\n" * 2, SOON)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_responder_is_asked_to_end(tmp_path: Path) -> None:
    """multiwatch 1.0.0 counts signals its own way: what arrives is what matters."""
    noted, noter = tmp_path / "noted", tmp_path / "noter.sh"
    noter.write_text(NOTER.format(noted=noted))
    noter.chmod(0o755)
    spawn_two(tmp_path, noter, noted)
    signals = noted.read_text().split()[2:]
    assert len(signals) == 2 and set(signals) <= GRACEFUL


def test_what_a_responder_lost_is_told(tmp_path: Path) -> None:
    """It is left the time to say so: what the other tests' responders lose fails their session."""
    source, reports = tmp_path / "loser.c", tmp_path / "reports"
    source.write_text(LOSER)
    reports.mkdir()
    subprocess.run(["cc", "-fsanitize=address", "-o", str(tmp_path / "loser"), str(source)],
                   check=True)
    spawn_two(tmp_path, tmp_path / "loser", tmp_path / "noted",
              ASAN_OPTIONS=f"detect_leaks=1:log_path={reports}/report")
    found = [path.read_text() for path in reports.iterdir()]
    assert len(found) == 2 and all("detected memory leaks" in text for text in found)


def test_an_answer_under_way_is_given(make_stack: Callable[..., Stack]) -> None:
    """A restart cuts nobody off."""
    stack = make_stack(responders=1)
    answers: list[Answer] = []
    asking = threading.Thread(
        target=lambda: answers.append(Api(stack.base_url, stack.token).get("/api/calls")))
    ending = threading.Thread(target=lambda: stack.halt("responders", signal.SIGTERM))
    with psycopg.connect(stack.database_url, autocommit=True) as db, \
            psycopg.connect(stack.database_url) as holder:
        holder.execute("LOCK TABLE call_log IN ACCESS EXCLUSIVE MODE")
        asking.start()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tapedeck'" \
                  " AND wait_event_type = 'Lock'"
        assert wait_until(lambda: db.execute(waiting).fetchone() is not None, SOON)
        ending.start()
        holder.rollback()
    asking.join(SOON)
    ending.join(SOON)
    assert [answer.status for answer in answers] == [200]


def test_a_shell_that_keeps_the_socket(build_dir: Path, stack: Stack, tmp_path: Path) -> None:
    """As docs/operations.md has it for hosts without systemd: a restart answers everybody."""
    page = (ROOT / "docs" / "operations.md").read_text()
    (found,) = re.findall(r"^    (spawn-fcgi -n .*\n.*done')$", page, re.MULTILINE)
    command = found.replace("/run/tapedeck/responders.sock", str(tmp_path / "socket")).replace(
        "/usr/local/lib/tapedeck/spawn-fcgi.sh", str(ROOT / "spawn-fcgi.sh"))
    env = {**stack.environment(), "BINARY": str(build_dir / "tapedeck.fcgi"), "RESPONDERS": "2"}
    process = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], env=env, cwd=tmp_path,
                               start_new_session=True)
    try:
        assert wait_until((tmp_path / "socket").exists, SOON)
        with Asker(tmp_path / "socket") as one, Asker(tmp_path / "socket") as other:
            for _ in range(3):
                for asker in one, other:
                    asker.goes_on()
                end_watchers(process.pid)
            for asker in one, other:
                asker.goes_on()
        assert (one.failed, other.failed) == ([], [])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_watchers(session: int) -> None:
    """`pkill -x multiwatch`, of this test's alone; returns when that one has gone."""
    done = subprocess.run(["pgrep", "-x", "-s", str(session), "multiwatch"], capture_output=True,
                          text=True, check=True)
    for pid in map(int, done.stdout.split()):
        os.kill(pid, signal.SIGTERM)
        assert wait_until(lambda: not Path(f"/proc/{pid}").exists(), SOON)
