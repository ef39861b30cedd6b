/*
 * What a runner says of the runs it holds: one statement for all of them, and so one commit.
 */
#include <stdio.h>
#include <string.h>

#include "clients/pg_array.h"
#include "run.h"
#include "run_sql.h"

enum statement_name { CLAIM, HEARTBEAT, CANCEL_WANTED, SEAL };

/* clang-format off */

#define IS_RECENT(at) "NOT " PG_LAPSED(at, "$5")

/* A row may have been made when the call began, or when it was over. */
#define CALL_END \
    "least(c.created_at + c.duration * interval '1 second', c.updated_at)"

static const struct pg_statement SQL[] = {
    /* Rows are found one by one, whatever PostgreSQL takes the number of active runs for: its figures of
     * a queue are soon old. No index helps with a CASE, so that all active runs are never read. */
    [CLAIM] = {"run_claim", .prepared = true, .sql =
        "WITH w AS MATERIALIZED (SELECT one.id, j.token, own.is_recent, own.encryption_details,"
        "   own.is_external, coalesce(call.url, own.url) AS url"
        " FROM unnest($1::bigint[], $2::text[], $3::text[]) AS j (business, sid, token)"
        " CROSS JOIN LATERAL (SELECT a.id FROM recording_runs a WHERE a.business_id = j.business"
        "   AND a.call_sid = j.sid AND a.status IN ('queued', 'running') LIMIT 1) one"
        /* The recording's own row. A call's first one is called like the call, and then the call's
         * row says where it is and when it was announced. */
        " LEFT JOIN LATERAL (SELECT n.encryption_details, n.is_external,"
        "     CASE WHEN n.recording_sid = j.sid THEN n.recording_url END AS url,"
        "     n.recording_sid = j.sid AND (" IS_RECENT("n.announced_at")
        "       OR " IS_RECENT("n.created_at") ") AS is_recent"
        "   FROM tapedeck_recordings n WHERE n.business_id = j.business"
        "     AND (n.recording_sid = j.sid OR n.call_sid = j.sid AND n.name = j.sid) LIMIT 1) own"
        "   ON true"
        " LEFT JOIN LATERAL (SELECT c.recording_url AS url FROM call_log c"
        "   WHERE c.business_id = j.business AND c.call_sid = j.sid AND c.recording_url <> ''"
        "   LIMIT 1) call ON true)"
        " UPDATE recording_runs r SET status = 'running', lease_token = w.token,"
        "   started_at = coalesce(started_at, now()), heartbeat_at = now(),"
        "   recoveries = CASE WHEN status = 'running' THEN " COUNT_RECOVERY("$7")
        "     ELSE recoveries END,"
        "   recovered_at = CASE WHEN status = 'running' THEN now() ELSE recovered_at END"
        " FROM w WHERE r.id = w.id AND NOT cancel_requested"
        "   AND CASE status WHEN 'queued' THEN not_before IS NULL OR not_before <= now()"
        "     WHEN 'running' THEN " PG_LAPSED("heartbeat_at", "$4")
        "       AND " MAY_RECOVER("$6", "$7") " END"
        " RETURNING w.token, r.id, job_type, lane, attempts, w.url,"
        "   EXISTS (SELECT FROM call_log c WHERE c.business_id = r.business_id"
        "     AND c.call_sid = r.call_sid AND (" IS_RECENT("c.recording_announced_at")
        "       OR " IS_RECENT("c.created_at") " OR " IS_RECENT(CALL_END) "))"
        "   OR coalesce(w.is_recent, false),"
        "   (SELECT k.bytes_received FROM recording_runs k WHERE k.business_id = r.business_id"
        "     AND k.call_sid = r.call_sid AND k.status = 'completed' ORDER BY k.id DESC LIMIT 1),"
        "   w.encryption_details, w.is_external,"
        "   CASE WHEN NOT EXISTS (SELECT FROM provider_accounts a WHERE a.paused_until IS NOT NULL"
        "     AND a.account_sid = substring(w.url FROM '/Accounts/(AC[0-9a-fA-F]{32})/'))"
        "     THEN (extract(epoch FROM now()) * 1000000)::bigint END,"
        /* A claim that a crash of the server takes back costs one more download, and no recording: it
         * is not worth waiting for the disk. */
        "   set_config('synchronous_commit', 'off', true)"},
    [HEARTBEAT] = {"run_heartbeat", .prepared = true, .sql =
        "UPDATE recording_runs r SET heartbeat_at = now(),"
        "   bytes_received = b.received, bytes_total = nullif(b.total, -1)"
        " FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])"
        "   AS b (id, token, received, total)"
        " WHERE r.id = b.id AND r.lease_token = b.token AND r.status = 'running'"
        " RETURNING r.id"},
    [CANCEL_WANTED] = {"run_cancel_wanted", .prepared = true, .sql =
        "SELECT id FROM recording_runs WHERE id = ANY ($1::bigint[]) AND cancel_requested"},
    [SEAL] = {"run_seal", .prepared = true, .sql =
        "UPDATE recording_runs r SET status = 'completed', completed_at = now(),"
        "   lease_token = NULL, error = NULL, error_code = NULL, format = s.format,"
        "   bytes_received = s.bytes, bytes_total = s.bytes"
        " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])"
        "   AS s (id, token, format, bytes)"
        " WHERE r.id = s.id AND r.lease_token = s.token AND r.status = 'running'"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *run_held_statements(void)
{
    return SQL;
}

/* Ends the arrays, which are the first parameters, adds the others, and runs the statement. */
static enum result query(const struct app *app, enum statement_name name, struct pg_arrays *arrays,
                         size_t array_count, const int64_t *numbers, size_t number_count,
                         struct pg_rows **rows)
{
    struct pg_params params = {0};
    bool good = pg_arrays_finish(arrays, array_count, &params);
    for (size_t i = 0; i < number_count; i++) {
        pg_int(&params, numbers[i]);
    }
    enum result result = good ? pg_query(app->pg, &SQL[name], &params, rows) : RESULT_FAILED;
    pg_arrays_free(arrays);
    return result;
}

/* ---- claiming ---- */

static void read_claim(const struct pg_rows *rows, int row, struct run_claim *claim)
{
    const char *type = pg_rows_text(rows, row, 2);
    const char *url = pg_rows_text(rows, row, 5);
    const char *encryption = pg_rows_text(rows, row, 8);
    claim->held = true;
    claim->run = (struct run){
        .id = pg_rows_int(rows, row, 1, 0),
        .business_id = claim->job.business_id,
        .job = type != NULL && strcmp(type, "full") == 0 ? JOB_FULL : JOB_DOWNLOAD,
        .lane = queue_lane_of(pg_rows_text(rows, row, 3)),
        .attempts = pg_rows_int(rows, row, 4, 0),
        .is_recent = pg_rows_bool(rows, row, 6),
        .stored_bytes = pg_rows_int(rows, row, 7, -1),
        .is_external = pg_rows_bool(rows, row, 9),
        .admitted_us = pg_rows_int(rows, row, 10, 0),
        .is_admitted = pg_rows_text(rows, row, 10) != NULL,
    };
    memcpy(claim->run.call_sid, claim->job.call_sid, sizeof claim->run.call_sid);
    (void)snprintf(claim->run.token, sizeof claim->run.token, "%s", claim->token);
    if (url != NULL && strlen(url) < sizeof claim->run.recording_url) {
        memcpy(claim->run.recording_url, url, strlen(url) + 1);
    }
    (void)snprintf(claim->run.encryption, sizeof claim->run.encryption, "%s",
                   encryption != NULL ? encryption : "");
}

static void read_claims(const struct pg_rows *rows, struct run_claim *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        claims[i].held = false;
        for (int row = 0; row < pg_rows_count(rows) && !claims[i].held; row++) {
            const char *token = pg_rows_text(rows, row, 0);
            if (token != NULL && strcmp(token, claims[i].token) == 0) {
                read_claim(rows, row, &claims[i]);
            }
        }
    }
}

enum result run_claim(const struct app *app, struct run_claim *claims, size_t count)
{
    enum { BUSINESSES, SIDS, TOKENS, ARRAYS };
    const struct config *config = app->config;
    const int64_t numbers[] = {config->inflight_ttl, config->not_ready_window,
                               config->recovery_limit, config->recovery_window};
    struct pg_arrays arrays;
    struct pg_rows *rows;
    pg_arrays_init(&arrays);
    for (size_t i = 0; i < count; i++) {
        pg_arrays_number(&arrays, BUSINESSES, claims[i].job.business_id);
        pg_arrays_word(&arrays, SIDS, claims[i].job.call_sid);
        pg_arrays_word(&arrays, TOKENS, claims[i].token);
    }
    enum result result =
        query(app, CLAIM, &arrays, ARRAYS, numbers, sizeof numbers / sizeof *numbers, &rows);
    if (result == RESULT_OK) {
        read_claims(rows, claims, count);
        pg_rows_free(rows);
    }
    return result;
}

/* ---- alive ---- */

/* Which of these runs the rows name, by id in the first column. */
static void mark_named(const struct pg_rows *rows, struct run_beat *beats, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        beats[i].named = false;
        for (int row = 0; row < pg_rows_count(rows) && !beats[i].named; row++) {
            beats[i].named = pg_rows_int(rows, row, 0, 0) == beats[i].run->id;
        }
    }
}

