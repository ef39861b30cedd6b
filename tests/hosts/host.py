"""Hosts of other kinds: roots that root.sh makes, each used under an overlay that is gone afterwards.

A host has its own processes and mounts. It has this machine's kernel, so an older one is played by
stack/old_kernel.py; and where it boots a systemd, that is the root's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack import old_kernel
from stack.processes import wait_until
from stack.stack import ROOT

SOON = 120.0
BUSYBOX = Path("/bin/busybox")  # linked statically: it runs in any root
CANNOT = 75
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
               "DEBIAN_FRONTEND": "noninteractive"}
# $0 is a folder for the overlay, $1 the root, $2 what is seen of this machine, at the same place.
BOOT = """
mount -t tmpfs tmpfs "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" "$0/root"
cd "$0/root"
mkdir -p proc sys dev/shm tmp srv/old
mount -t proc proc proc
[ -e dev/null ] || mknod -m 666 dev/null c 1 3
[ -e dev/urandom ] || mknod -m 666 dev/urandom c 1 9
mount -t tmpfs tmpfs dev/shm
mkdir -p ".$2"
mount --bind "$2" ".$2"
chmod 1777 tmp
shift 2
for step; do eval "$step"; done
cp /bin/busybox srv/
pivot_root . srv/old
/srv/busybox umount -l /srv/old
/srv/busybox rm /srv/busybox
"""
STAYS = 'exec /bin/sh -c "trap : TERM; while :; do sleep 3600 & wait; done"'
# For a systemd, in the new root's folder: devices that it mounts nothing over, and of this machine's
# kernel what it may look at, but not set.
FOR_SYSTEMD = ("mount --rbind dev dev", "mount -t sysfs sysfs sys", "mount --bind proc/sys proc/sys",
               "mount -o remount,bind,ro sys", "mount -o remount,bind,ro proc/sys",
               "mount -t tmpfs tmpfs run")
# In a control group and a network of its own: neither another systemd nor a service here is met.
SYSTEMD = """
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/${0##*/}"
echo 0 >"/sys/fs/cgroup/${0##*/}/cgroup.procs"
umount /sys/fs/cgroup
exec unshare --net --cgroup sh -euc 'mount -t cgroup2 cgroup2 /sys/fs/cgroup
    exec env -i container=tapedeck PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd'
"""
SWEEP = """
mount -t cgroup2 cgroup2 /sys/fs/cgroup
! [ -e "/sys/fs/cgroup/$0" ] || find "/sys/fs/cgroup/$0" -depth -type d -exec rmdir {} +
"""


@dataclass(frozen=True)
class Host:
    """One that runs; `pid` is its first process."""

    pid: int
    kernel: str | None = None  # as old_kernel.py names it

    def run(self, *command: str, user: int | None = None, **environment: str
            ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.words(command, user), capture_output=True, text=True, timeout=600,
                              env={**ENVIRONMENT, **environment})

    def words(self, command: Sequence[str], user: int | None = None) -> list[str]:
        ids = [] if user is None else [f"--setuid={user}", f"--setgid={user}"]
        played = [sys.executable, old_kernel.__file__, self.kernel] if self.kernel else []
        return [*played, "/usr/bin/nsenter", "--target", str(self.pid), "--mount", "--pid", "--cgroup",
                "--net", "--root", "--wd", *ids, *command]

    def does(self, command: str, user: int | None = None, **environment: str) -> str:
        """What a shell said, which must have come to its end."""
        done = self.run("/bin/sh", "-ec", command, user=user, **environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def root(self) -> Path:
        return Path(f"/proc/{self.pid}/root")


def root_of(suite: str, kind: str) -> Path:
    """Made once, and kept in build/roots."""
    done = subprocess.run(["sh", str(ROOT / "tests" / "hosts" / "root.sh"), suite, kind],
                          capture_output=True, text=True)
    if done.returncode == CANNOT:
        pytest.skip(f"no root of {suite}: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@contextmanager
def started(root: Path, home: Path, shared: Path, steps: Sequence[str] = (), first: str = STAYS,
            kernel: str | None = None) -> Iterator[Host]:
    """`steps` are run in the new root's folder, before it is entered; then `first` is its process 1."""
    if os.geteuid() != 0 or not BUSYBOX.exists():
        pytest.skip("a host of another kind needs root, and busybox-static: tests/stack/setup.sh hosts")
    process = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--propagation", "private", "--uts",
         "--ipc", "--cgroup", "sh", "-euc", BOOT + first, str(home), str(root), str(shared), *steps],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def is_up() -> bool:
        if process.poll() is not None:
            assert process.stderr
            why = process.stderr.read().decode().strip()
            assert "not permitted" in why, why
            pytest.skip(f"no host can be started here: {why}")
        pids = children.read_text().split()
        srv = Path(f"/proc/{pids[0]}/root/srv") if pids else home
        return (srv / "old").exists() and not (srv / "busybox").exists() and not any((srv / "old").iterdir())

    try:
        assert wait_until(is_up, SOON), "it does not come up"
        yield Host(int(children.read_text()), kernel)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def booted(root: Path, home: Path, shared: Path) -> Iterator[Host]:
    """With the root's own systemd, which has started what it starts; alone in its network."""
    with ExitStack() as afterwards, started(root, home, shared, FOR_SYSTEMD, SYSTEMD) as host:
        afterwards.callback(_leave_no_groups, home.name)

        def is_up() -> bool:
            if not host.root.exists():
                pytest.skip("no systemd can be started here")
            return host.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

        assert wait_until(is_up, SOON), host.run("systemctl", "list-jobs").stdout
        yield host


def _leave_no_groups(name: str) -> None:
    """Those that were in them have been killed, and end soon."""
    sweep = ["unshare", "--mount", "--cgroup", "sh", "-euc", SWEEP, name]
    assert wait_until(lambda: subprocess.run(sweep, capture_output=True).returncode == 0, SOON)
