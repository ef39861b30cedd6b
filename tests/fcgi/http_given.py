"""What is there before a test asks: rows, files and links, put there behind the responders' backs.

A test that made its recordings by asking for them would lean on what it is to judge.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

from stack.api import Api
from stack.calls import new_number, new_sid, token_for
from stack.stack import Stack

# Wed, 25 Jun 2014 17:12:18 GMT, as in Go's own tests of the same behaviour.
MODIFIED = 1403716338
MODIFIED_DATE = "Wed, 25 Jun 2014 17:12:18 GMT"


@dataclass(frozen=True)
class Given:
    """One stack's database and disk, as a test sets them up and looks at them afterwards."""

    stack: Stack
    db: psycopg.Connection[Any]

    def api(self, business: int) -> Api:
        """A client that is signed in to this business."""
        return Api(self.stack.base_url, token_for(self.stack, business))

    def call(self, business: int, **columns: Any) -> str:
        """A call that ended, without a recording unless the columns say so; its SID."""
        row = {
            "business_id": business, "call_sid": new_sid("CA"), "direction": "inbound",
            "from_number": new_number(), "to_number": new_number(), "status": "completed",
            "duration": 5, **columns,
        }
        self._insert("call_log", row, "id")
        return str(row["call_sid"])

    def recorded(self, business: int, **columns: Any) -> str:
        """A call whose recording is at the provider, and which nobody has asked for yet."""
        recording = new_sid("RE")
        base = self.stack.config["TWILIO_API_BASE"]
        account = self.stack.account_sid
        return self.call(business, **{
            "recording_sid": recording, "recording_status": "completed",
            "recording_url": f"{base}/2010-04-01/Accounts/{account}/Recordings/{recording}",
            **columns,
        })

    def further(self, business: int, call_sid: str | None = None, **columns: Any) -> str:
        """A recording that is not the first one of that call, or of no call; its SID and name."""
        recording = new_sid("RE")
        base = self.stack.config["TWILIO_API_BASE"]
        self._insert("tapedeck_recordings", {
            "business_id": business, "recording_sid": recording, "name": recording,
            "call_sid": call_sid, "recording_status": "completed", "recording_duration": 5,
            "recording_url": f"{base}/2010-04-01/Accounts/{self.stack.account_sid}/Recordings/"
                             f"{recording}",
            **columns,
        }, "name")
        return recording

    def run(self, business: int, call_sid: str, **columns: Any) -> int:
        """A row of recording_runs; its id."""
        row = {"business_id": business, "call_sid": call_sid, "job_type": "download", **columns}
        return int(self._insert("recording_runs", row, "id"))

    def failed_run(self, business: int, call_sid: str, ago: str = "0", **columns: Any) -> int:
        """A run that failed so long `ago`, having used up all its attempts."""
        run = self.run(business, call_sid, **{
            "status": "failed", "attempts": 3, "error_code": "http_500", "error": "no answer",
            **columns,
        })
        self.db.execute(
            "UPDATE recording_runs SET completed_at = now() - %s::interval WHERE id = %s",
            [ago, run],
        )
        return run

    def waiting_run(self, business: int, call_sid: str, since: str = "0", **columns: Any) -> int:
        """A run that has been in the queue for so long."""
        run = self.run(business, call_sid, **columns)
        self.db.execute(
            "UPDATE recording_runs SET queued_at = now() - %s::interval WHERE id = %s",
            [since, run],
        )
        return run

    def note(self, business: int, call_sid: str, author: str) -> int:
        """Somebody's note on a call, for all; its id."""
        return int(self._insert("tapedeck_notes", {
            "business_id": business, "call_sid": call_sid, "subject": "", "author": author,
            "text": "a note"}, "id"))

    def share(self, business: int, call_sid: str, share: str) -> None:
        """A share of a call's recording with this id, and no other one."""
        self.db.execute("DELETE FROM tapedeck_shares WHERE id = %s", [share])
        self.db.execute(
            "INSERT INTO tapedeck_shares (id, business_id, call_sid, name, author, expires_at)"
            " VALUES (%s, %s, %s, %s, 'tester', now() + interval '1 day')",
            [share, business, call_sid, call_sid])

    def file(
        self, business: int, call_sid: str, content: bytes, kind: str = "wav",
        modified: float = MODIFIED,
    ) -> Path:
        """A finished recording on the disk, of a call that is there; what the database says of it
        is for the test to say."""
        if call_sid.startswith("CA"):
            self.db.execute(
                "INSERT INTO call_log (business_id, call_sid) SELECT %s, %s WHERE NOT EXISTS"
                " (SELECT FROM call_log WHERE business_id = %s AND call_sid = %s)",
                [business, call_sid, business, call_sid])
        path: Path = self.stack.recordings_dir / str(business) / f"{call_sid}.{kind}"
        path.parent.mkdir(mode=0o750, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(0, round(modified * 10**9)))
        return path

    def link(self, business: int, name: str, expires: int | str) -> str:
        """A play link as prepare would make it, but for whatever file and time we like."""
        secret = self.stack.config["MEDIA_SECRET"].encode()
        signed = f"{business}/{name}\n{expires}".encode()
        signature = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        return f"/media/{business}/{name}?exp={expires}&sig={signature}"

    def shown(self, run: int) -> int:
        """A run's number as the API shows it."""
        left, right = run >> 26, run & (2**26 - 1)
        for round in range(4):
            digest = hmac.new(self.stack.config["MEDIA_SECRET"].encode(),
                              f"run_id:{round}:{right}".encode(), hashlib.sha256).digest()
            mixed = int.from_bytes(digest[:4], "little") & (2**26 - 1)
            left, right = right, left ^ mixed
        return 2**52 | right << 26 | left

    def row(self, table: str, **where: Any) -> dict[str, Any]:
        """The one row with these values."""
        rows = self.rows(table, **where)
        assert len(rows) == 1, f"{len(rows)} rows of {table} with {where}"
        return rows[0]

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        matches = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
                   for name, value in where.items()]
        query = sql.SQL("SELECT * FROM {} WHERE {} ORDER BY 1").format(
            sql.Identifier(table), sql.SQL(" AND ").join(matches) if matches else sql.SQL("true"))
        with self.db.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute(query).fetchall()

    def everything(self) -> dict[str, tuple[Any, ...] | None]:
        """All that a webhook or a click could have changed: for each table how many rows it has, and
        a digest of them, made where they are. Other tests leave thousands of rows, some very long."""
        return {table: self.db.execute(sql.SQL(
            "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM {} t"
        ).format(sql.Identifier(table))).fetchone() for table in (
            "call_log", "recording_runs", "recording_inbox", "tapedeck_recordings",
            "tapedeck_conference_calls", "tapedeck_unused_callbacks", "tapedeck_stars",
            "tapedeck_tags", "tapedeck_notes", "tapedeck_shares")}

    def _insert(self, table: str, row: dict[str, Any], returning: str) -> Any:
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Literal, row.values())), sql.Identifier(returning))
        found = self.db.execute(query).fetchone()
        assert found
        return found[0]


@contextmanager
def given_in(stack: Stack) -> Iterator[Given]:
    """The same for a stack that a test made for itself."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield Given(stack, connection)


def queue_of(rds: redis.Redis, business: int) -> list[str]:
    """All that Redis holds for one business but who looked at what: its keys, and its jobs."""
    keys = [key for pattern in (f"rec_*:{business}", f"rec_*:{business}:*")
            for key in rds.scan_iter(pattern) if not key.startswith("rec_noting:")]
    jobs = [job for job in rds.lrange("rec_jobs", 0, -1) if job.startswith(f"{business}:")]
    return sorted(keys) + jobs
