#include "step.h"

#include <stdio.h>
#include <string.h>

#include "clients/pg_array.h"

enum statement_name {
    BEGIN,
    BEGIN_AFTER,
    BEGIN_JOINED,
    REDO,
    REDO_FAILED,
    FORGET_LATER,
    DUE,
    CLAIM,
    HEARTBEAT,
    END,
    NEXT,
    RETRY,
    LEFT,
    EACH_COUNT
};

/* clang-format off */

/* Of a row that is found by its key. Said plainly, PostgreSQL may instead read all of call_steps_work,
 * which it believes to be short: nearly no step waits. */
#define IN_STATUS(status, words) "(" status " || '') IN (" words ")"

/* A summary is of the whole call: it waits for what else of it is being fetched or transcribed, but
 * not for ever. LIMIT: else all steps of the business might be hashed, to look up one name. */
#define OTHERS_PENDING \
    "(s.not_before > now() - interval '1 hour' AND EXISTS (" \
    "  SELECT FROM tapedeck_names_of(s.business_id, s.call_sid) n (name) CROSS JOIN LATERAL (" \
    "    (SELECT FROM call_steps x WHERE x.business_id = s.business_id" \
    "      AND x.call_sid = n.name AND x.step = 'transcribe' AND " IN_STATUS("x.status", "'queued', 'running'") ")" \
    "    UNION ALL (SELECT FROM recording_runs q WHERE q.business_id = s.business_id" \
    "      AND q.call_sid = n.name AND q.job_type = 'full' AND q.status IN ('queued', 'running'))" \
    "    LIMIT 1) o))"

#define IS_DUE(ttl) \
    "(" IN_STATUS("s.status", "'queued'") " AND s.not_before <= now()" \
    "   AND (s.step <> 'summarise' OR NOT " OTHERS_PENDING ")" \
    "  OR " IN_STATUS("s.status", "'running'") " AND " PG_LAPSED("s.heartbeat_at", ttl) ")"

/* What a step is when it begins anew. */
#define ANEW \
    " status = 'queued', attempts = 0, not_before = now(), lease_token = NULL, heartbeat_at = NULL," \
    " error_code = NULL, error = NULL, started_at = NULL, completed_at = NULL"

#define UNLESS_BEGUN \
    " ON CONFLICT (business_id, call_sid, step) DO UPDATE SET" ANEW \
    " WHERE s.status = 'failed' OR s.status = 'skipped' AND s.error_code = 'not_configured'"

