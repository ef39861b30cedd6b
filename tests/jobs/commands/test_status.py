"""`tapedeck status`: for a person, for a program, and for somebody who looks on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from stack.calls import new_call, new_sid
from stack.stack import ROOT, Stack
from twilio.client import fault

from jobs_kit import Db, Terminal, until

Tool = Callable[..., subprocess.CompletedProcess[str]]
MANY, SHOWN, WIDTH, STATEMENTS = 5000, 20, 100, 11


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one object of one line."""
    assert done.stdout.count("\n") == 1 and done.stdout.endswith("\n")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def busy(make_stack: Callable[..., Stack]) -> Stack:
    """A stack of one's own, with something in every line of the page."""
    stack = make_stack(responders=1)
    new_call(stack, 1, faults=[fault("html")])
    new_call(stack, 1)
    assert stack.run("drain", "--once", RUN_ATTEMPTS="1", BREAKER_FAILURES="1").returncode == 0
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        insert_runs(db, "SELECT 7, 'running', 'click', 'now() - interval ''5 minutes'''")
        insert_runs(db, "SELECT 7, 'queued', 'click', 'x' FROM generate_series(1, 2)")
        insert_runs(db, "SELECT 8, 'queued', 'later', 'x'")
        db.execute("UPDATE recording_runs SET not_before = now() + interval '1 hour'"
                   " WHERE business_id = 8")
        db.execute("UPDATE recording_runs SET queued_at = now() - interval '100 seconds'"
                   " WHERE business_id = 7 AND status = 'queued'")
        db.execute("INSERT INTO provider_accounts (account_sid, failures, paused_until, error_code)"
                   " VALUES (%s, 1, now() + interval '1 hour', 'provider_auth')", [new_sid("AC")])
        db.execute("INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid,"
                   " recording_url) VALUES ('RE1', 'completed', 'AC1', 'CA1', 'x')")
        # Old ones: of a call, and of a conference; one that still records; and one that
        # is its business's, without a call.
        db.execute("INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid,"
                   " conference_sid, recording_url, received_at)"
                   " SELECT r, s, 'AC1', c, f, 'x', now() - interval '20 minutes' FROM (VALUES"
                   " ('RE2', 'completed', 'CA2', NULL), ('RE3', 'absent', NULL, 'CF3'),"
                   " ('RE4', 'in-progress', 'CA4', NULL)) AS i (r, s, c, f)")
        db.execute("INSERT INTO tapedeck_recordings (business_id, recording_sid, name, conference_sid)"
                   " VALUES (7, 'RE5', 'RE5', 'CF5'), (7, 'RE6', 'RE6', 'CF6')")
        db.execute("INSERT INTO tapedeck_unknown_conferences (conference_sid, account_sid, noted_at)"
                   " VALUES ('CF3', 'AC1', now() - interval '1 hour'),"
                   " ('CF5', 'AC1', now() - interval '1 hour'), ('CF6', 'AC1', now())")
        db.execute("INSERT INTO call_webhooks (id, business_id, url, secret)"
                   " VALUES (1, 7, 'https://x', 's')")
        db.execute("INSERT INTO call_webhook_deliveries (webhook_id, business_id, call_sid, event,"
                   " payload, error_code) VALUES (1, 7, 'CA1', 'e', '{}', 'unreachable')")
    folder = stack.recordings_dir / "7"
    folder.mkdir(exist_ok=True)
    (folder / f".{new_sid('CA')}.part").write_bytes(b"x" * 1500)
    (folder / f"{new_sid('CA')}.wav").write_bytes(b"x" * 9000)
    return stack


def insert_runs(db: Db, rows: str) -> None:
    db.execute("INSERT INTO recording_runs (business_id, call_sid, job_type, status, lane)"
               f" SELECT b, 'CA' || md5(random()::text), 'download', s, l FROM ({rows})"
               " AS r (b, s, l, t)")


# For a program.


