/* Reading marks: a part of mark.h. */
#include "mark.h"
#include "mark_sql.h"

enum statement_name { ROWS, TAGS, LISTENERS };

/* clang-format off */
static const struct pg_statement SQL[] = {
    /* Of one person's star and one for all, the person's is told. */
    [ROWS] = {"mark_rows", .prepared = true, .sql =
        "SELECT (SELECT CASE WHEN max(s.subject) = '' THEN 'all'"
        "     WHEN max(s.subject) IS NOT NULL THEN 'me' END FROM tapedeck_stars s"
        "   WHERE s.business_id = $1::bigint AND s.call_sid = $2 AND s.subject IN ('', $3)),"
        "   EXISTS (SELECT FROM tapedeck_heard h WHERE h.business_id = $1::bigint"
        "     AND h.call_sid = $2 AND h.subject = $3),"
        "   t.tag, t.subject = ''"
        " FROM (SELECT 1) one LEFT JOIN tapedeck_tags t ON t.business_id = $1::bigint"
        "   AND t.call_sid = $2 AND t.subject IN ('', $3) ORDER BY t.tag, t.subject"},
    /* From one tag to the next by the index; of each so many calls are counted, however many have
     * it. Others' own tags come by, too, and count nothing. */
    [TAGS] = {"mark_tags",
        "WITH RECURSIVE each (tag, n) AS ("
        "   (SELECT tag, 1 FROM tapedeck_tags WHERE business_id = $1::bigint ORDER BY tag LIMIT 1)"
        "   UNION ALL SELECT (SELECT t.tag FROM tapedeck_tags t WHERE t.business_id = $1::bigint"
        "     AND t.tag > each.tag ORDER BY t.tag LIMIT 1), n + 1 FROM each"
        "     WHERE each.tag IS NOT NULL AND n < 1000)"
        " SELECT tag, calls FROM (SELECT tag, (SELECT count(DISTINCT call_sid) FROM ("
        "     (SELECT call_sid FROM tapedeck_tags a WHERE a.business_id = $1::bigint"
        "       AND a.tag = each.tag AND a.subject = '' LIMIT $3)"
        "     UNION ALL (SELECT call_sid FROM tapedeck_tags m WHERE m.business_id = $1::bigint"
        "       AND m.tag = each.tag AND m.subject = $2 AND $2 <> '' LIMIT $3)) both_kinds) AS calls"
        "   FROM each WHERE tag IS NOT NULL) counted"
        " WHERE calls > 0 ORDER BY calls DESC, tag LIMIT $4"},
    /* How long only those stretches say which the responders themselves sent. */
    [LISTENERS] = {"mark_listeners",
        "SELECT h.subject, " PG_ISO("h.last_at") ","
        "   (SELECT nullif(sum(extract(epoch FROM a.until - a.at))::bigint, 0) FROM playback_audit a"
        "     WHERE a.call_sid = ANY (ARRAY(SELECT tapedeck_names_of($1::bigint, $2)))"
        "       AND a.business_id = $1::bigint AND a.subject = h.subject"
        "       AND a.action IN ('file', 'media'))"
        " FROM tapedeck_heard h WHERE h.business_id = $1::bigint AND h.call_sid = $2"
        " ORDER BY h.last_at DESC, h.subject LIMIT $3"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *mark_read_statements(void)
{
    return SQL;
}

enum result mark_each(const struct app *app, int64_t business_id, const char *call_sid,
                      const char *subject, mark_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_text(&params, subject);
    enum result result = pg_query(app->pg, &SQL[ROWS], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const struct mark_row row = {
            .starred = pg_rows_text(rows, i, 0),
            .heard = pg_rows_bool(rows, i, 1),
            .tag = pg_rows_text(rows, i, 2),
            .tag_for_all = pg_rows_bool(rows, i, 3),
        };
        visit(context, &row);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result mark_each_tag(const struct app *app, int64_t business_id, const char *subject,
                          mark_tag_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, subject);
    pg_int(&params, MARK_COUNTED);
    pg_int(&params, MARK_TAGS_SHOWN);
    enum result result = pg_query(app->pg, &SQL[TAGS], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        visit(context, pg_rows_text(rows, i, 0), pg_rows_int(rows, i, 1, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result mark_each_listener(const struct app *app, int64_t business_id, const char *call_sid,
                               mark_listener_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_int(&params, MARK_LISTENERS_MAX);
    enum result result = pg_query(app->pg, &SQL[LISTENERS], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const struct mark_listener listener = {
            .subject = pg_rows_text(rows, i, 0),
            .at = pg_rows_text(rows, i, 1),
            .seconds = pg_rows_int(rows, i, 2, -1),
        };
        visit(context, &listener);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
