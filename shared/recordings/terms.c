#include "terms.h"

#include <stdio.h>
#include <string.h>

enum { AFTER_SIZE = 128 };

static const int64_t DAY_MS = 86400 * 1000LL;

enum statement_name {
    IS_USUAL,
    BEGIN,
    STOP,
    AUDIT,
    CALLBACKS,
    CONFERENCES,
    RUNS,
    STEPS,
    ACCOUNTS,
    HEARD,
    SHARES
};

/* clang-format off */

/* Each takes: how long ($1, ms), the last row that was seen ($2), how many ($3), whether it only
 * counts ($4). Each gives: how many are old enough to be looked at, how many of these go, and the last
 * one of them. A row may be in use again by the time it is deleted: then it stays. */
#define IS_OLD(time) time " < now() - " PG_MS("$1")
#define AFTER_ID "coalesce(nullif($2, '')::bigint, 0)"
#define AFTER_TIME "coalesce(nullif(split_part($2, '|', 1), '')::timestamptz, '-infinity')"
#define AFTER_NAME "split_part($2, '|', 2)"
#define SEEN_BY_ID \
    " SELECT count(*) FILTER (WHERE old), count(*) FILTER (WHERE free), max(id)::text FROM page"
#define SEEN_BY_TIME \
    " SELECT count(*), count(*) FILTER (WHERE free)," \
    "   (array_agg(time::text || '|' || name ORDER BY time DESC, name DESC))[1] FROM page"

/* The recording of this name is kept, or one of the call of this name. */
#define IS_KEPT(t) \
    "(EXISTS (SELECT FROM call_log c WHERE c.business_id = " t ".business_id" \
    "   AND c.call_sid = " t ".call_sid AND c.recording_url <> ''" \
    "   AND c.recording_deleted_at IS NULL)" \
    " OR EXISTS (SELECT FROM tapedeck_names_of(" t ".business_id, " t ".call_sid) k (name)" \
    "   JOIN tapedeck_recordings n ON n.recording_sid = k.name AND n.business_id = " t ".business_id" \
    "   WHERE n.recording_url <> '' AND n.deleted_at IS NULL))"

#define HEARD_NAME "md5(concat_ws(' ', t.business_id, t.call_sid, t.subject))"

/* A later one says more: whether anything is tried again looks at the last 40 that failed. */
#define IS_SUPERSEDED \
    "(EXISTS (SELECT FROM recording_runs n WHERE n.business_id = t.business_id" \
    "   AND n.call_sid = t.call_sid AND n.id > t.id" \
    "   AND (t.status = 'cancelled' OR n.status = 'completed'))" \
    " OR t.status = 'failed' AND EXISTS (SELECT FROM recording_runs n" \
    "   WHERE n.business_id = t.business_id AND n.call_sid = t.call_sid AND n.id > t.id OFFSET 50))"