static enum result query_beats(const struct app *app, enum statement_name name,
                               struct pg_arrays *arrays, size_t array_count, struct run_beat *beats,
                               size_t count)
{
    struct pg_rows *rows;
    enum result result = query(app, name, arrays, array_count, NULL, 0, &rows);
    if (result == RESULT_OK) {
        mark_named(rows, beats, count);
        pg_rows_free(rows);
    }
    return result;
}

enum result run_heartbeat(const struct app *app, struct run_beat *beats, size_t count)
{
    enum { IDS, TOKENS, RECEIVED, TOTAL, ARRAYS };
    struct pg_arrays arrays;
    pg_arrays_init(&arrays);
    for (size_t i = 0; i < count; i++) {
        pg_arrays_number(&arrays, IDS, beats[i].run->id);
        pg_arrays_word(&arrays, TOKENS, beats[i].run->token);
        pg_arrays_number(&arrays, RECEIVED, beats[i].received);
        pg_arrays_number(&arrays, TOTAL, beats[i].total);
    }
    return query_beats(app, HEARTBEAT, &arrays, ARRAYS, beats, count);
}

enum result run_cancel_wanted(const struct app *app, struct run_beat *beats, size_t count)
{
    struct pg_arrays arrays;
    pg_arrays_init(&arrays);
    for (size_t i = 0; i < count; i++) {
        pg_arrays_number(&arrays, 0, beats[i].run->id);
    }
    return query_beats(app, CANCEL_WANTED, &arrays, 1, beats, count);
}

