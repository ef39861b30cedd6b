#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum statement_name {
    FIND,
    STORED,
    PEAKS_STORED,
    PEAKS_LOST,
    KNOWN,
    LOST,
    FORGET,
    EACH,
    TOTAL,
    EACH_DUE,
    HELD_UP
};

/* clang-format off */

#define OBJECT_COLUMNS "o.business_id, o.call_sid, o.kind, o.bytes, o.modified_ns, o.sha256," \
    " coalesce(o.peaks_bytes, -1), o.peaks_sha256"

/* Nobody is to hear it any more. */
#define IS_DELETED(business, sid) \
    "(EXISTS (SELECT FROM call_log c WHERE c.business_id = " business " AND c.call_sid = " sid \
    "   AND c.recording_deleted_at IS NOT NULL)" \
    " OR EXISTS (SELECT FROM tapedeck_recordings n WHERE n.business_id = " business \
    "   AND n.recording_sid = " sid " AND n.deleted_at IS NOT NULL))"

static const struct pg_statement SQL[] = {
    [FIND] = {"object_find",
        "SELECT " OBJECT_COLUMNS " FROM recording_objects o"
        " WHERE o.business_id = $1::bigint AND o.call_sid = $2 AND ($3::boolean OR o.lost_at IS NULL)"},
    [STORED] = {"object_stored",
        "WITH told AS (UPDATE recording_runs SET object_at = now() WHERE business_id = $1::bigint"
        "   AND call_sid = $2 AND status = 'completed' AND object_at IS NULL)"
        " INSERT INTO recording_objects AS o (business_id, call_sid, kind, bytes, sha256, etag,"
        "   modified_ns, peaks_bytes, peaks_sha256, call_gone_at)"
        " SELECT $1::bigint, $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::bigint,"
        "   nullif($8::bigint, -1), $9::text,"
        "   CASE WHEN NOT EXISTS (SELECT FROM call_log c WHERE c.business_id = $1"
        "     AND c.call_sid = $2) AND NOT EXISTS (SELECT FROM tapedeck_recordings n"
        "     WHERE n.business_id = $1 AND n.recording_sid = $2) THEN now() END"
        " WHERE NOT " IS_DELETED("$1", "$2")
        " ON CONFLICT (business_id, call_sid) DO UPDATE SET kind = excluded.kind,"
        "   bytes = excluded.bytes, sha256 = excluded.sha256, etag = excluded.etag,"
        "   modified_ns = excluded.modified_ns, stored_at = now(), lost_at = NULL,"
        "   peaks_bytes = excluded.peaks_bytes, peaks_sha256 = excluded.peaks_sha256,"
        "   call_gone_at = coalesce(excluded.call_gone_at, o.call_gone_at)"},
    [PEAKS_STORED] = {"object_peaks_stored",
        "UPDATE recording_objects SET peaks_bytes = $4::bigint, peaks_sha256 = $5::text"
        " WHERE business_id = $1::bigint AND call_sid = $2 AND modified_ns = $3::bigint"
        "   AND lost_at IS NULL AND NOT " IS_DELETED("$1", "$2")},
    [PEAKS_LOST] = {"object_peaks_lost",
        "UPDATE recording_objects SET peaks_bytes = NULL, peaks_sha256 = NULL"
        " WHERE business_id = $1::bigint AND call_sid = $2"},
    [KNOWN] = {"object_known",
        "UPDATE recording_runs SET object_at = now() WHERE business_id = $1::bigint"
        " AND call_sid = $2 AND status = 'completed' AND object_at IS NULL"},
    [LOST] = {"object_lost",
        "WITH told AS (UPDATE recording_runs SET object_at = NULL, object_failed_at = now()"
        "   WHERE business_id = $1::bigint"
        "   AND call_sid = $2 AND status = 'completed')"
        " UPDATE recording_objects SET lost_at = now()"
        " WHERE business_id = $1::bigint AND call_sid = $2 AND lost_at IS NULL"},
    [FORGET] = {"object_forget",
        "DELETE FROM recording_objects WHERE business_id = $1::bigint AND call_sid = $2"},
    [EACH] = {"object_each",
        "SELECT " OBJECT_COLUMNS " FROM recording_objects o WHERE o.lost_at IS NULL"
        "   AND (o.business_id, o.call_sid) > ($1::bigint, $2::text)"
        " ORDER BY o.business_id, o.call_sid LIMIT $3"},
    [TOTAL] = {"object_total",
        "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM recording_objects"
        " WHERE lost_at IS NULL"},
    [EACH_DUE] = {"object_each_due",
        "SELECT r.business_id, r.call_sid,"
        "   (extract(epoch FROM r.completed_at) * 1000000)::bigint, r.id"
        " FROM recording_runs r WHERE r.status = 'completed' AND r.object_at IS NULL"
        "   AND r.completed_at > now() - interval '7 days'"
        "   AND (r.completed_at, r.id) >"
        "     (to_timestamp(0) + $1::bigint * interval '1 microsecond', $2::bigint)"
        "   AND NOT " IS_DELETED("r.business_id", "r.call_sid")
        " ORDER BY r.completed_at, r.id LIMIT $3"},
    [HELD_UP] = {"object_held_up",
        "UPDATE recording_runs SET object_failed_at = now() WHERE business_id = $1::bigint"
        " AND call_sid = $2 AND status = 'completed' AND object_at IS NULL"},
    {NULL, NULL},
};
/* clang-format on */

