#include "call_changes.h"

#include <stdio.h>
#include <string.h>

#include "call_search.h"

/* A mark is kept for half an hour, rows for an hour. */
enum { MARK_S = 1800, FORGET_ROWS = 20000, ROWS_MAX = 1000 };

enum statement_name { CHANGED, FORGET };

/* clang-format off */
static const struct pg_statement SQL[] = {
    /* All that had not ended when the mark was made has a higher number. */
    [CHANGED] = {"call_changes",
        "WITH lately AS (SELECT c.call_sid FROM tapedeck_changes c"
        "     WHERE c.business_id = $1::bigint AND c.xid >= $2::bigint ORDER BY c.xid DESC LIMIT $3),"
        /* A recording's calls, and the other legs of each, which show its recordings. */
        " named AS (SELECT call_sid AS sid FROM lately UNION SELECT s FROM lately,"
        "     tapedeck_calls_of($1::bigint, lately.call_sid) s WHERE lately.call_sid LIKE 'RE%'),"
        " legs AS (SELECT sid FROM named UNION SELECT l.parent_call_sid::text FROM named"
        "     JOIN call_log l ON l.call_sid = sid AND l.business_id = $1::bigint"
        "   UNION SELECT l.call_sid::text FROM named"
        "     JOIN call_log l ON l.parent_call_sid = sid AND l.business_id = $1::bigint),"
        " calls AS (SELECT DISTINCT l.call_sid::text AS sid,"
        "     (extract(epoch FROM l.created_at) * 1000000)::bigint AS micros"
        "   FROM legs JOIN call_log l ON l.call_sid = legs.sid AND l.business_id = $1::bigint"
        "   ORDER BY 2 DESC, 1 DESC LIMIT $4)"
        " SELECT txid_snapshot_xmin(txid_current_snapshot()), extract(epoch FROM now())::bigint,"
        "   (SELECT array_agg(sid) FROM calls), (SELECT array_agg(micros) FROM calls),"
        "   (SELECT count(*) FROM lately), (SELECT count(*) FROM calls)"},
    [FORGET] = {"call_changes_forget",
        "DELETE FROM tapedeck_changes WHERE ctid IN (SELECT ctid FROM tapedeck_changes"
        "   WHERE at < now() - interval '1 hour' ORDER BY at LIMIT $1)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_changes_statements(void)
{
    return SQL;
}

/* "<transaction>-<seconds since 1970>" */
static bool parse_mark(const char *mark, int64_t *xid, int64_t *seconds)
{
    const char *dash = strchr(mark, '-');
    return dash != NULL && text_int_n(mark, (size_t)(dash - mark), 0, INT64_MAX, xid) &&
           text_int(dash + 1, 0, INT64_MAX, seconds);
}

static enum result show(const struct app *app, int64_t business_id, const char *subject,
                        const struct pg_rows *rows, call_visitor *visit, void *context)
{
    struct call_found found = {.stopped = false};
    const char *calls = pg_rows_text(rows, 0, 2), *times = pg_rows_text(rows, 0, 3);
    if (calls == NULL || times == NULL) {
        return RESULT_OK;
    }
    if (strlen(calls) >= sizeof found.calls || strlen(times) >= sizeof found.times) {
        return RESULT_TOO_BIG;
    }
    memcpy(found.calls, calls, strlen(calls) + 1);
    memcpy(found.times, times, strlen(times) + 1);
    return call_list_found(app, business_id, subject, &found, visit, context);
}

enum result call_changes(const struct app *app, int64_t business_id, const char *subject,
                         const char *since, call_visitor *visit, void *context,
                         char now[CALL_MARK_SIZE], bool *more)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    int64_t xid = INT64_MAX, seconds = INT64_MAX;
    if (since != NULL && !parse_mark(since, &xid, &seconds)) {
        return RESULT_INVALID;
    }
    pg_int(&params, business_id);
    pg_int(&params, xid);
    pg_int(&params, ROWS_MAX);
    pg_int(&params, CALL_CHANGES_MAX);
    enum result result = pg_query(app->pg, &SQL[CHANGED], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    int64_t lowest = pg_rows_int(rows, 0, 0, 0), at = pg_rows_int(rows, 0, 1, 0);
    /* A mark of another server's, whose count is ahead of this one's, says nothing, either. */
    *more = since != NULL &&
            (seconds < at - MARK_S || xid > lowest || pg_rows_int(rows, 0, 4, 0) == ROWS_MAX ||
             pg_rows_int(rows, 0, 5, 0) == CALL_CHANGES_MAX);
    (void)snprintf(now, CALL_MARK_SIZE, "%lld-%lld", (long long)lowest, (long long)at);
    result = show(app, business_id, subject, rows, visit, context);
    pg_rows_free(rows);
    return result;
}

enum result call_changes_forget(const struct app *app)
{
    struct pg_params params = {0};
    pg_int(&params, FORGET_ROWS);
    return pg_query(app->pg, &SQL[FORGET], &params, NULL);
}
