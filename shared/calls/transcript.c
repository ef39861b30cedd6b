#include "transcript.h"

#include <stdio.h>

#include "base/text.h"

enum statement_name { FACTS, TEXT, SPEECH, SAVE, FACTS_OTHER, SAVE_OTHER, SAVE_SUMMARY };

/* clang-format off */

#define SPOKEN_MS(segments) \
    "CASE WHEN jsonb_typeof(" segments ") = 'array' THEN" \
    "  (SELECT coalesce(sum(((s->>'end')::numeric - (s->>'start')::numeric) * 1000), 0)" \
    "   FROM jsonb_array_elements(" segments ") s" \
    "   WHERE jsonb_typeof(s->'start') = 'number' AND jsonb_typeof(s->'end') = 'number')::bigint END"

/* What was said in a call's recordings that are not its first. */
#define OTHERS \
    "SELECT n.started_at, n.final_transcript, " SPOKEN_MS("n.transcript_segments") " AS spoken_ms" \
    " FROM tapedeck_recordings n WHERE n.business_id = $1::bigint AND n.name <> $2" \
    "   AND n.recording_sid IN (SELECT tapedeck_names_of($1::bigint, $2))" \
    "   AND n.transcript_segments IS NOT NULL"

static const struct pg_statement SQL[] = {
    [FACTS] = {"transcript_facts", .prepared = true, .sql =
        "SELECT direction = 'inbound', coalesce(final_transcript, '') <> '' OR o.count > 0,"
        "   coalesce(ai_summary, '') <> '', status,"
        "   CASE WHEN o.count = 0 THEN " SPOKEN_MS("transcript_segments")
        "     WHEN coalesce(final_transcript, '') = '' OR transcript_segments IS NOT NULL THEN"
        "       o.spoken_ms + coalesce(" SPOKEN_MS("transcript_segments") ", 0) END,"
        "   coalesce(final_transcript, '') <> ''"
        " FROM call_log CROSS JOIN (SELECT count(*) AS count, coalesce(sum(spoken_ms), 0)::bigint"
        "   AS spoken_ms FROM (" OTHERS ") every) o"
        " WHERE business_id = $1::bigint AND call_sid = $2"
        " ORDER BY coalesce(final_transcript, '') <> '' DESC LIMIT 1"},
    /* A call's whole, in order of time: its first recording began with the call, or with its row. */
    [TEXT] = {"transcript_text",
        "SELECT string_agg(final_transcript, chr(10) ORDER BY started_at) FROM ("
        "   (SELECT coalesce((SELECT n.started_at FROM tapedeck_recordings n"
        "       WHERE n.business_id = $1::bigint AND n.call_sid = $2 AND n.name = $2 LIMIT 1),"
        "     c.created_at) AS started_at, c.final_transcript FROM call_log c"
        "   WHERE c.business_id = $1::bigint AND c.call_sid = $2 AND c.final_transcript <> ''"
        "   LIMIT 1)"
        "   UNION ALL SELECT started_at, final_transcript FROM (" OTHERS ") every"
        "   WHERE final_transcript <> '') said"},
    [SPEECH] = {"transcript_business_speech",
        "SELECT language, left(words, 20000), left(prompt, 20000), left(questions, 20000)"
        " FROM business_speech WHERE business_id = $1::bigint"},
    [SAVE] = {"transcript_save", .prepared = true, .sql =
        "UPDATE call_log SET final_transcript = $3, transcript_segments = $4::jsonb,"
        "   transcript_source = $5, updated_at = now(),"
        "   (talk_agent_ms, talk_customer_ms, talk_silence_ms) = (SELECT t.* FROM"
        "     tapedeck_talk($4::jsonb, coalesce(recording_duration, duration)) t)"
        " WHERE business_id = $1::bigint AND call_sid = $2"},
    [FACTS_OTHER] = {"transcript_facts_other",
        "SELECT (SELECT c.direction = 'inbound' FROM call_log c"
        "     WHERE c.business_id = n.business_id AND c.call_sid = n.call_sid LIMIT 1),"
        "   coalesce(final_transcript, '') <> '', false, NULL::text,"
        "   " SPOKEN_MS("transcript_segments") ", coalesce(final_transcript, '') <> ''"
        " FROM tapedeck_recordings n WHERE business_id = $1::bigint AND recording_sid = $2"},
    [SAVE_OTHER] = {"transcript_save_other",
        "UPDATE tapedeck_recordings SET final_transcript = $3, transcript_segments = $4::jsonb,"
        "   transcript_source = $5 WHERE business_id = $1::bigint AND recording_sid = $2"},
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

static bool is_first(const char *name)
{
    return text_is_sid(name, "CA");
}

/* The parameters that every statement begins with. */
static void of_call(struct pg_params *params, int64_t business_id, const char *call_sid)
{
    pg_int(params, business_id);
    pg_text(params, call_sid);
}

enum result transcript_facts(const struct app *app, int64_t business_id, const char *name,
                             struct transcript_facts *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    of_call(&params, business_id, name);
    enum result result =
        pg_query(app->pg, &SQL[is_first(name) ? FACTS : FACTS_OTHER], &params, &rows);
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
            .is_transcribed = pg_rows_bool(rows, 0, 5),
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
    enum result result = pg_query(app->pg, &SQL[TEXT], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (pg_rows_count(rows) > 0) {
        buf_text(out, pg_rows_text(rows, 0, 0));
    }
    pg_rows_free(rows);
    return buf_ok(out) ? RESULT_OK : RESULT_TOO_BIG;
}

enum result transcript_business_speech(const struct app *app, int64_t business_id,
                                       struct business_speech *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct business_speech_row row = {.language = NULL};
    pg_int(&params, business_id);
    enum result result = pg_query(app->pg, &SQL[SPEECH], &params, &rows);
    if (result == RESULT_UNAVAILABLE) {
        return result;
    }
    bool found = result == RESULT_OK && pg_rows_count(rows) > 0;
    if (found) {
        row = (struct business_speech_row){pg_rows_text(rows, 0, 0), pg_rows_text(rows, 0, 1),
                                           pg_rows_text(rows, 0, 2), pg_rows_text(rows, 0, 3)};
    }
    business_speech_read(&row, app->config->transcribe_language, out);
    if (result == RESULT_OK) {
        pg_rows_free(rows);
    }
    return RESULT_OK;
}

enum result transcript_save(const struct app *app, int64_t business_id, const char *name,
                            const struct talk *talk, bool hebrew, const char *source)
{
    struct pg_params params = {0};
    struct buf text, json;
    of_call(&params, business_id, name);
    buf_init(&text, TRANSCRIPT_TEXT_MAX);
    buf_init(&json, TRANSCRIPT_JSON_MAX);
    talk_print(talk, hebrew, &text);
    enum result result = talk_print_json(talk, &json);
    if (result == RESULT_OK && buf_ok(&text)) {
        pg_text(&params, buf_str(&text));
        pg_text(&params, buf_str(&json));
        pg_text(&params, source);
        result = pg_query(app->pg, &SQL[is_first(name) ? SAVE : SAVE_OTHER], &params, NULL);
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
    return pg_query(app->pg, &SQL[SAVE_SUMMARY], &params, NULL);
}
