"""What the tests of `tapedeck retain` share: calls of some days ago, on a stack of their own."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db, known_call, value_of

DAY_S = 86400


@dataclass(frozen=True)
class Own:
    """A stack of this test's own: retain looks at all there is."""

    stack: Stack
    db: Db

    def stored(self, business: int = 1, days: float = 0) -> Call:
        """A call of so many days ago, whose recording is here."""
        call = known_call(self.stack, self.db, business)
        self.db.execute("UPDATE call_log SET created_at = now() - %s * interval '1 day',"
                        " final_transcript = 'words' WHERE call_sid = %s", [days, call.call_sid])
        for ending in ("wav", "peaks.json"):
            self.file(business, f"{call.call_sid}.{ending}")
        return call

    def file(self, business: int, name: str, days: float = 0) -> Path:
        path = self.stack.recordings_dir / str(business) / name
        path.parent.mkdir(mode=0o750, exist_ok=True)
        path.write_bytes(b"R" * 2000)
        then = time.time() - days * DAY_S
        os.utime(path, (then, then))
        return path

    def retain(self, *arguments: str, code: int = 0, **settings: str) -> str:
        done = self.stack.run("retain", *arguments, **settings)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def files(self) -> set[str]:
        return {path.name for path in self.stack.recordings_dir.glob("*/*")}

    def keeps(self, call: Call) -> bool:
        deleted = value_of(self.db, "SELECT recording_deleted_at IS NOT NULL FROM call_log"
                                    " WHERE call_sid = %s", call.call_sid)
        here = {f"{call.call_sid}.wav", f"{call.call_sid}.peaks.json"} & self.files()
        assert len(here) == (0 if deleted else 2)
        return not deleted
