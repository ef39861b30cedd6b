#include "overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "clients/pg_sqlstate.h"
#include "followups/delivery.h"
#include "followups/step.h"
#include "runs/account.h"
#include "schema/schema.h"

enum statement_name { LANES, BUSINESSES, REASONS, BREAKERS };

/* clang-format off */

#define OLDEST_WAIT \
    "coalesce(floor(extract(epoch FROM now() - min(queued_at) FILTER" \
    " (WHERE status = 'queued' AND queued_at <= now()))), 0)::bigint"

static const struct pg_statement SQL[] = {
    [LANES] = {"overview_lanes",
        "SELECT lane = 'later', count(*) FILTER (WHERE status = 'running'),"
        "   count(*) FILTER (WHERE status = 'queued' AND coalesce(not_before <= now(), true)),"
        "   count(*) FILTER (WHERE status = 'queued' AND not_before > now()), " OLDEST_WAIT
        " FROM recording_runs WHERE status IN ('queued', 'running') GROUP BY lane = 'later'"},
    [BUSINESSES] = {"overview_businesses",
        "SELECT business_id, count(*) FILTER (WHERE status = 'running') AS running,"
        "   count(*) FILTER (WHERE status = 'queued'), count(*) FILTER (WHERE status = 'failed'),"
        "   " OLDEST_WAIT " AS oldest, count(*) OVER ()"
        " FROM recording_runs WHERE status IN ('queued', 'running')"
        "   OR status = 'failed' AND completed_at > now() - interval '1 day'"
        " GROUP BY business_id ORDER BY running DESC, oldest DESC, business_id LIMIT $1"},
    [REASONS] = {"overview_reasons",
        "SELECT coalesce(error_code, 'unknown'), count(*) AS n, " PG_ISO("max(completed_at)") ","
        "   (array_agg(error ORDER BY id DESC))[1] FROM recording_runs"
        " WHERE status = 'failed' AND completed_at > now() - interval '1 day'"
        " GROUP BY 1 ORDER BY n DESC, 1 LIMIT $1"},
    /* As call.c sees a call's breaker: failed attempts within BREAKER_RESET, none completed since. */
    [BREAKERS] = {"overview_breakers",
        "SELECT count(*) FROM (SELECT FROM recording_runs h WHERE status = 'failed'"
        "     AND completed_at > now() - " PG_MS("$1")
        "     AND NOT EXISTS (SELECT FROM recording_runs k WHERE k.business_id = h.business_id"
        "       AND k.call_sid = h.call_sid AND k.status = 'completed' AND k.id > h.id)"
        "   GROUP BY business_id, call_sid HAVING sum(attempts) >= $2::bigint) AS open"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *overview_statements(void)
{
    return SQL;
}

static void copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%.*s", (int)size - 1, text != NULL ? text : "");
}

/* ---- what only this page asks ---- */

static enum result read_lanes(const struct app *app, struct overview *o)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[LANES], NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        o->lanes[pg_rows_bool(rows, i, 0) ? LANE_LATER : LANE_CLICK] = (struct overview_lane){
            .active = pg_rows_int(rows, i, 1, 0),
            .waiting = pg_rows_int(rows, i, 2, 0),
            .resting = pg_rows_int(rows, i, 3, 0),
            .oldest_wait_s = pg_rows_int(rows, i, 4, 0),
        };
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

static enum result read_businesses(const struct app *app, int64_t limit, struct overview *o)
{
    struct pg_rows *rows;
    struct pg_params params = {0};
    if (limit == 0) {
        return RESULT_OK;
    }
    pg_int(&params, limit < OVERVIEW_BUSINESSES_MAX ? limit : OVERVIEW_BUSINESSES_MAX);
    enum result result = pg_query(app->pg, &SQL[BUSINESSES], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        o->businesses[o->business_count++] = (struct overview_business){
            .business_id = pg_rows_int(rows, i, 0, 0),
            .active = pg_rows_int(rows, i, 1, 0),
            .waiting = pg_rows_int(rows, i, 2, 0),
            .failed = pg_rows_int(rows, i, 3, 0),
            .oldest_wait_s = pg_rows_int(rows, i, 4, 0),
        };
        o->businesses_total = pg_rows_int(rows, i, 5, 0);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

static enum result read_reasons(const struct app *app, struct overview *o)
{
    struct pg_rows *rows;
    struct pg_params params = {0};
    pg_int(&params, OVERVIEW_LINES_MAX);
    enum result result = pg_query(app->pg, &SQL[REASONS], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct overview_reason *reason = &o->reasons[o->reason_count++];
        copy(reason->code, sizeof reason->code, pg_rows_text(rows, i, 0));
        reason->count = pg_rows_int(rows, i, 1, 0);
        copy(reason->last_at, sizeof reason->last_at, pg_rows_text(rows, i, 2));
        copy(reason->text, sizeof reason->text, pg_rows_text(rows, i, 3));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

static enum result read_breakers(const struct app *app, struct overview *o)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->breaker_reset);
    pg_int(&params, app->config->breaker_failures);
    return pg_query_int(app->pg, &SQL[BREAKERS], &params, 0, &o->breakers_open);
}

/* ---- what others know ---- */

static void add_pause(void *context, const char *account_sid, const char *code, int64_t left_s)
{
    struct overview *o = CHECKED(overview, context);
    if (o->pause_count < OVERVIEW_LINES_MAX) {
        struct overview_pause *pause = &o->pauses[o->pause_count++];
        size_t prefix = sizeof ACCOUNT_HOST - 1;
        pause->host = strncmp(account_sid, ACCOUNT_HOST, prefix) == 0;
        copy(pause->name, sizeof pause->name, account_sid + (pause->host ? prefix : 0));
        copy(pause->code, sizeof pause->code, code != NULL ? code : "unknown");
        pause->left_s = left_s;
    }
}

static void add_count(struct overview_counts *counts, const char *kind, const char *status,
                      const char *code, int64_t count)
{
    if (counts->count < OVERVIEW_LINES_MAX) {
        struct overview_count *line = &counts->lines[counts->count++];
        copy(line->kind, sizeof line->kind, kind);
        copy(line->status, sizeof line->status, status);
        copy(line->code, sizeof line->code, code);
        line->count = count;
    }
}

static void add_step(void *context, const struct step_count *one)
{
    struct overview *o = CHECKED(overview, context);
    add_count(&o->steps, one->step, one->status, one->error_code, one->count);
}

static void add_delivery(void *context, const char *status, const char *code, int64_t count)
{
    struct overview *o = CHECKED(overview, context);
    add_count(&o->deliveries, "", status, code, count);
}

static void add_rest(void *context, const struct delivery_rest *one)
{
    struct overview *o = CHECKED(overview, context);
    if (o->rest_count < OVERVIEW_LINES_MAX) {
        struct overview_rest *rest = &o->rests[o->rest_count++];
        copy(rest->host, sizeof rest->host, one->host);
        copy(rest->code, sizeof rest->code, one->code);
        rest->business_id = one->business_id;
        rest->failures = one->failures;
        rest->left_s = one->left_s;
    }
}

static void add_server(void *context, const struct server_refusal *one)
{
    struct overview *o = CHECKED(overview, context);
    if (o->server_count < OVERVIEW_SERVERS_MAX) {
        struct overview_server *server = &o->servers[o->server_count++];
        (void)server_host(one->address, server->host, sizeof server->host);
        copy(server->model, sizeof server->model, one->model);
        copy(server->said, sizeof server->said, one->said);
        server->status = one->status;
        server->ago_s = one->seconds_ago;
    }
}

static bool read_tables(const struct app *app, int64_t limit, struct overview *o)
{
    return read_lanes(app, o) == RESULT_OK && read_businesses(app, limit, o) == RESULT_OK &&
           read_reasons(app, o) == RESULT_OK && read_breakers(app, o) == RESULT_OK &&
           account_each_paused(app, add_pause, o) == RESULT_OK &&
           step_each_count(app, add_step, o) == RESULT_OK &&
           delivery_each_count(app, add_delivery, o) == RESULT_OK &&
           delivery_each_rest(app, add_rest, o) == RESULT_OK &&
           server_each_refusal(app, add_server, o) == RESULT_OK &&
           inbox_count(app, &o->inbox) == RESULT_OK;
}

/* What only some statement of these needs may be missing, too: a right, say. */
static bool read_database(const struct app *app, int64_t limit, struct overview *o)
{
    enum result result = schema_look(app->pg, &o->database_words);
    if (result == RESULT_OK && read_tables(app, limit, o)) {
        return true;
    }
    if (result == RESULT_OK) {
        o->database_words = "it does not answer all that is asked";
    }
    if (result != RESULT_NOT_FOUND) {
        copy(o->database_said, sizeof o->database_said, pg_sqlstate_cause(pg_error(app->pg)));
    }
    return false;
}

struct overview *overview_read(const struct app *app, int64_t limit)
{
    struct overview *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return NULL;
    }
    o->magic = MAGIC(overview);
    o->at = clock_wall();
    o->runner_seen_ms = -1;
    disk_read(app->config, &o->disk);
    o->redis = queue_runner_seen(app, &o->runner_seen_ms) == RESULT_OK;
    o->redis_words = o->redis ? "ok" : redis_why(app->redis);
    o->database = read_database(app, limit, o);
    return o;
}
