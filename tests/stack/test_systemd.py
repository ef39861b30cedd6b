"""The units of jobs/systemd, run by a systemd of their own.

It is the first process of a new PID namespace, on an overlay of this machine's root that is gone
afterwards. That needs root and a systemd; where it cannot be, the log says so, and the units are
only analysed (tests/check/test_units.py).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from stack import ports
from stack.api import Api
from stack.calls import new_call
from stack.fastcgi import Asker
from stack.front import listens
from stack.processes import wait_until
from stack.stack import ROOT, Stack

UNITS = ROOT / "jobs" / "systemd"
DROP_IN = ROOT / "fcgi" / "front" / "lighttpd.service.conf"
SETTINGS = "/etc/tapedeck/tapedeck.env"
SYSTEMD = Path("/lib/systemd/systemd")
SOON = 120.0
# What the distribution's own units would bring along, and more than that.
TARGETS = ("sysinit", "basic", "shutdown", "network", "timers", "paths", "sockets", "multi-user")
JOURNAL = ("systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket")
BOOT = """
mount -t tmpfs tmpfs "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/root"
cd "$0/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mkdir -p srv/old srv/stack etc/tapedeck usr/local/bin usr/local/lib/tapedeck
mount --bind "$1" srv/stack
cp "$2/tapedeck" "$2/tapedeck-decoder" "$2/tapedeck.fcgi" usr/local/bin/
cp "$3/spawn-fcgi.sh" usr/local/lib/tapedeck/
cp -R "$4" units
echo 'tapedeck:x:64999:64999::/var/lib/tapedeck:/usr/sbin/nologin' >>etc/passwd
echo 'tapedeck:x:64999:' >>etc/group
pivot_root . srv/old
umount -l /srv/old
exec env -i container=tapedeck PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/units \\
    /lib/systemd/systemd --system --unit=multi-user.target
