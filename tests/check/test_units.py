"""The systemd units: sound, closed, and starting what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stack.stack import ROOT

UNITS = ROOT / "jobs" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
PATHS = sorted(path.name for kind in ("path", "socket") for path in UNITS.glob(f"*.{kind}"))
TIMERS = sorted(path.name for path in UNITS.glob("*.timer"))
EXPOSURE_MOST = 2.0
EXPOSURE = re.compile(r"Overall exposure level for \S+: ([\d.]+)")

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"),
    reason="systemd-analyze is not installed (package systemd): units are only read",
)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as on a host where the programs are installed: with programs of that name."""
    units = tmp_path / "units"
    shutil.copytree(UNITS, units)
    for path in units.rglob("*.service"):
        text = path.read_text()
        for program in re.findall(r"^Exec\w+=(/usr/local/\S+)", text, re.MULTILINE):
            stub = tmp_path / program.lstrip("/")
            stub.parent.mkdir(parents=True, exist_ok=True)
            stub.write_text("#!/bin/sh\n")
            stub.chmod(0o755)
            text = text.replace(program, str(stub))
        path.write_text(text)
    return units


def analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With nothing but these units and the distribution's own."""
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "SYSTEMD_COLORS": "0"},
    )


def exposure(units: Path, service: str) -> float:
    done = analyze(units, "security", "--offline=true", "--no-pager", service)
    found = EXPOSURE.search(done.stdout)
    assert found, done.stderr
    return float(found[1])


def test_there_are_some() -> None:
    assert "tapedeck-responders.service" in SERVICES
    assert {"tapedeck-drain.timer", "tapedeck-cleanup.timer"} <= set(TIMERS)
    for timer in TIMERS:
        assert timer.replace(".timer", ".service") in SERVICES


@needs_systemd
def test_units_are_sound(installed: Path) -> None:
    done = analyze(installed, "verify", "--man=no", *SERVICES, *TIMERS, *PATHS)  # not installed here
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("service", SERVICES)
def test_services_are_closed(installed: Path, service: str) -> None:
    assert exposure(installed, service) < EXPOSURE_MOST


def test_only_those_that_ask_the_provider_may_leave_the_machine() -> None:
    """retain does with RETENTION_AT_TWILIO."""
    closed = {path.stem.removeprefix("tapedeck-") for path in UNITS.glob("*.service")
              if "IPAddressDeny=any\n" in path.read_text()}
    assert closed == {"responders", "cleanup"}


def test_commands_are_ours(build_dir: Path) -> None:
    """`tapedeck COMMAND` in a unit is a command that the program knows."""
    usage = subprocess.run([str(build_dir / "tapedeck"), "help"], capture_output=True, text=True,
                           check=True).stdout
    known = set(re.findall(r"^  (\w+)", usage, re.MULTILINE))
    used = {command for path in UNITS.glob("*.service")
            for command in re.findall(r"^ExecStart=\S+/tapedeck (\w+)", path.read_text(),
                                      re.MULTILINE)}
    assert {"drain", "cleanup"} <= used <= known


# ---- these checks can fail ----

@needs_systemd
def test_open_services_are_found(installed: Path) -> None:
    shutil.rmtree(installed / "tapedeck-.service.d")
    assert exposure(installed, "tapedeck-cleanup.service") > EXPOSURE_MOST


@needs_systemd
@pytest.mark.parametrize("line", ["NoSuchSetting=yes", "ExecStart=\nExecStart=/none/tapedeck drain",
                                  "ProtectSystem=perhaps"])
def test_unsound_units_are_found(installed: Path, line: str) -> None:
    with open(installed / "tapedeck-cleanup.service", "a") as unit:
        unit.write(f"{line}\n")
    assert analyze(installed, "verify", "--man=no", "tapedeck-cleanup.service").stderr != ""
