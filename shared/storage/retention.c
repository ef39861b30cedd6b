#include "retention.h"

#include <stdio.h>

#include "retention_sql.h"

enum statement_name {
    EACH_DATED,
    EACH_AGED,
    EACH_OTHER,
    MARK,
    MARK_OTHER,
    EACH_LEFT,
    EACH_LEFT_OTHER,
    MAY_LEAVE,
    MAY_LEAVE_OTHER,
    MARK_LEFT,
    MARK_LEFT_OTHER,
    IS_OVER,
    IS_OVER_OTHER,
    WHOSE
};

/* clang-format off */

#define IS_OURS "c.call_sid ~ '^CA[0-9a-fA-F]{32}$'"
#define MICROS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define TIME_OF(micros) "to_timestamp(0) + " micros "::bigint * interval '1 microsecond'"

/* Deleted here and in the object store, for a reason that still holds; and not seen to be gone at
 * the provider's. It begins with what call_log_left holds. */
#define IS_LEFT(days) \
    "c.recording_url <> '' AND c.recording_deleted_at IS NOT NULL" \
    " AND c.recording_provider_deleted_at IS NULL AND NOT c.legal_hold" \
    " AND " RETENTION_EXPIRY("c", days) " <= now() AND NOT " IS_ACTIVE \
    " AND NOT EXISTS (SELECT FROM recording_objects o WHERE o.business_id = c.business_id" \
    "   AND o.call_sid = c.call_sid)" \
    " AND NOT coalesce((SELECT true FROM call_log k WHERE k.call_sid = c.call_sid" \
    "   AND k.recording_deleted_at IS NULL LIMIT 1), false)"

#define OTHER_IS_LEFT(days) \
    OTHER_IS_NAMED " AND n.deleted_at IS NOT NULL AND n.provider_deleted_at IS NULL" \
    " AND " OTHER_EXPIRY(days) " <= now() AND NOT " OTHER_IS_ACTIVE \
    " AND NOT EXISTS (SELECT FROM recording_objects o WHERE o.business_id = n.business_id" \
    "   AND o.call_sid = n.recording_sid)"
/* With an object store ($4) there is a row to its object from this commit on, also where a restored
 * database knew of none: whoever deletes what is there, now or after a crash, takes it away last. */
#define MARK_OBJECT \
    ", object AS (INSERT INTO recording_objects (business_id, call_sid, kind, bytes, sha256, etag," \
    "   modified_ns, lost_at, call_gone_at)" \
    "   SELECT $2::bigint, $3::text, 'wav', 0, '', '', 0, now(), clock_timestamp()" \
    "   WHERE $4::boolean AND EXISTS (SELECT FROM marked)" \
    "   ON CONFLICT (business_id, call_sid) DO UPDATE SET call_gone_at = clock_timestamp())" \
    " SELECT 1 FROM marked"

#define OTHER_PLACE "(n.started_at, n.recording_sid) > (" TIME_OF("$1") ", $2::text)"

