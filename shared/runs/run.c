#include "run.h"

#include "run_sql.h"

enum statement_name {
    START,
    PROMOTE,
    RETRY,
    FAIL,
    EACH_DUE,
    NEXT_DUE,
    EACH_ALIVE,
    EACH_STALE,
    EACH_REVOKED,
    RESCUE,
    EACH_BUSINESS,
    END_CANCELLED,
};

/* clang-format off */

/* Back to the line, but not when somebody has cancelled it meanwhile. */
#define BACK_OR_CANCELLED(code, text) \
    " lease_token = NULL," \
    "   status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END," \
    "   completed_at = CASE WHEN cancel_requested THEN now() END," \
    "   error_code = CASE WHEN cancel_requested THEN 'cancelled' ELSE " code " END," \
    "   error = CASE WHEN cancel_requested THEN 'Somebody cancelled it.' ELSE " text " END"

static const struct pg_statement SQL[] = {
    /* What follows a download that was announced, and failed, follows the next one too. One that
     * was cancelled is taken up again, with the attempts that it had: else whoever cancels and asks
     * in turn adds rows without end. */
    [START] = {"run_start", .prepared = true, .sql =
        "WITH last AS (SELECT id, status, job_type FROM recording_runs"
        "   WHERE business_id = $1 AND call_sid = $2 ORDER BY id DESC LIMIT 1),"
        " again AS (UPDATE recording_runs r SET status = 'queued', cancel_requested = false,"
        "     job_type = $3, lane = $4, lease_token = NULL, not_before = NULL, recoveries = 0,"
        "     recovered_at = NULL, error_code = NULL, error = NULL, format = NULL,"
        "     bytes_received = NULL, bytes_total = NULL, queued_at = now(), started_at = NULL,"
        "     heartbeat_at = NULL, completed_at = NULL"
        "   FROM last WHERE r.id = last.id AND r.status = 'cancelled' RETURNING r.id),"
        " fresh AS (INSERT INTO recording_runs AS r (business_id, call_sid, job_type, lane)"
        "   SELECT $1::bigint, $2, CASE WHEN (SELECT status = 'failed' AND job_type = 'full'"
        "       FROM last) THEN 'full' ELSE $3 END, $4"
        "   WHERE NOT EXISTS (SELECT FROM again)"
        "   ON CONFLICT (business_id, call_sid) WHERE status IN ('queued', 'running')"
        "   DO UPDATE SET"
        "     job_type = CASE WHEN excluded.job_type = 'full' THEN 'full' ELSE r.job_type END,"
        "     lane = CASE WHEN excluded.lane = 'click' THEN 'click' ELSE r.lane END"
        "   RETURNING id, xmax = 0 AS created)"
        " SELECT id, true FROM again UNION ALL SELECT id, created FROM fresh"},
    [PROMOTE] = {"run_promote", .prepared = true, .sql =
        "UPDATE recording_runs SET lane = 'click' WHERE id = $1 AND status IN ('queued', 'running')"},
    [RETRY] = {"run_retry",
        "UPDATE recording_runs SET" BACK_OR_CANCELLED("$5", "$6") ","
        "   queued_at = now() + " PG_MS("$3") ", not_before = now() + " PG_MS("$3") ","
        "   attempts = attempts + $4::boolean::int"
        " WHERE id = $1 AND lease_token = $2 AND status = 'running'"},
    [FAIL] = {"run_fail",
        "UPDATE recording_runs SET status = 'failed', lease_token = NULL,"
        "   completed_at = now(), attempts = attempts + 1, error_code = $3, error = $4,"
        "   final = $5::boolean"
        " WHERE id = $1 AND lease_token = $2 AND status = 'running'"},
    [EACH_DUE] = {"run_each_due",
        "SELECT id, business_id, call_sid, lane, lease_token FROM recording_runs"
        " WHERE status = 'queued' AND (not_before IS NULL OR not_before <= now())"
        "   AND id > $1 ORDER BY id LIMIT $2"},
    [NEXT_DUE] = {"run_next_due", .prepared = true, .sql =
        "SELECT ceil(extract(epoch FROM min(not_before) - now()) * 1000)::bigint"
        " FROM recording_runs WHERE status = 'queued' AND not_before > now()"},
    [EACH_ALIVE] = {"run_each_alive",
        "SELECT id, business_id, call_sid, lane, lease_token FROM recording_runs"
        " WHERE status = 'running' AND NOT " PG_LAPSED("heartbeat_at", "$1")
        "   AND lease_token IS NOT NULL"},
    [EACH_STALE] = {"run_each_stale",
        "SELECT id, business_id, call_sid, lane, lease_token FROM recording_runs"
        " WHERE status = 'running' AND " PG_LAPSED("heartbeat_at", "$1")
        " ORDER BY id LIMIT $2"},
    [EACH_REVOKED] = {"run_each_revoked",
        "SELECT r.id, r.business_id, r.call_sid, r.lane, r.lease_token FROM recording_runs r"
        " JOIN (SELECT DISTINCT v.business_id, v.name FROM tapedeck_revoked v"
        "   WHERE v.revoked_at > now() - interval '1 hour') v"
        "   ON v.business_id = r.business_id AND v.name = r.call_sid"
        " WHERE r.status IN ('queued', 'running') AND NOT r.cancel_requested"
        "   AND NOT EXISTS (SELECT FROM call_log c WHERE c.business_id = r.business_id"
        "     AND c.call_sid = r.call_sid AND c.recording_deleted_at IS NULL)"
        "   AND NOT EXISTS (SELECT FROM tapedeck_recordings n WHERE n.business_id = r.business_id"
        "     AND n.recording_sid = r.call_sid AND n.deleted_at IS NULL)"
        " ORDER BY r.id LIMIT $1"},
    [RESCUE] = {"run_rescue",
        "UPDATE recording_runs SET" BACK_OR_CANCELLED("error_code", "error") ","
        "   recoveries = " COUNT_RECOVERY("$4") ", recovered_at = now(), queued_at = now()"
        " WHERE id = $1 AND status = 'running' AND " PG_LAPSED("heartbeat_at", "$2")
        "   AND " MAY_RECOVER("$3", "$4")},
    [EACH_BUSINESS] = {"run_each_business",
        "SELECT DISTINCT business_id FROM recording_runs WHERE status IN ('queued', 'running')"},
    [END_CANCELLED] = {"run_end_cancelled",
        "UPDATE recording_runs SET status = 'cancelled', lease_token = NULL, completed_at = now(),"
        "   error_code = 'cancelled', error = 'Somebody cancelled it.'"
        " WHERE id = $1 AND lease_token = $2 AND status = 'running'"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *run_statements(void)
{
    return SQL;
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
    enum result result = pg_query(app->pg, &SQL[START], &params, &rows);
    if (result == RESULT_OK) {
        *run_id = pg_rows_int(rows, 0, 0, 0);
        *created = pg_rows_bool(rows, 0, 1);
        pg_rows_free(rows);
    }
    return result;
}

enum result run_promote(const struct app *app, int64_t run_id)
{
    struct pg_params params = {0};
    pg_int(&params, run_id);
    return pg_query(app->pg, &SQL[PROMOTE], &params, NULL);
}

/* ---- ending ---- */

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
    return pg_change(app->pg, &SQL[RETRY], &params, RESULT_LOST);
}

enum result run_fail(const struct app *app, const struct run *run, const struct run_reason *reason,
                     bool final)
{
    struct pg_params params = {0};
    pg_int(&params, run->id);
    pg_text(&params, run->token);
    pg_text(&params, reason->code);
    pg_text(&params, reason->text);
    pg_flag(&params, final);
    return pg_change(app->pg, &SQL[FAIL], &params, RESULT_LOST);
}

enum result run_end_cancelled(const struct app *app, const struct run *run)
{
    struct pg_params params = {0};
    pg_int(&params, run->id);
    pg_text(&params, run->token);
    return pg_change(app->pg, &SQL[END_CANCELLED], &params, RESULT_LOST);
}

/* ---- visiting ---- */

static enum result visit_waiting(const struct app *app, enum statement_name name,
                                 const struct pg_params *params, run_visitor *visit, void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[name], params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct run_waiting run = {
            .id = pg_rows_int(rows, i, 0, 0),
            .business_id = pg_rows_int(rows, i, 1, 0),
            .call_sid = pg_rows_text(rows, i, 2),
            .lane = queue_lane_of(pg_rows_text(rows, i, 3)),
            .token = pg_rows_text(rows, i, 4),
        };
        visit(context, &run);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result run_each_due(const struct app *app, int64_t after, int64_t limit, run_visitor *visit,
                         void *context)
{
    struct pg_params params = {0};
    pg_int(&params, after);
    pg_int(&params, limit);
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
    return pg_query_int(app->pg, &SQL[NEXT_DUE], NULL, -1, ms);
}

enum result run_each_stale(const struct app *app, int64_t limit, run_visitor *visit, void *context)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->stale_after);
    pg_int(&params, limit);
    return visit_waiting(app, EACH_STALE, &params, visit, context);
}

enum result run_each_revoked(const struct app *app, int64_t limit, run_visitor *visit,
                             void *context)
{
    struct pg_params params = {0};
    pg_int(&params, limit);
    return visit_waiting(app, EACH_REVOKED, &params, visit, context);
}

enum result run_rescue(const struct app *app, int64_t run_id)
{
    struct pg_params params = {0};
    pg_int(&params, run_id);
    pg_int(&params, app->config->stale_after);
    pg_int(&params, app->config->recovery_limit);
    pg_int(&params, app->config->recovery_window);
    return pg_change(app->pg, &SQL[RESCUE], &params, RESULT_NOT_FOUND);
}

enum result run_each_business(const struct app *app, void (*visit)(void *, int64_t), void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[EACH_BUSINESS], NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        visit(context, pg_rows_int(rows, i, 0, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
