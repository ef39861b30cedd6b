"""The parts of the stack that need nothing running: files, ports, packages, web server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from stack import env_file, ports
from stack.errors import StackError
from stack.stack import ROOT

ODD_VALUES = {"A": "plain", "B": "two words", "C": "it's", "D": "$HOME `id` \\", "E": "#5"}


def test_exports_survive_the_shell(tmp_path: Path) -> None:
    file = tmp_path / "env"
    env_file.write_exports(file, ODD_VALUES, tmp_path / "my bin", ["A"])
    script = '. "$1"; printf "%s\\n" "$A" "$B" "$C" "$D" "$E" "$PATH"'
    done = subprocess.run(["sh", "-eu", "-c", script, "sh", str(file)], env={"PATH": "/bin"},
                          capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*ODD_VALUES.values(), f"{tmp_path}/my bin:/bin"]
    assert env_file.read_exports(file).items() >= ODD_VALUES.items()


def test_config_files_quote_what_needs_it(tmp_path: Path) -> None:
    file = tmp_path / "tapedeck.env"
    env_file.write_config(file, {"A": "x=y", "B": "two words", "C": "#5"})
    assert file.read_text() == 'A=x=y\nB="two words"\nC="#5"\n'
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("value", ['say "hi"', "two\nlines"])
def test_config_files_refuse_what_they_cannot_hold(tmp_path: Path, value: str) -> None:
    with pytest.raises(StackError, match="A cannot hold"):
        env_file.write_config(tmp_path / "tapedeck.env", {"A": value})


def test_only_a_callers_own_choices_count(tmp_path: Path) -> None:
    file = tmp_path / "env"
    env_file.write_exports(file, {"A": "made up", "B": "given"}, tmp_path, own=["A"])
    sourced = env_file.read_exports(file)
    names = ["A", "B", "C", "D"]
    assert env_file.caller_choices({**sourced, "C": ""}, names) == {"B": "given"}
    assert env_file.caller_choices({**sourced, "A": "changed"}, names) == {
        "A": "changed", "B": "given",
    }


@pytest.mark.parametrize("text", ["", "-1", "65536", "8080x", "１２", "0x50"])
def test_ports_are_numbers(text: str) -> None:
    with pytest.raises(StackError, match="PORT must be a number"):
        ports.parse_port(text)


def fake_machine(folder: Path, installed: list[str], sudo: bool = False) -> Path:
    """A PATH on which these packages are installed, and whoever installs is noted down."""
    folder.mkdir()
    lines = "\n".join(f"installed {name}" for name in installed)
    (folder / "list").write_text(lines + "\n")
    programs = {
        "dpkg-query": f'cat "{folder}/list"',
        "apt-get": f'echo "apt-get $*" >> "{folder}/calls"',
        "id": "echo 1000",
        **({"sudo": f'echo "sudo $*" >> "{folder}/calls"'} if sudo else {}),
    }
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    for name in ("sh", "sed", "cat", "dirname"):
        (folder / name).symlink_to(f"/bin/{name}")
    return folder


def setup(machine: Path, *groups: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", str(ROOT / "tests/stack/setup.sh"), *groups],
                          env={"PATH": str(machine)}, capture_output=True, text=True)


def packages(*groups: str) -> list[str]:
    lines = (ROOT / "tests/stack/packages.txt").read_text().splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#")]
    return [name for group, name in pairs if not groups or group in groups]


def test_setup_is_silent_when_all_is_there(tmp_path: Path) -> None:
    machine = fake_machine(tmp_path / "bin", packages())
    done = setup(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (machine / "calls").exists()


def test_setup_looks_at_the_groups_it_is_told(tmp_path: Path) -> None:
    machine = fake_machine(tmp_path / "bin", packages("build", "run"))
    assert setup(machine, "build", "run").returncode == 0
    assert setup(machine, "test").returncode == 1
    assert "no such group" in setup(machine, "everything").stderr


def test_setup_installs_just_what_is_missing(tmp_path: Path) -> None:
    there = [name for name in packages() if name not in ("lame", "multiwatch")]
    machine = fake_machine(tmp_path / "bin", there, sudo=True)
    done = setup(machine)
    assert done.returncode == 0
    assert done.stdout == "Installing 2 Debian packages: multiwatch lame\n"
    calls = (machine / "calls").read_text()
    assert calls.startswith("sudo true\nsudo sh ")
    assert calls.endswith("--install multiwatch lame\n")


def test_setup_without_root_or_sudo_says_what_to_do(tmp_path: Path) -> None:
    there = [name for name in packages() if name != "lame"]
    done = setup(fake_machine(tmp_path / "bin", there))
    assert done.returncode == 1
    assert done.stderr.startswith("setup: neither root nor sudo; as root: apt-get install")
    assert done.stderr.endswith(" lame\n")


def test_the_web_servers_configuration_is_sound(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/usr/sbin/lighttpd", "-tt", "-f", str(ROOT / "lighttpd.conf")],
        env={**os.environ, "BIND": "127.0.0.1", "PORT": "8080", "WEB_DIR": str(ROOT / "web"),
             "SOCKET": str(tmp_path / "socket"), "RECORDINGS_DIR": str(tmp_path),
             "LUA_DIR": str(ROOT / "fcgi" / "front")},
        capture_output=True, text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments, complaint", [
    (["/x", "0"], "RESPONDERS must be a number"),
    (["/x", "many"], "RESPONDERS must be a number"),
    (["/x", "1", "/nowhere/tapedeck.fcgi"], "build it with make"),
])
def test_spawn_fcgi_says_what_is_wrong(arguments: list[str], complaint: str) -> None:
    if len(arguments) == 2:
        arguments = [*arguments, "/bin/true"]
    done = subprocess.run(["sh", str(ROOT / "spawn-fcgi.sh"), *arguments],
                          capture_output=True, text=True)
    assert done.returncode == 1 and complaint in done.stderr


KILLED_SETUP = """
mount -t tmpfs tmpfs "$0"
for place in etc usr/sbin; do
    mkdir -p "$0/$place/upper" "$0/$place/work"
    mount -t overlay overlay \\
        -o "lowerdir=/$place,upperdir=$0/$place/upper,workdir=$0/$place/work" "/$place"
done
rm -rf /etc/postgresql-common /usr/sbin/policy-rc.d
mkdir "$0/bin"
printf '#!/bin/sh\\nkill -KILL $PPID\\n' >"$0/bin/apt-get"
chmod 755 "$0/bin/apt-get"
PATH="$0/bin:$PATH"
sh "$1" --install nothing || true
ls /usr/sbin/policy-rc.d /etc/postgresql-common/createcluster.d/tapedeck.conf
printf '#!/bin/sh\\n' >"$0/bin/apt-get"
sh "$1" --install nothing
test ! -e /usr/sbin/policy-rc.d
test ! -e /etc/postgresql-common/createcluster.d/tapedeck.conf
echo clean
"""


def test_what_a_killed_setup_left_behind_goes_with_the_next(tmp_path: Path) -> None:
    """Else apt would start no service on this machine any more, without a word."""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", KILLED_SETUP, str(tmp_path),
         str(ROOT / "tests/stack/setup.sh")], capture_output=True, text=True)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("a mount of one's own takes root")
    assert done.stdout.endswith("clean\n"), done.stdout + done.stderr