_Static_assert(S3_KEY_SIZE > 20 + 1 + SID_LENGTH + sizeof "." FILE_PEAKS_ENDING,
               "the longest key fits");

const struct pg_statement *object_statements(void)
{
    return SQL;
}

static const char *print_key(int64_t business_id, const char *call_sid, const char *ending,
                             char *out)
{
    int n = snprintf(out, S3_KEY_SIZE, "%lld/%.34s.%s", (long long)business_id, call_sid, ending);
    if (n < 0 || n >= S3_KEY_SIZE) {
        abort();
    }
    return out;
}

const char *object_key(int64_t business_id, const char *call_sid, enum audio_kind kind, char *out)
{
    return print_key(business_id, call_sid, audio_extension(kind), out);
}

const char *object_peaks_key(int64_t business_id, const char *call_sid, char *out)
{
    return print_key(business_id, call_sid, FILE_PEAKS_ENDING, out);
}

bool object_is_of(const struct object_facts *object, const struct file_facts *file)
{
    return object->bytes == file->size && object->modified_ns == file->modified_ns &&
           object->kind == file->kind;
}

static void read_facts(const struct pg_rows *rows, int row, struct object_facts *out)
{
    const char *kind = pg_rows_text(rows, row, 2), *peaks = pg_rows_text(rows, row, 7);
    *out = (struct object_facts){
        .business_id = pg_rows_int(rows, row, 0, 0),
        .kind = kind != NULL ? audio_kind_named(kind, strlen(kind)) : AUDIO_UNKNOWN,
        .bytes = pg_rows_int(rows, row, 3, 0),
        .modified_ns = pg_rows_int(rows, row, 4, 0),
        .peaks = {.bytes = pg_rows_int(rows, row, 6, -1)},
    };
    (void)snprintf(out->call_sid, sizeof out->call_sid, "%s", pg_rows_text(rows, row, 1));
    (void)snprintf(out->sha256, sizeof out->sha256, "%s", pg_rows_text(rows, row, 5));
    (void)snprintf(out->peaks.sha256, sizeof out->peaks.sha256, "%s", peaks != NULL ? peaks : "");
}

static enum result find(const struct app *app, int64_t business_id, const char *call_sid,
                        bool lost_too, struct object_facts *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_flag(&params, lost_too);
    enum result result = pg_query(app->pg, &SQL[FIND], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    result = pg_rows_count(rows) > 0 ? RESULT_OK : RESULT_NOT_FOUND;
    if (result == RESULT_OK) {
        read_facts(rows, 0, out);
    }
    pg_rows_free(rows);
    return result;
}

enum result object_find(const struct app *app, int64_t business_id, const char *call_sid,
                        struct object_facts *out)
{
    return find(app, business_id, call_sid, false, out);
}

static void put_peaks(struct pg_params *params, const struct object_peaks *peaks)
{
    pg_int(params, peaks->bytes);
    pg_text(params, peaks->bytes > 0 ? peaks->sha256 : NULL);
}

enum result object_stored(const struct app *app, int64_t business_id, const char *call_sid,
                          const struct file_facts *file, const struct s3_stored *stored,
                          const struct object_peaks *peaks)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_text(&params, audio_extension(file->kind));
    pg_int(&params, stored->size);
    pg_text(&params, stored->sha256);
    pg_text(&params, stored->etag);
    pg_int(&params, file->modified_ns);
    put_peaks(&params, peaks);
    return pg_change(app->pg, &SQL[STORED], &params, RESULT_LOST);
}

