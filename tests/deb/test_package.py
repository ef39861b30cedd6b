"""The Debian package, installed, upgraded, removed and purged, on a root that is thrown away.

`make test-deb` builds it first. The root is this machine's own, under an overlay in a mount
namespace: what dpkg changes is gone afterwards. That needs root; the rest does not.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import deb
from stack.stack import ROOT, Stack

SETTINGS = "/etc/tapedeck/tapedeck.env"
ENTER = ["unshare", "--mount", "--propagation", "private", "sh", "-euc"]
# A root of its own; what lies in $1 (sockets of the stack) stays as it is, all else is a copy. Nobody
# looks for a page in the index of this machine's manual, which takes longer than all the rest.
OVERLAY = """
mount -t tmpfs tmpfs "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/root"
mkdir -p "$0/root$1"
mount --bind "$1" "$0/root$1"
mount -t proc proc "$0/root/proc"
rm -f "$0/root/var/lib/man-db/auto-update"
exec chroot "$0/root" sh -euc "$2"
"""

pytestmark = deb.needed


def can_overlay(folder: Path) -> bool:
    return os.geteuid() == 0 and subprocess.run(
        [*ENTER, OVERLAY, str(folder), "/srv", "true"], capture_output=True).returncode == 0


@pytest.fixture
def package() -> Path:
    return deb.made()[-1]


@pytest.fixture
def unpacked(package: Path, tmp_path: Path) -> Path:
    subprocess.run(["dpkg-deb", "-R", package, tmp_path / "tree"], check=True)
    return tmp_path / "tree"


@pytest.fixture
def sockets(stack: Stack) -> Iterator[Path]:
    """PostgreSQL's folder, open to the package's user."""
    path = Path(stack.database_url.partition("host=")[2].partition("&")[0])
    modes = {one: one.stat().st_mode & 0o777 for one in (path, path / ".s.PGSQL.5432")}
    for one in modes:
        one.chmod(0o777)
    yield path
    for one, mode in modes.items():
        one.chmod(mode)


def inside(package: Path, tmp_path: Path, bind: Path, script: str) -> str:
    """What a shell said in a root of its own, where $PACKAGE is the package."""
    if not can_overlay(tmp_path):
        pytest.skip("needs root, and overlays in a mount namespace, to have a root of its own")
    done = subprocess.run([*ENTER, OVERLAY, str(tmp_path), str(bind), script], text=True,
                          capture_output=True, timeout=120,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PACKAGE": str(package),
                               "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_in_it_fits_together(unpacked: Path) -> None:
    units = unpacked / "lib" / "systemd" / "system"
    names = {path.name for path in units.iterdir()}
    assert {"tapedeck-drain.timer", "tapedeck-cleanup.timer", "tapedeck-responders.service",
            "tapedeck-responders.path", "tapedeck-.service.d"} <= names
    for unit in units.rglob("*.service"):
        for program in re.findall(r"^ExecStart=(\S+)", unit.read_text(), re.MULTILINE):
            assert os.access(unpacked / program.lstrip("/"), os.X_OK), program
    text = "".join(path.read_text() for path in units.rglob("*") if path.is_file())
    assert "/usr/local" not in text
    assert (unpacked / SETTINGS.lstrip("/")).stat().st_mode & 0o777 == 0o600
    assert (unpacked / "DEBIAN" / "conffiles").read_text().split() == [SETTINGS]
    assert (unpacked / "usr" / "share" / "tapedeck" / "web" / "index.html").exists()
    docs = unpacked / "usr" / "share" / "doc" / "tapedeck"
    assert (docs / "CHANGELOG.md").read_text() == (ROOT / "CHANGELOG.md").read_text()
    assert gzip.decompress((docs / "changelog.gz").read_bytes()).startswith(b"tapedeck (")


def test_it_asks_nothing_and_leaves_data_until_it_is_purged(
    package: Path, tmp_path: Path
) -> None:
    said = inside(package, tmp_path, Path("/srv"), """
        dpkg --purge tapedeck >/dev/null 2>&1 || true
        dpkg --install --force-depends "$PACKAGE" </dev/null
        stat -c '%n %a %U:%G' /etc/tapedeck/tapedeck.env /var/lib/tapedeck/recordings
        touch /var/lib/tapedeck/recordings/call.wav
        dpkg --remove tapedeck
        ls /etc/tapedeck/tapedeck.env /var/lib/tapedeck/recordings/call.wav
        ! test -e /usr/bin/tapedeck
        dpkg --purge tapedeck
        ! test -e /etc/tapedeck && ! test -e /var/lib/tapedeck && echo all gone
    """)
    assert "fill in /etc/tapedeck/tapedeck.env" in said
    assert "recordings are DELETED 7 days after their call, as RETENTION_DAYS says" in said
    assert f"{SETTINGS} 600 tapedeck:tapedeck" in said
    assert "/var/lib/tapedeck/recordings 750 tapedeck:tapedeck" in said
    assert said.rstrip().endswith("all gone")


# What install.md has an operator do for each web server; Apache's responders have to read the settings.
WEB_SERVERS = {
    "lighttpd": "groups=$(id -g www-data),$(getent group tapedeck | cut -d: -f3)",
    "nginx": "adduser --quiet www-data tapedeck; groups=$(id -G www-data | tr ' ' ,)",
    "apache": """adduser --quiet www-data tapedeck; groups=$(id -G www-data | tr ' ' ,)
        dpkg-statoverride --update --add tapedeck www-data 0640 /etc/tapedeck/tapedeck.env""",
}


@pytest.mark.parametrize("server", WEB_SERVERS)
def test_who_reads_the_settings(server: str, package: Path, tmp_path: Path) -> None:
    """As installed, and after an upgrade of an install that had them readable for the group."""
    said = inside(package, tmp_path, Path("/srv"), f"""
        dpkg --purge tapedeck >/dev/null 2>&1 || true
        dpkg --install --force-depends "$PACKAGE" </dev/null
        {WEB_SERVERS[server]}
        as() {{ setpriv --reuid="$1" --regid="$1" --groups="$groups" sh -c "$2" 2>/dev/null; }}
        try() {{
            as www-data 'cat /etc/tapedeck/tapedeck.env' >/dev/null && echo "$1: read"
            as nobody 'cat /etc/tapedeck/tapedeck.env' >/dev/null && echo "$1: read by others"
            as www-data 'ls /var/lib/tapedeck/recordings' && echo "$1: recordings"
            as tapedeck 'grep -q MEDIA_SECRET /etc/tapedeck/tapedeck.env' && echo "$1: ours"
            true
        }}
        try new
        dpkg-statoverride --list /etc/tapedeck/tapedeck.env ||
            {{ chown root:tapedeck /etc/tapedeck/tapedeck.env; chmod 640 /etc/tapedeck/tapedeck.env; }}
        dpkg --install --force-depends --force-confold "$PACKAGE" </dev/null
        try upgraded
        mkdir -p /etc/apache2/sites-enabled
        cp /usr/share/tapedeck/apache.conf /etc/apache2/sites-enabled/tapedeck.conf
        dpkg-statoverride --remove /etc/tapedeck/tapedeck.env || true
        dpkg --install --force-depends --force-confold "$PACKAGE" </dev/null
        try "with Apache"
    """)
    apache = server == "apache"
    for when in ("new", "upgraded"):
        assert (f"{when}: read" in said.splitlines()) == apache
        assert f"{when}: recordings" in said and f"{when}: ours" in said
    assert "with Apache: read\n" in said and "with Apache: ours\n" in said
    assert "read by others" not in said


def test_an_upgrade_runs_the_migrations(
    package: Path, tmp_path: Path, stack: Stack, sockets: Path
) -> None:
    """On a database of its own, and with settings that stay as they were."""
    import psycopg
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS upgrade")
        connection.execute("CREATE DATABASE upgrade")
    url = re.sub(r"/[^/?]*\?", "/upgrade?", stack.database_url)
    said = inside(package, tmp_path, sockets, f"""
        dpkg --install --force-depends "$PACKAGE"
        echo 'DATABASE_URL={url}' >/etc/tapedeck/tapedeck.env
        dpkg --install --force-depends --force-confold "$PACKAGE"
        cat /etc/tapedeck/tapedeck.env
        sed -i 's,upgrade,no_such,' /etc/tapedeck/tapedeck.env
        dpkg --install --force-depends --force-confold "$PACKAGE" && exit 1
        TAPEDECK_ENV=/etc/tapedeck/tapedeck.env; export TAPEDECK_ENV
        sed -i 's,no_such,upgrade,' $TAPEDECK_ENV
        dpkg --configure tapedeck
        setpriv --reuid=tapedeck --regid=tapedeck --clear-groups tapedeck migrate --check
    """)
    assert f"DATABASE_URL={url}" in said
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM recording_runs").fetchone() == (0,)
