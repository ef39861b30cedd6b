"""A token is changed, and nothing is restarted: no callback is refused, no download fails."""

from __future__ import annotations

import http.client
import os
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stack.api import Api
from stack.calls import RECORDING_STATUS, new_sid
from stack.stack import Stack
from twilio import sign
from twilio.client import Control
from twilio.fake import FakeTwilio

from jobs_kit import Db, click, insert_call, run_of, unrecorded_call, until

FORM = "application/x-www-form-urlencoded"
SECOND = new_sid("AC")
SENDERS, RESPONDERS, ROUNDS = 4, 2, 2
MANY = 200  # callbacks of each state of the file, at the least


def put(path: Path, text: str) -> None:
    """Another file takes its name, as one who changes a token should do it."""
    beside = path.with_name(path.name + ".new")
    beside.touch(0o600)
    beside.write_text(text)
    os.replace(beside, path)


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    path = tmp_path / "secrets" / "accounts"
    path.parent.mkdir()
    put(path, f"{SECOND}=token0\n")
    return path


# ---- callbacks ----


class Senders:
    """Twilio, sending as fast as it can; what it got is counted by status and token."""

    def __init__(self, stack: Stack, token: str) -> None:
        self.token = token
        self.got: Counter[tuple[str, int]] = Counter()
        self._stack = stack
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]

    def __enter__(self) -> "Senders":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join()

    def _send(self) -> None:
        connection = http.client.HTTPConnection(
            urllib.parse.urlsplit(self._stack.base_url).netloc, timeout=60)
        url = self._stack.public_base_url + RECORDING_STATUS
        while not self._over.is_set():
            token = self.token
            params = {"AccountSid": SECOND, "CallSid": new_sid("CA"),
                      "RecordingSid": new_sid("RE"), "RecordingStatus": "in-progress"}
            connection.request("POST", RECORDING_STATUS, sign.form(params), {
                "Content-Type": FORM, "X-Twilio-Signature": sign.signature(token, url, params)})
            answer = connection.getresponse()
            answer.read()
            with self._lock:
                self.got[token, answer.status] += 1
        connection.close()

    def sent(self, token: str) -> int:
        with self._lock:
            return sum(n for (one, _), n in self.got.items() if one == token)

    def statuses(self) -> set[int]:
        with self._lock:
            return {status for _, status in self.got}

    def await_many(self, token: str) -> None:
        enough = self.sent(token) + MANY
        until(lambda: self.sent(token) >= enough, f"{MANY} callbacks with {token}")


def said(stack: Stack, line: str) -> int:
    return stack.logged("responders").splitlines().count(line)


def test_no_callback_is_refused_while_a_token_is_changed(
    make_stack: Callable[..., Stack], accounts: Path
) -> None:
    """The new one beside the old one, promoted at Twilio, alone; and a broken file on the way."""
    stack = make_stack(overrides={"TWILIO_ACCOUNTS_FILE": str(accounts)}, responders=RESPONDERS)
    taken, refused = "ACCOUNTS_FILE_READ accounts=1", "ACCOUNTS_FILE_REFUSED cause=malformed"

    def everybody_has(line: str, number: int) -> None:
        until(lambda: said(stack, line) >= number * RESPONDERS, f"{line} from everybody")

    with Senders(stack, "token0") as twilio:
        until(lambda: twilio.sent("token0") >= MANY, "callbacks")
        done = said(stack, taken) // RESPONDERS  # a fresh file may have been read twice already
        for number in range(1, ROUNDS + 1):
            old, new = f"token{number - 1}", f"token{number}"
            put(accounts, f"{SECOND}={new},{old}\n")
            everybody_has(taken, done + 1)
            twilio.await_many(old)
            twilio.token = new
            twilio.await_many(new)
            put(accounts, f"{SECOND}={new},\n")
            everybody_has(refused, number)
            twilio.await_many(new)
            put(accounts, f"{SECOND}={new}\n")
            done += 2
            everybody_has(taken, done)
            twilio.await_many(new)
            assert twilio.statuses() == {204}, twilio.got
        twilio.token = "token0"  # by now it is nobody's
        until(lambda: twilio.got["token0", 403] > 0, "a refusal")
    assert said(stack, refused) == ROUNDS * RESPONDERS


