#include "delivery.h"

#include <stdio.h>

enum statement_name {
    MAKE,
    ALONE,
    CLAIM,
    ARRIVED,
    RETRY,
    FAIL,
    ANSWERED,
    FAILED,
    GIVE_UP,
    ADD,
    STOP,
    FORGET,
    EACH_COUNT,
    EACH_REST
};

/* clang-format off */

/* A time further ahead than any rest is one of a clock that was ahead. */
#define RESTS(w) \
    "(" w ".active AND " w ".rests_until BETWEEN now() AND now() + interval '1 hour')"

static const struct pg_statement SQL[] = {
    [MAKE] = {"delivery_make", .prepared = true, .sql =
        "INSERT INTO call_webhook_deliveries (id, webhook_id, business_id, call_sid, event, payload)"
        " SELECT n.id, w.id, w.business_id, c.call_sid, 'call.completed', json_build_object("
        "   'id', n.id, 'event', 'call.completed', 'created_at', " PG_ISO("now()") ","
        "   'business_id', w.business_id, 'call', json_build_object("
        "     'call_sid', c.call_sid, 'parent_call_sid', c.parent_call_sid,"
        "     'direction', c.direction, 'from_number', c.from_number, 'to_number', c.to_number,"
        "     'status', c.status, 'duration', c.duration, 'created_at', " PG_ISO("c.created_at") ","
        "     'recording_duration', c.recording_duration,"
        "     'transcript_source', c.transcript_source,"
        "     'transcript', coalesce(c.transcript_segments, '[]'::jsonb),"
        "     'transcript_text', c.final_transcript,"
        "     'summary', c.ai_summary, 'summary_status', c.summary_status,"
        "     'recordings', (SELECT coalesce(json_agg(json_build_object("
        "         'recording_sid', n.recording_sid, 'name', n.name,"
        "         'started_at', " PG_ISO("n.started_at") ", 'duration', n.recording_duration,"
        "         'transcript', coalesce(CASE WHEN n.name = c.call_sid THEN c.transcript_segments"
        "           ELSE n.transcript_segments END, '[]'::jsonb)) ORDER BY n.started_at), '[]'::json)"
        "       FROM tapedeck_recordings_of(w.business_id, c.call_sid, c.parent_call_sid) n"
        "       WHERE n.recording_url <> '' AND n.deleted_at IS NULL)))::text"
        " FROM call_webhooks w"
        " CROSS JOIN LATERAL (SELECT gen_random_uuid() AS id, w.id AS webhook) n"
        " CROSS JOIN LATERAL (SELECT * FROM call_log l WHERE l.business_id = w.business_id"
        "   AND l.call_sid = $2 LIMIT 1) c"
        " WHERE w.business_id = $1 AND w.active"},
    /* Two who claim at once would not see what the other took. */
    [ALONE] = {"delivery_alone", "SELECT pg_try_advisory_xact_lock(7223372036855)"},
    /* `w`: the webhooks for which something waits, one look at the index each. `s`: what is under way.
     * `f`: of each webhook, what may be sent; a business's turns begin after what is under way. */
    [CLAIM] = {"delivery_claim", /* MATERIALIZED: see step.c */
        "WITH RECURSIVE w (id) AS ("
        "   SELECT min(webhook_id) FROM call_webhook_deliveries WHERE status = 'waiting'"
        "   UNION ALL SELECT (SELECT min(d.webhook_id) FROM call_webhook_deliveries d"
        "     WHERE d.status = 'waiting' AND d.webhook_id > w.id) FROM w WHERE w.id IS NOT NULL),"
        " s AS MATERIALIZED (SELECT webhook_id, business_id FROM call_webhook_deliveries"
        "   WHERE status = 'waiting' AND sending_until BETWEEN now() AND now() + " PG_MS("$2") "),"
        " f AS MATERIALIZED (SELECT d.id, d.not_before, h.active AND h.failures > 0 AS doubtful,"
        "     (SELECT count(*) FROM s WHERE s.business_id = h.business_id)"
        "       + row_number() OVER (PARTITION BY h.business_id ORDER BY d.not_before) AS turn"
        "   FROM w JOIN call_webhooks h ON h.id = w.id CROSS JOIN LATERAL ("
        "     SELECT x.id, x.not_before FROM call_webhook_deliveries x"
        "     WHERE x.webhook_id = h.id AND x.status = 'waiting' AND x.not_before <= now()"
        "     ORDER BY x.not_before LIMIT greatest(0, CASE WHEN h.failures >= 5 THEN 1 ELSE 2 END"
        "       - (SELECT count(*) FROM s WHERE s.webhook_id = h.id))) d"
        "   WHERE " RESTS("h") " IS NOT TRUE),"
        " g AS (SELECT f.*, row_number() OVER (PARTITION BY doubtful ORDER BY turn, not_before) AS place"
        "   FROM f WHERE turn <= 4),"
        " q AS MATERIALIZED (SELECT d.id, g.doubtful FROM call_webhook_deliveries d JOIN g USING (id)"
        "   WHERE NOT g.doubtful OR g.place <= $3"
        "   ORDER BY g.turn, g.not_before LIMIT $1 FOR UPDATE OF d SKIP LOCKED)"
        " UPDATE call_webhook_deliveries d SET attempts = d.attempts + 1,"
        "   not_before = now() + " PG_MS("$2") ", sending_until = now() + " PG_MS("$2")
        " FROM q, call_webhooks w WHERE d.id = q.id AND w.id = d.webhook_id"
        " RETURNING d.id, d.attempts, d.business_id, d.event, d.payload, w.url, w.secret, w.active,"
        "   q.doubtful"},
    [ARRIVED] = {"delivery_arrived",
        "UPDATE call_webhook_deliveries SET status = 'delivered', completed_at = now(), sending_until = NULL,"
        "   last_status = $3, error_code = NULL, error = NULL"
        " WHERE id = $1::uuid AND attempts = $2 AND status = 'waiting'"},
    [RETRY] = {"delivery_retry",
        "UPDATE call_webhook_deliveries SET not_before = now() + " PG_MS("$4") ", sending_until = NULL,"
        "   last_status = $3, error_code = $5, error = $6"
        " WHERE id = $1::uuid AND attempts = $2 AND status = 'waiting'"},
    [FAIL] = {"delivery_fail",
        "UPDATE call_webhook_deliveries SET status = 'failed', completed_at = now(), sending_until = NULL,"
        "   last_status = $3, error_code = $4, error = $5"
        " WHERE id = $1::uuid AND attempts = $2 AND status = 'waiting'"},
    [ANSWERED] = {"delivery_webhook_answered",
        "UPDATE call_webhooks w SET failures = 0, error_code = NULL, rests_until = NULL"
        " FROM call_webhook_deliveries d WHERE d.id = $1::uuid AND w.id = d.webhook_id AND w.failures > 0"},
    [FAILED] = {"delivery_webhook_failed",
        "UPDATE call_webhooks w SET failures = least(w.failures + 1, 1000), error_code = $2,"
        "   rests_until = CASE WHEN w.failures + 1 >= 5 THEN now() + least(interval '1 hour',"
        "     interval '1 minute' * 2 ^ least(w.failures - 4, 6)) END"
        " FROM call_webhook_deliveries d WHERE d.id = $1::uuid AND w.id = d.webhook_id"},
    [GIVE_UP] = {"delivery_give_up",
        "UPDATE call_webhook_deliveries SET status = 'failed', completed_at = now(),"
        "   error_code = 'receiver_rests', error = 'The receiver failed again and again meanwhile.'"
        " WHERE id IN (SELECT x.id FROM call_webhook_deliveries d"
        "   JOIN call_webhooks w ON w.id = d.webhook_id"
        "   JOIN call_webhook_deliveries x ON x.webhook_id = w.id"
        "   WHERE d.id = $1::uuid AND " RESTS("w") " AND x.status = 'waiting'"
        "     AND x.created_at < now() - " PG_MS("$2") " AND x.sending_until IS NULL LIMIT 1000)"},
    [ADD] = {"delivery_add_webhook",
        "INSERT INTO call_webhooks (business_id, url, secret) VALUES ($1, $2, $3)"
        " ON CONFLICT (business_id, url) DO UPDATE SET secret = excluded.secret, active = true,"
        "   failures = 0, error_code = NULL, rests_until = NULL"},
    [STOP] = {"delivery_stop_webhook",
        "UPDATE call_webhooks SET active = false WHERE business_id = $1 AND url = $2"},
    [FORGET] = {"delivery_forget",
        "DELETE FROM call_webhook_deliveries WHERE id IN (SELECT id FROM call_webhook_deliveries"
        "   WHERE status <> 'waiting' AND completed_at < now() - " PG_MS("$1") " LIMIT 10000)"},
    [EACH_COUNT] = {"delivery_each_count",
        "SELECT status, error_code, count(*) FROM call_webhook_deliveries"
        " WHERE status = 'waiting' OR status = 'failed' AND completed_at > now() - interval '1 day'"
        " GROUP BY status, error_code ORDER BY status DESC, count(*) DESC LIMIT 50"},
    [EACH_REST] = {"delivery_each_rest",
        "SELECT w.business_id, substring(w.url FROM '^[a-z]+://(?:[^/?#@]*@)?([^/?#]+)'), w.error_code,"
        "   w.failures, ceil(extract(epoch FROM w.rests_until - now()))::bigint"
        " FROM call_webhooks w WHERE " RESTS("w") " ORDER BY w.failures DESC, w.id LIMIT 50"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *delivery_statements(void)
{
    return SQL;
}

enum result delivery_make(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    return pg_query(app->pg, &SQL[MAKE], &params, NULL);
}

static void visit_row(const struct pg_rows *rows, int row,
                      void (*visit)(void *, const struct delivery *), void *context)
{
    const char *id = pg_rows_text(rows, row, 0);
    struct delivery one = {
        .attempt = pg_rows_int(rows, row, 1, 0),
        .business_id = pg_rows_int(rows, row, 2, 0),
        .event = pg_rows_text(rows, row, 3),
        .payload = pg_rows_text(rows, row, 4),
        .url = pg_rows_text(rows, row, 5),
        .secret = pg_rows_text(rows, row, 6),
        .active = pg_rows_bool(rows, row, 7),
        .doubtful = pg_rows_bool(rows, row, 8),
    };
    (void)snprintf(one.id, sizeof one.id, "%s", id != NULL ? id : "");
    visit(context, &one);
}

/* Within a transaction. */
static enum result claim_alone(const struct app *app, const struct pg_params *params,
                               struct pg_rows **rows)
{
    struct pg_rows *locked;
    enum result result = pg_query(app->pg, &SQL[ALONE], NULL, &locked);
    if (result == RESULT_OK) {
        result = pg_rows_bool(locked, 0, 0) ? RESULT_OK : RESULT_LOST;
        pg_rows_free(locked);
    }
    return result == RESULT_OK ? pg_query(app->pg, &SQL[CLAIM], params, rows) : result;
}

enum result delivery_claim(const struct app *app, int64_t limit, int64_t doubtful, int64_t lease_ms,
                           void (*visit)(void *, const struct delivery *), void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows = NULL;
    pg_int(&params, limit);
    pg_int(&params, lease_ms);
    pg_int(&params, doubtful);
    enum result result = pg_begin(app->pg);
    if (result == RESULT_OK) {
        result = claim_alone(app, &params, &rows);
    }
    if (result == RESULT_OK) {
        result = pg_commit(app->pg);
    }
    pg_rollback(app->pg);
    for (int row = 0; result == RESULT_OK && row < pg_rows_count(rows); row++) {
        visit_row(rows, row, visit, context);
    }
    pg_rows_free(rows);
    return result;
}

/* The parameters that each end of a try begins with. */
static void of_try(struct pg_params *params, const char *id, int64_t attempt, int64_t http_status)
{
    pg_text(params, id);
    pg_int(params, attempt);
    pg_int_or_null(params, http_status, 0);
}

enum result delivery_arrived(const struct app *app, const char *id, int64_t attempt,
                             int64_t http_status)
{
    struct pg_params params = {0};
    of_try(&params, id, attempt, http_status);
    return pg_change(app->pg, &SQL[ARRIVED], &params, RESULT_LOST);
}

enum result delivery_retry(const struct app *app, const char *id, int64_t attempt,
                           int64_t http_status, int64_t delay_ms, const struct run_reason *reason)
{
    struct pg_params params = {0};
    of_try(&params, id, attempt, http_status);
    pg_int(&params, delay_ms);
    pg_text(&params, reason->code);
    pg_text(&params, reason->text);
    return pg_change(app->pg, &SQL[RETRY], &params, RESULT_LOST);
}

enum result delivery_fail(const struct app *app, const char *id, int64_t attempt,
                          int64_t http_status, const struct run_reason *reason)
{
    struct pg_params params = {0};
    of_try(&params, id, attempt, http_status);
    pg_text(&params, reason->code);
    pg_text(&params, reason->text);
    return pg_change(app->pg, &SQL[FAIL], &params, RESULT_LOST);
}

enum result delivery_webhook_answered(const struct app *app, const char *id)
{
    struct pg_params params = {0};
    pg_text(&params, id);
    return pg_query(app->pg, &SQL[ANSWERED], &params, NULL);
}

enum result delivery_webhook_failed(const struct app *app, const char *id, const char *code)
{
    const struct config_list *delays = &app->config->webhook_delays;
    struct pg_params failed = {0}, old = {0};
    int64_t longest = 0;
    for (size_t i = 0; i < delays->count; i++) {
        longest += delays->items[i];
    }
    pg_text(&failed, id);
    pg_text(&failed, code);
    pg_text(&old, id);
    pg_int(&old, longest);
    enum result result = pg_query(app->pg, &SQL[FAILED], &failed, NULL);
    return result == RESULT_OK ? pg_query(app->pg, &SQL[GIVE_UP], &old, NULL) : result;
}

enum result delivery_forget(const struct app *app, int64_t *forgotten)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->webhook_keep);
    return pg_count_changed(app->pg, &SQL[FORGET], &params, forgotten);
}