/* ---- completing ---- */

static enum result seal_rows(const struct app *app, const struct run_end *ends, size_t count)
{
    enum { IDS, TOKENS, FORMATS, BYTES, ARRAYS };
    struct pg_arrays arrays;
    struct pg_rows *rows;
    pg_arrays_init(&arrays);
    for (size_t i = 0; i < count; i++) {
        pg_arrays_number(&arrays, IDS, ends[i].run->id);
        pg_arrays_word(&arrays, TOKENS, ends[i].run->token);
        pg_arrays_word(&arrays, FORMATS, ends[i].format);
        pg_arrays_number(&arrays, BYTES, ends[i].bytes);
    }
    enum result result = query(app, SEAL, &arrays, ARRAYS, NULL, 0, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_affected(rows) == (int64_t)count ? RESULT_OK : RESULT_LOST;
        pg_rows_free(rows);
    }
    return result;
}

enum result run_seal(const struct app *app, const struct run_end *ends, size_t count)
{
    enum result result = pg_begin(app->pg);
    if (result == RESULT_OK) {
        result = seal_rows(app, ends, count);
    }
    if (result != RESULT_OK) {
        pg_rollback(app->pg);
    }
    return result;
}

enum result run_seal_commit(const struct app *app)
{
    return pg_commit(app->pg);
}

void run_seal_abort(const struct app *app)
{
    pg_rollback(app->pg);
}
