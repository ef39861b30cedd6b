#include "inbox.h"

#include <stddef.h>
#include <string.h>

enum { VISIT_MAX = 500, COUNT_MAX = 10000, PATIENCE_MS = 15 * 60 * 1000 };

enum statement_name { KEEP, EACH_WAITING, MATCHED, COUNT, READ_PROGRESS, WRITE_PROGRESS };

/* clang-format off */

/* The call of `i` is there now, or its conference's calls, all of one business. */
#define HAS_CALL \
    "(EXISTS (SELECT FROM call_log c WHERE c.call_sid = i.call_sid)" \
    " OR (SELECT count(DISTINCT c.business_id) FROM tapedeck_conference_calls k" \
    "   JOIN call_log c USING (call_sid) WHERE k.conference_sid = i.conference_sid) = 1)"

static const struct pg_statement SQL[] = {
    [KEEP] = {"inbox_keep", .prepared = true, .sql =
        "INSERT INTO recording_inbox AS i (recording_sid, status, account_sid, call_sid,"
        "   recording_url, duration, channels, error_code, conference_sid, source, track, started_at,"
        "   encryption_details, is_external)"
        " VALUES ($1, $2, $3, $4, $5, $6::integer, $7::integer, $8, $9, $10, $11,"
        "   to_timestamp($12::bigint), $13, nullif($14::boolean, false))"
        " ON CONFLICT (recording_sid, status) DO UPDATE SET received_at = i.received_at"
        " RETURNING matched_at IS NOT NULL"},
    /* A release that knew no start kept none: it was not later than this. */
    [EACH_WAITING] = {"inbox_each_waiting",
        "SELECT recording_sid, status, account_sid, call_sid, recording_url, duration, channels,"
        "   error_code, conference_sid, source, track,"
        "   extract(epoch FROM coalesce(started_at, received_at))::bigint,"
        "   encryption_details, is_external"
        " FROM recording_inbox i WHERE matched_at IS NULL AND (call_sid = $1"
        "   OR conference_sid IN (SELECT k.conference_sid FROM tapedeck_conference_calls k"
        "     WHERE k.call_sid = $1)"
        "   OR $1::text IS NULL AND " HAS_CALL ")"
        " ORDER BY received_at LIMIT $2"},
    [MATCHED] = {"inbox_matched", .prepared = true, .sql =
        "UPDATE recording_inbox SET matched_at = now() WHERE recording_sid = $1 AND status = $2"},
    [COUNT] = {"inbox_count",
        "SELECT (SELECT count(*) FROM recording_inbox WHERE matched_at IS NULL),"
        "   (SELECT count(*) FROM (SELECT FROM tapedeck_recordings_without_call"
        "     WHERE since < now() - " PG_MS("$1") " LIMIT $2) counted),"
        "   (SELECT count(*) FROM tapedeck_unused_callbacks),"
        "   (SELECT count(*) FROM (SELECT FROM tapedeck_unused_callbacks"
        "     WHERE received_at > now() - interval '1 day' GROUP BY account_sid"
        "     HAVING count(*) >= $3::bigint) AS f)"},
    [READ_PROGRESS] = {"inbox_read_progress",
        "SELECT next_page FROM reconcile_progress WHERE account_sid = $1 AND next_page <> ''"},
    [WRITE_PROGRESS] = {"inbox_write_progress",
        "INSERT INTO reconcile_progress (account_sid, next_page) VALUES ($1, $2)"
        " ON CONFLICT (account_sid) DO UPDATE SET next_page = $2, updated_at = now()"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *inbox_statements(void)
{
    return SQL;
}

enum result inbox_keep(const struct app *app, const struct recording_callback *callback,
                       const char *recording_url)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, callback->recording_sid);
    pg_text(&params, recording_status_name(callback->status));
    pg_text(&params, callback->account_sid);
    pg_text(&params, callback->call_sid);
    pg_text(&params, recording_url);
    pg_int_or_null(&params, callback->duration, CALLBACK_UNKNOWN);
    pg_int_or_null(&params, callback->channels, CALLBACK_UNKNOWN);
    pg_text(&params, callback->error_code);
    pg_text(&params, callback->conference_sid);
    pg_text(&params, callback->source);
    pg_text(&params, callback->track);
    pg_int_or_null(&params, callback->start_time, CALLBACK_UNKNOWN);
    pg_text(&params, callback->encryption);
    pg_flag(&params, callback->is_external);
    enum result result = pg_query(app->pg, &SQL[KEEP], &params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_bool(rows, 0, 0) ? RESULT_EXISTS : RESULT_OK;
        pg_rows_free(rows);
    }
    return result;
}