def test_the_members_are_those_of_the_page(busy: Stack) -> None:
    """docs/monitoring.md names each, and no other."""
    page = (ROOT / "docs" / "monitoring.md").read_text()
    table = page.partition("| member | what |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    full = told(busy.run("status", "--json"))
    assert sorted(named) == sorted(full)
    inner = set(re.findall(r"`(\w+)`", table))
    for part in ("disk", "queue"):
        assert set(full[part]) <= inner
    for part in ("businesses", "accounts_paused", "failed", "steps", "deliveries"):
        assert full[part] and set(full[part][0]) <= inner
    busy.halt("postgres")
    empty = busy.run("status", "--json")
    assert empty.returncode == 1 and told(empty).keys() == full.keys()
    assert (told(empty)["ok"], told(empty)["database"], told(empty)["queue"]) == (False, False, None)


def test_everything_is_counted(busy: Stack) -> None:
    done = busy.run("status", "--json", BREAKER_FAILURES="1")
    full = told(done)
    assert (done.returncode, full["ok"]) == (0, True)
    queue = full["queue"]
    assert {lane: [queue[lane][state] for state in ("active", "waiting", "resting")]
            for lane in queue} == {"click": [1, 2, 0], "later": [0, 0, 1]}
    assert 100 <= queue["click"]["oldest_wait_s"] < 200
    assert full["businesses_total"] == 3
    assert {(b["business_id"], b["active"], b["waiting"], b["failed"])
            for b in full["businesses"]} == {(7, 1, 2, 0), (8, 0, 1, 0), (1, 0, 0, 1)}
    [pause] = full["accounts_paused"]
    assert pause["reason"] == "provider_auth" and 3500 < pause["left_s"] <= 3600
    assert (full["breakers_open"], full["callbacks_waiting"]) == (1, 4)
    assert full["recordings_without_call"] == 3
    [reason] = full["failed"]
    assert (reason["reason"], reason["count"]) == ("not_audio", 1)
    assert reason["message"].endswith(".") and reason["last_at"].endswith("+00:00")
    assert full["deliveries"] == [{"status": "waiting", "reason": "unreachable", "count": 1}]
    assert {"step": "transcribe", "status": "skipped", "reason": "not_configured",
            "count": 1} in full["steps"]
    disk = full["disk"]
    assert (disk["part_files"], disk["part_bytes"], disk["parts_complete"]) == (1, 1500, True)
    assert 0 < disk["free_bytes"] <= disk["total_bytes"]


def test_the_page_says_the_same(busy: Stack) -> None:
    page = busy.run("status", BREAKER_FAILURES="1").stdout
    for line in (r"people +1 active, 2 waiting \(the first for 1m\d\ds\), 0 resting",
                 r"prefetches +0 active, 0 waiting \(the first for 0s\), 1 resting",
                 r"part files +1 unfinished, 1\.5 kB", r"space +\S+ \wB free of .* in use",
                 r"no call +3 recordings are shown by no call: .*",
                 r"breaker +1 recordings failed too often .*",
                 r"account +AC\w{32} rests for 3\d\d\ds: provider_auth",
                 r" +7 +1 +2 +0 +1m\d\ds", r" +1 waiting: unreachable"):
        assert re.search(rf"^{line}$", page, re.MULTILINE), page
    assert max(map(len, page.splitlines())) <= WIDTH


# Many businesses.


def statements(stack: Stack) -> list[str]:
    """What PostgreSQL is asked by one `status`, without the time limit that goes before each."""
    log = stack.log("postgres")
    before = len(log.read_text(errors="replace"))
    assert stack.run("status").returncode == 0
    said = log.read_text(errors="replace")[before:]
    return [re.sub(r"\$\d+", "$", line) for line in re.findall(r"LOG:  execute [^:]*: (.*)", said)
            if "set_config" not in line]


def test_thousands_of_businesses_cost_no_more(make_stack: Callable[..., Stack]) -> None:
    """They are summed up, by as many statements as one is."""
    stack = make_stack(responders=1)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        db.execute("ALTER DATABASE tapedeck SET log_statement = 'all'")
        insert_runs(db, "SELECT 1, 'queued', 'click', 'x'")
        few = statements(stack)
        insert_runs(db, f"SELECT b, 'queued', 'click', 'x' FROM generate_series(2, {MANY}) AS b")
    assert statements(stack) == few and len(few) == STATEMENTS
    page = stack.run("status").stdout
    assert f"... and {MANY - SHOWN} businesses more\n" in page
    assert len(re.findall(r"^ +\d+ +0 +1 +0 +\w+$", page, re.MULTILINE)) == SHOWN
    full = told(stack.run("status", "--json", "--businesses", "1000"))
    assert (len(full["businesses"]), full["businesses_total"]) == (1000, MANY)


# Somebody looks on.


@contextmanager
def watching(stack: Stack, *arguments: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([str(stack.tapedeck), "status", "--watch", *arguments],
                               env=stack.environment(), **streams)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(120)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_terminal_pages_follow_each_other(stack: Stack, number: int) -> None:
    with watching(stack, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        lines: list[bytes] = []
        while sum(line.startswith(b"at ") for line in lines) < 2:
            lines.append(process.stdout.readline())
            assert lines[-1], "it ended"
        process.send_signal(number)
        rest, said = process.communicate()
        assert (process.returncode, said) == (0, b"")
    assert b"\x1b" not in b"".join(lines) + rest
    assert b"\n" in lines, "an empty line parts them"


def test_a_line_an_object(stack: Stack) -> None:
    with watching(stack, "--json", stdout=subprocess.PIPE) as process:
        assert process.stdout
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        assert first.keys() == second.keys() and first["at"] < second["at"]
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0


def test_whoever_reads_no_more_ends_it(stack: Stack) -> None:
    with watching(stack, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(120) == 1


OPEN, BACK, HOME = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l", b"\x1b[H"


def on_terminal(stack: Stack, rows: int, columns: int, pages: int) -> bytes:
    terminal = Terminal(rows, columns)
    try:
        with watching(stack, stdin=terminal.side, stdout=terminal.side,
                      stderr=terminal.side) as process:
            os.close(terminal.side)
            terminal.until(b"\x1b[J", pages)
            process.send_signal(signal.SIGINT)
            terminal.rest()
            assert process.wait(120) == 0
    finally:
        terminal.close()
    return terminal.seen


def test_on_a_terminal_it_has_a_page_of_its_own(stack: Stack) -> None:
    """Which it gives back; and the same page is written over, never scrolled."""
    seen = on_terminal(stack, rows=50, columns=80, pages=2)
    assert seen.startswith(OPEN + HOME) and seen.endswith(BACK)
    assert seen.count(OPEN) == seen.count(BACK) == 1 and seen.count(HOME) == 2
    assert b"database     ok" in seen


def test_no_line_is_wider_nor_the_page_longer(busy: Stack) -> None:
    rows, columns = 12, 40
    seen = on_terminal(busy, rows, columns, pages=1).removeprefix(OPEN + HOME)
    page = seen.partition(b"\x1b[J")[0]
    lines = [re.sub(rb"\x1b\[K", b"", line) for line in page.split(b"\r\n")]
    assert len(lines) == rows and max(map(len, lines)) <= columns
    assert re.fullmatch(rb"\.\.\. \d+ more lines", lines[-1])


def test_a_log_line_does_not_tear_the_page(busy: Stack) -> None:
    busy.halt("postgres")
    seen = on_terminal(busy, rows=50, columns=80, pages=2)
    assert b"not reachable" in seen and b"PG_" not in seen


def test_nothing_in_a_table_talks_to_the_terminal(busy: Stack) -> None:
    with psycopg.connect(busy.database_url, autocommit=True) as db:
        db.execute("UPDATE recording_runs SET error = E'\\x1b]0;mine\\x07 \\u05d0'"
                   " WHERE status = 'failed'")
    assert "?]0;mine? ??" in busy.run("status").stdout
    assert told(busy.run("status", "--json"))["failed"][0]["message"] == "\x1b]0;mine\x07 א"
