#include "recordings/run.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { ARRAY_CEILING = 256 * 1024 };

enum statement_name {
    START,
    HURRY,
    CLAIM,
    HEARTBEAT,
    SEAL,
    RETRY,
    FAIL,
    EACH_DUE,
    NEXT_DUE,
    EACH_ALIVE,
    EACH_STALE,
    RESCUE,
    EACH_BUSINESS,
    END_CANCELLED,
    CANCEL_WANTED,
};

/* clang-format off */

/* A rescue of the row `r`, counted within RECOVERY_WINDOW, and whether another one is allowed. */
#define COUNT_RECOVERY(window) \
    "CASE WHEN recovered_at > now() - " PG_MS(window) " THEN recoveries + 1 ELSE 1 END"
#define MAY_RECOVER(limit, window) \
    "(recoveries < " limit "::bigint OR recovered_at IS NULL" \
    "   OR recovered_at <= now() - " PG_MS(window) ")"

/* Back to the line, but not when somebody has cancelled it meanwhile. */
#define BACK_OR_CANCELLED(code, text) \
    " lease_token = NULL," \
    "   status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END," \
    "   completed_at = CASE WHEN cancel_requested THEN now() END," \
    "   error_code = CASE WHEN cancel_requested THEN 'cancelled' ELSE " code " END," \
    "   error = CASE WHEN cancel_requested THEN 'Somebody cancelled it.' ELSE " text " END"

