"""docs/install.md followed with the package, from installing to removing it, behind each of the web servers:
on a Debian 12 that has booted its systemd, and has no network but its own."""

from __future__ import annotations

import re
import secrets
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hosts.host import SOON, Host, booted, root_of
from stack import deb, pages, scratch
from stack.calls import new_sid
from stack.processes import wait_until
from stack.stack import ROOT

pytestmark = deb.needed

PAGE = pages.sections("install.md", pages.INDENTED)
TEXT = (ROOT / "docs" / "install.md").read_text()
# What its table has behind a name: DATABASE_URL, PUBLIC_BASE_URL and SENDFILE.
TABLE = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)`", TEXT, re.MULTILINE))
SETTINGS = "/etc/tapedeck/tapedeck.env"
RECORDINGS = "/var/lib/tapedeck/recordings"
TIMERS = [f"tapedeck-{job}.timer" for job in ("cleanup", "drain", "reconcile", "retain")]
BUSINESS = 1
AT_TWILIO = f"https://api.twilio.com/2010-04-01/Accounts/{new_sid('AC')}/Recordings/{new_sid('RE')}"
# The operator says yes to apt, and calls.example.com is this host, without the TLS in front of it.
PREPARED = """
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/yes
echo 127.0.0.1 localhost calls.example.com >>/etc/hosts
"""


@dataclass(frozen=True)
class Operator:
    """Root, on that host."""

    host: Host
    server: str  # as the page heads its section

    def does(self, command: str) -> str:
        """In the source's folder, with the page's `td`."""
        return self.host.does(f"cd {ROOT}\n{PAGE['The settings'][0].splitlines()[0]}\n{command}")

    def fails(self, command: str) -> bool:
        return self.host.run("/bin/sh", "-c", command).returncode != 0

    def show(self, unit: str, what: str) -> str:
        return self.does(f"systemctl show --value -p {what} {unit}").strip()

    def settings(self, **values: str) -> None:
        pages.fill_in(self.host.root / SETTINGS[1:], values)

    def answers(self, path: str) -> str:
        """Empty where nobody does."""
        return self.host.run("curl", "-sS", f"http://calls.example.com{path}").stdout


@pytest.fixture(params=["lighttpd", "nginx", "Apache"])
def operator(request: Any) -> Iterator[Operator]:
    root = root_of("bookworm", "machine")
    with scratch.folder() as place, booted(root, place, deb.FOLDER) as host:
        host.does(PREPARED)
        yield Operator(host, request.param)


def install(operator: Operator) -> None:
    """The first of the two ways; its `make deb` was before."""
    operator.does(PAGE["The program"][0].replace("make deb\n", ""))
    assert operator.show("tapedeck-responders.service", "ActiveState") == "inactive"
    operator.does(PAGE["A database"][0])


def configure(operator: Operator) -> None:
    behind_nginx = re.findall(r"behind nginx `([^`]+)`", TEXT)[0]
    operator.settings(
        DATABASE_URL=TABLE["DATABASE_URL"], PUBLIC_BASE_URL=TABLE["PUBLIC_BASE_URL"],
        JWT_SECRET=operator.does("openssl rand -hex 32").strip(),
        MEDIA_SECRET=operator.does("openssl rand -hex 32").strip(),
        TWILIO_ACCOUNT_SID=new_sid("AC"), TWILIO_AUTH_TOKEN=secrets.token_hex(16),
        SENDFILE=behind_nginx if operator.server == "nginx" else TABLE["SENDFILE"])
    said = operator.does(PAGE["The settings"][0])
    for what in ("database", "redis"):
        assert re.search(f"^{what} +ok", said, re.MULTILINE), said
    assert wait_until(lambda: operator.show("tapedeck-responders.service", "ActiveState") == "active", SOON)


def serve(operator: Operator) -> None:
    password = secrets.token_hex(8)
    if operator.server == "Apache":
        (url,) = re.findall(r"`(postgresql://\S+PASSWORD\S+)`", TEXT)
        operator.settings(DATABASE_URL=url.replace("PASSWORD", password))
    for block in PAGE[operator.server]:
        operator.does(block.replace("'PASSWORD'", f"'{password}'"))
    assert wait_until(lambda: '"ready":true' in operator.answers("/readyz"), SOON), \
        operator.answers("/readyz")


def has_a_call(operator: Operator) -> str:
    """Of which the CRM has a row, and whose file was moved here (docs/moving.md)."""
    call = new_sid("CA")
    with wave.open(str(operator.host.root / f"srv/{call}.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(secrets.token_bytes(64_000))
    operator.does(f"""
        install -d -o tapedeck -g tapedeck -m 0750 {RECORDINGS}/{BUSINESS}
        install -p -o tapedeck -g tapedeck -m 0640 /srv/{call}.wav {RECORDINGS}/{BUSINESS}/
        runuser -u tapedeck -- psql -qc "INSERT INTO call_log (business_id, call_sid, recording_url) VALUES
            ({BUSINESS}, '{call}', '{AT_TWILIO}')"
    """)
    return call


def listed_and_played(operator: Operator, call: str) -> None:
    """With the page's own command; TLS would be in front of this."""
    (lists,) = (block for block in PAGE["Twilio"] if block.startswith("curl "))
    asks = lists.replace("--business N", f"--business {BUSINESS}").replace("https://", "http://").strip()
    assert call in operator.does(asks)
    operator.does(f"{asks.replace('/api/calls', f'/api/recordings/file/{call}')} >/srv/played.wav")
    operator.does(f"cmp /srv/played.wav /srv/{call}.wav")


def runs_by_itself(operator: Operator) -> None:
    said = operator.does("systemctl list-timers --plain --no-legend")
    assert sorted(re.findall(r"tapedeck-\w+\.timer", said)) == TIMERS
    operator.does("systemctl start tapedeck-cleanup.service tapedeck-retain.service")
    # A runner goes on for a minute. One that is asked to end does so well, and the timer starts the next.
    runner = "tapedeck-drain.service"
    assert wait_until(lambda: operator.show(runner, "ActiveState") == "active", SOON)
    operator.does(f"systemctl stop tapedeck-drain.timer {runner}")
    assert operator.show(runner, "Result") == "success"
    operator.does("systemctl start tapedeck-drain.timer")
    assert wait_until(lambda: operator.show(runner, "ActiveState") == "active", SOON)


def reads_what_it_may(operator: Operator) -> None:
    """Apache starts the responders, so its user has to read the settings."""
    reads = "runuser -u www-data -g www-data -G tapedeck -- cat"
    assert operator.fails(f"{reads} {SETTINGS}") == (operator.server != "Apache")
    assert operator.fails(f"{reads} /etc/tapedeck/link.env")


def restarted_unnoticed(operator: Operator) -> None:
    """Also where the responders have hardly begun when they are to end."""
    operator.does("""
        for again in 1 2 3 4 5 6 7 8; do
            systemctl restart tapedeck-responders
            systemctl restart tapedeck-responders
        done & restarting=$!
        while kill -0 $restarting 2>/dev/null; do
            curl -fsS -o /dev/null http://calls.example.com/readyz
        done
        wait $restarting
        ! journalctl --unit=tapedeck-responders | grep "timed out"
    """)


def remove(operator: Operator) -> None:
    removes, purges = re.findall(r"`(apt-get \w+ tapedeck)`", TEXT)
    operator.does(removes)
    operator.does(f"ls {SETTINGS} {RECORDINGS}/{BUSINESS}/*.wav; ! command -v tapedeck")
    assert operator.does("systemctl list-units --state=active --no-legend 'tapedeck-*'") == ""
    operator.does(purges)
    operator.does("! [ -e /etc/tapedeck ] && ! [ -e /var/lib/tapedeck ]")
    assert operator.does("runuser -u postgres -- psql -Atc 'SELECT count(*) FROM call_log' tapedeck") == "1\n"


def test_the_page_can_be_followed_with_the_package(operator: Operator) -> None:
    install(operator)
    configure(operator)
    serve(operator)
    listed_and_played(operator, has_a_call(operator))
    reads_what_it_may(operator)
    runs_by_itself(operator)
    if operator.server != "Apache":
        restarted_unnoticed(operator)
    remove(operator)