static const struct pg_statement SQL[] = {
    [BEGIN] = {"step_begin", .prepared = true, .sql =
        "INSERT INTO call_steps AS s (business_id, call_sid, step) VALUES ($1, $2, 'transcribe')"
        UNLESS_BEGUN},
    [BEGIN_AFTER] = {"step_begin_after", .prepared = true, .sql =
        "INSERT INTO call_steps AS s (business_id, call_sid, step)"
        " SELECT business_id, call_sid, 'transcribe' FROM recording_runs"
        " WHERE id = ANY ($1::bigint[]) AND job_type = 'full'" UNLESS_BEGUN},
    /* `t` is locked whatever its state is, so that one which is just ending is waited for: it may have
     * looked for its calls before this one was there. */
    [BEGIN_JOINED] = {"step_begin_joined", .prepared = true, .sql =
        "WITH t AS MATERIALIZED (SELECT x.business_id, x.status FROM tapedeck_conference_calls k"
        "   JOIN tapedeck_recordings r USING (conference_sid)"
        "   JOIN call_steps x ON x.business_id = r.business_id AND x.call_sid = r.recording_sid"
        "     AND x.step = 'transcribe'"
        "   WHERE k.call_sid = $1 FOR SHARE OF x)"
        " INSERT INTO call_steps AS s (business_id, call_sid, step, again)"
        " SELECT DISTINCT t.business_id, $1, 'summarise', (SELECT count(*) > 1"
        "     FROM tapedeck_names_of(t.business_id, $1))"
        " FROM t WHERE t.status NOT IN ('queued', 'running') AND EXISTS (SELECT FROM call_log c"
        "   WHERE c.business_id = t.business_id AND c.call_sid = $1)"
        " ON CONFLICT (business_id, call_sid, step) DO UPDATE SET again = excluded.again," ANEW
        " WHERE $2::boolean"},
    [REDO] = {"step_redo",
        "INSERT INTO call_steps AS s (business_id, call_sid, step, again)"
        " VALUES ($1, $2, 'transcribe', $3)"
        " ON CONFLICT (business_id, call_sid, step) DO UPDATE SET again = excluded.again," ANEW},
    [REDO_FAILED] = {"step_redo_failed",
        "WITH f AS (UPDATE call_steps s SET" ANEW " WHERE s.business_id = $1::bigint"
        "   AND s.step IN ('transcribe', 'summarise') AND s.completed_at >= to_timestamp($2::bigint)"
        "   AND (s.status = 'failed' OR s.status = 'skipped'"
        "     AND s.error_code IN ('not_configured', 'no_transcript'))"
        "   AND NOT (s.step = 'summarise' AND EXISTS (SELECT FROM call_steps x"
        "     WHERE x.business_id = s.business_id AND x.call_sid = s.call_sid"
        "       AND x.step = 'transcribe' AND x.status <> 'done'))"
        " RETURNING 1) SELECT count(*) FROM f"},
    [FORGET_LATER] = {"step_forget_later",
        "DELETE FROM call_steps WHERE business_id = $1 AND call_sid = $2 AND step <> 'transcribe'"},
    /* Businesses take turns, so that one's thousand calls do not keep another's waiting. Each entry
     * of the index is read once: also the dead ones, which a long transaction somewhere keeps there. */
    [DUE] = {"step_due",
        "SELECT id FROM (SELECT id, not_before, due,"
        "     count(*) FILTER (WHERE status = 'running') OVER (PARTITION BY business_id)"
        "       + count(*) FILTER (WHERE due) OVER (PARTITION BY business_id ORDER BY not_before, id) AS turn"
        "   FROM (SELECT s.id, s.business_id, s.status, s.not_before, " IS_DUE("$2") " AS due"
        "     FROM tapedeck_waiting_steps() s) w) t"
        " WHERE due ORDER BY turn, not_before, id LIMIT $1"},
    /* `d`: what nobody else has locked or taken meanwhile. MATERIALIZED: joined as a plain subquery it
     * might run once for each row, and then take more than its LIMIT. */
    [CLAIM] = {"step_claim", .prepared = true, .sql =
        "WITH d AS MATERIALIZED (SELECT s.id, s.status = 'running' AS lapsed"
        "   FROM unnest($4::bigint[]) WITH ORDINALITY f (id, place) JOIN call_steps s USING (id)"
        "   WHERE " IS_DUE("$3") " ORDER BY f.place LIMIT $2 FOR UPDATE OF s SKIP LOCKED)"
        " UPDATE call_steps s SET status = 'running', lease_token = $1, heartbeat_at = now(),"
        "   started_at = now(), attempts = s.attempts + d.lapsed::int,"
        "   error_code = CASE WHEN d.lapsed THEN 'runner_lost' ELSE s.error_code END,"
        "   error = CASE WHEN d.lapsed THEN 'The runner that had it is gone.' ELSE s.error END"
        " FROM d WHERE s.id = d.id"
        " RETURNING s.id, s.business_id, s.call_sid, s.step, s.attempts, s.again"},
    [HEARTBEAT] = {"step_heartbeat", .prepared = true, .sql =
        "UPDATE call_steps s SET heartbeat_at = now()"
        " FROM unnest($1::bigint[], $2::text[]) AS b (id, token)"
        " WHERE s.id = b.id AND s.lease_token = b.token AND " IN_STATUS("s.status", "'running'") " RETURNING s.id"},
    [END] = {"step_end", .prepared = true, .sql =
        "UPDATE call_steps SET status = $3, lease_token = NULL, completed_at = now(),"
        "   attempts = attempts + ($3 = 'failed')::int, again = false, error_code = $4, error = $5"
        " WHERE id = $1 AND lease_token = $2 AND " IN_STATUS("status", "'running'")},
    [NEXT] = {"step_next", .prepared = true, .sql =
        "INSERT INTO call_steps AS s (business_id, call_sid, step, again)"
        " SELECT $1::bigint, k.call, $3, $4::boolean OR $3 = 'summarise' AND (SELECT count(*) > 1"
        "     FROM tapedeck_names_of($1::bigint, k.call))"
        " FROM tapedeck_calls_of($1::bigint, $2) k (call)"
        " ON CONFLICT (business_id, call_sid, step) DO UPDATE SET again = excluded.again," ANEW},
    [RETRY] = {"step_retry",
        "UPDATE call_steps SET status = 'queued', lease_token = NULL,"
        "   not_before = now() + " PG_MS("$3") ", attempts = attempts + $4::boolean::int,"
        "   error_code = $5, error = $6"
        " WHERE id = $1 AND lease_token = $2 AND " IN_STATUS("status", "'running'")},
    [LEFT] = {"step_left",
        "SELECT (SELECT count(*) FROM (SELECT call_sid FROM recording_runs"
        "     WHERE business_id = $1::bigint AND status IN ('queued', 'running')"
        "   UNION SELECT call_sid FROM call_steps"
        "     WHERE business_id = $1::bigint AND status IN ('queued', 'running')) l),"
        "   (SELECT count(*) FROM (SELECT call_sid FROM recording_runs WHERE status = 'failed'"
        "     AND business_id = $1::bigint AND completed_at >= now() - " PG_MS("$2")
        "   UNION SELECT call_sid FROM call_steps WHERE status IN ('skipped', 'failed')"
        "     AND status = 'failed' AND business_id = $1::bigint"
        "     AND completed_at >= now() - " PG_MS("$2") ") f)"},
    [EACH_COUNT] = {"step_each_count",
        "SELECT step, status, error_code, count(*) FROM call_steps"
        " WHERE status IN ('queued', 'running')"
        "   OR status IN ('skipped', 'failed') AND completed_at > now() - interval '1 day'"
        " GROUP BY step, status, error_code"
        " ORDER BY array_position(ARRAY['transcribe', 'summarise', 'notify'], step), status,"
        "   count(*) DESC LIMIT 50"},
    {NULL, NULL},
};
/* clang-format on */

