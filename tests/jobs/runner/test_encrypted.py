"""Recordings that the provider encrypted, or does not have: decrypted here, or left alone and said so."""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from stack.calls import Call, new_call
from stack.stack import Stack
from twilio.client import Control, fault

from jobs_kit import Db, Runner, assert_stored, files_of, line_of, run_of, until

RSA_BITS = 2048


class Keys:
    """The account's key pair; the private one in a file as it should be."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "private.pem"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        self.public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self.put(self.private)

    @property
    def private(self) -> bytes:
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption())

    def put(self, text: bytes) -> None:
        self.path.touch(0o600)
        self.path.write_bytes(text)

    @property
    def setting(self) -> dict[str, str]:
        return {"TWILIO_PRIVATE_KEY_FILE": str(self.path)}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def encrypted(stack: Stack, new_business: Callable[[], int], keys: Keys) -> Callable[..., Call]:
    def make(**recording: Any) -> Call:
        return new_call(stack, new_business(), public_key=keys.public, **recording)

    return make


def is_unavailable(call: Call, reason: str) -> None:
    answer = call.api.get(call.file_path)
    body = answer.json
    assert (answer.status, body["error"], body["reason"]) == (404, "recording_unavailable", reason)
    assert body["message"].isascii() and not body["message_he"].isascii()


def asked(twilio: Control, call: Call) -> int:
    return twilio.stats().recording(call.recording_sid).requests


@pytest.mark.parametrize("channels", [1, 2])
def test_it_is_decrypted_before_it_is_stored(
    encrypted: Callable[..., Call], drain: Callable[..., object], db: Db, keys: Keys, channels: int
) -> None:
    call = encrypted(channels=channels, seconds=5)
    drain(**keys.setting)
    assert run_of(db, call).status == "completed"
    assert_stored(call, "asis")
    answer = call.api.get(call.file_path)
    assert (answer.status, answer.body) == (200, call.source("asis"))


def test_each_of_several_has_a_key_of_its_own(
    stack: Stack, encrypted: Callable[..., Call], drain: Callable[..., object], db: Db, keys: Keys,
    twilio: Control,
) -> None:
    """A call's second recording has another row, and another name."""
    call = encrypted()
    second = twilio.add_recording(seconds=2, seed=7, call_sid=call.call_sid,
                                  public_key=keys.public)
    other = Call(stack, call.business, call.call_sid, second.sid, call.from_number,
                 call.to_number, second)
    assert other.send_recording_status().status == 204
    drain(**keys.setting)
    drain(**keys.setting)
    assert_stored(call, "asis")
    path = call.part_file.parent / f"{second.sid}.wav"
    assert path.read_bytes() == twilio.source(second.sid, "asis")


def test_one_whose_callback_never_came(
    stack: Stack, new_business: Callable[[], int], drain: Callable[..., object], db: Db, keys: Keys
) -> None:
    """The provider's list tells how it is encrypted, too."""
    call = new_call(stack, new_business(), announced=False, public_key=keys.public)
    assert call.send_call_status().status == 204
    assert stack.run("reconcile").returncode == 0
    drain(**keys.setting)
    assert run_of(db, call).status == "completed"
    assert_stored(call, "asis")


def test_one_of_several_keys_fits(
    encrypted: Callable[..., Call], drain: Callable[..., object], db: Db, keys: Keys, tmp_path: Path
) -> None:
    """While the key pair is changed, both private keys are in the file."""
    call = encrypted()
    both = Keys(tmp_path)
    both.put(both.private + keys.private)
    drain(**both.setting)
    assert_stored(call, "asis")


def test_without_its_key_it_is_not_asked_for(
    stack: Stack, encrypted: Callable[..., Call], drain: Callable[..., object], db: Db, keys: Keys, tmp_path: Path,
    twilio: Control,
) -> None:
    """No key, or another's. Tried again when the key is here, it plays."""
    call = encrypted()
    drain()
    assert (run_of(db, call).status, run_of(db, call).error_code) == ("failed", "encrypted")
    is_unavailable(call, "encrypted")
    assert call.send_recording_status().status == 204
    drain(**Keys(tmp_path).setting)
    is_unavailable(call, "encrypted")
    assert asked(twilio, call) == 0
    assert stack.run("retry", "--business", str(call.business)).returncode == 0
    drain(**keys.setting)
    assert_stored(call, "asis")


