#include "backfill.h"

#include <string.h>

#include "base/buf.h"
#include "calls/call.h"
#include "calls/inbox.h"
#include "calls/recording.h"
#include "followups/step.h"
#include "runs/queue.h"
#include "runs/run.h"
#include "service.h"
#include "twilio/media.h"

enum { IDS_CEILING = 64 * 1024 };

enum statement_name { PAGE, ACCOUNTS, REFRESH };

/* clang-format off */

#define WITHIN(at, sid) \
    at " >= to_timestamp($2::bigint) AND " at " < to_timestamp($3::bigint)" \
    " AND ($5 = '' OR (" at ", " sid ") <" \
    "   (to_timestamp(0) + $4::bigint * interval '1 microsecond', $5))"

static const struct pg_statement SQL[] = {
    [PAGE] = {"backfill_page",
        "SELECT sid, (extract(epoch FROM at) * 1000000)::bigint FROM ("
        "   (SELECT call_sid AS sid, created_at AS at FROM call_log"
        "     WHERE business_id = $1::bigint AND call_sid ~ '^CA[0-9a-fA-F]{32}$'"
        "       AND " WITHIN("created_at", "call_sid")
        "       AND recording_url <> '' AND recording_deleted_at IS NULL"
        "       AND (recording_expires_at IS NULL OR recording_expires_at > now())"
        "       AND coalesce(recording_status, '') NOT IN ('absent', 'failed')"
        "     ORDER BY created_at DESC, call_sid DESC LIMIT $6)"
        "   UNION ALL (SELECT recording_sid, started_at FROM tapedeck_recordings"
        "     WHERE business_id = $1::bigint AND name = recording_sid"
        "       AND " WITHIN("started_at", "recording_sid")
        "       AND recording_url <> '' AND deleted_at IS NULL"
        "       AND (expires_at IS NULL OR expires_at > now())"
        "     ORDER BY started_at DESC, recording_sid DESC LIMIT $6)) every"
        " ORDER BY at DESC, sid DESC LIMIT $6"},
    [ACCOUNTS] = {"backfill_accounts",
        "SELECT account_sid FROM business_twilio_accounts WHERE business_id = $1 AND account_sid <> $2"
        " ORDER BY account_sid LIMIT 100"},
    [REFRESH] = {"backfill_refresh",
        "SELECT id, status, coalesce(bytes_received, 0) FROM recording_runs"
        " WHERE id = ANY ($1::bigint[])"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *backfill_statements(void)
{
    return SQL;
}

/* ---- which ---- */

enum result backfill_page(const struct app *app, const struct backfill_range *range,
                          struct backfill_cursor *cursor, char (*sids)[SID_SIZE], size_t *count)
{
    struct pg_rows *rows;
    struct pg_params params = {0};
    *count = 0;
    pg_int(&params, range->business_id);
    pg_int(&params, range->since);
    pg_int(&params, range->until);
    pg_int(&params, cursor->created_us);
    pg_text(&params, cursor->call_sid);
    pg_int(&params, BACKFILL_PAGE_MAX);
    enum result result = pg_query(app->pg, &SQL[PAGE], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        memcpy(cursor->call_sid, pg_rows_text(rows, i, 0), SID_SIZE);
        memcpy(sids[(*count)++], cursor->call_sid, SID_SIZE);
        cursor->created_us = pg_rows_int(rows, i, 1, 0);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result backfill_accounts(const struct app *app, int64_t business_id,
                              void (*visit)(void *, const char *account_sid), void *context)
{
    struct pg_rows *rows;
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, app->config->twilio_account_sid);
    enum result result = pg_query(app->pg, &SQL[ACCOUNTS], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    visit(context, app->config->twilio_account_sid);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        visit(context, pg_rows_text(rows, i, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

/* ---- what is told ---- */

/* The way of a callback, but that nothing is queued. */
static enum result write_down(const struct app *app, const struct recording_callback *entry,
                              const char *url)
{
    struct recording_ref ref;
    enum result result = pg_begin(app->pg);
    if (result != RESULT_OK) {
        return result;
    }
    result = inbox_keep(app, entry, url);
    if (result == RESULT_OK || result == RESULT_EXISTS) {
        result = recording_save(app, entry, url, &ref);
    }
    if (result == RESULT_OK) {
        result = inbox_matched(app, entry);
    }
    if (result == RESULT_OK) {
        return pg_commit(app->pg);
    }
    pg_rollback(app->pg);
    return result;
}

/* Nobody knows whose it is: it waits in the inbox, as a callback does, and is asked about. */
static enum result keep_unknown(const struct app *app, const struct recording_callback *entry,
                                const char *url)
{
    enum result result = inbox_keep(app, entry, url);
    return result == RESULT_UNAVAILABLE ? result : RESULT_NOT_FOUND;
}

enum result backfill_record(const struct app *app, int64_t business_id,
                            const struct recording_callback *entry)
{
    struct media_ref ref;
    char url[MEDIA_URL_SIZE];
    if (entry->status != RECORDING_COMPLETED) {
        return RESULT_EXISTS;
    }
    memcpy(ref.account_sid, entry->account_sid, SID_SIZE);
    memcpy(ref.recording_sid, entry->recording_sid, SID_SIZE);
    enum result result =
        media_url(credentials_of(app->credentials, ref.account_sid).api_base, &ref, url);
    if (result != RESULT_OK) {
        return result;
    }
    result = recording_is_new(app, business_id, entry);
    if (result == RESULT_OK) {
        return write_down(app, entry, url);
    }
    return result == RESULT_NOT_FOUND && entry->call_sid == NULL ? keep_unknown(app, entry, url)
                                                                 : result;
}

/* ---- fetching ---- */

/* Where transcripts are made, those of past days get theirs, too. Where Redis is away, or has just
 * lost its memory, the run waits in PostgreSQL and is offered again by whoever comes next. */
static enum result start(const struct app *app, int64_t business_id, const char *call_sid,
                         int64_t *run_id)
{
    bool created;
    enum run_job job = app->config->transcribe_url[0] != '\0' ? JOB_FULL : JOB_DOWNLOAD;
    enum result result = run_start(app, business_id, call_sid, job, LANE_LATER, run_id, &created);
    if (result == RESULT_OK && created) {
        (void)queue_enqueue(app, business_id, call_sid, LANE_LATER, NULL);
    }
    return result;
}

/* It is here. Where it was not transcribed yet, or that failed, it is now. */
static enum result follow_up(const struct app *app, int64_t business_id, const char *name)
{
    enum result result =
        app->config->transcribe_url[0] != '\0' ? step_begin(app, business_id, name) : RESULT_OK;
    return result == RESULT_OK ? RESULT_EXISTS : result;
}

enum result backfill_fetch(const struct app *app, int64_t business_id, const char *call_sid,
                           int64_t *run_id)
{
    struct look look;
    enum result result = service_look(app, business_id, call_sid, &look);
    if (result != RESULT_OK) {
        return result;
    }
    switch (look.state) {
    case STATE_ABSENT: return start(app, business_id, call_sid, run_id);
    case STATE_QUEUED:
    case STATE_PROCESSING:
    case STATE_OFFLINE: *run_id = look.facts.run_id; return RESULT_OK;
    case STATE_FAILED: return RESULT_DENIED;
    case STATE_READY: return follow_up(app, business_id, look.facts.source_sid);
    default: return RESULT_EXISTS;
    }
}

static enum backfill_end end_of(const char *status)
{
    if (strcmp(status, "completed") == 0) {
        return BACKFILL_FETCHED;
    }
    if (strcmp(status, "failed") == 0) {
        return BACKFILL_FAILED;
    }
    return strcmp(status, "cancelled") == 0 ? BACKFILL_CANCELLED : BACKFILL_UNDER_WAY;
}

static void note_row(const struct pg_rows *rows, int row, struct backfill_run *runs, size_t count)
{
    int64_t id = pg_rows_int(rows, row, 0, 0);
    const char *status = pg_rows_text(rows, row, 1);
    for (size_t i = 0; i < count; i++) {
        if (runs[i].id == id) {
            runs[i].end = end_of(status);
            runs[i].bytes = pg_rows_int(rows, row, 2, 0);
        }
    }
}

enum result backfill_refresh(const struct app *app, struct backfill_run *runs, size_t count)
{
    struct buf ids;
    struct pg_rows *rows;
    struct pg_params params = {0};
    buf_init(&ids, IDS_CEILING);
    for (size_t i = 0; i < count; i++) {
        buf_format(&ids, "%s%lld", i == 0 ? "{" : ",", (long long)runs[i].id);
    }
    buf_text(&ids, count > 0 ? "}" : "{}");
    pg_text(&params, buf_str(&ids));
    enum result result =
        buf_ok(&ids) ? pg_query(app->pg, &SQL[REFRESH], &params, &rows) : RESULT_TOO_BIG;
    if (result == RESULT_OK) {
        for (size_t i = 0; i < count; i++) {
            runs[i].end = BACKFILL_CANCELLED;
        }
        for (int row = 0; row < pg_rows_count(rows); row++) {
            note_row(rows, row, runs, count);
        }
        pg_rows_free(rows);
    }
    buf_free(&ids);
    return result;
}