static const char *const WORDS[STEP_NAMES] = {"transcribe", "summarise", "notify"};

const struct pg_statement *step_statements(void)
{
    return SQL;
}

const char *step_word(enum step_name name)
{
    return WORDS[name];
}

/* ---- beginning ---- */

enum result step_begin(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    return pg_query(app->pg, &SQL[BEGIN], &params, NULL);
}

enum result step_begin_after(const struct app *app, const struct run_end *ends, size_t count)
{
    struct pg_params params = {0};
    struct pg_arrays ids;
    pg_arrays_init(&ids);
    for (size_t i = 0; i < count; i++) {
        pg_arrays_number(&ids, 0, ends[i].run->id);
    }
    enum result result = RESULT_FAILED;
    if (pg_arrays_finish(&ids, 1, &params)) {
        result = pg_query(app->pg, &SQL[BEGIN_AFTER], &params, NULL);
    }
    pg_arrays_free(&ids);
    return result;
}

enum result step_begin_joined(const struct app *app, const char *call_sid, bool anew)
{
    struct pg_params params = {0};
    pg_text(&params, call_sid);
    pg_flag(&params, anew);
    return pg_query(app->pg, &SQL[BEGIN_JOINED], &params, NULL);
}

enum result step_redo(const struct app *app, int64_t business_id, const char *call_sid, bool again)
{
    struct pg_params params = {0}, with_again = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_int(&with_again, business_id);
    pg_text(&with_again, call_sid);
    pg_flag(&with_again, again);
    enum result result = pg_begin(app->pg);
    if (result == RESULT_OK) {
        result = pg_query(app->pg, &SQL[REDO], &with_again, NULL);
    }
    if (result == RESULT_OK) {
        result = pg_query(app->pg, &SQL[FORGET_LATER], &params, NULL);
    }
    if (result == RESULT_OK) {
        return pg_commit(app->pg);
    }
    pg_rollback(app->pg);
    return result;
}

enum result step_redo_failed(const struct app *app, int64_t business_id, int64_t since,
                             int64_t *count)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_int(&params, since);
    return pg_query_int(app->pg, &SQL[REDO_FAILED], &params, 0, count);
}

static enum step_name name_of(const char *word)
{
    enum step_name name = STEP_TRANSCRIBE;
    while (name < STEP_NOTIFY && (word == NULL || strcmp(word, WORDS[name]) != 0)) {
        name++;
    }
    return name;
}

static void read_step(const struct pg_rows *rows, int row, const char *token, struct step *out)
{
    const char *call_sid = pg_rows_text(rows, row, 2);
    *out = (struct step){
        .id = pg_rows_int(rows, row, 0, 0),
        .business_id = pg_rows_int(rows, row, 1, 0),
        .name = name_of(pg_rows_text(rows, row, 3)),
        .attempts = pg_rows_int(rows, row, 4, 0),
        .again = pg_rows_bool(rows, row, 5),
    };
    (void)snprintf(out->call_sid, sizeof out->call_sid, "%s", call_sid != NULL ? call_sid : "");
    (void)snprintf(out->token, sizeof out->token, "%s", token);
}

enum result step_due(const struct app *app, int64_t *ids, size_t limit, size_t *count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, (int64_t)limit);
    pg_int(&params, app->config->inflight_ttl);
    *count = 0;
    enum result result = pg_query(app->pg, &SQL[DUE], &params, &rows);
    if (result == RESULT_OK) {
        for (int row = 0; row < pg_rows_count(rows) && *count < limit; row++) {
            ids[(*count)++] = pg_rows_int(rows, row, 0, 0);
        }
        pg_rows_free(rows);
    }
    return result;
}