"""


@dataclass(frozen=True)
class Machine:
    """One that has booted; `pid` is its systemd."""

    pid: int

    def run(self, *command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "--target", str(self.pid), "--all", "--root", "--wd"]
        return subprocess.run([*enter, *command], capture_output=True, text=True, input=text,
                              timeout=120)

    def show(self, unit: str, what: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", what, unit).stdout.strip()

    def journal(self) -> list[str]:
        return self.run("journalctl", "--no-pager", "--output=short").stdout.splitlines()

    @property
    def root(self) -> Path:
        return Path(f"/proc/{self.pid}/root")


def units_of(folder: Path) -> Path:
    """Ours, as they are, and targets to stand for the distribution's. Sanitized programs may be
    watched, but not by themselves: for leaks they would have to trace themselves."""
    units = folder / "units"
    shutil.copytree(UNITS, units)
    for target in TARGETS:
        (units / f"{target}.target").write_text("[Unit]\n")
    for unit in JOURNAL:
        shutil.copy(SYSTEMD.parent / "system" / unit, units)
    (units / "sysinit.target").write_text(f"[Unit]\nWants={JOURNAL[0]}\n")
    wants = units / "multi-user.target.wants"
    wants.mkdir()
    for path in (path for kind in ("timer", "path", "socket", "service")
                 for path in units.glob(f"*.{kind}")):
        if "[Install]" in path.read_text():
            (wants / path.name).symlink_to(f"../{path.name}")
    drop_in = units / "tapedeck-.service.d" / "zz-test.conf"
    drop_in.write_text("[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0:exitcode=99\n")
    return units


@pytest.fixture
def own(make_stack: object) -> Stack:
    """PostgreSQL and Redis that any user of this machine may reach, as on most hosts."""
    stack: Stack = make_stack(responders=1)  # type: ignore[operator]
    for path in (postgres(stack), postgres(stack) / ".s.PGSQL.5432", redis(stack).parent,
                 redis(stack)):
        path.chmod(0o777)
    return stack


def postgres(stack: Stack) -> Path:
    return Path(stack.database_url.partition("host=")[2])


def redis(stack: Stack) -> Path:
    return Path(urlsplit(stack.redis_url).path)


@pytest.fixture
def machine(own: Stack, build_dir: Path, tmp_path: Path) -> Iterator[Machine]:
    if os.geteuid() != 0 or not SYSTEMD.exists():
        pytest.skip("needs root and systemd: here the units are only analysed")
    home = tmp_path / "home"
    home.mkdir()
    base = postgres(own).parent
    arguments = [str(home), str(base), str(build_dir), str(ROOT), str(units_of(tmp_path))]
    # A process of its own that ends all others with itself.
    process = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--propagation", "private",
         "--uts", "--ipc", "--cgroup", "sh", "-euc", BOOT, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield booted(process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def booted(process: subprocess.Popen[bytes]) -> Machine:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def up() -> bool:
        if process.poll() is not None:
            assert process.stderr
            why = process.stderr.read().decode().strip()
            pytest.skip(f"systemd cannot run in a namespace here, units are only analysed: {why}")
        pids = children.read_text().split()
        return bool(pids) and Machine(int(pids[0])).show("multi-user.target", "ActiveState") \
            == "active"

    assert wait_until(up, SOON)
    return Machine(int(children.read_text()))


def settings(stack: Stack) -> str:
    """As its owner writes them: with the places that there are in here."""
    base = str(postgres(stack).parent)
    values = {**stack.config, "RECORDINGS_DIR": "/var/lib/tapedeck/recordings", "RESPONDERS": "2"}
    return "".join(f"{name}={value.replace(base, '/srv/stack')}\n"
                   for name, value in values.items())


def configure(machine: Machine, text: str) -> None:
    """As a package has them: for nobody but the programs."""
    written = machine.run("sh", "-c", "cat >/new && chown 64999:64999 /new && chmod 600 /new && "
                          f"mv /new {SETTINGS}", text=text)
    assert written.returncode == 0, written.stderr


def install_lighttpd(machine: Machine, port: int) -> None:
    """Debian's unit, with the file that install.md copies beside it; and a port that is free."""
    share, units = machine.root / "usr/local/share/tapedeck", machine.root / "units"
    shutil.copytree(ROOT / "web", share / "web")
    for path in (ROOT / "lighttpd.conf", *(ROOT / "fcgi" / "front").glob("*.lua")):
        shutil.copy(path, share)
    shutil.copy("/lib/systemd/system/lighttpd.service", units)
    (units / "lighttpd.service.d").mkdir()
    shutil.copy(DROP_IN, units / "lighttpd.service.d" / "tapedeck.conf")
    (units / "lighttpd.service.d" / "zz-test.conf").write_text(
        f"[Service]\nEnvironment=BIND=127.0.0.1 PORT={port}\n")
    assert machine.run("systemctl", "daemon-reload").returncode == 0


def test_lighttpd_leaves_nothing_and_reads_no_secret(machine: Machine, own: Stack) -> None:
    port = ports.choose_port(0)
    configure(machine, settings(own))
    install_lighttpd(machine, port)
    assert machine.run("systemctl", "start", "lighttpd.service").returncode == 0
    api = Api(f"http://127.0.0.1:{port}")
    assert wait_until(listens(port), SOON), machine.run("systemctl", "status", "lighttpd").stdout
    assert wait_until(lambda: api.get("/healthz").status == 200, SOON)

    # As lighttpd sees the machine, and as the user that it is.
    first = machine.show("lighttpd.service", "MainPID")
    status = machine.run("cat", f"/proc/{first}/status").stdout
    (user,) = set(re.findall(r"^Uid:\t(\d+)", status, re.MULTILINE))
    groups = re.findall(r"^Groups:\t(.*)$", status, re.MULTILINE)[0].split()
    assert user != "0" and "64999" in groups

    def does(command: str) -> bool:
        return machine.run(
            "nsenter", "--target", machine.show("lighttpd.service", "MainPID"), "--mount", "setpriv",
            f"--reuid={user}", f"--regid={user}", f"--groups={','.join(groups)}", "--bounding-set=-all",
            "sh", "-c", command).returncode == 0

    assert does("ls /var/lib/tapedeck/recordings")
    assert not does(f"cat {SETTINGS}")

    # Its temporary files are in a place with an end, which a crash takes away.
    assert does("echo what was said >/var/tmp/lighttpd-upload-left")
    assert does("! head -c 300M /dev/zero >/var/tmp/lighttpd-upload-full")
    assert machine.run("systemctl", "kill", "--signal=KILL", "lighttpd.service").returncode == 0
    assert wait_until(lambda: machine.show("lighttpd.service", "MainPID") not in ("0", first), SOON)
    assert does('test -z "$(ls -A /var/tmp)"')
    assert not (machine.root / "var/tmp/lighttpd-upload-left").exists()