static const struct pg_statement SQL[] = {
    [EACH_DATED] = {"retention_each_dated",
        "SELECT c.business_id, c.call_sid, " PG_ISO("c.created_at") ","
        "   " PG_ISO("c.recording_expires_at") ", c.recording_url,"
        "   " MICROS("c.recording_expires_at")
        " FROM call_log c WHERE " IS_KEPT " AND NOT c.legal_hold AND NOT " IS_ACTIVE
        "   AND c.business_id IS NOT NULL AND " IS_OURS
        "   AND c.recording_expires_at <= now()"
        "   AND (c.recording_expires_at, c.call_sid) > (" TIME_OF("$1") ", $2::text)"
        " ORDER BY c.recording_expires_at, c.call_sid LIMIT $3"},
    /* The inner LIMIT takes them in the order in which the businesses are walked. */
    [EACH_AGED] = {"retention_each_aged",
        "WITH RECURSIVE b AS (" NEXT_BUSINESS(">= $4::bigint")
        "   UNION ALL SELECT n.* FROM b CROSS JOIN LATERAL " NEXT_BUSINESS("> b.id") " n)"
        " SELECT d.business_id, d.call_sid, " PG_ISO("d.created_at") ","
        "   " PG_ISO("d.created_at + d.keep") ", d.recording_url, " MICROS("d.created_at")
        " FROM (SELECT c.*, k.keep FROM b CROSS JOIN LATERAL"
        "     (SELECT make_interval(days => coalesce((SELECT r.days FROM business_retention r"
        "       WHERE r.business_id = b.id), $5::integer)) AS keep) k"
        "   CROSS JOIN LATERAL (SELECT c.business_id, c.call_sid, c.created_at, c.recording_url"
        "     FROM call_log c"
        "     WHERE b.oldest <= now() - k.keep"
        "       AND c.business_id = b.id AND " IS_KEPT_BY_AGE " AND k.keep > interval '0'"
        "       AND c.created_at <= now() - k.keep AND NOT " IS_ACTIVE " AND " IS_OURS
        "       AND (c.created_at, c.call_sid) > (CASE WHEN b.id = $4::bigint THEN " TIME_OF("$1")
        "         ELSE '-infinity' END, $2::text)"
        "     ORDER BY c.created_at, c.call_sid LIMIT $3) c LIMIT $3) d"
        " ORDER BY d.business_id, d.created_at, d.call_sid"},
    [EACH_OTHER] = {"retention_each_other",
        "SELECT n.business_id, n.recording_sid, " PG_ISO("n.started_at") ","
        "   " PG_ISO(OTHER_EXPIRY("$4")) ", n.recording_url, " MICROS("n.started_at")
        " FROM tapedeck_recordings n WHERE " OTHER_IS_NAMED " AND n.deleted_at IS NULL"
        "   AND " OTHER_EXPIRY("$4") " <= now() AND NOT " OTHER_IS_ACTIVE " AND " OTHER_PLACE
        " ORDER BY n.started_at, n.recording_sid LIMIT $3"},
    [MARK_OTHER] = {"retention_mark_other",
        "WITH marked AS (UPDATE tapedeck_recordings n SET deleted_at = now()"
        "   WHERE n.business_id = $2::bigint AND n.recording_sid = $3 AND n.deleted_at IS NULL"
        "   AND " OTHER_EXPIRY("$1") " <= now() AND NOT " OTHER_IS_ACTIVE " RETURNING 1)"
        MARK_OBJECT},
    [EACH_LEFT_OTHER] = {"retention_each_left_other",
        "SELECT n.business_id, n.recording_sid, " PG_ISO("n.started_at") ","
        "   " PG_ISO("n.deleted_at") ", n.recording_url, " MICROS("n.started_at")
        " FROM tapedeck_recordings n WHERE " OTHER_IS_LEFT("$4") " AND " OTHER_PLACE
        " ORDER BY n.started_at, n.recording_sid LIMIT $3"},
    [MAY_LEAVE_OTHER] = {"retention_may_leave_other",
        "SELECT count(*) > 0 AND bool_and(" OTHER_IS_LEFT("$1") ") FROM tapedeck_recordings n"
        " WHERE n.business_id = $2::bigint AND n.recording_sid = $3"},
    [MARK_LEFT_OTHER] = {"retention_mark_left_other",
        "UPDATE tapedeck_recordings SET provider_deleted_at = now()"
        " WHERE business_id = $1::bigint AND recording_sid = $2 AND deleted_at IS NOT NULL"},
    [MARK] = {"retention_mark",
        "WITH marked AS (UPDATE call_log c SET recording_deleted_at = now()"
        "   WHERE c.business_id = $2::bigint AND c.call_sid = $3 AND " IS_KEPT
        "   AND " RETENTION_EXPIRY("c", "$1") " <= now() AND NOT " IS_ACTIVE " RETURNING 1)"
        MARK_OBJECT},
    [EACH_LEFT] = {"retention_each_left",
        "SELECT c.business_id, c.call_sid, " PG_ISO("c.created_at") ","
        "   " PG_ISO("c.recording_deleted_at") ", c.recording_url, " MICROS("c.created_at")
        " FROM call_log c WHERE " IS_LEFT("$4") " AND c.business_id IS NOT NULL AND " IS_OURS
        "   AND (c.created_at, c.call_sid) > (" TIME_OF("$1") ", $2::text)"
        " ORDER BY c.created_at, c.call_sid LIMIT $3"},
    [MAY_LEAVE] = {"retention_may_leave",
        "SELECT count(*) > 0 AND bool_and(" IS_LEFT("$1") ") FROM call_log c"
        " WHERE c.business_id = $2::bigint AND c.call_sid = $3"},
    [MARK_LEFT] = {"retention_mark_left",
        "UPDATE call_log SET recording_provider_deleted_at = now()"
        " WHERE business_id = $1::bigint AND call_sid = $2 AND recording_deleted_at IS NOT NULL"},
    [IS_OVER] = {"retention_is_over",
        "SELECT count(*) > 0 AND bool_and(coalesce(c.recording_expires_at <= now(), false)"
        "   AND NOT c.legal_hold AND NOT " IS_ACTIVE ") FROM call_log c"
        " WHERE c.business_id = $1::bigint AND c.call_sid = $2"},
    [IS_OVER_OTHER] = {"retention_is_over_other",
        "SELECT count(*) > 0 AND bool_and(coalesce(n.expires_at <= now(), false)"
        "   AND NOT " OTHER_IS_HELD " AND NOT " OTHER_IS_ACTIVE ") FROM tapedeck_recordings n"
        " WHERE n.business_id = $1::bigint AND n.recording_sid = $2"},
    [WHOSE] = {"retention_whose", "SELECT " OWNER("$1::bigint", "$2::text")},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *retention_statements(void)
{
    return SQL;
}

static enum result query_due(const struct app *app, const struct retention_cursor *cursor,
                             int64_t limit, struct pg_rows **rows)
{
    static const enum statement_name EACH[] = {EACH_DATED, EACH_AGED, EACH_OTHER};
    struct pg_params params = {0};
    pg_int(&params, cursor->at_us);
    pg_text(&params, cursor->call_sid);
    pg_int(&params, limit);
    if (cursor->phase == RETENTION_BY_AGE) {
        pg_int(&params, cursor->business_id);
    }
    if (cursor->phase != RETENTION_DATED) {
        pg_int(&params, app->config->retention_days);
    }
    return pg_query(app->pg, &SQL[EACH[cursor->phase]], &params, rows);
}

static void visit_rows(const struct pg_rows *rows, struct retention_cursor *cursor,
                       retention_visitor *visit, void *context)
{
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct retention_due due = {
            .business_id = pg_rows_int(rows, i, 0, 0),
            .call_sid = pg_rows_text(rows, i, 1),
            .called_at = pg_rows_text(rows, i, 2),
            .expired_at = pg_rows_text(rows, i, 3),
            .recording_url = pg_rows_text(rows, i, 4),
        };
        cursor->business_id = due.business_id;
        cursor->at_us = pg_rows_int(rows, i, 5, 0);
        (void)snprintf(cursor->call_sid, sizeof cursor->call_sid, "%s", due.call_sid);
        visit(context, &due);
    }
}

