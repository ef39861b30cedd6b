#include "share_link.h"

#include <stdio.h>

#include "mark_sql.h"

enum statement_name { ADD, REVOKE, EACH, OPEN, LISTEN };

/* clang-format off */
#define IS_OPEN(s) s ".revoked_at IS NULL AND " s ".expires_at > now()"

#define COLUMNS(s) \
    s ".id, " s ".business_id, " s ".name, " s ".from_ms, " s ".to_ms, " s ".listenings, " \
    s ".listened, " s ".label, " s ".author, " PG_ISO(s ".created_at") ", " PG_ISO(s ".expires_at") \
    ", " PG_ISO(s ".revoked_at")

static const struct pg_statement SQL[] = {
    [ADD] = {"share_link_add",
        "WITH" MARKED_CALL ","
        " done AS (INSERT INTO tapedeck_shares (id, business_id, call_sid, name, from_ms, to_ms, label,"
        "     author, expires_at, listenings)"
        "   SELECT $7, $1::bigint, call_sid, $8, $9::bigint, $10::bigint, $11, $4,"
        "     now() + $12::bigint * interval '1 second', $13::integer FROM call"
        "   WHERE (SELECT count(*) FROM tapedeck_shares s WHERE s.business_id = $1::bigint"
        "     AND s.call_sid = $2) < $14 RETURNING id, expires_at),"
        MARK_NOTED("'share'", "id")
        " SELECT (SELECT " PG_ISO("expires_at") " FROM done) FROM call WHERE $3::text IS NOT NULL"},
    [REVOKE] = {"share_link_revoke",
        "WITH done AS (UPDATE tapedeck_shares SET revoked_at = now() WHERE id = $7"
        "   AND business_id = $1::bigint AND call_sid = $2 AND revoked_at IS NULL RETURNING id),"
        MARK_NOTED("'revoke'", "id")
        " SELECT true FROM tapedeck_shares WHERE id = $7 AND business_id = $1::bigint"
        "   AND call_sid = $2 AND $3::text IS NOT NULL"},
    [EACH] = {"share_link_each",
        "SELECT " COLUMNS("s") ", NULL FROM tapedeck_shares s"
        " WHERE s.business_id = $1::bigint AND s.call_sid = $2 ORDER BY s.created_at DESC, s.id LIMIT $3"},
    [OPEN] = {"share_link_open", .prepared = true, .sql =
        "SELECT " COLUMNS("s") ", " PG_ISO("c.created_at") " FROM tapedeck_shares s"
        " JOIN call_log c ON c.business_id = s.business_id AND c.call_sid = s.call_sid"
        " WHERE s.id = $1 AND " IS_OPEN("s") " AND (s.listenings IS NULL OR s.listened < s.listenings"
        "   OR EXISTS (SELECT FROM tapedeck_share_listenings l WHERE l.share = s.id"
        "     AND l.listening = $2)) LIMIT 1"},
    [LISTEN] = {"share_link_listen", "SELECT tapedeck_share_listen($1, $2)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *share_link_statements(void)
{
    return SQL;
}

/* ---- the business's side ---- */

enum result share_link_add(const struct app *app, const struct mark_by *by, int64_t expires_s,
                           struct share_link *share)
{
    char audit[CRYPTO_TOKEN_SIZE];
    struct pg_params params = {0};
    enum result result = mark_params(by, audit, &params);
    if (result != RESULT_OK || !crypto_token(share->id)) {
        return RESULT_FAILED;
    }
    pg_text(&params, share->id);
    pg_text(&params, share->name);
    pg_int_or_null(&params, share->from_ms, -1);
    pg_int_or_null(&params, share->to_ms, -1);
    pg_text(&params, share->label);
    pg_int(&params, expires_s);
    pg_int_or_null(&params, share->listenings, -1);
    pg_int(&params, SHARES_MAX);
    return mark_change(app, &SQL[ADD], &params, NULL);
}

enum result share_link_revoke(const struct app *app, const struct mark_by *by, const char *id)
{
    char audit[CRYPTO_TOKEN_SIZE];
    struct pg_params params = {0};
    enum result result = mark_params(by, audit, &params);
    pg_text(&params, id);
    return result == RESULT_OK ? mark_change(app, &SQL[REVOKE], &params, NULL) : result;
}

static void visit_rows(const struct pg_rows *rows, share_link_visitor *visit, void *context)
{
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct share_link share = {
            .business_id = pg_rows_int(rows, i, 1, 0),
            .from_ms = pg_rows_int(rows, i, 3, -1),
            .to_ms = pg_rows_int(rows, i, 4, -1),
            .listenings = pg_rows_int(rows, i, 5, -1),
            .listened = pg_rows_int(rows, i, 6, 0),
            .label = pg_rows_text(rows, i, 7),
            .author = pg_rows_text(rows, i, 8),
            .created_at = pg_rows_text(rows, i, 9),
            .expires_at = pg_rows_text(rows, i, 10),
            .revoked_at = pg_rows_text(rows, i, 11),
            .called_at = pg_rows_text(rows, i, 12),
        };
        (void)snprintf(share.id, sizeof share.id, "%s", pg_rows_text(rows, i, 0));
        (void)snprintf(share.name, sizeof share.name, "%s", pg_rows_text(rows, i, 2));
        visit(context, &share);
    }
}

enum result share_link_each(const struct app *app, int64_t business_id, const char *call_sid,
                            share_link_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_int(&params, SHARES_MAX);
    enum result result = pg_query(app->pg, &SQL[EACH], &params, &rows);
    if (result == RESULT_OK) {
        visit_rows(rows, visit, context);
        pg_rows_free(rows);
    }
    return result;
}

/* ---- the listener's side ---- */

enum result share_link_open(const struct app *app, const struct share_token *token,
                            share_link_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, token->share);
    pg_text(&params, token->listening);
    enum result result = pg_query(app->pg, &SQL[OPEN], &params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_count(rows) > 0 ? RESULT_OK : RESULT_LOST;
        visit_rows(rows, visit, context);
        pg_rows_free(rows);
    }
    return result;
}

enum result share_link_listen(const struct app *app, const struct share_token *token)
{
    struct pg_params params = {0};
    pg_text(&params, token->share);
    pg_text(&params, token->listening);
    return pg_holds(app->pg, &SQL[LISTEN], &params, RESULT_LOST);
}
