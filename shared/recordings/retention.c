#include "recordings/retention.h"

#include <stdio.h>

enum statement_name { EACH_DUE, MARK, EACH_LEFT, MAY_LEAVE, MARK_LEFT, IS_ORPHAN };

/* clang-format off */

#define IS_KEPT "c.recording_url <> '' AND c.recording_deleted_at IS NULL"

#define IS_ACTIVE \
    "EXISTS (SELECT FROM recording_runs r WHERE r.business_id = c.business_id" \
    " AND r.call_sid = c.call_sid AND r.status IN ('queued', 'running'))"

/* Deleted here and in the object store, for a reason that still holds; and not seen to be gone at
 * the provider's. */
#define IS_LEFT(days) \
    "c.recording_url <> '' AND c.recording_deleted_at IS NOT NULL" \
    " AND c.recording_provider_deleted_at IS NULL" \
    " AND " RETENTION_EXPIRY("c", days) " <= now() AND NOT " IS_ACTIVE \
    " AND NOT EXISTS (SELECT FROM recording_objects o WHERE o.business_id = c.business_id" \
    "   AND o.call_sid = c.call_sid)" \
    " AND NOT EXISTS (SELECT FROM call_log k WHERE k.call_sid = c.call_sid" \
    "   AND k.recording_deleted_at IS NULL)"

/* The least number of days that anybody keeps: younger calls need not be looked at. */
#define SHORTEST(days) \
    "coalesce((SELECT least(min(b.days), nullif(" days "::integer, 0)) FROM business_retention b" \
    " WHERE b.days > 0), nullif(" days "::integer, 0))"

static const struct pg_statement SQL[] = {
    [EACH_DUE] = {"retention_each_due",
        "SELECT c.business_id, c.call_sid, " PG_ISO("c.created_at") ", " PG_ISO("e.at") ","
        "   c.recording_url, (extract(epoch FROM c.created_at) * 1000000)::bigint"
        " FROM call_log c CROSS JOIN LATERAL (SELECT " RETENTION_EXPIRY("c", "$1") " AS at) e"
        " WHERE " IS_KEPT " AND e.at <= now() AND NOT " IS_ACTIVE
        "   AND c.business_id IS NOT NULL AND c.call_sid ~ '^CA[0-9a-fA-F]{32}$'"
        "   AND (c.created_at <= now() - make_interval(days => " SHORTEST("$1") ")"
        "     OR c.recording_expires_at <= now())"
        "   AND (c.created_at, c.call_sid) >"
        "     (to_timestamp(0) + $2::bigint * interval '1 microsecond', $3::text)"
        " ORDER BY c.created_at, c.call_sid LIMIT $4"},
    [MARK] = {"retention_mark",
        "UPDATE call_log c SET recording_deleted_at = now()"
        " WHERE c.business_id = $2::bigint AND c.call_sid = $3 AND " IS_KEPT
        "   AND " RETENTION_EXPIRY("c", "$1") " <= now() AND NOT " IS_ACTIVE},
    [EACH_LEFT] = {"retention_each_left",
        "SELECT c.business_id, c.call_sid, " PG_ISO("c.created_at") ","
        "   " PG_ISO("c.recording_deleted_at") ", c.recording_url,"
        "   (extract(epoch FROM c.created_at) * 1000000)::bigint"
        " FROM call_log c WHERE " IS_LEFT("$1")
        "   AND c.business_id IS NOT NULL AND c.call_sid ~ '^CA[0-9a-fA-F]{32}$'"
        "   AND (c.created_at, c.call_sid) >"
        "     (to_timestamp(0) + $2::bigint * interval '1 microsecond', $3::text)"
        " ORDER BY c.created_at, c.call_sid LIMIT $4"},
    [MAY_LEAVE] = {"retention_may_leave",
        "SELECT count(*) > 0 AND bool_and(" IS_LEFT("$1") ") FROM call_log c"
        " WHERE c.business_id = $2::bigint AND c.call_sid = $3"},
    [MARK_LEFT] = {"retention_mark_left",
        "UPDATE call_log SET recording_provider_deleted_at = now()"
        " WHERE business_id = $1::bigint AND call_sid = $2 AND recording_deleted_at IS NOT NULL"},
    [IS_ORPHAN] = {"retention_is_orphan",
        "SELECT NOT EXISTS (SELECT FROM call_log c WHERE c.business_id = $1::bigint"
        "   AND c.call_sid = $2 AND (c.recording_deleted_at IS NULL OR " IS_ACTIVE "))"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *retention_statements(void)
{
    return SQL;
}

static enum result each(const struct app *app, enum statement_name name,
                        struct retention_place *place, int64_t most, retention_visitor *visit,
                        void *context, int64_t *count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, app->config->retention_days);
    pg_int(&params, place->called_us);
    pg_text(&params, place->call_sid);
    pg_int(&params, most);
    enum result result = pg_query(app->pg, SQL[name].sql, &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    *count = pg_rows_count(rows);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct retention_due due = {
            .business_id = pg_rows_int(rows, i, 0, 0),
            .call_sid = pg_rows_text(rows, i, 1),
            .called_at = pg_rows_text(rows, i, 2),
            .expired_at = pg_rows_text(rows, i, 3),
            .recording_url = pg_rows_text(rows, i, 4),
        };
        place->called_us = pg_rows_int(rows, i, 5, 0);
        (void)snprintf(place->call_sid, sizeof place->call_sid, "%s", due.call_sid);
        visit(context, &due);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result retention_each_due(const struct app *app, struct retention_place *place, int64_t most,
                               retention_visitor *visit, void *context, int64_t *count)
{
    return each(app, EACH_DUE, place, most, visit, context, count);
}

enum result retention_each_left(const struct app *app, struct retention_place *place, int64_t most,
                                retention_visitor *visit, void *context, int64_t *count)
{
    return each(app, EACH_LEFT, place, most, visit, context, count);
}

enum result retention_mark(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, app->config->retention_days);
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    enum result result = pg_query(app->pg, SQL[MARK].sql, &params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_affected(rows) > 0 ? RESULT_OK : RESULT_LOST;
        pg_rows_free(rows);
    }
    return result;
}

enum result retention_may_leave(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, app->config->retention_days);
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    enum result result = pg_query(app->pg, SQL[MAY_LEAVE].sql, &params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_bool(rows, 0, 0) ? RESULT_OK : RESULT_LOST;
        pg_rows_free(rows);
    }
    return result;
}

enum result retention_mark_left(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    return pg_query(app->pg, SQL[MARK_LEFT].sql, &params, NULL);
}

enum result retention_is_orphan(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    enum result result = pg_query(app->pg, SQL[IS_ORPHAN].sql, &params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_bool(rows, 0, 0) ? RESULT_OK : RESULT_EXISTS;
        pg_rows_free(rows);
    }
    return result;
}