def test_the_units_wait_for_settings_and_then_do_their_work(machine: Machine, own: Stack) -> None:
    timers = [f"tapedeck-{job}.timer" for job in ("drain", "cleanup", "reconcile", "retain")]
    assert [machine.show(timer, "ActiveState") for timer in timers] == ["active"] * 4
    assert machine.show("tapedeck-responders.service", "ActiveState") == "inactive"
    assert machine.show("tapedeck-drain.service", "ExecMainPID") == "0", "nothing has run yet"

    # Each second it is looked whether there are settings, and nothing is written about it.
    for _ in range(3):
        last = machine.show("tapedeck-drain.timer", "LastTriggerUSecMonotonic")
        assert wait_until(lambda: machine.show("tapedeck-drain.timer", "LastTriggerUSecMonotonic")
                          != last, SOON)
    said = [line for line in machine.journal() if "control group" not in line]  # of this namespace
    assert [line for line in said if "drain.service" in line] == []
    assert len([line for line in said if "nothing starts before" in line]) == 1, said

    call = new_call(own, 1, seconds=2)
    configure(machine, settings(own))

    # The timer starts a runner, which takes what waits, as its user, into the place of its state.
    arrived = machine.root / f"var/lib/tapedeck/recordings/1/{call.call_sid}.wav"
    assert wait_until(arrived.exists, SOON), machine.run("systemctl", "status", "tapedeck-*").stdout
    assert arrived.read_bytes() == call.source() and arrived.stat().st_uid == 64999

    # Its children can do their work, too, as closed as it all is.
    assert wait_until(arrived.with_suffix(".peaks.json").exists, SOON)

    # The responders are there without a command, and there again when they have ended.
    socket = machine.root / "run/tapedeck/responders.sock"
    assert wait_until(socket.exists, SOON)
    first = machine.show("tapedeck-drain.service", "InvocationID")
    machine.run("systemctl", "kill", "--signal=KILL", "tapedeck-drain.service")
    assert wait_until(lambda: machine.show("tapedeck-drain.service", "InvocationID") != first
                      and machine.show("tapedeck-drain.service", "ActiveState") == "active", SOON)

    # The others are started by their timers, in minutes; here at once.
    for job in ("cleanup", "reconcile", "retain"):
        done = machine.run("systemctl", "start", f"tapedeck-{job}.service")
        assert done.returncode == 0, done.stderr
        assert machine.show(f"tapedeck-{job}.service", "Result") == "success"
    for job in ("cleanup", "reconcile"):
        assert machine.show(f"tapedeck-{job}.timer", "NextElapseUSecMonotonic") not in ("", "0")
    assert machine.show("tapedeck-retain.timer", "NextElapseUSecRealtime") not in ("", "0")


def test_nobody_notices_that_responders_are_restarted(machine: Machine, own: Stack) -> None:
    """Whoever connects meanwhile waits, and is answered; who is being answered is not cut off."""
    configure(machine, settings(own))
    responders = "tapedeck-responders.service"
    assert wait_until(lambda: machine.show(responders, "ActiveState") == "active", SOON)
    with ExitStack() as askers:
        all_ = [askers.enter_context(Asker(machine.root / "run/tapedeck/responders.sock"))
                for _ in range(6)]

        for _ in range(3):
            for one in all_:
                one.goes_on()
            pid = machine.show(responders, "MainPID")
            assert machine.run("systemctl", "restart", responders).returncode == 0
            assert machine.show(responders, "MainPID") != pid
        for one in all_:
            one.goes_on()
    assert [one.failed for one in all_] == [[]] * len(all_)


def test_a_wrong_setting_fails_the_service(machine: Machine, own: Stack) -> None:
    """It says which one, and is not "active" while its responders come and go."""
    configure(machine, settings(own) + "PLAY_LINK_TTL=1hour\n")
    responders = "tapedeck-responders.service"
    assert wait_until(lambda: machine.show(responders, "Result") == "exit-code", SOON)
    assert machine.show(responders, "ActiveState") != "active"
    configure(machine, settings(own))
    assert wait_until(lambda: machine.show(responders, "ActiveState") == "active", SOON)
