#include "run_control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/magic.h"
#include "base/text.h"
#include "history.h"

enum statement_name { CANCEL, REOPEN_WAITING, REOPEN_FAILED, REOPEN_ANNOUNCED, TRY_AGAIN };

/* How soon what failed is tried again by itself, how often at most, how many at once. Each wait is
 * twice as long as the one before, up to a day: 40 of them are a month. */
enum {
    AGAIN_FIRST_MS = 600 * 1000,
    AGAIN_LAST_MS = 86400 * 1000,
    AGAIN_TIMES = 40,
    AGAIN_MAX = 1000
};

/* clang-format off */

/* Nobody works on it, or nobody has been heard of for INFLIGHT_TTL. */
#define IS_NOBODYS(ttl) \
    "(status = 'queued' OR status = 'running' AND " PG_LAPSED("heartbeat_at", ttl) ")"

/* Of any call, or of all recordings of this one, or this recording: of a run `f`. */
#define IS_OF(sid) \
    "(" sid "::text IS NULL OR f.call_sid IN (SELECT tapedeck_names_of($1::bigint, " sid ")" \
    "   UNION SELECT name FROM tapedeck_recordings WHERE business_id = $1::bigint" \
    "     AND recording_sid = " sid "))"
/* Failed runs `f` that are the last ones of their recordings, which are still wanted. */
#define QUEUE_AGAIN(job, lane) \
    "INSERT INTO recording_runs (business_id, call_sid, job_type, lane)" \
    " SELECT f.business_id, f.call_sid, " job ", " lane " FROM recording_runs f"
#define UNLESS_ACTIVE \
    " ON CONFLICT (business_id, call_sid) WHERE status IN ('queued', 'running') DO NOTHING"
#define FAILED_LAST \
    "f.status = 'failed' AND NOT EXISTS (SELECT FROM recording_runs n" \
    " WHERE n.business_id = f.business_id AND n.call_sid = f.call_sid AND n.id > f.id)"
#define IS_WANTED \
    "(EXISTS (SELECT FROM call_log c WHERE c.business_id = f.business_id" \
    "   AND c.call_sid = f.call_sid AND c.recording_url <> '' AND c.recording_deleted_at IS NULL)" \
    " OR EXISTS (SELECT FROM tapedeck_recordings t WHERE t.business_id = f.business_id" \
    "   AND t.recording_sid = f.call_sid AND t.recording_url <> '' AND t.deleted_at IS NULL))"

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
        "UPDATE recording_runs f SET status = 'queued', lease_token = NULL, not_before = NULL,"
        "   queued_at = now(), recoveries = 0, recovered_at = NULL, cancel_requested = false"
        " WHERE business_id = $1::bigint AND " IS_OF("$2") " AND " IS_NOBODYS("$3")},
    [REOPEN_FAILED] = {"run_control_reopen_failed",
        QUEUE_AGAIN("f.job_type", "f.lane") " WHERE f.business_id = $1::bigint"
        "   AND " IS_OF("$2") " AND " FAILED_LAST " AND " IS_WANTED UNLESS_ACTIVE},
    [REOPEN_ANNOUNCED] = {"run_control_reopen_announced",
        QUEUE_AGAIN("'full'", "'later'")
        " JOIN (SELECT business_id, name FROM tapedeck_recordings"
        "     WHERE recording_sid = $1 AND account_sid = $2"
        "   UNION SELECT business_id, call_sid FROM call_log WHERE call_sid = $3"
        "     AND recording_url LIKE '%/Accounts/' || $2 || '/Recordings/' || $1 || '%') told"
        "   ON told.business_id = f.business_id AND told.name = f.call_sid"
        " WHERE " FAILED_LAST " AND " IS_WANTED UNLESS_ACTIVE},
    /* What may have passed: anything but what the provider said for good. */
    [TRY_AGAIN] = {"run_control_try_again",
        QUEUE_AGAIN("'full'", "'later'")
        " WHERE f.job_type = 'full' AND NOT f.final"
        "   AND coalesce(f.error_code, '') NOT IN ('bad_recording_url', 'no_format', 'too_big')"
        "   AND f.completed_at BETWEEN now() - " PG_MS("$2") " * 30 AND now() - " PG_MS("$1")
        "   AND " FAILED_LAST " AND " IS_WANTED
        "   AND (SELECT count(*) < $3 AND f.completed_at <= now() - least(" PG_MS("$1")
        "         * power(2, least(count(*) - 1, 20)), " PG_MS("$2") ")"
        "       FROM recording_runs p WHERE p.business_id = f.business_id"
        "         AND p.call_sid = f.call_sid AND p.status = 'failed')"
        " ORDER BY f.completed_at LIMIT $4" UNLESS_ACTIVE},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *run_control_statements(void)
{
    return SQL;
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
    enum result result = pg_query(app->pg, &SQL[CANCEL], &params, &rows);
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
    struct pg_params failed = {0}, waiting;
    int64_t more;
    pg_int(&failed, business_id);
    pg_text(&failed, call_sid);
    waiting = failed;
    pg_int(&waiting, app->config->inflight_ttl);
    enum result result = pg_count_changed(app->pg, &SQL[REOPEN_WAITING], &waiting, reopened);
    if (result == RESULT_OK) {
        result = pg_count_changed(app->pg, &SQL[REOPEN_FAILED], &failed, &more);
        *reopened += more;
    }
    return result;
}

enum result run_control_reopen_announced(const struct app *app, const char *recording_sid,
                                         const char *account_sid, const char *call_sid,
                                         int64_t *reopened)
{
    struct pg_params params = {0};
    pg_text(&params, recording_sid);
    pg_text(&params, account_sid);
    pg_text(&params, call_sid);
    return pg_count_changed(app->pg, &SQL[REOPEN_ANNOUNCED], &params, reopened);
}

enum result run_control_try_again(const struct app *app, int64_t *queued)
{
    struct pg_params params = {0};
    pg_int(&params, AGAIN_FIRST_MS);
    pg_int(&params, AGAIN_LAST_MS);
    pg_int(&params, AGAIN_TIMES);
    pg_int(&params, AGAIN_MAX);
    return pg_count_changed(app->pg, &SQL[TRY_AGAIN], &params, queued);
}
