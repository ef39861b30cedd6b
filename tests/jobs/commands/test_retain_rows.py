"""Rows whose time is over go, so that thirty days reach a steady size; what is needed stays, so that
nothing is lost or fetched twice because the row that remembered it went."""

from __future__ import annotations

import pytest
from psycopg import sql
from stack.calls import Call, new_call, new_sid

from jobs_kit import Db, assert_stored, click, run_of, runs_of, value_of
from retain_kit import Own

TERMS = {"RUNS_KEEP": "30d", "STEPS_KEEP": "30d", "CALLBACKS_KEEP": "30d", "AUDIT_KEEP": "30d"}

# All that one day of a business leaves, in the proportions of a busy one: of ten calls each is recorded,
# one is fetched twice, one cancelled, one fails; half are told to a webhook, three are listened to.
A_DAY = """
WITH calls AS (SELECT n, md5('CA' || %(day)s || '-' || n) AS hex FROM generate_series(1, %(count)s) n),
c AS (INSERT INTO call_log (business_id, call_sid, created_at, recording_url, recording_sid)
    SELECT 1, 'CA' || hex, now(), 'https://api.twilio.com/x', 'RE' || hex FROM calls),
r AS (INSERT INTO tapedeck_recordings (business_id, recording_sid, name, call_sid, recording_url)
    SELECT 1, 'RE' || hex, 'CA' || hex, 'CA' || hex, 'https://api.twilio.com/x' FROM calls),
i AS (INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid, recording_url,
        matched_at)
    SELECT 'RE' || hex, s, 'AC', 'CA' || hex, 'x', now() FROM calls,
        unnest(ARRAY['in-progress', 'completed']) s),
w AS (INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid, recording_url)
    SELECT 'RE' || md5(hex), 'completed', 'AC', 'CA' || md5(hex), 'x' FROM calls WHERE n %% 10 = 0),
u AS (INSERT INTO recording_runs (business_id, call_sid, job_type, status, completed_at)
    SELECT 1, 'CA' || hex, 'full', s.status, now() FROM calls JOIN (VALUES
        (0, 'failed'), (1, 'cancelled'), (2, 'completed')) s (k, status) ON true
     WHERE s.k = 2 OR n %% 10 = s.k ORDER BY s.k),
s AS (INSERT INTO call_steps (business_id, call_sid, step, status, completed_at)
    SELECT 1, 'CA' || hex, step, 'done', now() FROM calls,
        unnest(ARRAY['transcribe', 'summarise', 'notify']) step),
d AS (INSERT INTO call_webhook_deliveries (webhook_id, business_id, call_sid, event, payload, status,
        completed_at)
    SELECT (SELECT min(id) FROM call_webhooks), 1, 'CA' || hex, 'call.completed', '{}', 'delivered',
        now() FROM calls WHERE n %% 2 = 0),
k AS (INSERT INTO tapedeck_conference_calls (conference_sid, call_sid)
    SELECT 'CF' || hex, 'CA' || hex FROM calls WHERE n %% 10 = 3)
INSERT INTO playback_audit (id, at, until, times, business_id, call_sid, action)
    SELECT md5(hex), now(), now(), 3, 1, 'CA' || hex, 'file' FROM calls WHERE n %% 10 < 3
"""
OURS = ["playback_audit", "recording_inbox", "recording_runs", "call_steps", "tapedeck_recordings",
        "call_webhook_deliveries", "tapedeck_conference_calls", "tapedeck_revoked",
        "provider_accounts", "tapedeck_retain_nights", "tapedeck_terms", "tapedeck_unused_callbacks",
        "tapedeck_unknown_conferences", "recording_objects", "reconcile_progress"]


def pass_days(db: Db, days: float) -> None:
    """All that ever happened was so much longer ago. No trigger hears of it."""
    columns: dict[str, list[str]] = {}
    for table, column in db.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
            "   AND c.data_type = 'timestamp with time zone'").fetchall():
        columns.setdefault(table, []).append(column)
    db.execute("SET session_replication_role = replica")
    for table, names in columns.items():
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = {0} - {1} * interval '1 day'").format(sql.Identifier(name), days)
            for name in names)
        db.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(table), changes))
    db.execute("SET session_replication_role = DEFAULT")


def sizes(db: Db) -> dict[str, int]:
    return {table: int(value_of(db, f"SELECT count(*) FROM {table}")) for table in OURS}