def test_a_shared_key_signs(make_stack: Callable[..., Stack], accounts: Path) -> None:
    key = "webhooks_sharedkey_01abc"
    put(accounts, f"{SECOND}=token0 {key}:hunter2\n")
    stack = make_stack(overrides={"TWILIO_ACCOUNTS_FILE": str(accounts)}, responders=1)
    url = stack.public_base_url + RECORDING_STATUS

    def post(secret: str, name: str, algorithm: str, signed_with: str) -> int:
        params = {"AccountSid": SECOND, "CallSid": new_sid("CA"), "RecordingSid": new_sid("RE"),
                  "RecordingStatus": "in-progress"}
        return Api(stack.base_url).post(RECORDING_STATUS, sign.form(params), headers={
            "Content-Type": FORM,
            "X-Twilio-Signature": sign.signature(secret, url, params, signed_with),
            sign.SETTINGS: f"key={name},algorithm={algorithm}"}).status

    assert post("hunter2", key, "HMAC_SHA256", "sha256") == 204
    assert post("hunter2", key, "HMAC_SHA1", "sha1") == 204
    assert post("hunter2", key, "HMAC_SHA256", "sha1") == 403
    assert post("token0", key, "HMAC_SHA256", "sha256") == 403
    assert post("hunter2", key + "x", "HMAC_SHA256", "sha256") == 403
    assert post("hunter2", key, "HMAC_MD5", "sha1") == 403


# ---- downloads and lists ----


@pytest.fixture
def dublin() -> Iterator[tuple[FakeTwilio, Control]]:
    """The second account's own region: another host, and tokens that are good there alone."""
    with FakeTwilio(SECOND, "token1") as fake:
        yield fake, Control(fake.base_url)


def test_each_accounts_own_host(
    stack: Stack, db: Db, new_business: Callable[[], int], accounts: Path, twilio: Control,
    drain: Callable[..., object], dublin: tuple[FakeTwilio, Control],
) -> None:
    """Media, and the list of recordings; the configured account stays where it is."""
    fake, control = dublin
    put(accounts, f"{SECOND}=token1 {fake.base_url}/\n")
    call = unrecorded_call(stack, new_business())
    control.add_recording(seconds=2, sid=call.recording_sid, call_sid=call.call_sid)
    insert_call(db, call, recording_url=control.base_url + "/2010-04-01/Accounts/"
                                        f"{SECOND}/Recordings/{call.recording_sid}")
    click(call)
    before = twilio.stats().total.requests
    drain(TWILIO_ACCOUNTS_FILE=str(accounts))
    assert run_of(db, call).status == "completed"
    assert call.finished_file is not None
    assert call.finished_file.read_bytes() == control.source(call.recording_sid, "wav2")
    done = stack.run("reconcile", TWILIO_ACCOUNT_SID=SECOND, TWILIO_ACCOUNTS_FILE=str(accounts))
    assert done.returncode == 0, done.stderr
    assert control.stats().total.by_format["list"] == 1
    assert control.stats().total.auth_failures == 0
    assert twilio.stats().total.requests == before


def test_the_other_token_after_a_401(
    stack: Stack, db: Db, new_business: Callable[[], int], accounts: Path,
    drain: Callable[..., object], dublin: tuple[FakeTwilio, Control],
) -> None:
    """Promoted before anybody here knew the new one, or not promoted yet: either one will do."""
    fake, control = dublin
    for line, refusals in (("token1,token0", 0), ("token0,token1", 1)):
        put(accounts, f"{SECOND}={line} {fake.base_url}\n")
        control.reset()
        call = unrecorded_call(stack, new_business())
        control.add_recording(seconds=2, sid=call.recording_sid, call_sid=call.call_sid)
        insert_call(db, call, recording_url=control.base_url + "/2010-04-01/Accounts/"
                                            f"{SECOND}/Recordings/{call.recording_sid}")
        click(call)
        drain(TWILIO_ACCOUNTS_FILE=str(accounts))
        assert run_of(db, call).status == "completed"
        assert control.stats().total.auth_failures == refusals
        done = stack.run("reconcile", TWILIO_ACCOUNT_SID=SECOND,
                         TWILIO_ACCOUNTS_FILE=str(accounts))
        assert done.returncode == 0, done.stderr
        assert control.stats().total.auth_failures == 2 * refusals
        assert db.execute("SELECT count(*) FROM provider_accounts WHERE account_sid = %s"
                          " AND paused_until > now()", [SECOND]).fetchone() == (0,)


def test_when_both_are_refused_the_account_pauses(
    stack: Stack, db: Db, new_business: Callable[[], int], accounts: Path,
    drain: Callable[..., object], dublin: tuple[FakeTwilio, Control],
) -> None:
    fake, control = dublin
    put(accounts, f"{SECOND}=token2,token3 {fake.base_url}\n")
    call = unrecorded_call(stack, new_business())
    insert_call(db, call, recording_url=control.base_url + "/2010-04-01/Accounts/"
                                        f"{SECOND}/Recordings/{call.recording_sid}")
    click(call)
    drain(TWILIO_ACCOUNTS_FILE=str(accounts), ACCOUNT_PAUSE="1h")
    assert run_of(db, call).error_code == "provider_auth"
    assert control.stats().total.auth_failures == 2
    db.execute("DELETE FROM provider_accounts WHERE account_sid = %s", [SECOND])
