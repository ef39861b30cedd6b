#include "run_control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/magic.h"
#include "base/text.h"
#include "history.h"

enum statement_name { CANCEL, REOPEN_WAITING, REOPEN_FAILED };

/* clang-format off */

/* Nobody works on it, or nobody has been heard of for INFLIGHT_TTL. */
#define IS_NOBODYS(ttl) \
    "(status = 'queued' OR status = 'running' AND " PG_LAPSED("heartbeat_at", ttl) ")"

static const struct pg_statement SQL[] = {
    [CANCEL] = {"run_control_cancel",
        "UPDATE recording_runs SET cancel_requested = true,"
        "   status = CASE WHEN " IS_NOBODYS("$3") " THEN 'cancelled' ELSE status END,"
        "   lease_token = CASE WHEN " IS_NOBODYS("$3") " THEN NULL ELSE lease_token END,"
        "   completed_at = CASE WHEN " IS_NOBODYS("$3") " THEN now() END,"
        "   error_code = CASE WHEN " IS_NOBODYS("$3") " THEN 'cancelled' ELSE error_code END,"
        "   error = CASE WHEN " IS_NOBODYS("$3") " THEN 'Somebody cancelled it.' ELSE error END"
        " WHERE business_id = $1 AND id = $2 AND status IN ('queued', 'running')"
        " RETURNING call_sid"},
    [REOPEN_WAITING] = {"run_control_reopen_waiting",
        "UPDATE recording_runs SET status = 'queued', lease_token = NULL, not_before = NULL,"
        "   queued_at = now(), recoveries = 0, recovered_at = NULL, cancel_requested = false"
        " WHERE business_id = $1 AND ($2::text IS NULL OR call_sid = $2)"
        "   AND " IS_NOBODYS("$3")},
    [REOPEN_FAILED] = {"run_control_reopen_failed",
        "INSERT INTO recording_runs (business_id, call_sid, job_type, lane)"
        " SELECT DISTINCT ON (business_id, call_sid) business_id, call_sid, job_type, lane"
        "   FROM recording_runs f WHERE business_id = $1 AND ($2::text IS NULL OR call_sid = $2)"
        "   AND status = 'failed' AND completed_at > now() - " PG_MS("$3")
        "   AND NOT EXISTS (SELECT FROM recording_runs n WHERE n.business_id = f.business_id"
        "     AND n.call_sid = f.call_sid AND n.id > f.id AND n.status <> 'failed')"
        "   ORDER BY business_id, call_sid, id DESC"
        " ON CONFLICT (business_id, call_sid) WHERE status IN ('queued', 'running') DO NOTHING"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *run_control_statements(void)
{
    return SQL;
}

static enum result query(const struct app *app, enum statement_name name,
                         const struct pg_params *params, struct pg_rows **rows)
{
    return pg_query(app->pg, SQL[name].sql, params, rows);
}

struct seen {
    struct magic magic;
    bool it;
};

static void note_status(void *context, const struct history_run *record)
{
    struct seen *seen = CHECKED(seen, context);
    (void)record;
    seen->it = true;
}

enum result run_control_cancel(const struct app *app, int64_t business_id, int64_t run_id,
                               char *call_sid)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct seen seen = {.magic = MAGIC(seen)};
    pg_int(&params, business_id);
    pg_int(&params, run_id);
    pg_int(&params, app->config->inflight_ttl);
    enum result result = query(app, CANCEL, &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    bool changed = pg_rows_count(rows) > 0;
    if (changed) {
        (void)snprintf(call_sid, SID_SIZE, "%s", pg_rows_text(rows, 0, 0));
    }
    pg_rows_free(rows);
    if (changed) {
        return RESULT_OK;
    }
    result = history_read(app, business_id, run_id, note_status, &seen);
    return result == RESULT_OK ? RESULT_EXISTS : result;
}

enum result run_control_reopen(const struct app *app, int64_t business_id, const char *call_sid,
                               int64_t *reopened)
{
    static const enum statement_name STEPS[] = {REOPEN_WAITING, REOPEN_FAILED};
    *reopened = 0;
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
        struct pg_params params = {0};
        struct pg_rows *rows;
        pg_int(&params, business_id);
        pg_text(&params, call_sid);
        bool waiting = STEPS[i] == REOPEN_WAITING;
        pg_int(&params, waiting ? app->config->inflight_ttl : app->config->breaker_reset);
        enum result result = query(app, STEPS[i], &params, &rows);
        if (result != RESULT_OK) {
            return result;
        }
        *reopened += pg_rows_affected(rows);
        pg_rows_free(rows);
    }
    return RESULT_OK;
}
