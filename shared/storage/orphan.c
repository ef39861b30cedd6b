#include "orphan.h"

#include <stdio.h>

enum statement_name { TOUR, EACH };

/* clang-format off */

/* Not EXISTS: the planner may read all calls at once for that. */
#define IS_ORPHAN(alias) \
    "NOT coalesce((SELECT true FROM call_log c WHERE c.business_id = " alias ".business_id" \
    "   AND c.call_sid = " alias ".call_sid" \
    "   AND (c.recording_deleted_at IS NULL OR c.legal_hold) LIMIT 1), false)" \
    " AND NOT coalesce((SELECT true FROM tapedeck_recordings n" \
    "   WHERE n.business_id = " alias ".business_id AND n.recording_sid = " alias ".call_sid" \
    "   AND (n.deleted_at IS NULL OR EXISTS (SELECT FROM call_log h WHERE h.legal_hold" \
    "     AND h.business_id = n.business_id AND h.call_sid IN" \
    "       (SELECT tapedeck_calls_of(n.business_id, n.recording_sid)))) LIMIT 1), false)"

static const struct pg_statement SQL[] = {
    /* Marked and passed by in one statement: nothing is passed by unmarked. The id tells the planner
     * that there is one place, and so one page. */
    [TOUR] = {"orphan_tour",
        "WITH page AS (SELECT o.* FROM retain_tour t CROSS JOIN LATERAL"
        "     (SELECT x.business_id, x.call_sid FROM recording_objects x"
        "       WHERE (x.business_id, x.call_sid) > (t.business_id, t.call_sid)"
        "       ORDER BY x.business_id, x.call_sid LIMIT $1) o WHERE t.id = 1),"
        "   last AS (SELECT * FROM page ORDER BY business_id, call_sid OFFSET $1 - 1 LIMIT 1),"
        "   marked AS (UPDATE recording_objects o SET call_gone_at = clock_timestamp()"
        "     FROM (SELECT * FROM page p WHERE " IS_ORPHAN("p") ") s"
        "     WHERE o.business_id = s.business_id AND o.call_sid = s.call_sid"
        "       AND o.call_gone_at IS NULL)"
        " UPDATE retain_tour SET business_id = coalesce((SELECT business_id FROM last), 0),"
        "   call_sid = coalesce((SELECT call_sid FROM last), '')"
        " WHERE id = 1 RETURNING (SELECT count(*) FROM page)"},
    /* A mark that was made anew in this moment stays: it tells of what we cannot see yet. */
    [EACH] = {"orphan_each",
        "WITH page AS (SELECT o.*, " IS_ORPHAN("o") " AS orphan"
        "   FROM (SELECT x.business_id, x.call_sid, x.bytes, x.call_gone_at"
        "     FROM recording_objects x WHERE x.call_gone_at IS NOT NULL"
        "       AND (x.business_id, x.call_sid) > ($1::bigint, $2::text)"
        "     ORDER BY x.business_id, x.call_sid LIMIT $3) o),"
        "   kept AS (UPDATE recording_objects o SET call_gone_at = NULL"
        "     FROM (SELECT * FROM page WHERE NOT orphan) p"
        "     WHERE o.business_id = p.business_id AND o.call_sid = p.call_sid"
        "       AND o.call_gone_at = p.call_gone_at)"
        " SELECT business_id, call_sid, bytes, orphan FROM page ORDER BY business_id, call_sid"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *orphan_statements(void)
{
    return SQL;
}

enum result orphan_tour(const struct app *app, int64_t limit, int64_t *count)
{
    struct pg_params params = {0};
    pg_int(&params, limit);
    return pg_query_int(app->pg, &SQL[TOUR], &params, 0, count);
}

enum result orphan_each(const struct app *app, struct object_cursor *cursor, int64_t limit,
                        orphan_visitor *visit, void *context, int64_t *count)
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
        struct orphan orphan = {.business_id = pg_rows_int(rows, i, 0, 0),
                                .call_sid = pg_rows_text(rows, i, 1),
                                .bytes = pg_rows_int(rows, i, 2, 0)};
        cursor->business_id = orphan.business_id;
        (void)snprintf(cursor->call_sid, sizeof cursor->call_sid, "%s", orphan.call_sid);
        if (pg_rows_bool(rows, i, 3)) {
            visit(context, &orphan);
        }
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