enum result object_peaks_stored(const struct app *app, int64_t business_id, const char *call_sid,
                                int64_t modified_ns, const struct object_peaks *peaks)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_int(&params, modified_ns);
    put_peaks(&params, peaks);
    return pg_change(app->pg, &SQL[PEAKS_STORED], &params, RESULT_LOST);
}

static enum result change(const struct app *app, enum statement_name name, int64_t business_id,
                          const char *call_sid)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    return pg_query(app->pg, &SQL[name], &params, NULL);
}

enum result object_known(const struct app *app, int64_t business_id, const char *call_sid)
{
    return change(app, KNOWN, business_id, call_sid);
}

enum result object_held_up(const struct app *app, int64_t business_id, const char *call_sid)
{
    return change(app, HELD_UP, business_id, call_sid);
}

enum result object_lost(const struct app *app, int64_t business_id, const char *call_sid)
{
    log_event("OBJECT_LOST", "business_id=%lld sid=%s", (long long)business_id, call_sid);
    return change(app, LOST, business_id, call_sid);
}

enum result object_peaks_lost(const struct app *app, int64_t business_id, const char *call_sid)
{
    log_event("PEAKS_LOST", "business_id=%lld sid=%s", (long long)business_id, call_sid);
    return change(app, PEAKS_LOST, business_id, call_sid);
}

/* All are tried: a runner that died may have left what no row tells of, and a recording may have
 * come again in another format. */
enum s3_outcome object_erase(const struct app *app, int64_t business_id, const char *call_sid)
{
    char key[S3_KEY_SIZE];
    enum s3_outcome all = s3_delete(app->s3, object_peaks_key(business_id, call_sid, key));
    for (int kind = AUDIO_UNKNOWN + 1; kind < AUDIO_KINDS; kind++) {
        const char *sound = object_key(business_id, call_sid, (enum audio_kind)kind, key);
        enum s3_outcome one = s3_delete(app->s3, sound);
        all = all != S3_OK ? all : one;
    }
    return all;
}

/* One that was lost may have come back, and a restored database may know nothing of it. */
enum result object_remove(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct object_facts object;
    enum result known = find(app, business_id, call_sid, true, &object);
    if (known != RESULT_OK && known != RESULT_NOT_FOUND) {
        return known;
    }
    if (app->s3 == NULL) {
        return known == RESULT_OK ? RESULT_DENIED : RESULT_OK;
    }
    enum s3_outcome outcome = object_erase(app, business_id, call_sid);
    if (outcome != S3_OK) {
        log_event("OBJECT_STAYS", "business_id=%lld sid=%s reason=%s", (long long)business_id,
                  call_sid, s3_outcome_name(outcome));
        return RESULT_FAILED;
    }
    return known == RESULT_OK ? change(app, FORGET, business_id, call_sid) : RESULT_OK;
}

enum result object_each(const struct app *app, struct object_cursor *cursor, int64_t limit,
                        object_visitor *visit, void *context, int64_t *count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, cursor->business_id);
    pg_text(&params, cursor->call_sid);
    pg_int(&params, limit);
    enum result result = pg_query(app->pg, &SQL[EACH], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    *count = pg_rows_count(rows);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct object_facts object;
        read_facts(rows, i, &object);
        cursor->business_id = object.business_id;
        memcpy(cursor->call_sid, object.call_sid, sizeof cursor->call_sid);
        visit(context, &object);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result object_total(const struct app *app, int64_t *count, int64_t *bytes)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[TOTAL], &params, &rows);
    if (result == RESULT_OK) {
        *count = pg_rows_int(rows, 0, 0, 0);
        *bytes = pg_rows_int(rows, 0, 1, 0);
        pg_rows_free(rows);
    }
    return result;
}

enum result object_each_due(const struct app *app, struct object_due_cursor *cursor, int64_t limit,
                            object_due_visitor *visit, void *context, int64_t *count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, cursor->completed_us);
    pg_int(&params, cursor->run_id);
    pg_int(&params, limit);
    enum result result = pg_query(app->pg, &SQL[EACH_DUE], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    *count = pg_rows_count(rows);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct object_due due = {.business_id = pg_rows_int(rows, i, 0, 0),
                                 .call_sid = pg_rows_text(rows, i, 1)};
        cursor->completed_us = pg_rows_int(rows, i, 2, 0);
        cursor->run_id = pg_rows_int(rows, i, 3, 0);
        visit(context, &due);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
