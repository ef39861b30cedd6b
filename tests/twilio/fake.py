"""The fake Twilio: in a test as a class, beside a whole stack as a program."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

if not __package__:
    # Run as a program: the package is the folder this file is in, not the file's neighbours.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from twilio.control import PREFIX, Controller
from twilio.ledger import Ledger
from twilio.library import Library
from twilio.provider import Provider
from twilio.recordings import is_sid
from twilio.shelf import Shelf
from twilio.wire import Request, Server, Wire


class FakeTwilio:
    """One account at one fake provider, on a port of its own."""

    def __init__(
        self, account: str, token: str, cache: Path | str | None = None, port: int = 0
    ) -> None:
        if not is_sid("AC", account) or not token:
            raise ValueError("a fake Twilio needs an account SID (AC and 32 hex digits) and a token")
        self.account = account
        self.token = token
        self._shelf = Shelf(token)
        self._ledger = Ledger()
        library = Library(Path(cache) if cache else None)
        self._provider = Provider(account, self._shelf, library, self._ledger)
        self._controller = Controller(account, self._shelf, library, self._ledger)
        self._server = Server(port, self._serve)
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        return "http://127.0.0.1:%d" % self._server.server_address[1]

    def start(self) -> "FakeTwilio":
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and cut off whoever is still connected; once is enough, twice is fine."""
        if self._thread is not None:
            self._server.stop_listening()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._shelf.clear()
        self._ledger.close()
        self._server.hang_up()

    def __enter__(self) -> "FakeTwilio":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, wire: Wire, request: Request) -> None:
        side = self._controller if request.path.startswith(PREFIX) else self._provider
        side.serve(wire, request)


def announce(file: Path, text: str) -> None:
    """Write `text` so that whoever finds the file finds all of it."""
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(handle, "w") as out:
        out.write(text)
    os.replace(unfinished, file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--account", required=True, help="the account SID")
    parser.add_argument("--token", required=True, help="its auth token")
    parser.add_argument("--announce", type=Path, required=True, help="gets the base URL when ready")
    parser.add_argument("--cache", type=Path, help="where generated audio is kept")
    wish = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        fake = FakeTwilio(wish.account, wish.token, wish.cache, wish.port)
    except (OSError, OverflowError, ValueError) as error:
        print(f"fake twilio: {error}", file=sys.stderr)
        return 2
    with fake:
        announce(wish.announce, fake.base_url + "\n")
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