static const struct pg_statement SQL[] = {
    [START] = {"run_start",
        "INSERT INTO recording_runs AS r (business_id, call_sid, job_type, lane)"
        " VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (business_id, call_sid) WHERE status IN ('queued', 'running')"
        " DO UPDATE SET"
        "   job_type = CASE WHEN excluded.job_type = 'full' THEN 'full' ELSE r.job_type END,"
        "   lane = CASE WHEN excluded.lane = 'click' THEN 'click' ELSE r.lane END"
        " RETURNING id, xmax = 0"},
    [HURRY] = {"run_hurry",
        "UPDATE recording_runs SET lane = 'click' WHERE id = $1 AND status IN ('queued', 'running')"},
    [CLAIM] = {"run_claim",
        "UPDATE recording_runs r SET status = 'running', lease_token = $3,"
        "   started_at = coalesce(started_at, now()), heartbeat_at = now(),"
        "   recoveries = CASE WHEN status = 'running' THEN " COUNT_RECOVERY("$7")
        "     ELSE recoveries END,"
        "   recovered_at = CASE WHEN status = 'running' THEN now() ELSE recovered_at END"
        " WHERE business_id = $1 AND call_sid = $2 AND NOT cancel_requested"
        "   AND (status = 'queued' AND (not_before IS NULL OR not_before <= now())"
        "        OR status = 'running' AND heartbeat_at < now() - " PG_MS("$4")
        "          AND " MAY_RECOVER("$6", "$7") ")"
        " RETURNING id, job_type, lane, attempts,"
        "   (SELECT c.recording_url FROM call_log c WHERE c.business_id = r.business_id"
        "     AND c.call_sid = r.call_sid AND c.recording_url <> '' LIMIT 1),"
        "   EXISTS (SELECT FROM call_log c WHERE c.business_id = r.business_id"
        "     AND c.call_sid = r.call_sid AND c.recording_announced_at > now() - " PG_MS("$5") ")"},
    [HEARTBEAT] = {"run_heartbeat",
        "UPDATE recording_runs r SET heartbeat_at = now(),"
        "   bytes_received = b.received, bytes_total = nullif(b.total, -1)"
        " FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])"
        "   AS b (id, token, received, total)"
        " WHERE r.id = b.id AND r.lease_token = b.token AND r.status = 'running'"
        " RETURNING r.id"},
    [SEAL] = {"run_seal",
        "UPDATE recording_runs SET status = 'completed', completed_at = now(),"
        "   lease_token = NULL, error = NULL, error_code = NULL, format = $3,"
        "   bytes_received = $4::bigint, bytes_total = $4::bigint"
        " WHERE id = $1 AND lease_token = $2 AND status = 'running'"},
    [RETRY] = {"run_retry",
        "UPDATE recording_runs SET" BACK_OR_CANCELLED("$5", "$6") ","
        "   queued_at = now() + " PG_MS("$3") ", not_before = now() + " PG_MS("$3") ","
        "   attempts = attempts + $4::boolean::int"
        " WHERE id = $1 AND lease_token = $2 AND status = 'running'"},
    [FAIL] = {"run_fail",
        "UPDATE recording_runs SET status = 'failed', lease_token = NULL,"
        "   completed_at = now(), attempts = attempts + 1, error_code = $3, error = $4"
        " WHERE id = $1 AND lease_token = $2 AND status = 'running'"},
    [EACH_DUE] = {"run_each_due",
        "SELECT id, business_id, call_sid, lane, lease_token FROM recording_runs"
        " WHERE status = 'queued' AND (not_before IS NULL OR not_before <= now())"
        "   AND id > $1 ORDER BY id LIMIT $2"},
    [NEXT_DUE] = {"run_next_due",
        "SELECT ceil(extract(epoch FROM min(not_before) - now()) * 1000)::bigint"
        " FROM recording_runs WHERE status = 'queued' AND not_before > now()"},
    [EACH_ALIVE] = {"run_each_alive",
        "SELECT id, business_id, call_sid, lane, lease_token FROM recording_runs"
        " WHERE status = 'running' AND heartbeat_at >= now() - " PG_MS("$1")
        "   AND lease_token IS NOT NULL"},
    [EACH_STALE] = {"run_each_stale",
        "SELECT id, business_id, call_sid, lane, lease_token FROM recording_runs"
        " WHERE status = 'running' AND heartbeat_at < now() - " PG_MS("$1")
        " ORDER BY id LIMIT $2"},
    [RESCUE] = {"run_rescue",
        "UPDATE recording_runs SET" BACK_OR_CANCELLED("error_code", "error") ","
        "   recoveries = " COUNT_RECOVERY("$4") ", recovered_at = now(), queued_at = now()"
        " WHERE id = $1 AND status = 'running' AND heartbeat_at < now() - " PG_MS("$2")
        "   AND " MAY_RECOVER("$3", "$4")},
    [EACH_BUSINESS] = {"run_each_business",
        "SELECT DISTINCT business_id FROM recording_runs WHERE status IN ('queued', 'running')"},
    [END_CANCELLED] = {"run_end_cancelled",
        "UPDATE recording_runs SET status = 'cancelled', lease_token = NULL, completed_at = now(),"
        "   error_code = 'cancelled', error = 'Somebody cancelled it.'"
        " WHERE id = $1 AND lease_token = $2 AND status = 'running'"},
    [CANCEL_WANTED] = {"run_cancel_wanted",
        "SELECT id FROM recording_runs WHERE id = ANY ($1::bigint[]) AND cancel_requested"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *run_statements(void)
{
    return SQL;
}

static enum result query(const struct app *app, enum statement_name name,
                         const struct pg_params *params, struct pg_rows **rows)
{
    return pg_query(app->pg, SQL[name].sql, params, rows);
}

/* Runs a statement that changes the one row its token holds, or nothing. */
static enum result change_one(const struct app *app, enum statement_name name,
                              const struct pg_params *params, enum result otherwise)
{
    struct pg_rows *rows;
    enum result result = query(app, name, params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_affected(rows) == 1 ? RESULT_OK : otherwise;
        pg_rows_free(rows);
    }
    return result;
}

static enum queue_lane lane_of(const char *name)
{
    return name != NULL && strcmp(name, "later") == 0 ? LANE_LATER : LANE_CLICK;
}

/* ---- beginning ---- */

enum result run_start(const struct app *app, int64_t business_id, const char *call_sid,
                      enum run_job job, enum queue_lane lane, int64_t *run_id, bool *created)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_text(&params, job == JOB_FULL ? "full" : "download");
    pg_text(&params, queue_lane_name(lane));
    enum result result = query(app, START, &params, &rows);
    if (result == RESULT_OK) {
        *run_id = pg_rows_int(rows, 0, 0, 0);
        *created = pg_rows_bool(rows, 0, 1);
        pg_rows_free(rows);
    }
    return result;
}

enum result run_hurry(const struct app *app, int64_t run_id)
{
    struct pg_params params = {0};
    pg_int(&params, run_id);
    return query(app, HURRY, &params, NULL);
}

static enum result read_claim(const struct pg_rows *rows, const struct queue_job *job,
                              const char *token, struct run *out)
{
    if (pg_rows_count(rows) == 0) {
        return RESULT_NOT_FOUND;
    }
    const char *type = pg_rows_text(rows, 0, 1);
    const char *url = pg_rows_text(rows, 0, 4);
    *out = (struct run){
        .id = pg_rows_int(rows, 0, 0, 0),
        .business_id = job->business_id,
        .job = type != NULL && strcmp(type, "full") == 0 ? JOB_FULL : JOB_DOWNLOAD,
        .lane = lane_of(pg_rows_text(rows, 0, 2)),
        .attempts = pg_rows_int(rows, 0, 3, 0),
        .announced_lately = pg_rows_bool(rows, 0, 5),
    };
    memcpy(out->call_sid, job->call_sid, sizeof out->call_sid);
    (void)snprintf(out->token, sizeof out->token, "%s", token);
    if (url != NULL && strlen(url) < sizeof out->recording_url) {
        memcpy(out->recording_url, url, strlen(url) + 1);
    }
    return RESULT_OK;
}

enum result run_claim(const struct app *app, const struct queue_job *job, const char *token,
                      struct run *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, job->business_id);
    pg_text(&params, job->call_sid);
    pg_text(&params, token);
    pg_int(&params, app->config->inflight_ttl);
    pg_int(&params, app->config->not_ready_window);
    pg_int(&params, app->config->recovery_limit);
    pg_int(&params, app->config->recovery_window);
    enum result result = query(app, CLAIM, &params, &rows);
    if (result == RESULT_OK) {
        result = read_claim(rows, job, token, out);
        pg_rows_free(rows);
    }
    return result;
}

