"""What the tests of `tapedeck retain` share: calls of some days ago, on a stack of their own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import LOCK, Db, known_call, until, value_of

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


@contextmanager
def retaining(own: Own) -> Iterator[subprocess.Popen[bytes]]:
    """A run of it, to be killed."""
    process = subprocess.Popen(
        [str(own.stack.tapedeck), "retain"], env=own.stack.environment(), cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def killed_at_its_mark(own: Own) -> None:
    """A run that is killed as it commits that a recording is deleted: nothing else was done."""
    with psycopg.connect(own.stack.database_url, autocommit=True) as mine:
        mine.execute(
            "CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NEW; END $$")
        mine.execute("CREATE CONSTRAINT TRIGGER wait_for_test AFTER UPDATE ON call_log"
                     " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_test()")
        mine.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        with retaining(own) as process:
            until(lambda: value_of(mine, "SELECT count(*) FROM pg_locks WHERE NOT granted"
                                         " AND locktype = 'advisory'"), "a mark that waits")
            process.kill()
            process.wait()
        mine.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        until(lambda: value_of(own.db, "SELECT recording_deleted_at IS NOT NULL FROM call_log"),
              "the commit of whoever is dead")
        mine.execute("DROP FUNCTION wait_for_test CASCADE")
