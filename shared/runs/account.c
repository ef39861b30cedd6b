#include "account.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

enum { PROBE_MAX_MS = 60 * 1000, WAIT_MIN_MS = 1000 };

enum statement_name {
    ADMIT,
    FAULT_IS_OWN,
    NOTE_FAULT,
    PAUSE,
    WORKED,
    PROBE_OVER,
    RESUME,
    RESUME_RUNS,
    EACH_PAUSED,
};

/* clang-format off */

/* A parameter in microseconds since 1970 as a time. */
#define PG_US(parameter) "to_timestamp(0) + " parameter "::bigint * interval '1 microsecond'"

/* Is it worth a write that the account has worked? Not for each of many recordings. */
#define IS_NEWS(admitted) \
    "(a.paused_until <= " PG_US(admitted) " OR a.paused_until IS NULL" \
    "   AND (a.worked_at IS NULL OR a.worked_at < now() - interval '10 seconds'))"

static const struct pg_statement SQL[] = {
    /* Whoever finds the pause over, and no probe under way, is the probe. The others look again
     * soon: most probes end long before their time does. */
    [ADMIT] = {"account_admit", .prepared = true, .sql =
        "WITH probe AS (UPDATE provider_accounts SET probe_until = now() + " PG_MS("$2")
        "   WHERE account_sid = $1 AND paused_until <= now()"
        "     AND (probe_until IS NULL OR probe_until <= now()) RETURNING 1)"
        " SELECT EXISTS (SELECT FROM probe) OR paused_until IS NULL,"
        "   (extract(epoch FROM now()) * 1000000)::bigint,"
        "   ceil(extract(epoch FROM CASE WHEN paused_until > now() THEN paused_until"
        "     ELSE least(probe_until, now() + " PG_MS("$3") ") END - now()) * 1000)::bigint,"
        "   paused_until IS NULL"
        " FROM (SELECT) AS always LEFT JOIN provider_accounts ON account_sid = $1"},
    [FAULT_IS_OWN] = {"account_fault_is_own",
        "SELECT EXISTS (SELECT FROM recording_runs r JOIN provider_accounts a ON a.account_sid = $2"
        " WHERE r.id = $1 AND a.worked_at > r.account_fault_at)"},
    [NOTE_FAULT] = {"account_note_fault",
        "UPDATE recording_runs SET account_fault_at = now() WHERE id = $1"},
    /* Many transfers meet the same fault at once: together they are one. */
    [PAUSE] = {"account_pause",
        "INSERT INTO provider_accounts AS a"
        "   (account_sid, failures, paused_until, error_code, error)"
        " VALUES ($1, 1, now() + greatest(" PG_MS("$2") ", " PG_MS("$4") "), $5, $6)"
        " ON CONFLICT (account_sid) DO UPDATE SET"
        "   failures = CASE WHEN a.paused_until > now() THEN a.failures ELSE a.failures + 1 END,"
        "   paused_until = CASE WHEN a.paused_until > now() THEN a.paused_until"
        "     ELSE now() + greatest(least(" PG_MS("$2") " * power(2, least(a.failures, 20)),"
        "       " PG_MS("$3") "), " PG_MS("$4") ") END,"
        "   probe_until = NULL, error_code = $5, error = $6"
        " RETURNING ceil(extract(epoch FROM paused_until - now()) * 1000)::bigint"},
    /* Looked at first: a conflict locks its row, and that is a commit to be synced. */
    [WORKED] = {"account_worked", .prepared = true, .sql =
        "INSERT INTO provider_accounts AS a (account_sid, worked_at) SELECT $1, now()"
        " WHERE NOT EXISTS (SELECT FROM provider_accounts a WHERE a.account_sid = $1"
        "   AND " IS_NEWS("$2") " IS NOT TRUE)"
        " ON CONFLICT (account_sid) DO UPDATE SET failures = 0, paused_until = NULL,"
        "   probe_until = NULL, error_code = NULL, error = NULL, worked_at = now()"
        " WHERE " IS_NEWS("$2")},
    [PROBE_OVER] = {"account_probe_over",
        "UPDATE provider_accounts SET probe_until = NULL"
        " WHERE account_sid = $1 AND probe_until IS NOT NULL"
        "   AND paused_until <= " PG_US("$2")},
    [RESUME] = {"account_resume",
        "UPDATE provider_accounts SET failures = 0, paused_until = NULL, probe_until = NULL"
        " WHERE account_sid = $1 OR account_sid LIKE '" ACCOUNT_HOST "%'"},
    [RESUME_RUNS] = {"account_resume_runs",
        "UPDATE recording_runs r SET not_before = NULL, queued_at = now()"
        " WHERE status = 'queued' AND error_code = 'account_paused'"
        "   AND (EXISTS (SELECT FROM call_log c WHERE c.business_id = r.business_id"
        "     AND c.call_sid = r.call_sid AND c.recording_url LIKE '%/Accounts/' || $1 || '/%')"
        "   OR EXISTS (SELECT FROM tapedeck_recordings n WHERE n.business_id = r.business_id"
        "     AND n.recording_sid = r.call_sid AND n.recording_url LIKE '%/Accounts/' || $1 || '/%'))"},
    [EACH_PAUSED] = {"account_each_paused",
        "SELECT account_sid, error_code,"
        "   greatest(0, ceil(extract(epoch FROM paused_until - now())))::bigint"
        " FROM provider_accounts WHERE paused_until IS NOT NULL ORDER BY paused_until LIMIT 100"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *account_statements(void)
{
    return SQL;
}

const char *account_of_host(char out[ACCOUNT_NAME_SIZE])
{
    char name[ACCOUNT_NAME_SIZE - sizeof ACCOUNT_HOST] = "";
    if (gethostname(name, sizeof name - 1) != 0) {
        name[0] = '\0';
    }
    (void)snprintf(out, ACCOUNT_NAME_SIZE, "%s%s", ACCOUNT_HOST, name);
    return out;
}

enum result account_admit(const struct app *app, const char *account_sid, int64_t *wait_ms,
                          int64_t *admitted_us, bool *open)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    int64_t probe_ms = app->config->inflight_ttl; /* a runner that died is no probe any more */
    pg_text(&params, account_sid);
    pg_int(&params, probe_ms < PROBE_MAX_MS ? probe_ms : PROBE_MAX_MS);
    pg_int(&params, app->config->account_pause);
    enum result result = pg_query(app->pg, &SQL[ADMIT], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    *admitted_us = pg_rows_int(rows, 0, 1, 0);
    if (open != NULL) {
        *open = pg_rows_bool(rows, 0, 3);
    }
    if (!pg_rows_bool(rows, 0, 0)) {
        int64_t wait = pg_rows_int(rows, 0, 2, WAIT_MIN_MS);
        *wait_ms = wait > WAIT_MIN_MS ? wait : WAIT_MIN_MS;
        result = RESULT_DENIED;
    }
    pg_rows_free(rows);
    return result;
}

static enum result fault_is_own(const struct app *app, const char *account_sid, int64_t run_id,
                                bool *own)
{
    struct pg_params params = {0};
    pg_int(&params, run_id);
    pg_text(&params, account_sid);
    return pg_query_bool(app->pg, &SQL[FAULT_IS_OWN], &params, own);
}

static enum result note_fault(const struct app *app, int64_t run_id)
{
    struct pg_params params = {0};
    pg_int(&params, run_id);
    return pg_query(app->pg, &SQL[NOTE_FAULT], &params, NULL);
}

enum result account_fault(const struct app *app, const char *account_sid, int64_t run_id,
                          const char *code, const char *text, int64_t at_least_ms,
                          int64_t *pause_ms)
{
    struct pg_params params = {0};
    bool own = false;
    enum result result = fault_is_own(app, account_sid, run_id, &own);
    if (result != RESULT_OK || own) {
        return own ? RESULT_EXISTS : result;
    }
    pg_text(&params, account_sid);
    pg_int(&params, app->config->account_pause);
    pg_int(&params, app->config->account_pause_max);
    pg_int(&params, at_least_ms);
    pg_text(&params, code);
    pg_text(&params, text);
    result = pg_query_int(app->pg, &SQL[PAUSE], &params, app->config->account_pause, pause_ms);
    return result == RESULT_OK ? note_fault(app, run_id) : result;
}

static enum result change(const struct app *app, enum statement_name name, const char *account_sid)
{
    struct pg_params params = {0};
    pg_text(&params, account_sid);
    return pg_query(app->pg, &SQL[name], &params, NULL);
}

static enum result note_end(const struct app *app, enum statement_name name,
                            const char *account_sid, int64_t admitted_us)
{
    struct pg_params params = {0};
    pg_text(&params, account_sid);
    pg_int(&params, admitted_us);
    return pg_query(app->pg, &SQL[name], &params, NULL);
}

enum result account_worked(const struct app *app, const char *account_sid, int64_t admitted_us)
{
    return note_end(app, WORKED, account_sid, admitted_us);
}

enum result account_probe_over(const struct app *app, const char *account_sid, int64_t admitted_us)
{
    return note_end(app, PROBE_OVER, account_sid, admitted_us);
}

enum result account_resume(const struct app *app, const char *account_sid)
{
    enum result result = change(app, RESUME, account_sid);
    return result == RESULT_OK ? change(app, RESUME_RUNS, account_sid) : result;
}

enum result account_each_paused(const struct app *app,
                                void (*visit)(void *, const char *account_sid, const char *code,
                                              int64_t left_s),
                                void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[EACH_PAUSED], NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        visit(context, pg_rows_text(rows, i, 0), pg_rows_text(rows, i, 1),
              pg_rows_int(rows, i, 2, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
