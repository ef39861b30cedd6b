"""Callbacks a second, each saved and synced before it is answered, and one insert by itself."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from peers import HERE
from stack.calls import CALL_STATUS, new_number, new_sid
from stack.stack import Stack
from twilio import sign

SECONDS, AT_ONCE, SIGNED = 3, 8, 30_000
INSERT = """INSERT INTO call_log (business_id, call_sid, account_sid, direction, from_number,
 to_number, status, duration, created_at, updated_at) VALUES (1, 'CA' || md5(random()::text),
 '{account}', 'inbound', '+972501234567', '+972507654321', 'completed', 5, now(), now());
"""


@dataclass(frozen=True)
class Callbacks:
    """Figures of one run; all of them a second."""

    answered: float
    saved: int
    failed: int
    asked: int
    inserts: float


def run(folder: Path) -> Callbacks:
    folder.mkdir()
    with Stack(folder / "run", bound=True) as stack:
        wishes = folder / "wishes"
        wishes.write_text("".join(_signed(stack) for _ in range(SIGNED)))
        with psycopg.connect(stack.database_url, autocommit=True) as database:
            answered, asked, failed = _callbacks(stack, wishes)
            (saved,) = database.execute("SELECT count(*) FROM call_log").fetchone()
        return Callbacks(answered, saved, failed, asked, _inserts(stack, folder / "insert.sql"))


def _path() -> str:
    return f"{CALL_STATUS}?business_id=1"


def _signed(stack: Stack) -> str:
    params = {"AccountSid": stack.account_sid, "CallSid": new_sid("CA"), "From": new_number(),
              "To": new_number(), "Direction": "inbound", "CallStatus": "completed",
              "CallDuration": "5"}
    signature = sign.signature(stack.auth_token, stack.public_base_url + _path(), params)
    return f"{signature}\t{sign.form(params).decode()}\n"


def _callbacks(stack: Stack, wishes: Path) -> tuple[float, int, int]:
    said = subprocess.run(
        ["wrk", "-t", "2", "-c", str(AT_ONCE), "-d", f"{SECONDS}s", "--timeout", "10s", "-s",
         str(HERE / "callbacks.lua"), stack.base_url + _path(), "--", str(wishes)],
        capture_output=True, text=True, check=True, timeout=60).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    done = re.search(r"(\d+) requests in", said)
    assert rate and done, said
    failed = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said)))
    return float(rate[1]), int(done[1]), failed


def _inserts(stack: Stack, script: Path) -> float:
    """The same row, by pgbench over the same socket, in the same PostgreSQL."""
    script.write_text(INSERT.format(account=stack.account_sid).replace("\n", ""))
    said = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-c", str(AT_ONCE), "-j", "2", "-T", str(SECONDS),
         "-f", str(script), stack.database_url],
        capture_output=True, text=True, check=True, timeout=60).stdout
    tps = re.search(r"tps = ([\d.]+)", said)
    assert tps, said
    return float(tps[1])


def lines(one: Callbacks) -> list[str]:
    """The section of results.md."""
    return [
        f"**Callbacks**, {AT_ONCE} at once, each of another call, checked, saved and synced before "
        "it is answered:", "",
        "| | a second | of one insert |", "|---|---:|---:|",
        f"| one committed insert of that row, pgbench | {one.inserts:,.0f} | 1.00 |",
        f"| a callback, over HTTP | {one.answered:,.0f} | {one.answered / one.inserts:.2f} |", "",
        f"{one.saved:,} calls are there after {one.asked:,} answers; {one.failed:,} were refused.",
        "",
    ]
