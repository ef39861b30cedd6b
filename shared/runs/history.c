#include "history.h"

#include <stddef.h>

enum { HISTORY_MAX = 20, ACTIVE_MAX = 100 };

enum statement_name { READ, EACH_ACTIVE, EACH_OF_CALL };

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
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *history_statements(void)
{
    return SQL;
}

static enum result visit_records(const struct app *app, enum statement_name name,
                                 const struct pg_params *params,
                                 void (*visit)(void *, const struct history_run *), void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[name], params, &rows);
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