static enum result query_left(const struct app *app, const struct retention_cursor *cursor,
                              int64_t limit, struct pg_rows **rows)
{
    bool others = cursor->phase == RETENTION_OTHERS;
    struct pg_params params = {0};
    pg_int(&params, cursor->at_us);
    pg_text(&params, cursor->call_sid);
    pg_int(&params, limit);
    pg_int(&params, app->config->retention_days);
    return pg_query(app->pg, &SQL[others ? EACH_LEFT_OTHER : EACH_LEFT], &params, rows);
}

typedef enum result query_page(const struct app *app, const struct retention_cursor *cursor,
                               int64_t limit, struct pg_rows **rows);

/* One phase after the other, `step` phases on each time; the last has none behind it. */
static enum result each(const struct app *app, struct retention_cursor *cursor, int64_t limit,
                        query_page *page, int step, retention_visitor *visit, void *context)
{
    struct pg_rows *rows;
    enum result result = page(app, cursor, limit, &rows);
    while (result == RESULT_OK && pg_rows_count(rows) == 0 && cursor->phase < RETENTION_OTHERS) {
        pg_rows_free(rows);
        *cursor = (struct retention_cursor){.phase = cursor->phase + step};
        result = page(app, cursor, limit, &rows);
    }
    if (result == RESULT_OK) {
        cursor->ended = cursor->phase == RETENTION_OTHERS && pg_rows_count(rows) < limit;
        visit_rows(rows, cursor, visit, context);
        pg_rows_free(rows);
    }
    return result;
}

enum result retention_each_due(const struct app *app, struct retention_cursor *cursor,
                               int64_t limit, retention_visitor *visit, void *context)
{
    return each(app, cursor, limit, query_due, 1, visit, context);
}

/* By age or by date makes no difference to these: the others follow at once. */
enum result retention_each_left(const struct app *app, struct retention_cursor *cursor,
                                int64_t limit, retention_visitor *visit, void *context)
{
    return each(app, cursor, limit, query_left, RETENTION_OTHERS, visit, context);
}

/* The statement for a call's first recording, or the next one in the list, for all others. */
static const struct pg_statement *statement_for(enum statement_name first, const char *name)
{
    return &SQL[text_is_sid(name, "CA") ? first : first + 1];
}

enum result retention_mark(const struct app *app, int64_t business_id, const char *name)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->retention_days);
    pg_int(&params, business_id);
    pg_text(&params, name);
    pg_flag(&params, app->s3 != NULL);
    return pg_change(app->pg, statement_for(MARK, name), &params, RESULT_LOST);
}

enum result retention_may_leave(const struct app *app, int64_t business_id, const char *name)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->retention_days);
    pg_int(&params, business_id);
    pg_text(&params, name);
    return pg_holds(app->pg, statement_for(MAY_LEAVE, name), &params, RESULT_LOST);
}

enum result retention_mark_left(const struct app *app, int64_t business_id, const char *name)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, name);
    return pg_query(app->pg, statement_for(MARK_LEFT, name), &params, NULL);
}

enum result retention_is_over(const struct app *app, int64_t business_id, const char *name)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, name);
    return pg_holds(app->pg, statement_for(IS_OVER, name), &params, RESULT_LOST);
}

enum result retention_whose(const struct app *app, int64_t business_id, const char *name,
                            enum retention_owner *owner)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, name);
    enum result result = pg_query(app->pg, &SQL[WHOSE], &params, &rows);
    if (result == RESULT_OK) {
        *owner = (enum retention_owner)pg_rows_int(rows, 0, 0, RETENTION_KEPT);
        pg_rows_free(rows);
    }
    return result;
}
