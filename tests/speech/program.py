"""The fake speech server beside a whole stack: `make up` and `make demo` run it as a program."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

if not __package__:
    # Run as a program: the package is the folder this file is in, not the file's neighbours.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from speech.fake import FakeSpeech
from twilio.fake import announce


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", required=True, help="the API key that it wants")
    parser.add_argument("--announce", type=Path, required=True, help="gets its URL when ready")
    wish = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with FakeSpeech(wish.key) as fake:
        announce(wish.announce, fake.url + "\n")
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