/* ---- for operators ---- */

enum result delivery_add_webhook(const struct app *app, int64_t business_id, const char *url,
                                 const char *secret)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, url);
    pg_text(&params, secret);
    return pg_query(app->pg, &SQL[ADD], &params, NULL);
}

enum result delivery_stop_webhook(const struct app *app, int64_t business_id, const char *url)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, url);
    return pg_change(app->pg, &SQL[STOP], &params, RESULT_NOT_FOUND);
}

enum result delivery_each_count(const struct app *app,
                                void (*visit)(void *, const char *status, const char *code,
                                              int64_t count),
                                void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[EACH_COUNT], NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int row = 0; row < pg_rows_count(rows); row++) {
        visit(context, pg_rows_text(rows, row, 0), pg_rows_text(rows, row, 1),
              pg_rows_int(rows, row, 2, 0));
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result delivery_each_rest(const struct app *app,
                               void (*visit)(void *, const struct delivery_rest *), void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[EACH_REST], NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int row = 0; row < pg_rows_count(rows); row++) {
        visit(context, &(struct delivery_rest){.business_id = pg_rows_int(rows, row, 0, 0),
                                               .host = pg_rows_text(rows, row, 1),
                                               .code = pg_rows_text(rows, row, 2),
                                               .failures = pg_rows_int(rows, row, 3, 0),
                                               .left_s = pg_rows_int(rows, row, 4, 0)});
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
