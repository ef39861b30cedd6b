#include "transcript.h"

#include <stdio.h>

enum statement_name { FACTS, TEXT, SAVE, SAVE_SUMMARY };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [FACTS] = {"transcript_facts",
        "SELECT direction = 'inbound', coalesce(final_transcript, '') <> '',"
        "   coalesce(ai_summary, '') <> '', status,"
        "   CASE WHEN jsonb_typeof(transcript_segments) = 'array' THEN"
        "     (SELECT coalesce(sum(((s->>'end')::numeric - (s->>'start')::numeric) * 1000), 0)"
        "      FROM jsonb_array_elements(transcript_segments) s"
        "      WHERE jsonb_typeof(s->'start') = 'number' AND jsonb_typeof(s->'end') = 'number')::bigint"
        "     END"
        " FROM call_log WHERE business_id = $1::bigint AND call_sid = $2"
        " ORDER BY coalesce(final_transcript, '') <> '' DESC LIMIT 1"},
    [TEXT] = {"transcript_text",
        "SELECT final_transcript FROM call_log"
        " WHERE business_id = $1::bigint AND call_sid = $2 AND final_transcript <> '' LIMIT 1"},
    [SAVE] = {"transcript_save",
        "UPDATE call_log SET final_transcript = $3, transcript_segments = $4::jsonb,"
        "   transcript_source = $5, updated_at = now()"
        " WHERE business_id = $1::bigint AND call_sid = $2"},
    [SAVE_SUMMARY] = {"transcript_save_summary",
        "UPDATE call_log SET ai_summary = coalesce($3, ai_summary), summary_status = $4,"
        "   updated_at = now()"
        " WHERE business_id = $1::bigint AND call_sid = $2"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *transcript_statements(void)
{
    return SQL;
}

/* The parameters that every statement begins with. */
static void of_call(struct pg_params *params, int64_t business_id, const char *call_sid)
{
    pg_int(params, business_id);
    pg_text(params, call_sid);
}

enum result transcript_facts(const struct app *app, int64_t business_id, const char *call_sid,
                             struct transcript_facts *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    of_call(&params, business_id, call_sid);
    enum result result = pg_query(app->pg, SQL[FACTS].sql, &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    result = pg_rows_count(rows) > 0 ? RESULT_OK : RESULT_NOT_FOUND;
    if (result == RESULT_OK) {
        const char *status = pg_rows_text(rows, 0, 3);
        *out = (struct transcript_facts){
            .inbound = pg_rows_bool(rows, 0, 0),
            .has_transcript = pg_rows_bool(rows, 0, 1),
            .has_summary = pg_rows_bool(rows, 0, 2),
            .spoken_ms = pg_rows_int(rows, 0, 4, -1),
        };
        (void)snprintf(out->status, sizeof out->status, "%s", status != NULL ? status : "");
    }
    pg_rows_free(rows);
    return result;
}

enum result transcript_text(const struct app *app, int64_t business_id, const char *call_sid,
                            struct buf *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    of_call(&params, business_id, call_sid);
    enum result result = pg_query(app->pg, SQL[TEXT].sql, &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (pg_rows_count(rows) > 0) {
        buf_text(out, pg_rows_text(rows, 0, 0));
    }
    pg_rows_free(rows);
    return buf_ok(out) ? RESULT_OK : RESULT_TOO_BIG;
}

enum result transcript_save(const struct app *app, int64_t business_id, const char *call_sid,
                            const struct talk *talk, bool hebrew, const char *source)
{
    struct pg_params params = {0};
    struct buf text, json;
    of_call(&params, business_id, call_sid);
    buf_init(&text, TRANSCRIPT_TEXT_MAX);
    buf_init(&json, 2 * (size_t)TRANSCRIPT_TEXT_MAX);
    talk_print(talk, hebrew, &text);
    enum result result = talk_print_json(talk, &json);
    if (result == RESULT_OK && buf_ok(&text)) {
        pg_text(&params, buf_str(&text));
        pg_text(&params, buf_str(&json));
        pg_text(&params, source);
        result = pg_query(app->pg, SQL[SAVE].sql, &params, NULL);
    }
    buf_free(&text);
    buf_free(&json);
    return result;
}

enum result transcript_save_summary(const struct app *app, int64_t business_id,
                                    const char *call_sid, const char *text, const char *status)
{
    struct pg_params params = {0};
    of_call(&params, business_id, call_sid);
    pg_text(&params, text);
    pg_text(&params, status);
    return pg_query(app->pg, SQL[SAVE_SUMMARY].sql, &params, NULL);
}