enum result step_claim(const struct app *app, const char *token, const int64_t *ids,
                       size_t id_count, struct step *steps, size_t limit, size_t *count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct pg_arrays arrays;
    pg_arrays_init(&arrays);
    for (size_t i = 0; i < id_count; i++) {
        pg_arrays_number(&arrays, 0, ids[i]);
    }
    pg_text(&params, token);
    pg_int(&params, (int64_t)limit);
    pg_int(&params, app->config->inflight_ttl);
    *count = 0;
    enum result result = RESULT_FAILED;
    if (pg_arrays_finish(&arrays, 1, &params)) {
        result = pg_query(app->pg, &SQL[CLAIM], &params, &rows);
    }
    pg_arrays_free(&arrays);
    if (result == RESULT_OK) {
        for (int row = 0; row < pg_rows_count(rows) && *count < limit; row++) {
            read_step(rows, row, token, &steps[(*count)++]);
        }
        pg_rows_free(rows);
    }
    return result;
}

/* ---- alive ---- */

static void mark_held(const struct pg_rows *rows, const struct step *const *steps, bool *held,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        held[i] = false;
        for (int row = 0; row < pg_rows_count(rows) && !held[i]; row++) {
            held[i] = pg_rows_int(rows, row, 0, 0) == steps[i]->id;
        }
    }
}

enum result step_heartbeat(const struct app *app, const struct step *const *steps, bool *held,
                           size_t count)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct pg_arrays arrays;
    enum { IDS, TOKENS, ARRAYS };
    pg_arrays_init(&arrays);
    for (size_t i = 0; i < count; i++) {
        pg_arrays_number(&arrays, IDS, steps[i]->id);
        pg_arrays_word(&arrays, TOKENS, steps[i]->token);
    }
    enum result result = RESULT_FAILED;
    if (pg_arrays_finish(&arrays, ARRAYS, &params)) {
        result = pg_query(app->pg, &SQL[HEARTBEAT], &params, &rows);
    }
    if (result == RESULT_OK) {
        mark_held(rows, steps, held, count);
        pg_rows_free(rows);
    }
    pg_arrays_free(&arrays);
    return result;
}

/* ---- ending ---- */

static enum result begin_next(const struct app *app, const struct step *step)
{
    struct pg_params params = {0};
    pg_int(&params, step->business_id);
    pg_text(&params, step->call_sid);
    pg_text(&params, WORDS[step->name + 1]);
    pg_flag(&params, step->again);
    return pg_query(app->pg, &SQL[NEXT], &params, NULL);
}

enum result step_end(const struct app *app, const struct step *step, enum step_status status,
                     const struct run_reason *reason)
{
    static const char *const STATUSES[] = {"done", "skipped", "failed"};
    struct pg_params params = {0};
    pg_int(&params, step->id);
    pg_text(&params, step->token);
    pg_text(&params, STATUSES[status]);
    pg_text(&params, reason != NULL ? reason->code : NULL);
    pg_text(&params, reason != NULL ? reason->text : NULL);
    enum result result = pg_change(app->pg, &SQL[END], &params, RESULT_LOST);
    if (result == RESULT_OK && step->name != STEP_NOTIFY) {
        result = begin_next(app, step);
    }
    return result;
}

enum result step_retry(const struct app *app, const struct step *step, int64_t delay_ms,
                       bool counts, const struct run_reason *reason)
{
    struct pg_params params = {0};
    pg_int(&params, step->id);
    pg_text(&params, step->token);
    pg_int(&params, delay_ms);
    pg_flag(&params, counts);
    pg_text(&params, reason->code);
    pg_text(&params, reason->text);
    return pg_change(app->pg, &SQL[RETRY], &params, RESULT_LOST);
}

/* ---- for operators ---- */

enum result step_left(const struct app *app, int64_t business_id, int64_t within_ms,
                      struct step_left *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_int(&params, within_ms);
    enum result result = pg_query(app->pg, &SQL[LEFT], &params, &rows);
    if (result == RESULT_OK) {
        *out = (struct step_left){.count = pg_rows_int(rows, 0, 0, 0),
                                  .failed = pg_rows_int(rows, 0, 1, 0)};
        pg_rows_free(rows);
    }
    return result;
}

enum result step_each_count(const struct app *app, void (*visit)(void *, const struct step_count *),
                            void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[EACH_COUNT], NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int row = 0; row < pg_rows_count(rows); row++) {
        struct step_count one = {
            .step = pg_rows_text(rows, row, 0),
            .status = pg_rows_text(rows, row, 1),
            .error_code = pg_rows_text(rows, row, 2),
            .count = pg_rows_int(rows, row, 3, 0),
        };
        visit(context, &one);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
