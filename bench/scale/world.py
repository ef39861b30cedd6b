"""A generated history: one very large business, some large ones, very many small ones.

Rows are made by PostgreSQL itself; indexes that a migration made are dropped meanwhile and made
again. What is made depends on the sizes alone, but for the times, which count back from now.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

DAYS = 400  # how far back the calls go
LARGE = 1  # the business that has a fifth of all calls
TRANSCRIBED_EVERY = 33  # of the calls
SNIPPETS = 5000
LOADERS = 2
WAITING = 200  # runs that have no slot yet
BUSY = 20  # businesses that these are of: as many in a small history as in a large one
POLITE = 10  # others may need the machine more
DELETED_EVERY = 7  # of the calls: here and at the provider's
SECOND_OF_TEN = 3  # calls that have a second recording
CONFERENCE_EVERY = 20  # of a business's calls three take part in one, and it has a recording
FILLED = ("call_log", "recording_runs", "call_steps", "recording_inbox", "recording_objects",
          "tapedeck_recordings", "tapedeck_conference_calls")


@dataclass(frozen=True)
class Size:
    """How much of it there is."""

    calls: int
    runs: int
    businesses: int

    def of(self, calls: int) -> Size:
        """The same with so many calls: businesses stay as large as businesses are."""
        return Size(calls, max(1, self.runs * calls // self.calls),
                    max(20, self.businesses * calls // self.calls))


WORDS = """
CREATE TABLE scale_words AS
    SELECT s, string_agg('w' || (20000 * power(random(), 3))::int, ' ') AS words
      FROM generate_series(0, {snippets} - 1) s, generate_series(1, 60) w WHERE s + w > 0
     GROUP BY s;
ANALYZE scale_words
"""

BUSINESSES = """
INSERT INTO business (id, name) SELECT b, 'Business ' || b FROM generate_series(1, {businesses}) b
    ON CONFLICT DO NOTHING;
INSERT INTO business_retention (business_id, days) SELECT {large}, 0
    UNION ALL SELECT b, 2555 FROM generate_series(10, {businesses}, 50) b
"""

# Of every five calls one is the large business's; the others' sizes fall steeply. What a legal hold
# came too late for stays at the provider's.
CALLS = """
INSERT INTO call_log (business_id, call_sid, account_sid, direction, from_number, to_number, status,
    duration, created_at, recording_url, recording_sid, channels, recording_duration,
    recording_status, recording_announced_at, recording_expires_at, legal_hold,
    recording_deleted_at, recording_provider_deleted_at, final_transcript, ai_summary,
    summary_status)
SELECT CASE WHEN n % 5 = 0 THEN {large} ELSE 2 + floor(({businesses} - 1) * power(random(), 3)) END,
    'CA' || md5('call ' || n), '{account}',
    CASE WHEN n % 3 = 0 THEN 'outbound-api' ELSE 'inbound' END,
    '+97250' || lpad((n * 7919 % 10000000)::text, 7, '0'),
    '+9723' || lpad((n * 104729 % 10000000)::text, 7, '0'),
    CASE WHEN n % 11 = 0 THEN 'no-answer' ELSE 'completed' END, 20 + n % 600, at,
    CASE WHEN n % 11 <> 0 THEN 'https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/RE'
        || md5('recording ' || n) END,
    CASE WHEN n % 11 <> 0 THEN 'RE' || md5('recording ' || n) END, 2, 20 + n % 600,
    CASE WHEN n % 11 <> 0 THEN 'completed' END, at,
    CASE WHEN n % 500 = 0 THEN at + interval '7 years' END, n % 1000 = 1,
    CASE WHEN n % {deleted} = 0 THEN at + interval '7 days' END,
    CASE WHEN n % {deleted} = 0 AND n % 1000 <> 1 THEN at + interval '7 days' END,
    one.words || ' rare' || n || ' ' || two.words, CASE WHEN one.s >= 0 THEN 'About rare' || n END,
    CASE WHEN one.s >= 0 THEN 'done' END
