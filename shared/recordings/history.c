#include "recordings/history.h"

#include <stddef.h>

enum { HISTORY_MAX = 20, ACTIVE_MAX = 100 };

enum statement_name { READ, EACH_ACTIVE, EACH_OF_CALL, EACH_BUSINESS, EACH_REASON };

/* clang-format off */

#define RECORD_COLUMNS \
    "id, job_type, status, error_code, error, cancel_requested, attempts, " \
    PG_ISO("created_at") ", " PG_ISO("started_at") ", " PG_ISO("completed_at") ", call_sid"

static const struct pg_statement SQL[] = {
    [READ] = {"history_read",
        "SELECT " RECORD_COLUMNS " FROM recording_runs WHERE business_id = $1 AND id = $2"},
    [EACH_ACTIVE] = {"history_each_active",
        "SELECT " RECORD_COLUMNS " FROM recording_runs WHERE business_id = $1"
        "   AND status IN ('queued', 'running') ORDER BY id DESC LIMIT $2"},
    [EACH_OF_CALL] = {"history_each_of_call",
        "SELECT " RECORD_COLUMNS " FROM recording_runs WHERE business_id = $1 AND call_sid = $2"
        " ORDER BY id DESC LIMIT $3"},
    [EACH_BUSINESS] = {"history_each_business",
        "SELECT business_id, count(*) FILTER (WHERE status = 'running') AS running,"
        "   count(*) FILTER (WHERE status = 'queued'), count(*) FILTER (WHERE status = 'failed'),"
        "   coalesce(floor(extract(epoch FROM now() - min(queued_at) FILTER"
        "     (WHERE status = 'queued' AND queued_at <= now()))), 0)::bigint AS oldest"
        " FROM recording_runs WHERE status IN ('queued', 'running')"
        "   OR status = 'failed' AND completed_at > now() - interval '1 day'"
        " GROUP BY business_id ORDER BY running DESC, oldest DESC, business_id LIMIT 100"},
    [EACH_REASON] = {"history_each_reason",
        "SELECT error_code, count(*) AS n FROM recording_runs"
        " WHERE status = 'failed' AND completed_at > now() - interval '1 day'"
        " GROUP BY error_code ORDER BY n DESC LIMIT 10"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *history_statements(void)
{
    return SQL;
}

static enum result query(const struct app *app, enum statement_name name,
                         const struct pg_params *params, struct pg_rows **rows)
{
    return pg_query(app->pg, SQL[name].sql, params, rows);
}

static enum result visit_records(const struct app *app, enum statement_name name,
                                 const struct pg_params *params,
                                 void (*visit)(void *, const struct history_run *), void *context)
{
    struct pg_rows *rows;
    enum result result = query(app, name, params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct history_run record = {
            .id = pg_rows_int(rows, i, 0, 0),
            .job_type = pg_rows_text(rows, i, 1),
            .status = pg_rows_text(rows, i, 2),
            .error_code = pg_rows_text(rows, i, 3),
            .error = pg_rows_text(rows, i, 4),
            .cancel_requested = pg_rows_bool(rows, i, 5),
            .attempts = pg_rows_int(rows, i, 6, 0),
            .created_at = pg_rows_text(rows, i, 7),
            .started_at = pg_rows_text(rows, i, 8),
            .completed_at = pg_rows_text(rows, i, 9),
            .call_sid = pg_rows_text(rows, i, 10),
        };
        visit(context, &record);
    }
    result = pg_rows_count(rows) > 0 ? RESULT_OK : RESULT_NOT_FOUND;
    pg_rows_free(rows);
    return result;
}

enum result history_each_of_call(const struct app *app, int64_t business_id, const char *call_sid,
                                 void (*visit)(void *, const struct history_run *), void *context)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_int(&params, HISTORY_MAX);
    enum result result = visit_records(app, EACH_OF_CALL, &params, visit, context);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result history_each_active(const struct app *app, int64_t business_id,
                                void (*visit)(void *, const struct history_run *), void *context)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_int(&params, ACTIVE_MAX);
    enum result result = visit_records(app, EACH_ACTIVE, &params, visit, context);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result history_read(const struct app *app, int64_t business_id, int64_t run_id,
                         void (*visit)(void *, const struct history_run *), void *context)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_int(&params, run_id);
    return visit_records(app, READ, &params, visit, context);
}

enum result history_each_business(const struct app *app,
                                  void (*visit)(void *, const struct history_summary *),
                                  void *context)
{
    struct pg_rows *rows;
    enum result result = query(app, EACH_BUSINESS, NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct history_summary summary = {
            .business_id = pg_rows_int(rows, i, 0, 0),
            .running = pg_rows_int(rows, i, 1, 0),
            .queued = pg_rows_int(rows, i, 2, 0),
            .failed_today = pg_rows_int(rows, i, 3, 0),
            .oldest_wait_s = pg_rows_int(rows, i, 4, 0),
        };
        visit(context, &summary);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result history_each_reason(const struct app *app,
                                void (*visit)(void *, const char *code, int64_t count),
                                void *context)
{
    struct pg_rows *rows;
    enum result result = query(app, EACH_REASON, NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        visit(context, pg_rows_text(rows, i, 0), pg_rows_int(rows, i, 1, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
