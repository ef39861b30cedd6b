"""Ceph's object gateway with a cluster of one behind it, in memory: a real S3 server, which checks
signatures, checksums and parts. It ends with the process that started it."""

from __future__ import annotations

import ctypes
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from stack import ports
from stack.errors import StackError, log_tail
from stack.processes import wait_until

from .client import Client

ACCESS_KEY, SECRET_KEY = "AKTAPEDECK", "not/a+secret=really"
BUCKET = "tapes"
DOMAIN = "s3.localhost"  # names below it are this machine
PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")
SECONDS = 60.0
PR_SET_PDEATHSIG = 1

CONFIG = """\
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon_port}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms mon client mode = crc
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
keyring = /dev/null
log file = {home}/$name.log
admin socket = {home}/$name.asok
pid file = {home}/$name.pid
run dir = {home}
crash dir = {home}
paxos propose interval = 0.02
paxos min wait = 0.01
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 0
[mon.a]
mon data = {home}/mon
[osd.0]
osd data = {home}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
[client.rgw]
rgw data = {home}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw dns name = {domain}
rgw thread pool size = 16
rgw enable usage log = false
"""


class Ceph:
    """One gateway; `start` returns when the bucket is there."""

    def __init__(self, home: Path) -> None:
        missing = [name for name in PROGRAMS if not shutil.which(name)]
        if missing:
            raise StackError(f"{', '.join(missing)} missing; run: make test")
        self.home = home
        self.port = ports.choose_port(0)
        self._mon_port = ports.choose_port(0)
        self._config = home / "ceph.conf"
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> Client:
        return Client(self.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY)

    def start(self) -> None:
        fsid = str(uuid.uuid4())
        for name in ("mon", "osd", "rgw"):
            (self.home / name).mkdir(parents=True)
        self._config.write_text(CONFIG.format(
            fsid=fsid, home=self.home, port=self.port, mon_port=self._mon_port, domain=DOMAIN))
        self._run("ceph-mon", "-i", "a", "--mkfs", "--fsid", fsid, "--mon-initial-members", "a",
                  "--public-addr", f"v2:127.0.0.1:{self._mon_port}")
        self._launch("ceph-mon", "-i", "a", "-f")
        self._run("ceph-osd", "-i", "0", "--mkfs")
        self._run("ceph", "osd", "new", (self.home / "osd" / "fsid").read_text().strip(), "0")
        self._run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default")
        self._launch("ceph-osd", "-i", "0", "-f")
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "tapedeck",
                  "--display-name", "tapedeck", "--access-key", ACCESS_KEY,
                  "--secret-key", SECRET_KEY)
        self._launch("radosgw", "-n", "client.rgw", "-f")
        if not wait_until(self._answers, SECONDS):
            raise StackError(f"radosgw did not answer{log_tail(self.home / 'client.rgw.log')}")
        self.client.make_bucket()

    def stop(self) -> None:
        for process in reversed(self._running):
            process.send_signal(signal.SIGKILL)
            process.wait()
        self._running.clear()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([program, "-c", str(self._config), *arguments], capture_output=True,
                              text=True, timeout=SECONDS, cwd=self.home)
        if done.returncode != 0:
            raise StackError(f"{program} {' '.join(arguments)}: {done.stderr or done.stdout}")

    def _launch(self, program: str, *arguments: str) -> None:
        with (self.home / f"{program}.out").open("wb") as log:
            self._running.append(subprocess.Popen(
                [program, "-c", str(self._config), *arguments], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self.home, preexec_fn=_end_with_parent))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.endpoint, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