static const struct pg_statement SQL[] = {
    [IS_USUAL] = {"terms_is_usual",
        "SELECT coalesce(bool_and(ran_at BETWEEN now() - interval '7 days' AND now()), true)"
        " FROM tapedeck_terms"},
    [BEGIN] = {"terms_begin",
        "SELECT coalesce((SELECT after FROM tapedeck_terms WHERE name = $1), '')"},
    [STOP] = {"terms_stop",
        "INSERT INTO tapedeck_terms (name, after) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET after = excluded.after, ran_at = now()"},
    [AUDIT] = {"terms_audit",
        "WITH page AS MATERIALIZED (SELECT t.at AS time, t.id AS name,"
        "     " IS_OLD("coalesce(t.until, t.at)") " AS free FROM playback_audit t"
        "   WHERE " IS_OLD("t.at") " AND (t.at, t.id) > (" AFTER_TIME ", " AFTER_NAME ")"
        "   ORDER BY t.at, t.id LIMIT $3),"
        " gone AS (DELETE FROM playback_audit t USING page p WHERE NOT $4::boolean AND p.free"
        "   AND t.id = p.name)" SEEN_BY_TIME},
    /* A conference's callback is needed again when its calls turn out to be somebody else's; that of
     * a first recording without a row of its own (older releases) says which call has that name. */
    [CALLBACKS] = {"terms_callbacks",
        "WITH page AS MATERIALIZED (SELECT t.received_at AS time, t.recording_sid AS name, t.status,"
        "     t.matched_at IS NULL OR " IS_OLD("t.matched_at")
        "     AND NOT EXISTS (SELECT FROM tapedeck_recordings n"
        "       WHERE n.recording_sid = t.recording_sid AND n.call_sid IS NULL"
        "         AND n.deleted_at IS NULL)"
        "     AND (EXISTS (SELECT FROM tapedeck_recordings n"
        "         WHERE n.recording_sid = t.recording_sid)"
        "       OR NOT EXISTS (SELECT FROM call_log c WHERE c.call_sid = t.call_sid"
        "         AND c.recording_url <> '' AND c.recording_deleted_at IS NULL)) AS free"
        "   FROM recording_inbox t WHERE " IS_OLD("t.received_at")
        "     AND (t.received_at, t.recording_sid) > (" AFTER_TIME ", " AFTER_NAME ")"
        "   ORDER BY t.received_at, t.recording_sid LIMIT $3),"
        " gone AS (DELETE FROM recording_inbox t USING page p WHERE NOT $4::boolean AND p.free"
        "   AND t.recording_sid = p.name AND t.status = p.status"
        "   AND coalesce(" IS_OLD("t.matched_at") ", true))" SEEN_BY_TIME},
    /* All of a conference's, or none: what is left of them must not say that it is one business's. */
    [CONFERENCES] = {"terms_conferences",
        "WITH page AS MATERIALIZED (SELECT t.joined_at AS time, t.conference_sid AS name,"
        "     NOT EXISTS (SELECT FROM tapedeck_conference_calls k"
        "       WHERE k.conference_sid = t.conference_sid AND NOT " IS_OLD("k.joined_at") ")"
        "     AND NOT EXISTS (SELECT FROM tapedeck_recordings n"
        "       WHERE n.conference_sid = t.conference_sid)"
        "     AND NOT EXISTS (SELECT FROM recording_inbox i WHERE i.matched_at IS NULL"
        "       AND i.conference_sid = t.conference_sid) AS free"
        "   FROM tapedeck_conference_calls t WHERE " IS_OLD("t.joined_at")
        "     AND (t.joined_at, t.conference_sid) > (" AFTER_TIME ", " AFTER_NAME ")"
        "   ORDER BY t.joined_at, t.conference_sid LIMIT $3),"
        " gone AS (DELETE FROM tapedeck_conference_calls t USING page p WHERE NOT $4::boolean"
        "   AND p.free AND t.conference_sid = p.name)" SEEN_BY_TIME},
    [RUNS] = {"terms_runs",
        "WITH page AS MATERIALIZED (SELECT t.id, " IS_OLD("t.created_at") " AS old,"
        "     t.status IN ('completed', 'failed', 'cancelled') AND " IS_OLD("t.completed_at")
        "     AND (NOT " IS_KEPT("t") " OR " IS_SUPERSEDED ") AS free"
        "   FROM recording_runs t WHERE t.id > " AFTER_ID " ORDER BY t.id LIMIT $3),"
        " gone AS (DELETE FROM recording_runs t USING page p WHERE NOT $4::boolean AND p.free"
        "   AND t.id = p.id AND t.status IN ('completed', 'failed', 'cancelled'))" SEEN_BY_ID},
    [STEPS] = {"terms_steps",
        "WITH page AS MATERIALIZED (SELECT t.id, " IS_OLD("t.created_at") " AS old,"
        "     t.status IN ('done', 'skipped', 'failed') AND " IS_OLD("t.completed_at")
        "     AND NOT " IS_KEPT("t") " AS free"
        "   FROM call_steps t WHERE t.id > " AFTER_ID " ORDER BY t.id LIMIT $3),"
        " gone AS (DELETE FROM call_steps t USING page p WHERE NOT $4::boolean AND p.free"
        "   AND t.id = p.id AND t.status IN ('done', 'skipped', 'failed'))" SEEN_BY_ID},
    /* Hosts, too. What begins anew has no pause, and what has none says nothing. */
    [ACCOUNTS] = {"terms_accounts",
        "WITH page AS MATERIALIZED (SELECT t.account_sid AS name, now() AS time, true AS free"
        "   FROM provider_accounts t WHERE t.account_sid > " AFTER_NAME
        "     AND " IS_OLD("greatest(t.worked_at, t.paused_until, t.probe_until)")
        "   ORDER BY t.account_sid LIMIT $3),"
        " gone AS (DELETE FROM provider_accounts t USING page p WHERE NOT $4::boolean"
        "   AND t.account_sid = p.name)" SEEN_BY_TIME},
    /* As long as the audit says it. */
    [HEARD] = {"terms_heard",
        "WITH page AS MATERIALIZED (SELECT t.first_at AS time, " HEARD_NAME " AS name, t.business_id,"
        "     t.call_sid, t.subject, " IS_OLD("t.last_at") " AS free FROM tapedeck_heard t"
        "   WHERE " IS_OLD("t.first_at") " AND t.first_at >= " AFTER_TIME
        "     AND (t.first_at, " HEARD_NAME ") > (" AFTER_TIME ", " AFTER_NAME ")"
        "   ORDER BY t.first_at, name LIMIT $3),"
        " gone AS (DELETE FROM tapedeck_heard t USING page p WHERE NOT $4::boolean AND p.free"
        "   AND t.business_id = p.business_id AND t.call_sid = p.call_sid AND t.subject = p.subject"
        "   AND " IS_OLD("t.last_at") ")" SEEN_BY_TIME},
    [SHARES] = {"terms_shares",
        "WITH page AS MATERIALIZED (SELECT t.expires_at AS time, t.id AS name, true AS free"
        "   FROM tapedeck_shares t WHERE " IS_OLD("t.expires_at")
        "     AND (t.expires_at, t.id) > (" AFTER_TIME ", " AFTER_NAME ")"
        "   ORDER BY t.expires_at, t.id LIMIT $3),"
        " gone AS (DELETE FROM tapedeck_shares t USING page p WHERE NOT $4::boolean"
        "   AND t.id = p.name)" SEEN_BY_TIME},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *terms_statements(void)
{
    return SQL;
}

/* ---- how long ---- */

static int64_t keep_ms(const struct config *config, enum statement_name name)
{
    int64_t heard_again = config->reconcile_window + DAY_MS;
    switch (name) {
    case AUDIT:
    case HEARD:
    case SHARES: return config->audit_keep;
    case CALLBACKS:
    case CONFERENCES:
        return config->callbacks_keep > heard_again ? config->callbacks_keep : heard_again;
    case RUNS: return config->runs_keep;
    case STEPS: return config->steps_keep;
    default: return config->accounts_keep;
    }
}

/* ---- one table ---- */

static enum result begin(const struct app *app, const char *table, char after[AFTER_SIZE])
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, table);
    enum result result = pg_query(app->pg, &SQL[BEGIN], &params, &rows);
    if (result == RESULT_OK) {
        (void)snprintf(after, AFTER_SIZE, "%s", pg_rows_text(rows, 0, 0));
        pg_rows_free(rows);
    }
    return result;
}