def test_thirty_days_reach_a_steady_size(own: Own) -> None:
    """A busy day's rows at a small scale: terms of a few days, and a CRM that deletes calls after as
    many."""
    settings = {"RETENTION_DAYS": "2", "RUNS_KEEP": "3d", "STEPS_KEEP": "3d", "CALLBACKS_KEEP": "3d",
                "AUDIT_KEEP": "6d", "WEBHOOK_KEEP": "3d", "RECONCILE_WINDOW": "1d"}
    own.db.execute("INSERT INTO call_webhooks (business_id, url, secret) VALUES (1, 'x', 'x')")
    after: dict[int, dict[str, int]] = {}
    for day in range(1, 31):
        own.db.execute(A_DAY, {"day": day, "count": 40})
        pass_days(own.db, 1)
        own.retain(**settings)
        own.db.execute("DELETE FROM call_log WHERE created_at < now() - interval '3.5 days'")
        assert own.stack.run("cleanup", **settings).returncode == 0
        after[day] = sizes(own.db)
    assert all(after[10][table] > 0 for table in OURS[:8])
    for table in OURS:
        steady = [after[day][table] for day in (12, 20, 30)]
        assert max(steady) - min(steady) <= max(steady) * 0.05 or table == "tapedeck_retain_nights", \
            (table, steady)
    assert after[30]["recording_runs"] <= 7 * 50 and after[30]["playback_audit"] <= 7 * 12


def listened(own: Own, call: Call) -> None:
    assert call.api.get(call.file_path).status == 200
    assert own.stack.run("cleanup").returncode == 0


def heard(own: Own) -> Call:
    """A call whose recording was announced, fetched, and listened to."""
    call = new_call(own.stack, 1)
    assert own.stack.run("drain", "--once").returncode == 0
    assert_stored(call, "wav2")
    listened(own, call)
    return call


def rows_about(db: Db, call: Call) -> tuple[int, ...]:
    return tuple(int(value_of(db, query, call.call_sid)) for query in (
        "SELECT count(*) FROM playback_audit WHERE call_sid = %s",
        "SELECT count(*) FROM recording_inbox WHERE call_sid = %s",
        "SELECT count(*) FROM recording_runs WHERE call_sid = %s",
        "SELECT count(*) FROM call_steps WHERE call_sid = %s"))


def test_a_dry_run_says_what_would_go(own: Own) -> None:
    call = heard(own)
    before = rows_about(own.db, call)
    assert min(before) > 0
    pass_days(own.db, 40)
    assert "rows of" not in own.retain("--dry-run", RETENTION_DAYS="0", CALLBACKS_KEEP="50d",
                                       AUDIT_KEEP="50d")
    own.db.execute("UPDATE call_log SET recording_deleted_at = now()")
    said = own.retain("--dry-run", **TERMS)
    for table, rows in zip(("playback_audit", "recording_inbox", "recording_runs", "call_steps"),
                           before, strict=True):
        assert f"{rows} rows of {table} would go (kept for 2592000 s)\n" in said
    assert rows_about(own.db, call) == before
    assert value_of(own.db, "SELECT count(*) FROM tapedeck_terms") == 0
    said = own.retain(**TERMS)
    assert f"ROWS_DELETED table=recording_runs rows={before[2]}\n" in said
    assert rows_about(own.db, call) == (0, 0, 0, 0)


def test_what_is_deleted_is_not_fetched_when_it_is_heard_again(own: Own) -> None:
    """Its callback, or reconcile, long after all that remembered it went."""
    call = heard(own)
    requests = own.stack.twilio.stats().recording(call.recording_sid).requests
    pass_days(own.db, 8)
    own.retain()
    assert call.finished_file is None
    pass_days(own.db, 31)
    own.retain("--all", **TERMS)
    assert rows_about(own.db, call) == (0, 0, 0, 0)
    for _ in range(2):
        assert call.send_recording_status().status == 204
        assert own.stack.run("cleanup").returncode == own.stack.run("drain", "--once").returncode == 0
    answer = call.api.post(call.prepare_path)
    assert (answer.status, answer.json["error"]) == (410, "recording_expired")
    assert (runs_of(own.db, call), call.finished_file) == (0, None)
    assert own.stack.twilio.stats().recording(call.recording_sid).requests == requests


def test_what_is_kept_is_neither_fetched_nor_transcribed_twice(own: Own) -> None:
    call = heard(own)
    steps = "SELECT array_agg((id, status)::text ORDER BY id) FROM call_steps WHERE call_sid = %s"
    before = value_of(own.db, steps, call.call_sid)
    pass_days(own.db, 40)
    kept = {"RETENTION_DAYS": "0", **TERMS}
    own.retain(**kept)
    assert rows_about(own.db, call) == (0, 0, 1, len(before)), "its run and its steps are needed"
    assert call.send_recording_status().status == 204
    for command in (["cleanup"], ["drain", "--once"]):
        assert own.stack.run(*command, **kept).returncode == 0
    assert (runs_of(own.db, call), value_of(own.db, steps, call.call_sid)) == (1, before)
    assert call.api.get(call.file_path).status == 200
    assert own.stack.twilio.stats().recording(call.recording_sid).requests == 1


