"""Several Twilio accounts: each one's webhooks and media with its own token, kept in a file."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql
from stack import programs
from stack.api import Answer, Api
from stack.calls import RECORDING_STATUS, new_sid
from stack.stack import Stack
from twilio import sign

from island import Host, answer_of, basic, recording
from jobs_kit import Db, click, insert_call, run_of, unrecorded_call

FORM = "application/x-www-form-urlencoded"
SECOND, SUB = new_sid("AC"), new_sid("AC")
TOKEN, KEY, KEY_SECRET = "hunter2-of-the-second", "SK" + "0" * 32, "hunter3-of-the-key"
STRANGER = 54321


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    """The file, as it should be."""
    path = tmp_path / "accounts"
    path.touch(0o600)
    path.write_text(f"# the second company\n{SECOND}={TOKEN}\n")
    return path


# ---- webhooks ----


def post(stack: Stack, params: sign.Params, token: str | None) -> Answer:
    sent = {"Content-Type": FORM}
    if token is not None:
        url = stack.public_base_url + RECORDING_STATUS
        sent["X-Twilio-Signature"] = sign.signature(token, url, params)
    return Api(stack.base_url).post(RECORDING_STATUS, sign.form(params), headers=sent)


def event(account: str | None) -> dict[str, str]:
    fields = {"CallSid": new_sid("CA"), "RecordingSid": new_sid("RE"),
              "RecordingStatus": "in-progress", "From": "+972501234567"}
    return fields if account is None else {"AccountSid": account, **fields}


def test_each_accounts_webhooks_are_checked_with_its_own_token(
    make_stack: Callable[..., Stack], accounts: Path
) -> None:
    stack = make_stack(overrides={"TWILIO_ACCOUNTS_FILE": str(accounts)}, responders=1)
    ours, main = stack.auth_token, stack.account_sid
    saved = []
    for account, token, status in (
        (main, ours, 204), (SECOND, TOKEN, 204), (SUB, ours, 204),
        (main, TOKEN, 403), (SECOND, ours, 403), (SUB, TOKEN, 403),
        (SECOND, "", 403), (SECOND, None, 403), (SECOND.upper(), TOKEN, 403),
        (None, ours, 204), (None, TOKEN, 403), ("", ours, 204), (f" {SECOND}", TOKEN, 403),
    ):
        params = event(account)
        assert (account, token, post(stack, params, token).status) == (account, token, status)
        saved += [params["RecordingSid"]] if status == 204 and account else []
    for first, second in ((SECOND, main), (main, SECOND)):
        # Checked with the first one's token it is well signed and kept; whose it is, is a guess.
        both = [("AccountSid", first), ("AccountSid", second), *event(None).items()]
        assert post(stack, both, TOKEN if first == SECOND else ours).status == 204
        assert post(stack, both, ours if first == SECOND else TOKEN).status == 403
    with psycopg.connect(stack.database_url) as db:
        rows = db.execute("SELECT recording_sid FROM recording_inbox").fetchall()
        assert sorted(row[0] for row in rows) == sorted(saved)
        is_nowhere_in(db, TOKEN)
    with redis.Redis.from_url(stack.redis_url) as rds:
        for key in rds.scan_iter("*"):
            assert b"hunter" not in (rds.dump(key) or b"")
    causes_are_told(stack)


def is_nowhere_in(db: Db, secret: str) -> None:
    tables = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert len(tables) > 5
    for (table,) in tables:
        found = db.execute(sql.SQL("SELECT count(*) FROM {} AS t WHERE strpos(t::text, %s) > 0")
                           .format(sql.Identifier(table)), [secret]).fetchone()
        assert found == (0,), table


def causes_are_told(stack: Stack) -> None:
    """Which of the causes it was, and nothing of what was sent."""
    lines = stack.logged("responders").splitlines()
    refused = [line for line in lines if line.startswith("WEBHOOK_REFUSED ")]
    assert set(refused) == {"WEBHOOK_REFUSED cause=mismatch", "WEBHOOK_REFUSED cause=no_header"}
    assert refused.count("WEBHOOK_REFUSED cause=no_header") == 1
    everything = "\n".join(lines)
    for secret in (TOKEN, stack.auth_token, "+972501234567", "X-Twilio-Signature"):
        assert secret not in everything


# ---- media ----


@pytest.fixture
def host() -> Iterator[Host]:
    """A provider that serves everybody, and remembers with what they came."""
    with Host(answer_of(recording()), ("127.0.0.1", 0)) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


@pytest.mark.parametrize("with_key", [False, True])
def test_each_accounts_media_with_its_own_credentials(
    stack: Stack, db: Db, new_business: Callable[[], int], accounts: Path, host: Host,
    drain: Callable[..., subprocess.CompletedProcess[str]], with_key: bool,
) -> None:
    main = stack.account_sid
    calls = {account: unrecorded_call(stack, new_business()) for account in (main, SECOND, SUB)}
    for account, call in calls.items():
        insert_call(db, call, recording_url="https://api.twilio.com/2010-04-01/Accounts/"
                                            f"{account}/Recordings/{call.recording_sid}")
        click(call)
    key = {"TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": KEY_SECRET} if with_key else {}
    done = drain(TWILIO_ACCOUNTS_FILE=str(accounts),
                 TWILIO_API_BASE=f"http://127.0.0.1:{host.server_address[1]}", **key)
    ours = basic(KEY, KEY_SECRET) if with_key else basic(main, stack.auth_token)
    expected = {main: ours, SECOND: basic(SECOND, TOKEN), SUB: ours}
    assert {path.split("/")[3]: sent for _, path, sent in host.requests} == expected
    assert len(host.requests) == 3
    for call in calls.values():
        assert run_of(db, call).status == "completed"
    assert "hunter" not in done.stderr and stack.auth_token not in done.stderr


def test_a_second_accounts_list_is_its_own(
    stack: Stack, accounts: Path, host: Host
) -> None:
    """`reconcile` for an account that has a token in the file."""
    done = stack.run("reconcile", TWILIO_ACCOUNT_SID=SECOND, TWILIO_ACCOUNTS_FILE=str(accounts),
                     TWILIO_API_BASE=f"http://127.0.0.1:{host.server_address[1]}")
    assert [sent for _, _, sent in host.requests] == [basic(SECOND, TOKEN)]
    assert "hunter" not in done.stdout + done.stderr


# ---- the file ----

PROGRAMS: dict[str, list[tuple[str, ...]]] = {"tapedeck.fcgi": [()], "tapedeck": [
    ("drain", "--once"), ("cleanup",), ("reconcile",), ("token", "--business", "1"), ("config",)]}


def is_refused(stack: Stack, path: str) -> None:
    """By both programs, whatever they are to do: one line that names the setting, and exit 2."""
    env = stack.environment(TWILIO_ACCOUNTS_FILE=path)
    for program, commands in PROGRAMS.items():
        for arguments in commands:
            done = programs.run(stack.build_dir / program, arguments, env, timeout=120)
            assert (done.returncode, done.stdout) == (2, ""), done.stderr
            assert re.fullmatch(rf"{re.escape(program)}: configuration: TWILIO_ACCOUNTS_FILE: "
                                r"[^\x00-\x1f\x7f]+\n", done.stderr), done.stderr
            assert "hunter" not in done.stderr and path not in done.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_file_that_others_may_read_or_write(stack: Stack, accounts: Path, mode: int) -> None:
    accounts.chmod(mode)
    is_refused(stack, str(accounts))


def test_a_strangers_file(stack: Stack, accounts: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(accounts, STRANGER, STRANGER)
    is_refused(stack, str(accounts))


def test_what_is_no_file(
    stack: Stack, accounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.unlink()
    is_refused(stack, str(accounts))
    accounts.mkdir(mode=0o700)
    is_refused(stack, str(accounts))
    accounts.rmdir()
    os.mkfifo(accounts, 0o600)
    is_refused(stack, str(accounts))
    accounts.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(accounts.parent)  # the whole path may be too long for a socket's
        listening.bind(accounts.name)
        accounts.chmod(0o600)
        is_refused(stack, str(accounts))
    is_refused(stack, "here/relative")
    is_refused(stack, "/dev/null")


@pytest.mark.parametrize("text", [
    f"{SECOND}\n", f"{SECOND} {TOKEN}\n", f"{SECOND}=\n", f"={TOKEN}\n", f"{TOKEN}\n",
    f"SECOND={TOKEN}\n", f"{SECOND[:-1]}={TOKEN}\n", f"SK{SECOND[2:]}={TOKEN}\n",
    f"{SECOND}={TOKEN}\n{SECOND}={TOKEN}\n", f"{SECOND}={TOKEN}\n{TOKEN}\x1b[2J\n",
    f"{SECOND}={TOKEN}\n\0{SUB}=x\n", "# " + "x" * 600_000,
], ids=range(12))
def test_a_malformed_file(stack: Stack, accounts: Path, text: str) -> None:
    accounts.write_text(text)
    is_refused(stack, str(accounts))


def test_a_good_file_is_not_shown(stack: Stack, accounts: Path) -> None:
    done = stack.run("config", TWILIO_ACCOUNTS_FILE=str(accounts))
    assert done.returncode == 0
    assert f"\nTWILIO_ACCOUNTS_FILE={accounts}\n" in done.stdout
    assert "hunter" not in done.stdout + done.stderr
