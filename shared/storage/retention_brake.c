/* The brake of retention.h: is a night's work too large to be right? */
#include "base/magic.h"
#include "retention.h"
#include "retention_sql.h"

enum {
    PAGE = 1000,
    PAGES_MAX = 100000,
    DUE_FLOOR = 100, /* so many are never too many: a small installation is not held up */
};

enum statement_name { LATELY, STAYING, NOTE };

/* clang-format off */
static const struct pg_statement SQL[] = {
    /* Of nights to come nothing is believed: a clock was wrong then. */
    [LATELY] = {"retention_lately",
        "SELECT coalesce(sum(due), 0)::bigint FROM tapedeck_retain_nights"
        " WHERE began_at > now() - interval '14 days' AND began_at <= now()"},
    /* Only what expires at all, and no more of it than is asked for. */
    [STAYING] = {"retention_staying",
        "WITH RECURSIVE b AS (" NEXT_BUSINESS(">= (-9223372036854775808)")
        "   UNION ALL SELECT n.* FROM b CROSS JOIN LATERAL " NEXT_BUSINESS("> b.id") " n)"
        " SELECT count(*) FROM ("
        "   (SELECT 1 FROM b CROSS JOIN LATERAL"
        "     (SELECT make_interval(days => coalesce((SELECT r.days FROM business_retention r"
        "       WHERE r.business_id = b.id), $2::integer)) AS keep) k"
        "   CROSS JOIN LATERAL (SELECT FROM call_log c WHERE c.business_id = b.id"
        "     AND " IS_KEPT_BY_AGE " AND k.keep > interval '0'"
        "     AND c.created_at > now() - k.keep LIMIT $1) c LIMIT $1)"
        "   UNION ALL (SELECT 1 FROM call_log c WHERE " IS_KEPT " AND NOT c.legal_hold"
        "     AND c.recording_expires_at > now() LIMIT $1)"
        "   UNION ALL (SELECT 1 FROM tapedeck_recordings n WHERE " OTHER_IS_NAMED
        "     AND n.deleted_at IS NULL AND " OTHER_EXPIRY("$2") " > now() LIMIT $1)"
        "   LIMIT $1) staying"},
    [NOTE] = {"retention_note_night",
        "WITH old AS (DELETE FROM tapedeck_retain_nights WHERE began_at < now() - interval '90 days')"
        " INSERT INTO tapedeck_retain_nights (due) VALUES ($1::bigint)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *retention_brake_statements(void)
{
    return SQL;
}

bool retention_is_too_many(const struct config *config, int64_t floor, int64_t count, int64_t of)
{
    return count > floor && count * 100 > of * config->retention_max_share;
}

struct counting {
    struct magic magic;
    int64_t count;
};

static void count_one(void *context, const struct retention_due *due)
{
    struct counting *counting = CHECKED(counting, context);
    (void)due;
    counting->count++;
}

static enum result count_due(const struct app *app, int64_t *count)
{
    struct counting counting = {.magic = MAGIC(counting)};
    struct retention_cursor cursor = {0};
    enum result result = RESULT_OK;
    for (int page = 0; page < PAGES_MAX && !cursor.ended && result == RESULT_OK; page++) {
        result = retention_each_due(app, &cursor, PAGE, count_one, &counting);
    }
    *count = counting.count;
    return result;
}

/* However much is kept, no more of it is counted than what is due has to be measured against. */
static enum result count_staying(const struct app *app, int64_t due, int64_t *count)
{
    struct pg_params params = {0};
    pg_int(&params, due * 100 / app->config->retention_max_share + 1);
    pg_int(&params, app->config->retention_days);
    return pg_query_int(app->pg, &SQL[STAYING], &params, 0, count);
}

enum result retention_weigh(const struct app *app, struct retention_night *out)
{
    int64_t lately = 0, staying = 0;
    *out = (struct retention_night){0};
    enum result result = count_due(app, &out->due);
    if (result != RESULT_OK || out->due <= DUE_FLOOR) {
        return result;
    }
    result = pg_query_int(app->pg, &SQL[LATELY], NULL, 0, &lately);
    if (result == RESULT_OK) {
        result = count_staying(app, out->due, &staying);
    }
    out->of = out->due + lately + staying;
    out->too_many = retention_is_too_many(app->config, DUE_FLOOR, out->due, out->of);
    return result;
}

enum result retention_note_night(const struct app *app, int64_t due)
{
    struct pg_params params = {0};
    pg_int(&params, due);
    return due > 0 ? pg_query(app->pg, &SQL[NOTE], &params, NULL) : RESULT_OK;
}