def test_of_a_recording_that_is_kept_the_last_runs_stay(own: Own) -> None:
    call = heard(own)
    first = run_of(own.db, call).id
    add = ("INSERT INTO recording_runs (business_id, call_sid, job_type, status, completed_at, attempts)"
           " VALUES (1, %s, 'full', %s, now(), 1) RETURNING id")
    runs = [(status, value_of(own.db, add, call.call_sid, status)) for status in
            ["failed", "completed"] + ["failed"] * 55 + ["cancelled", "failed"]]
    pass_days(own.db, 40)
    own.retain(RETENTION_DAYS="0", **TERMS)
    left = [row[0] for row in own.db.execute(
        "SELECT id FROM recording_runs WHERE call_sid = %s ORDER BY id", [call.call_sid])]
    completed = runs[1][1]
    assert first not in left and completed in left and left[-1] == runs[-1][1]
    assert {status for status, run in runs if run in left} == {"failed", "completed"}
    assert 40 < len(left) < 55


def test_who_took_part_goes_with_all_of_its_conference(own: Own) -> None:
    """And not while a callback of it waits, which would find itself with one business alone."""
    add = "INSERT INTO tapedeck_conference_calls (conference_sid, call_sid) VALUES (%s, %s)"
    over, young, waits = (new_sid("CF") for _ in range(3))
    for conference in (over, young, waits):
        for _ in range(2):
            own.db.execute(add, [conference, new_sid("CA")])
    pass_days(own.db, 40)
    own.db.execute(add, [young, new_sid("CA")])
    own.db.execute("INSERT INTO recording_inbox (recording_sid, status, account_sid, conference_sid,"
                   " recording_url) VALUES (%s, 'completed', 'AC', %s, 'x')", [new_sid("RE"), waits])
    own.retain(**TERMS)
    left = dict(own.db.execute("SELECT conference_sid, count(*) FROM tapedeck_conference_calls"
                               " GROUP BY 1").fetchall())
    assert left == {young: 3, waits: 2}


def test_a_callback_that_is_still_needed_stays(own: Own) -> None:
    """A conference's, whose calls may turn out to be another business's; an older release's."""
    conference, old = new_sid("RE"), new_sid("RE")
    call = new_call(own.stack, 1, announced=False)
    assert call.send_call_status().status == 204
    own.db.execute("UPDATE call_log SET recording_url = 'https://x/' || %s", [old])
    own.db.execute("INSERT INTO tapedeck_recordings (business_id, recording_sid, name, conference_sid,"
                   " recording_url) VALUES (1, %s, %s, %s, 'x')", [conference, conference, new_sid("CF")])
    add = ("INSERT INTO recording_inbox (recording_sid, status, account_sid, call_sid, recording_url,"
           " matched_at) VALUES (%s, 'completed', 'AC', %s, 'x', now())")
    own.db.execute(add, [conference, None])
    own.db.execute(add, [old, call.call_sid])
    own.db.execute(add, [new_sid("RE"), new_sid("CA")])
    pass_days(own.db, 40)
    own.retain(RETENTION_DAYS="0", **TERMS)
    left = {row[0] for row in own.db.execute("SELECT recording_sid FROM recording_inbox")}
    assert left == {conference, old}


@pytest.mark.parametrize("days", [40, -40])
def test_a_clock_that_jumped_deletes_no_rows_that_night(own: Own, days: int) -> None:
    """It may be put right before the next one."""
    own.retain(RETENTION_DAYS="0", **TERMS)
    call = heard(own)
    before = rows_about(own.db, call)
    pass_days(own.db, days)
    if days < 0:
        own.db.execute("UPDATE playback_audit SET at = now() - interval '50 days', until = NULL")
    assert "ROWS_HELD" in own.retain(RETENTION_DAYS="0", **TERMS)
    assert rows_about(own.db, call) == before
    assert "ROWS_DELETED table=playback_audit" in own.retain(RETENTION_DAYS="0", **TERMS)


def test_a_long_table_is_gone_through_in_pages(own: Own) -> None:
    own.db.execute("INSERT INTO playback_audit (id, at, business_id, call_sid, action)"
                   " SELECT md5(n::text), now() - interval '40 days', 1, 'x', 'file'"
                   " FROM generate_series(1, 3500) n")
    own.db.execute("INSERT INTO recording_runs (business_id, call_sid, job_type, status, created_at,"
                   " completed_at) SELECT 1, 'CA' || md5(n::text), 'full', 'completed',"
                   " now() - interval '40 days', now() - interval '40 days'"
                   " FROM generate_series(1, 3500) n")
    click(new_call(own.stack, 1))
    own.retain(**TERMS)
    assert value_of(own.db, "SELECT count(*) FROM playback_audit") == 0
    assert value_of(own.db, "SELECT count(*) FROM recording_runs") == 1
    assert own.db.execute("SELECT DISTINCT after FROM tapedeck_terms").fetchall() == [("",)]
