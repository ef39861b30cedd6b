#include "due_time.h"

#include <stddef.h>

#include "clients/http.h"

enum { SPARE_MS = 60 * 1000 }; /* what is added to a delay, and its rounding */

enum statement_name { BOUND_ACCOUNTS, BOUND_RUNS, BOUND_STEPS, BOUND_DELIVERIES, STATEMENTS };

/* clang-format off */
#define TOO_FAR(column) column " > now() + " PG_MS("$1")

static const struct pg_statement SQL[] = {
    [BOUND_ACCOUNTS] = {"due_time_bound_accounts",
        "UPDATE provider_accounts SET paused_until = least(paused_until, now()), probe_until = NULL"
        " WHERE " TOO_FAR("paused_until") " OR " TOO_FAR("probe_until")},
    /* A run may wait for as long as an account does, which may be as long as its provider asked. */
    [BOUND_RUNS] = {"due_time_bound_runs",
        "UPDATE recording_runs SET not_before = now(), queued_at = least(queued_at, now())"
        " WHERE status = 'queued' AND " TOO_FAR("not_before")
        "   AND NOT EXISTS (SELECT FROM provider_accounts a"
        "     WHERE a.paused_until >= not_before - " PG_MS("$1") ")"},
    [BOUND_STEPS] = {"due_time_bound_steps",
        "UPDATE call_steps SET not_before = now()"
        " WHERE status IN ('queued', 'running') AND " TOO_FAR("not_before")},
    [BOUND_DELIVERIES] = {"due_time_bound_deliveries",
        "UPDATE call_webhook_deliveries SET not_before = now()"
        " WHERE status = 'waiting' AND " TOO_FAR("not_before")},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *due_time_statements(void)
{
    return SQL;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t largest_of(const struct config_list *list)
{
    int64_t most = 0;
    for (size_t i = 0; i < list->count; i++) {
        most = larger(most, list->items[i]);
    }
    return most;
}

/* How far ahead one of these may be, in milliseconds. */
static int64_t bound_of(const struct config *config, enum statement_name name)
{
    int64_t asked = HTTP_RETRY_AFTER_MAX_S * INT64_C(1000);
    int64_t pause = config->account_pause_max;
    switch (name) {
    case BOUND_ACCOUNTS: return larger(pause, asked) + SPARE_MS;
    case BOUND_RUNS: return larger(pause, largest_of(&config->retry_delays)) + SPARE_MS;
    case BOUND_STEPS: return larger(config->step_delay_max, asked) + SPARE_MS;
    default: return larger(config->webhook_timeout, largest_of(&config->webhook_delays)) + SPARE_MS;
    }
}

enum result due_time_bound(const struct app *app, int64_t *changed)
{
    *changed = 0;
    for (int name = 0; name < STATEMENTS; name++) {
        struct pg_params params = {0};
        int64_t more;
        pg_int(&params, bound_of(app->config, (enum statement_name)name));
        enum result result = pg_count_changed(app->pg, &SQL[name], &params, &more);
        if (result != RESULT_OK) {
            return result;
        }
        *changed += more;
    }
    return RESULT_OK;
}