FROM (SELECT n, now() - interval '{days} days' * (1 - n::float / {calls}) AS at,
        CASE WHEN n % {every} = 0 THEN n / {every} % {snippets} END AS s
        FROM generate_series({first}::bigint, {last}) n) c
    LEFT JOIN scale_words one ON one.s = c.s
    LEFT JOIN scale_words two ON two.s = c.s * 7 % {snippets}
"""

# Runs of the latest calls, as far as they go: one in a hundred failed, some of the last wait.
RUNS = """
INSERT INTO recording_runs (business_id, call_sid, job_type, lane, status, attempts, error_code,
    error, format, bytes_received, bytes_total, created_at, queued_at, started_at, heartbeat_at,
    completed_at, object_at)
SELECT business_id, call_sid, 'full', 'later', status, CASE status WHEN 'failed' THEN 3 ELSE 0 END,
    CASE status WHEN 'failed' THEN 'http_500' END, CASE status WHEN 'failed' THEN 'no answer' END,
    'wav2', 5000000, 5000000, created_at, created_at, created_at, created_at,
    created_at + interval '5 seconds',
    CASE WHEN status = 'completed' THEN created_at + interval '6 seconds' END
FROM (SELECT business_id, call_sid, created_at,
        CASE WHEN id % 100 = 0 THEN 'failed' ELSE 'completed' END AS status
    FROM call_log WHERE recording_url <> '' AND recording_deleted_at IS NULL AND id > {calls} - {runs} * 13 / 10
    ORDER BY id DESC LIMIT {runs}) c
ORDER BY created_at;
UPDATE recording_runs SET status = 'queued', attempts = 0, error_code = NULL, error = NULL,
    started_at = NULL, heartbeat_at = NULL, completed_at = NULL, object_at = NULL
 WHERE id IN (SELECT id FROM recording_runs WHERE business_id <= {busy} ORDER BY id DESC
              LIMIT {waiting})
"""

REST = """
INSERT INTO recording_objects (business_id, call_sid, kind, bytes, sha256, etag, modified_ns,
    stored_at)
SELECT business_id, call_sid, 'wav', 5000000, repeat('0', 64), md5(call_sid), 1, object_at
  FROM recording_runs WHERE object_at IS NOT NULL;
INSERT INTO call_steps (business_id, call_sid, step, status, created_at, started_at, completed_at)
SELECT business_id, call_sid, step, 'done', created_at, created_at, created_at
  FROM call_log, unnest(ARRAY['transcribe', 'summarise', 'notify']) step
 WHERE final_transcript <> '';
INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid, recording_url,
    received_at, matched_at)
SELECT recording_sid, 'completed', account_sid, call_sid, recording_url, created_at, created_at
  FROM call_log WHERE recording_url <> '' AND id > {calls} - {runs}
"""

# A row for each first recording, then the second ones, then the conferences', which have no call.
RECORDINGS = """
INSERT INTO tapedeck_recordings (business_id, recording_sid, name, call_sid, account_sid, source,
    started_at, recording_url, recording_status, recording_duration, channels, announced_at)
SELECT business_id, recording_sid, call_sid, call_sid, account_sid, 'DialVerb', created_at,
    recording_url, 'completed', recording_duration, channels, created_at
  FROM call_log WHERE recording_url <> '';
INSERT INTO tapedeck_recordings (business_id, recording_sid, name, call_sid, account_sid, source,
    started_at, recording_url, recording_status, recording_duration, channels, announced_at,
    deleted_at, provider_deleted_at)
SELECT business_id, sid, sid, call_sid, account_sid, 'StartCallRecordingAPI',
    created_at + interval '20 seconds', replace(recording_url, recording_sid, sid), 'completed',
    recording_duration / 2, channels, created_at, recording_deleted_at,
    recording_provider_deleted_at
  FROM (SELECT *, 'RE' || md5('second ' || id) AS sid FROM call_log
         WHERE recording_url <> '' AND id % 10 < {second}) c;
