#include "authority.h"

#include <stddef.h>

#include "base/log.h"

enum statement_name { ACCOUNTS };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [ACCOUNTS] = {"authority_accounts",
        "WITH known AS (SELECT business_id, coalesce(nullif(account_sid, ''),"
        "     substring(recording_url FROM '/Accounts/(AC[0-9a-fA-F]{32})')) AS account"
        "   FROM call_log WHERE call_sid = $1)"
        " SELECT account FROM known WHERE account IS NOT NULL"
        " UNION SELECT account_sid FROM business_twilio_accounts"
        "   WHERE NOT EXISTS (SELECT FROM known WHERE account IS NOT NULL)"
        "     AND business_id = coalesce((SELECT min(business_id) FROM known), $2::bigint)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *authority_statements(void)
{
    return SQL;
}

static bool agrees_with_one(const struct app *app, const char *account_sid,
                            const struct pg_rows *rows)
{
    for (int i = 0; i < pg_rows_count(rows); i++) {
        if (credentials_agree(app->credentials, account_sid, pg_rows_text(rows, i, 0))) {
            return true;
        }
    }
    return pg_rows_count(rows) == 0;
}

enum result authority_check(const struct app *app, const char *account_sid, const char *call_sid,
                            int64_t business_id)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    if (!credentials_are_several(app->credentials)) {
        return RESULT_OK;
    }
    pg_text(&params, call_sid);
    pg_int(&params, business_id);
    enum result result = pg_query(app->pg, &SQL[ACCOUNTS], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (!agrees_with_one(app, account_sid, rows)) {
        log_event("CALLBACK_FOREIGN", "sid=%s account=%s", call_sid, account_sid);
        result = RESULT_DENIED;
    }
    pg_rows_free(rows);
    return result;
}