/* ---- alive ---- */

static void add_item(struct buf *array, size_t index, const char *text)
{
    buf_text(array, index == 0 ? "{" : ",");
    buf_text(array, text);
}

static void add_number(struct buf *array, size_t index, int64_t number)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%lld", (long long)number);
    add_item(array, index, digits);
}

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

/* Closes the arrays, runs the statement over them, and frees them. */
static enum result query_arrays(const struct app *app, enum statement_name name, struct buf *arrays,
                                size_t array_count, struct run_beat *beats, size_t count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    enum result result = RESULT_OK;
    for (size_t a = 0; a < array_count; a++) {
        buf_text(&arrays[a], count > 0 ? "}" : "{}");
        result = buf_ok(&arrays[a]) ? result : RESULT_FAILED;
        pg_text(&params, buf_str(&arrays[a]));
    }
    if (result == RESULT_OK) {
        result = query(app, name, &params, &rows);
    }
    if (result == RESULT_OK) {
        mark_named(rows, beats, count);
        pg_rows_free(rows);
    }
    for (size_t a = 0; a < array_count; a++) {
        buf_free(&arrays[a]);
    }
    return result;
}

enum result run_heartbeat(const struct app *app, struct run_beat *beats, size_t count)
{
    enum { IDS, TOKENS, RECEIVED, TOTAL, ARRAYS };
    struct buf arrays[ARRAYS];
    for (size_t a = 0; a < ARRAYS; a++) {
        buf_init(&arrays[a], ARRAY_CEILING);
    }
    for (size_t i = 0; i < count; i++) {
        add_number(&arrays[IDS], i, beats[i].run->id);
        add_item(&arrays[TOKENS], i, beats[i].run->token);
        add_number(&arrays[RECEIVED], i, beats[i].received);
        add_number(&arrays[TOTAL], i, beats[i].total);
    }
    return query_arrays(app, HEARTBEAT, arrays, ARRAYS, beats, count);
}

