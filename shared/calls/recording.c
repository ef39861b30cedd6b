#include "recording.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "conference.h"

enum statement_name { SET_FIRST, SAVE, EACH, NAMES, NAME_OF, KNOWN, KNOWN_CONFERENCE };

/* clang-format off */

/* The recording that a row of call_log tells of: a CRM may write the URL alone. */
#define FIRST_SID "coalesce(recording_sid, substring(recording_url FROM 'RE[0-9a-fA-F]{32}'))"

static const struct pg_statement SQL[] = {
    [SET_FIRST] = {"recording_set_first", .prepared = true, .sql =
        "UPDATE call_log SET updated_at = now(),"
        "   recording_url = CASE WHEN $3 = 'completed' THEN $4 ELSE recording_url END,"
        "   recording_sid = $2,"
        "   recording_status = CASE WHEN recording_status = 'completed' THEN recording_status"
        "     ELSE $3 END,"
        "   recording_reason = CASE WHEN $3 IN ('absent', 'failed')"
        "     AND recording_status IS DISTINCT FROM 'completed' THEN $5"
        "     ELSE recording_reason END,"
        "   recording_duration = coalesce($6::integer, recording_duration),"
        "   duration = coalesce(duration, $6::integer),"
        "   channels = coalesce($7::integer, channels),"
        "   recording_announced_at = CASE WHEN $3 = 'completed' THEN now()"
        "     ELSE recording_announced_at END"
        " WHERE call_sid = $1 AND (coalesce(recording_url, '') = ''"
        "     OR coalesce(" FIRST_SID ", $2) = $2)"
        " RETURNING business_id"},
    /* Who was taken for the first one, and was overtaken, bears its own name from now on. */
    [SAVE] = {"recording_save", .prepared = true, .sql =
        "WITH overtaken AS (UPDATE tapedeck_recordings SET name = recording_sid"
        "   WHERE business_id = $1::bigint AND call_sid = $4 AND name = $4 AND $3 = $4"
        "     AND recording_sid <> $2)"
        " INSERT INTO tapedeck_recordings AS r (business_id, recording_sid, name, call_sid,"
        "   parent_call_sid, conference_sid, account_sid, source, track, started_at, recording_url,"
        "   recording_status, recording_reason, recording_duration, channels, announced_at,"
        "   encryption_details, is_external)"
        " VALUES ($1::bigint, $2, $3, $4, (SELECT c.parent_call_sid FROM call_log c"
        "     WHERE c.business_id = $1::bigint AND c.call_sid = $4 LIMIT 1), $5, $6, $7, $8,"
        "   coalesce(to_timestamp($9::bigint), now()),"
        "   CASE WHEN $10 = 'completed' THEN $11 END, $10,"
        "   CASE WHEN $10 IN ('absent', 'failed') THEN $12 END, $13::integer, $14::integer,"
        "   CASE WHEN $10 = 'completed' THEN now() END, $15, nullif($16::boolean, false))"
        " ON CONFLICT (business_id, recording_sid) DO UPDATE SET name = excluded.name,"
        "   call_sid = coalesce(excluded.call_sid, r.call_sid),"
        "   conference_sid = coalesce(excluded.conference_sid, r.conference_sid),"
        "   parent_call_sid = coalesce(excluded.parent_call_sid, r.parent_call_sid),"
        "   source = coalesce(excluded.source, r.source),"
        "   track = coalesce(excluded.track, r.track),"
        "   started_at = CASE WHEN $9::bigint IS NULL THEN r.started_at ELSE excluded.started_at END,"
        "   recording_url = coalesce(excluded.recording_url, r.recording_url),"
        "   recording_status = CASE WHEN r.recording_status = 'completed' THEN r.recording_status"
        "     ELSE excluded.recording_status END,"
        "   recording_reason = CASE WHEN r.recording_status = 'completed' THEN r.recording_reason"
        "     ELSE excluded.recording_reason END,"
        "   recording_duration = coalesce(excluded.recording_duration, r.recording_duration),"
        "   channels = coalesce(excluded.channels, r.channels),"
        "   announced_at = coalesce(excluded.announced_at, r.announced_at),"
        "   encryption_details = coalesce(excluded.encryption_details, r.encryption_details),"
        "   is_external = coalesce(excluded.is_external, r.is_external)"},
    /* A first one that nobody announced to us is in call_log alone. */
    [EACH] = {"recording_each", .prepared = true, .sql =
        "SELECT name, recording_sid, kind, " PG_ISO("started_at") ", source, track,"
        "   CASE WHEN jsonb_typeof(segments) = 'array'"
        "     THEN jsonb_build_object('segments', segments)::text END FROM ("
        "   SELECT n.name, n.recording_sid, CASE WHEN n.call_sid = c.call_sid THEN 'call'"
        "       WHEN n.call_sid IS NULL OR n.call_sid IS DISTINCT FROM c.parent_call_sid"
        "         AND n.parent_call_sid IS DISTINCT FROM c.call_sid THEN 'conference'"
        "       ELSE 'leg' END AS kind, n.started_at, n.source, n.track,"
        "     coalesce(n.transcript_segments, f.transcript_segments) AS segments"
        "   FROM (SELECT * FROM call_log WHERE business_id = $1::bigint AND call_sid = $2 LIMIT 1) c"
        "   CROSS JOIN LATERAL"
        "     tapedeck_recordings_of($1::bigint, c.call_sid, c.parent_call_sid) n"
        "   LEFT JOIN LATERAL (SELECT x.transcript_segments FROM call_log x"
        "     WHERE x.business_id = $1::bigint AND x.call_sid = n.name LIMIT 1) f ON true"
        "   WHERE n.deleted_at IS NULL"
        "   UNION ALL SELECT x.call_sid, " FIRST_SID ","
        "     CASE WHEN x.call_sid = $2 THEN 'call' ELSE 'leg' END, x.created_at, NULL, NULL,"
        "     x.transcript_segments"
        "   FROM (SELECT DISTINCT ON (call_sid) * FROM call_log l WHERE l.business_id = $1::bigint"
        "       AND (l.call_sid = $2 OR l.call_sid = (SELECT p.parent_call_sid FROM call_log p"
        "         WHERE p.business_id = $1::bigint AND p.call_sid = $2 LIMIT 1))) x"
        "   WHERE x.recording_url <> '' AND NOT EXISTS (SELECT FROM tapedeck_recordings t"
        "     WHERE t.business_id = $1::bigint AND t.call_sid = x.call_sid AND t.name = x.call_sid)"
        " ) every ORDER BY every.started_at, recording_sid LIMIT $3"},
    [NAMES] = {"recording_names",
        "SELECT name FROM (SELECT call_sid AS name, created_at AS at FROM call_log"
        "     WHERE business_id = $1::bigint AND call_sid = $2 AND recording_url <> ''"
        "       AND recording_deleted_at IS NULL"
        "   UNION ALL SELECT name, started_at FROM tapedeck_recordings WHERE business_id = $1::bigint"
        "     AND (call_sid = $2 OR recording_sid = $2"
        "       OR recording_sid = ANY (ARRAY(SELECT tapedeck_names_of($1::bigint, $2))))"
        "     AND recording_url <> '' AND deleted_at IS NULL) every"
        " GROUP BY name ORDER BY min(at), name LIMIT $3"},
    [NAME_OF] = {"recording_name_of",
        "WITH call AS (SELECT call_sid, parent_call_sid FROM call_log"
        "     WHERE business_id = $1::bigint AND call_sid = $2)"
        " SELECT l.call_sid FROM call c JOIN call_log l ON l.call_sid IN (c.call_sid, c.parent_call_sid)"
        "   WHERE l.business_id = $1::bigint AND " FIRST_SID " = $3"
        " UNION ALL SELECT n.name FROM call c,"
        "   tapedeck_recordings_of($1::bigint, c.call_sid, c.parent_call_sid) n"
        "   WHERE n.recording_sid = $3 LIMIT 1"},
    [KNOWN] = {"recording_known", .prepared = true, .sql =
        "SELECT EXISTS (SELECT FROM tapedeck_recordings r WHERE r.business_id = $1::bigint"
        "     AND r.recording_sid = $3 AND r.announced_at IS NOT NULL)"
        "   OR bool_or(recording_deleted_at IS NOT NULL AND " FIRST_SID " IS NULL"
        "     OR recording_url <> '' AND coalesce(" FIRST_SID ", $3) = $3) IS TRUE"
        " FROM call_log WHERE business_id = $1::bigint AND call_sid = $2 HAVING count(*) > 0"},
    [KNOWN_CONFERENCE] = {"recording_known_conference",
        "SELECT EXISTS (SELECT FROM tapedeck_recordings WHERE business_id = $1::bigint"
        "   AND recording_sid = $2 AND announced_at IS NOT NULL)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *recording_statements(void)
{
    return SQL;
}

/* Codes that are worth telling a person (Twilio, "Error and Warning Dictionary"). */
static const char *reason_of(const struct recording_callback *callback)
{
    static const struct {
        const char *code, *text;
    } REASONS[] = {
        {"16101", "too_short"},         {"16102", "silent"},
        {"16104", "encryption_failed"}, {"16105", "encryption_failed"},
        {"16106", "encryption_failed"}, {"16107", "encryption_failed"},
    };
    for (size_t i = 0; callback->error_code != NULL && i < sizeof REASONS / sizeof *REASONS; i++) {
        if (strcmp(REASONS[i].code, callback->error_code) == 0) {
            return REASONS[i].text;
        }
    }
    return callback->status == RECORDING_FAILED ? "failed" : "absent";
}

/* Onto the row of its call, where it is the first one of it. */
static enum result set_first(const struct app *app, const struct recording_callback *callback,
                             const char *recording_url, struct recording_ref *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, callback->call_sid);
    pg_text(&params, callback->recording_sid);
    pg_text(&params, recording_status_name(callback->status));
    pg_text(&params, recording_url);
    pg_text(&params, reason_of(callback));
    pg_int_or_null(&params, callback->duration, CALLBACK_UNKNOWN);
    pg_int_or_null(&params, callback->channels, CALLBACK_UNKNOWN);
    enum result result = pg_query(app->pg, &SQL[SET_FIRST], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (pg_rows_count(rows) == 0) {
        result = RESULT_NOT_FOUND;
    } else {
        out->business_id = pg_rows_int(rows, 0, 0, 0);
        memcpy(out->name, callback->call_sid, SID_SIZE);
    }
    pg_rows_free(rows);
    return result;
}

/* Whose it is, and what it is to be called. Two that complete at once take turns. */
static enum result name_it(const struct app *app, const struct recording_callback *callback,
                           const char *recording_url, struct recording_ref *out)
{
    memcpy(out->name, callback->recording_sid, SID_SIZE);
    if (callback->call_sid == NULL) {
        return conference_business(app, callback->conference_sid, callback->account_sid,
                                   &out->business_id);
    }
    enum result result = call_lock(app, callback->call_sid);
    if (result == RESULT_OK) {
        result = set_first(app, callback, recording_url, out);
    }
    return result == RESULT_NOT_FOUND ? call_business(app, callback->call_sid, &out->business_id)
                                      : result;
}

static enum result save_row(const struct app *app, const struct recording_callback *callback,
                            const char *recording_url, const struct recording_ref *ref)
{
    struct pg_params params = {0};
    pg_int(&params, ref->business_id);
    pg_text(&params, callback->recording_sid);
    pg_text(&params, ref->name);
    pg_text(&params, callback->call_sid);
    pg_text(&params, callback->conference_sid);
    pg_text(&params, callback->account_sid);
    pg_text(&params, callback->source);
    pg_text(&params, callback->track);
    pg_int_or_null(&params, callback->start_time, CALLBACK_UNKNOWN);
    pg_text(&params, recording_status_name(callback->status));
    pg_text(&params, recording_url);
    pg_text(&params, reason_of(callback));
    pg_int_or_null(&params, callback->duration, CALLBACK_UNKNOWN);
    pg_int_or_null(&params, callback->channels, CALLBACK_UNKNOWN);
    pg_text(&params, callback->encryption);
    pg_flag(&params, callback->is_external);
    return pg_query(app->pg, &SQL[SAVE], &params, NULL);
}

enum result recording_save(const struct app *app, const struct recording_callback *callback,
                           const char *recording_url, struct recording_ref *out)
{
    *out = (struct recording_ref){0};
    enum result result = name_it(app, callback, recording_url, out);
    if (result == RESULT_OK && out->business_id > 0) {
        result = save_row(app, callback, recording_url, out);
    }
    return result;
}

enum result recording_each(const struct app *app, int64_t business_id, const char *call_sid,
                           recording_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_int(&params, RECORDING_EACH_MAX);
    enum result result = pg_query(app->pg, &SQL[EACH], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct recording_row row = {
            .name = pg_rows_text(rows, i, 0),
            .recording_sid = pg_rows_text(rows, i, 1),
            .kind = pg_rows_text(rows, i, 2),
            .started_at = pg_rows_text(rows, i, 3),
            .source = pg_rows_text(rows, i, 4),
            .track = pg_rows_text(rows, i, 5),
            .segments = pg_rows_text(rows, i, 6),
        };
        visit(context, &row);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result recording_names(const struct app *app, int64_t business_id, const char *sid,
                            char (*names)[SID_SIZE], size_t *count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, sid);
    pg_int(&params, RECORDING_EACH_MAX);
    *count = 0;
    enum result result = pg_query(app->pg, &SQL[NAMES], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        (void)snprintf(names[(*count)++], SID_SIZE, "%s", pg_rows_text(rows, i, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result recording_name_of(const struct app *app, int64_t business_id, const char *call_sid,
                              const char *recording_sid, char name[SID_SIZE])
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_text(&params, recording_sid);
    enum result result = pg_query(app->pg, &SQL[NAME_OF], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (pg_rows_count(rows) == 0) {
        result = RESULT_NOT_FOUND;
    } else {
        (void)snprintf(name, SID_SIZE, "%s", pg_rows_text(rows, 0, 0));
    }
    pg_rows_free(rows);
    return result;
}

static enum result query_known(const struct app *app, enum statement_name name,
                               const struct pg_params *params)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[name], params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (pg_rows_count(rows) == 0) {
        result = RESULT_NOT_FOUND;
    } else if (pg_rows_bool(rows, 0, 0)) {
        result = RESULT_EXISTS;
    }
    pg_rows_free(rows);
    return result;
}

static enum result conference_is_new(const struct app *app, int64_t business_id,
                                     const struct recording_callback *entry)
{
    struct pg_params params = {0};
    int64_t owner;
    enum result result =
        conference_business(app, entry->conference_sid, entry->account_sid, &owner);
    if (result != RESULT_OK) {
        return result;
    }
    if (owner != business_id) {
        return RESULT_DENIED;
    }
    pg_int(&params, business_id);
    pg_text(&params, entry->recording_sid);
    return query_known(app, KNOWN_CONFERENCE, &params);
}

enum result recording_is_new(const struct app *app, int64_t business_id,
                             const struct recording_callback *entry)
{
    struct pg_params params = {0};
    if (entry->call_sid == NULL) {
        return conference_is_new(app, business_id, entry);
    }
    pg_int(&params, business_id);
    pg_text(&params, entry->call_sid);
    pg_text(&params, entry->recording_sid);
    return query_known(app, KNOWN, &params);
}
