"""Callbacks as fast as they are taken, while their account's token is changed five times.

    make && python3 bench/rotation.py [--seconds 20]

Each change is made as docs/operations.md says: both tokens, promoted at Twilio, the new one alone.
Prints how many callbacks came a second, and how many of them were refused, which must be none.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import sys
import tempfile
import time
import urllib.parse
from collections import Counter
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import BinaryIO

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from stack.calls import RECORDING_STATUS, new_sid  # noqa: E402
from stack.processes import wait_until  # noqa: E402
from stack.stack import Stack  # noqa: E402
from twilio import sign  # noqa: E402

SENDERS, RESPONDERS, CHANGES, PATIENCE = 4, 4, 5, 60.0
ACCOUNT = new_sid("AC")


def put(path: Path, text: str) -> None:
    beside = path.with_name("next")
    beside.touch(0o600)
    beside.write_text(text)
    os.replace(beside, path)


def send(
    base_url: str, public_url: str, token: "Synchronized[int]", over: "Synchronized[int]",
    answers: "multiprocessing.Queue[Counter[int]]",
) -> None:
    """Twilio: signs with the token that is promoted when it signs."""
    place = urllib.parse.urlsplit(base_url)
    got: Counter[int] = Counter()
    while not over.value:
        with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as connection:
            with connection.makefile("rb") as lines:
                stays = True
                while stays and not over.value:
                    connection.sendall(callback(f"token{token.value}", place.netloc, public_url))
                    status, stays = read_answer(lines)
                    got[status] += 1
    answers.put(got)


def callback(token: str, host: str, public_url: str) -> bytes:
    params = {"AccountSid": ACCOUNT, "CallSid": new_sid("CA"), "RecordingSid": new_sid("RE"),
              "RecordingStatus": "in-progress"}
    signature = sign.signature(token, public_url + RECORDING_STATUS, params)
    body = sign.form(params)
    return (f"POST {RECORDING_STATUS} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"X-Twilio-Signature: {signature}\r\n\r\n").encode() + body


def read_answer(lines: BinaryIO) -> tuple[int, bool]:
    """Its status, and whether the connection stays open."""
    status = int(lines.readline().split()[1])
    headers = {}
    while (line := lines.readline().strip()):
        name, _, value = line.lower().partition(b":")
        headers[name] = value.strip()
    lines.read(int(headers.get(b"content-length", 0)))
    return status, headers.get(b"connection") != b"close"


def change(stack: Stack, accounts: Path, token: "Synchronized[int]") -> None:
    def taken() -> int:
        return stack.log("responders").read_text().count("ACCOUNTS_FILE_READ")

    old = token.value
    for line in (f"token{old + 1},token{old}", f"token{old + 1}"):
        before = taken()
        put(accounts, f"{ACCOUNT}={line}\n")
        if not wait_until(lambda: taken() >= before + RESPONDERS, PATIENCE):
            raise SystemExit("a responder did not read the file again")
        token.value = old + 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="rotation")
    parser.add_argument("--seconds", type=float, default=20, help="at the least")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        accounts = Path(name).resolve() / "secrets" / "accounts"
        accounts.parent.mkdir()
        put(accounts, f"{ACCOUNT}=token0\n")
        with Stack(Path(name).resolve() / "run", bound=True, responders=RESPONDERS,
                   overrides={"TWILIO_ACCOUNTS_FILE": str(accounts)}) as stack:
            return measure(stack, accounts, seconds)


def measure(stack: Stack, accounts: Path, seconds: float) -> int:
    token, over = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)
    answers: "multiprocessing.Queue[Counter[int]]" = multiprocessing.Queue()
    senders = [multiprocessing.Process(target=send, args=(
        stack.base_url, stack.public_base_url, token, over, answers)) for _ in range(SENDERS)]
    began = time.monotonic()
    for one in senders:
        one.start()
    time.sleep(2)  # the first file has settled
    for _ in range(CHANGES):
        change(stack, accounts, token)
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    over.value = 1
    got = sum((answers.get() for _ in senders), Counter())
    took = time.monotonic() - began
    for one in senders:
        one.join()
    refused = sum(got.values()) - got[204]
    print(f"{sum(got.values()):,} callbacks in {took:.1f} s, {sum(got.values()) / took:,.0f} a second;"
          f" the token was changed {CHANGES} times; {refused} were refused")
    return 0 if refused == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