enum result run_cancel_wanted(const struct app *app, struct run_beat *beats, size_t count)
{
    struct buf ids;
    buf_init(&ids, ARRAY_CEILING);
    for (size_t i = 0; i < count; i++) {
        add_number(&ids, i, beats[i].run->id);
    }
    return query_arrays(app, CANCEL_WANTED, &ids, 1, beats, count);
}

/* ---- ending ---- */

enum result run_seal(const struct app *app, const struct run *run, const char *format,
                     int64_t bytes)
{
    struct pg_params params = {0};
    pg_int(&params, run->id);
    pg_text(&params, run->token);
    pg_text(&params, format);
    pg_int(&params, bytes);
    enum result result = pg_begin(app->pg);
    if (result == RESULT_OK) {
        result = change_one(app, SEAL, &params, RESULT_LOST);
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

enum result run_retry(const struct app *app, const struct run *run, int64_t delay_ms, bool counts,
                      const struct run_reason *reason)
{
    struct pg_params params = {0};
    pg_int(&params, run->id);
    pg_text(&params, run->token);
    pg_int(&params, delay_ms);
    pg_flag(&params, counts);
    pg_text(&params, reason->code);
    pg_text(&params, reason->text);
    return change_one(app, RETRY, &params, RESULT_LOST);
}

enum result run_fail(const struct app *app, const struct run *run, const struct run_reason *reason)
{
    struct pg_params params = {0};
    pg_int(&params, run->id);
    pg_text(&params, run->token);
    pg_text(&params, reason->code);
    pg_text(&params, reason->text);
    return change_one(app, FAIL, &params, RESULT_LOST);
}

enum result run_end_cancelled(const struct app *app, const struct run *run)
{
    struct pg_params params = {0};
    pg_int(&params, run->id);
    pg_text(&params, run->token);
    return change_one(app, END_CANCELLED, &params, RESULT_LOST);
}

/* ---- visiting ---- */

static enum result visit_waiting(const struct app *app, enum statement_name name,
                                 const struct pg_params *params, run_visitor *visit, void *context)
{
    struct pg_rows *rows;
    enum result result = query(app, name, params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct run_waiting run = {
            .id = pg_rows_int(rows, i, 0, 0),
            .business_id = pg_rows_int(rows, i, 1, 0),
            .call_sid = pg_rows_text(rows, i, 2),
            .lane = lane_of(pg_rows_text(rows, i, 3)),
            .token = pg_rows_text(rows, i, 4),
        };
        visit(context, &run);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result run_each_due(const struct app *app, int64_t after, int64_t most, run_visitor *visit,
                         void *context)
{
    struct pg_params params = {0};
    pg_int(&params, after);
    pg_int(&params, most);
    return visit_waiting(app, EACH_DUE, &params, visit, context);
}

enum result run_each_alive(const struct app *app, run_visitor *visit, void *context)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->inflight_ttl);
    return visit_waiting(app, EACH_ALIVE, &params, visit, context);
}

enum result run_next_due(const struct app *app, int64_t *ms)
{
    struct pg_rows *rows;
    enum result result = query(app, NEXT_DUE, NULL, &rows);
    if (result == RESULT_OK) {
        *ms = pg_rows_int(rows, 0, 0, -1);
        pg_rows_free(rows);
    }
    return result;
}

enum result run_each_stale(const struct app *app, int64_t most, run_visitor *visit, void *context)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->stale_after);
    pg_int(&params, most);
    return visit_waiting(app, EACH_STALE, &params, visit, context);
}

enum result run_rescue(const struct app *app, int64_t run_id)
{
    struct pg_params params = {0};
    pg_int(&params, run_id);
    pg_int(&params, app->config->stale_after);
    pg_int(&params, app->config->recovery_limit);
    pg_int(&params, app->config->recovery_window);
    return change_one(app, RESCUE, &params, RESULT_NOT_FOUND);
}

enum result run_each_business(const struct app *app, void (*visit)(void *, int64_t), void *context)
{
    struct pg_rows *rows;
    enum result result = query(app, EACH_BUSINESS, NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        visit(context, pg_rows_int(rows, i, 0, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