INSERT INTO tapedeck_conference_calls (conference_sid, call_sid, joined_at)
SELECT 'CF' || md5('conference ' || business_id || ' ' || nth / {conference}), call_sid, created_at
  FROM (SELECT business_id, call_sid, created_at,
               row_number() OVER (PARTITION BY business_id ORDER BY id) AS nth
          FROM call_log) c
 WHERE nth % {conference} < 3;
INSERT INTO tapedeck_recordings (business_id, recording_sid, name, conference_sid, account_sid,
    source, started_at, recording_url, recording_status, recording_duration, channels, announced_at)
SELECT business_id, sid, sid, conference_sid, '{account}', 'Conference', joined_at,
    'https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/' || sid, 'completed', 300, 1,
    joined_at
  FROM (SELECT DISTINCT ON (k.conference_sid) c.business_id, k.conference_sid, k.joined_at,
               'RE' || md5(k.conference_sid) AS sid
          FROM tapedeck_conference_calls k JOIN call_log c USING (call_sid)
         ORDER BY k.conference_sid, k.joined_at) j
"""

SIZES = """
SELECT relname, reltuples::bigint, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
 WHERE relname = ANY (%s) AND relkind = 'r' ORDER BY pg_total_relation_size(oid) DESC
"""

DROPPABLE = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
  FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
 WHERE i.indrelid::regclass::text = ANY (%s) AND c.oid IS NULL
"""


def fill(url: str, size: Size, account: str, tell: Callable[[str], None]) -> None:
    """Fill an empty, migrated database with calls of this Twilio account."""
    names = {"calls": size.calls, "runs": size.runs, "businesses": size.businesses, "days": DAYS,
             "large": LARGE, "every": TRANSCRIBED_EVERY, "snippets": SNIPPETS, "waiting": WAITING, "busy": BUSY,
             "deleted": DELETED_EVERY, "second": SECOND_OF_TEN, "conference": CONFERENCE_EVERY,
             "account": account}
    with _connected(url) as db:
        indexes = db.execute(DROPPABLE, [list(FILLED)]).fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        db.execute("SELECT setseed(0.5)")
        for script in (WORDS, BUSINESSES):
            db.execute(script.format(**names))
        _together([CALLS.format(**names, first=first, last=last)
                   for first, last in _shares(size.calls, LOADERS)], url)
        tell(f"{size.calls:,} calls")
        db.execute(RUNS.format(**names))
        db.execute(REST.format(**names))
        db.execute(RECORDINGS.format(**names))
        db.execute("DROP TABLE scale_words")
        tell(f"{size.runs:,} runs, and what belongs to them")
        _together([definition for _, definition in indexes], url)
        tell("indexes")
        _together([f"VACUUM (ANALYZE) {table}" for table in FILLED], url)
        tell("vacuumed")


def sizes(db: psycopg.Connection) -> list[tuple[str, int, int, int]]:
    """Tables, their rows, and bytes: their own, and their indexes'."""
    return db.execute(SIZES, [list(FILLED)]).fetchall()


def _connected(url: str) -> psycopg.Connection:
    db = psycopg.connect(url, autocommit=True)
    (pid,) = db.execute("SELECT pg_backend_pid()").fetchone()
    os.setpriority(os.PRIO_PROCESS, pid, POLITE)
    db.execute("SET maintenance_work_mem = '512MB'; SET work_mem = '256MB';"
               " SET max_parallel_maintenance_workers = 0")
    return db


def _shares(total: int, parts: int) -> list[tuple[int, int]]:
    bounds = [total * part // parts for part in range(parts + 1)]
    return [(low + 1, high) for low, high in zip(bounds, bounds[1:])]


def _together(statements: list[str], url: str) -> None:
    """Some at a time, each on a connection of its own."""
    waiting, failures = list(statements), []

    def work() -> None:
        try:
            with _connected(url) as db:
                while waiting and not failures:
                    db.execute(waiting.pop(0))
        except Exception as error:  # handed to whoever waits
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(LOADERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