@pytest.mark.parametrize("details", ["{}", "nonsense", "[]", '{"encryption_cek": "!", "iv": "AA=="}',
                                     "x" * 5000, "\u05d0" * 3000])
def test_details_that_make_no_sense(
    stack: Stack, new_business: Callable[[], int], drain: Callable[..., object], db: Db, keys: Keys,
    twilio: Control, details: str,
) -> None:
    call = new_call(stack, new_business(), announced=False)
    assert call.send_call_status().status == 204
    assert call.send_recording_status(EncryptionDetails=details).status == 204
    drain(**keys.setting)
    is_unavailable(call, "encrypted")
    assert asked(twilio, call) == 0


def test_a_key_that_others_may_read(
    encrypted: Callable[..., Call], drain: Callable[..., object], db: Db, keys: Keys, tmp_path: Path,
    twilio: Control,
) -> None:
    call = encrypted()
    mine = Keys(tmp_path)
    mine.put(keys.private)
    mine.path.chmod(0o640)
    drain(**mine.setting, RUN_ATTEMPTS="1")
    assert run_of(db, call).error_code == "key_unreadable"
    assert asked(twilio, call) == 0


def test_what_was_changed_on_its_way_is_not_stored(
    stack: Stack, encrypted: Callable[..., Call], drain: Callable[..., object], db: Db, keys: Keys,
    twilio: Control,
) -> None:
    """One bit of a sample, which no header tells of."""
    call = encrypted()
    request = urllib.request.Request(twilio.base_url + call.recording.path + ".wav", headers={
        "Authorization": "Basic " + base64.b64encode(
            f"{stack.account_sid}:{stack.auth_token}".encode()).decode()})
    with urllib.request.urlopen(request) as answer:
        content = bytearray(answer.read())
    assert content[:4] != b"RIFF"
    content[-1000] ^= 1
    twilio.give(call.recording_sid, bytes(content))
    drain(**keys.setting, RUN_ATTEMPTS="1")
    assert run_of(db, call).error_code == "decryption_failed"
    assert files_of(call) == []


def test_nothing_is_played_before_the_tag_has_come(
    encrypted: Callable[..., Call], runner: Callable[..., Runner], db: Db, keys: Keys,
    rds: redis.Redis, twilio: Control,
) -> None:
    call = encrypted(seconds=60, faults=[fault("stall", after_bytes=500_000, first=1)])
    runner(**keys.setting)
    twilio.wait("waiting", equals=1, sid=call.recording_sid)
    until(lambda: call.part_file.exists() and call.part_file.stat().st_size > 400_000, "bytes")
    assert line_of(rds, call.business).progress == set()
    assert call.api.get(call.file_path, headers={"Range": "bytes=0-"}).status == 202
    twilio.release(call.recording_sid)
    until(lambda: run_of(db, call).status == "completed", "the end")
    assert_stored(call, "asis")


# ---- external storage ----


@pytest.mark.parametrize("host", ["calls.s3.amazonaws.com", "s3.eu-west-1.amazonaws.com/calls",
                                  "calls.s3.cn-north-1.amazonaws.com.cn"])
def test_what_lies_in_a_bucket_is_not_asked_for(
    stack: Stack, new_business: Callable[[], int], drain: Callable[..., object], db: Db,
    twilio: Control, host: str,
) -> None:
    call = new_call(stack, new_business(), announced=False)
    assert call.send_call_status().status == 204
    url = f"https://{host}/{stack.account_sid}/{call.recording_sid}"
    assert call.send_recording_status(RecordingUrl=url).status == 204
    drain()
    assert run_of(db, call).error_code == "external_storage"
    is_unavailable(call, "external_storage")
    assert asked(twilio, call) == 0


@pytest.mark.parametrize("url", ["https://amazonaws.com.evil.example/a",
                                 "https://notamazonaws.com/a", "/2010-04-01/amazonaws.com"])
def test_what_is_no_bucket(
    stack: Stack, new_business: Callable[[], int], drain: Callable[..., object], db: Db, url: str
) -> None:
    call = new_call(stack, new_business(), announced=False)
    assert call.send_call_status().status == 204
    assert call.send_recording_status(RecordingUrl=url).status == 204
    drain()
    assert run_of(db, call).status == "completed"
