#include "conference.h"

#include <stddef.h>

enum statement_name { BUSINESS, JOIN, EACH_DUE, ASKED, POSTPONE, FORGET };

/* clang-format off */

#define HAS_CALL \
    "EXISTS (SELECT FROM tapedeck_conference_calls k JOIN call_log c USING (call_sid)" \
    "   WHERE k.conference_sid = u.conference_sid)"

static const struct pg_statement SQL[] = {
    [BUSINESS] = {"conference_business",
        "WITH known AS (SELECT DISTINCT c.business_id FROM tapedeck_conference_calls k"
        "     JOIN call_log c USING (call_sid)"
        "   WHERE k.conference_sid = $1 AND c.business_id IS NOT NULL),"
        " noted AS (INSERT INTO tapedeck_unknown_conferences (conference_sid, account_sid)"
        "   SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM known) ON CONFLICT DO NOTHING)"
        " SELECT min(business_id) FROM known HAVING count(*) = 1"
        " UNION ALL SELECT min(business_id) FROM business_twilio_accounts"
        "   WHERE account_sid = $2 AND NOT EXISTS (SELECT FROM known) HAVING count(*) = 1"},
    [JOIN] = {"conference_join",
        "INSERT INTO tapedeck_conference_calls (conference_sid, call_sid) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING"},
    [EACH_DUE] = {"conference_each_due",
        "SELECT conference_sid, account_sid FROM (SELECT * FROM tapedeck_unknown_conferences u"
        "   WHERE ask_at <= now() AND NOT " HAS_CALL " ORDER BY ask_at LIMIT $1) due"
        " ORDER BY account_sid, ask_at, conference_sid"},
    [ASKED] = {"conference_asked",
        "UPDATE tapedeck_unknown_conferences SET asks = asks + 1,"
        "   ask_at = CASE WHEN $2 THEN NULL"
        "     ELSE now() + interval '15 minutes' * power(2, least(asks, 12)) END"
        " WHERE conference_sid = $1"},
    [POSTPONE] = {"conference_postpone",
        "UPDATE tapedeck_unknown_conferences SET ask_at = now() + interval '1 hour'"
        " WHERE account_sid = $1 AND ask_at <= now()"},
    [FORGET] = {"conference_forget",
        "DELETE FROM tapedeck_unknown_conferences u"
        " WHERE noted_at < now() - interval '30 days' OR " HAS_CALL},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *conference_statements(void)
{
    return SQL;
}

enum result conference_business(const struct app *app, const char *conference_sid,
                                const char *account_sid, int64_t *business_id)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, conference_sid);
    pg_text(&params, account_sid);
    enum result result = pg_query(app->pg, &SQL[BUSINESS], &params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_count(rows) > 0 ? RESULT_OK : RESULT_NOT_FOUND;
        *business_id = result == RESULT_OK ? pg_rows_int(rows, 0, 0, 0) : 0;
        pg_rows_free(rows);
    }
    return result;
}

enum result conference_join(const struct app *app, const char *conference_sid, const char *call_sid)
{
    struct pg_params params = {0};
    pg_text(&params, conference_sid);
    pg_text(&params, call_sid);
    return pg_change(app->pg, &SQL[JOIN], &params, RESULT_EXISTS);
}

enum result conference_each_due(const struct app *app, int64_t limit, conference_visitor *visit,
                                void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, limit);
    enum result result = pg_query(app->pg, &SQL[EACH_DUE], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        visit(context, pg_rows_text(rows, i, 0), pg_rows_text(rows, i, 1));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result conference_asked(const struct app *app, const char *conference_sid, bool all)
{
    struct pg_params params = {0};
    pg_text(&params, conference_sid);
    pg_flag(&params, all);
    return pg_query(app->pg, &SQL[ASKED], &params, NULL);
}

enum result conference_postpone(const struct app *app, const char *account_sid)
{
    struct pg_params params = {0};
    pg_text(&params, account_sid);
    return pg_query(app->pg, &SQL[POSTPONE], &params, NULL);
}

enum result conference_forget(const struct app *app)
{
    return pg_query(app->pg, &SQL[FORGET], NULL, NULL);
}