static enum result stop(const struct app *app, const char *table, const char *after)
{
    struct pg_params params = {0};
    pg_text(&params, table);
    pg_text(&params, after);
    return pg_query(app->pg, &SQL[STOP], &params, NULL);
}

/* Goes on to the next place: none, when fewer than a page were old enough. */
static enum result one_page(const struct app *app, enum statement_name name, bool dry_run,
                            char after[AFTER_SIZE], struct terms_count *count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, count->keep_ms);
    pg_text(&params, after);
    pg_int(&params, TERMS_PAGE);
    pg_flag(&params, dry_run);
    enum result result = pg_query(app->pg, &SQL[name], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    const char *last = pg_rows_text(rows, 0, 2);
    bool ended = pg_rows_int(rows, 0, 0, 0) < TERMS_PAGE || last == NULL;
    count->gone += pg_rows_int(rows, 0, 1, 0);
    (void)snprintf(after, AFTER_SIZE, "%s", ended ? "" : last);
    pg_rows_free(rows);
    return RESULT_OK;
}

static enum result one_table(const struct app *app, enum statement_name name, bool dry_run,
                             struct terms_count *count)
{
    char after[AFTER_SIZE];
    enum result result = begin(app, count->table, after);
    for (int page = 0; page < TERMS_PAGES && result == RESULT_OK; page++) {
        result = one_page(app, name, dry_run, after, count);
        if (after[0] == '\0') {
            break;
        }
    }
    return result == RESULT_OK && !dry_run ? stop(app, count->table, after) : result;
}

/* ---- all of them ---- */

/* It was a night all the same: where it would have begun stays. */
static enum result pass_over(const struct app *app, const char *table)
{
    char after[AFTER_SIZE];
    enum result result = begin(app, table, after);
    return result == RESULT_OK ? stop(app, table, after) : result;
}

enum result terms_apply(const struct app *app, const struct terms_wish *wish, terms_visitor *visit,
                        void *context)
{
    static const struct {
        enum statement_name name;
        const char *table;
    } TABLES[] = {
        {AUDIT, "playback_audit"},
        {CALLBACKS, "recording_inbox"},
        {CONFERENCES, "tapedeck_conference_calls"},
        {RUNS, "recording_runs"},
        {STEPS, "call_steps"},
        {ACCOUNTS, "provider_accounts"},
        {HEARD, "tapedeck_heard"},
        {SHARES, "tapedeck_shares"},
    };
    bool usual = false;
    enum result result = pg_query_bool(app->pg, &SQL[IS_USUAL], NULL, &usual);
    bool passes = !usual && !wish->all && !wish->dry_run;
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES && result == RESULT_OK; i++) {
        struct terms_count count = {.table = TABLES[i].table,
                                    .keep_ms = keep_ms(app->config, TABLES[i].name)};
        if (passes) {
            result = pass_over(app, count.table);
            continue;
        }
        result = one_table(app, TABLES[i].name, wish->dry_run, &count);
        if (result == RESULT_OK) {
            visit(context, &count);
        }
    }
    return result == RESULT_OK && passes ? RESULT_DENIED : result;
}