static enum recording_status status_of(const char *name)
{
    enum recording_status status = RECORDING_IN_PROGRESS;
    while (status < RECORDING_FAILED && strcmp(recording_status_name(status), name) != 0) {
        status++;
    }
    return status;
}

enum result inbox_each_waiting(const struct app *app, const char *call_sid, inbox_visitor *visit,
                               void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, call_sid);
    pg_int(&params, VISIT_MAX);
    enum result result = pg_query(app->pg, &SQL[EACH_WAITING], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct recording_callback callback = {
            .recording_sid = pg_rows_text(rows, i, 0),
            .status = status_of(pg_rows_text(rows, i, 1)),
            .account_sid = pg_rows_text(rows, i, 2),
            .call_sid = pg_rows_text(rows, i, 3),
            .duration = pg_rows_int(rows, i, 5, CALLBACK_UNKNOWN),
            .channels = pg_rows_int(rows, i, 6, CALLBACK_UNKNOWN),
            .error_code = pg_rows_text(rows, i, 7),
            .conference_sid = pg_rows_text(rows, i, 8),
            .source = pg_rows_text(rows, i, 9),
            .track = pg_rows_text(rows, i, 10),
            .start_time = pg_rows_int(rows, i, 11, CALLBACK_UNKNOWN),
            .encryption = pg_rows_text(rows, i, 12),
            .is_external = pg_rows_bool(rows, i, 13),
        };
        visit(context, &callback, pg_rows_text(rows, i, 4));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result inbox_matched(const struct app *app, const struct recording_callback *callback)
{
    struct pg_params params = {0};
    pg_text(&params, callback->recording_sid);
    pg_text(&params, recording_status_name(callback->status));
    return pg_query(app->pg, &SQL[MATCHED], &params, NULL);
}

enum result inbox_count(const struct app *app, struct inbox_counts *counts)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, PATIENCE_MS);
    pg_int(&params, COUNT_MAX);
    pg_int(&params, app->config->inbox_per_day);
    enum result result = pg_query(app->pg, &SQL[COUNT], &params, &rows);
    if (result == RESULT_OK) {
        *counts = (struct inbox_counts){.waiting = pg_rows_int(rows, 0, 0, 0),
                                        .without_call = pg_rows_int(rows, 0, 1, 0),
                                        .unused = pg_rows_int(rows, 0, 2, 0),
                                        .full = pg_rows_int(rows, 0, 3, 0)};
        pg_rows_free(rows);
    }
    return result;
}

enum result inbox_read_progress(const struct app *app, const char *account_sid, char *out,
                                size_t size)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, account_sid);
    enum result result = pg_query(app->pg, &SQL[READ_PROGRESS], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (pg_rows_count(rows) == 0) {
        result = RESULT_NOT_FOUND;
    } else {
        const char *next = pg_rows_text(rows, 0, 0);
        result = strlen(next) < size ? RESULT_OK : RESULT_TOO_BIG;
        if (result == RESULT_OK) {
            memcpy(out, next, strlen(next) + 1);
        }
    }
    pg_rows_free(rows);
    return result;
}

enum result inbox_write_progress(const struct app *app, const char *account_sid,
                                 const char *next_page)
{
    struct pg_params params = {0};
    pg_text(&params, account_sid);
    pg_text(&params, next_page);
    return pg_query(app->pg, &SQL[WRITE_PROGRESS], &params, NULL);
}
