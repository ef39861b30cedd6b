#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_sql.h"

enum statement_name { FIND, READ, LABEL, BUSINESS };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [FIND] = {"call_find", .prepared = true, .sql = "SELECT " FACTS " FROM" FACTS_OF("ARRAY[$6]", "$7")},
    [READ] = {"call_read", .prepared = true, .sql =
        "SELECT " FACTS ROW_COLUMNS("100000", "$8") ", substr(c.final_transcript, 1, 1000000),"
        "   CASE WHEN jsonb_typeof(c.transcript_segments) = 'array'"
        "     THEN jsonb_build_object('segments', c.transcript_segments)::text END,"
        "   c.transcript_source, c.summary_status FROM" FACTS_OF("ARRAY[$6]", "$7")
        " JOIN call_log c ON c.business_id = $1::bigint AND c.call_sid = $6 LIMIT 1"},
    [LABEL] = {"call_label", .prepared = true, .sql =
        "SELECT to_char(created_at, 'YYYY-MM-DD'),"
        "   regexp_replace(coalesce(CASE WHEN direction LIKE 'outbound%' THEN to_number"
        "     ELSE from_number END, ''), '[^0-9]', '', 'g')"
        " FROM call_log WHERE business_id = $1::bigint AND call_sid = $2 LIMIT 1"},
    [BUSINESS] = {"call_business", .prepared = true, .sql =
        "SELECT business_id FROM call_log WHERE call_sid = $1 AND business_id IS NOT NULL"
        " UNION ALL SELECT business_id FROM tapedeck_recordings WHERE recording_sid = $1 LIMIT 1"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_statements(void)
{
    return SQL;
}

/* ---- reading ---- */

/* Cut to size between two letters: half a letter is no text. */
static void copy(char *out, size_t size, const char *text)
{
    const char *from = text != NULL ? text : "";
    size_t len = strnlen(from, size);
    if (len == size) {
        len--;
        while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(out, from, len);
    out[len] = '\0';
}

static enum run_activity activity_of(const char *status)
{
    if (status == NULL) {
        return RUN_NONE;
    }
    return strcmp(status, "running") == 0 ? RUN_RUNNING : RUN_QUEUED;
}

static void read_facts(const struct pg_rows *rows, int row, struct call_facts *f)
{
    const char *final = pg_rows_text(rows, row, 31), *kind = pg_rows_text(rows, row, 24);
    *f = (struct call_facts){
        .has_url = pg_rows_bool(rows, row, 2),
        .deleted = pg_rows_bool(rows, row, 3),
        .absent = pg_rows_bool(rows, row, 4) || final != NULL,
        .duration = pg_rows_int(rows, row, 6, -1),
        .channels = pg_rows_int(rows, row, 7, -1),
        .run_id = pg_rows_int(rows, row, 8, 0),
        .activity = activity_of(pg_rows_text(rows, row, 9)),
        .waits_its_time = pg_rows_bool(rows, row, 10),
        .lane_later = pg_rows_bool(rows, row, 11),
        .recovered_lately = pg_rows_bool(rows, row, 12),
        .waited_ms = pg_rows_int(rows, row, 13, 0),
        .bytes_received = pg_rows_int(rows, row, 14, -1),
        .bytes_total = pg_rows_int(rows, row, 15, -1),
        .failures = pg_rows_int(rows, row, 16, 0),
        .breaker_left_ms = pg_rows_int(rows, row, 17, 0),
        .stuck = pg_rows_bool(rows, row, 20),
        .inbound = pg_rows_bool(rows, row, 21),
        .object_bytes = pg_rows_int(rows, row, 22, -1),
        .object_modified_ns = pg_rows_int(rows, row, 23, 0),
        .object_kind = kind != NULL ? audio_kind_named(kind, strlen(kind)) : AUDIO_UNKNOWN,
        .being_stored = pg_rows_bool(rows, row, 25),
        .recordings = pg_rows_int(rows, row, 27, 0),
        .stored_bytes = pg_rows_int(rows, row, 28, -1),
        .ends_in_s = pg_rows_int(rows, row, 29, INT64_MAX),
    };
    f->deleted = f->deleted || (f->has_url && !f->absent && f->ends_in_s == 0);
    copy(f->call_sid, sizeof f->call_sid, pg_rows_text(rows, row, 0));
    copy(f->source_sid, sizeof f->source_sid, pg_rows_text(rows, row, 1));
    copy(f->reason, sizeof f->reason, final != NULL ? final : pg_rows_text(rows, row, 5));
    copy(f->last_code, sizeof f->last_code, pg_rows_text(rows, row, 18));
    copy(f->last_error, sizeof f->last_error, pg_rows_text(rows, row, 19));
    copy(f->expires_at, sizeof f->expires_at, pg_rows_text(rows, row, 26));
}

void call_row_read(const struct pg_rows *rows, int row, struct call_row *out)
{
    read_facts(rows, row, &out->facts);
    out->parent_call_sid = pg_rows_text(rows, row, FACTS_COUNT);
    out->direction = pg_rows_text(rows, row, FACTS_COUNT + 1);
    out->from_number = pg_rows_text(rows, row, FACTS_COUNT + 2);
    out->to_number = pg_rows_text(rows, row, FACTS_COUNT + 3);
    out->status = pg_rows_text(rows, row, FACTS_COUNT + 4);
    out->duration = pg_rows_int(rows, row, FACTS_COUNT + 5, -1);
    out->created_at = pg_rows_text(rows, row, FACTS_COUNT + 6);
    out->summary = pg_rows_text(rows, row, FACTS_COUNT + 7);
    out->has_transcript = pg_rows_bool(rows, row, FACTS_COUNT + 8);
    out->recordings_duration = pg_rows_int(rows, row, FACTS_COUNT + 9, 0);
    out->agent_id = pg_rows_text(rows, row, FACTS_COUNT + 10);
    out->agent_name = pg_rows_text(rows, row, FACTS_COUNT + 11);
    out->contact_name = pg_rows_text(rows, row, FACTS_COUNT + 12);
    out->line = pg_rows_text(rows, row, FACTS_COUNT + 13);
    out->party = pg_rows_text(rows, row, FACTS_COUNT + 14);
    out->agent_ms = pg_rows_int(rows, row, FACTS_COUNT + 15, -1);
    out->customer_ms = pg_rows_int(rows, row, FACTS_COUNT + 16, -1);
    out->silence_ms = pg_rows_int(rows, row, FACTS_COUNT + 17, -1);
    out->starred = pg_rows_text(rows, row, FACTS_COUNT + 18);
    out->tags = pg_rows_text(rows, row, FACTS_COUNT + 19);
    out->heard = pg_rows_bool(rows, row, FACTS_COUNT + 20);
}

void call_facts_params(const struct app *app, int64_t business_id, struct pg_params *params)
{
    pg_int(params, business_id);
    pg_int(params, app->config->breaker_reset);
    pg_int(params, app->config->recovery_window);
    pg_int(params, app->config->inflight_ttl);
    pg_int(params, app->config->recovery_limit);
}

/* A statement about one call. RESULT_NOT_FOUND, and no rows to free, when there is none. */
static enum result query_one(const struct app *app, enum statement_name name,
                             const struct pg_params *params, struct pg_rows **rows)
{
    enum result result = pg_query(app->pg, &SQL[name], params, rows);
    if (result == RESULT_OK && pg_rows_count(*rows) == 0) {
        pg_rows_free(*rows);
        result = RESULT_NOT_FOUND;
    }
    return result;
}

static enum result find(const struct app *app, int64_t business_id, const char *name,
                        struct call_facts *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    call_facts_params(app, business_id, &params);
    pg_text(&params, name);
    pg_int(&params, app->config->retention_days);
    enum result result = query_one(app, FIND, &params, &rows);
    if (result == RESULT_OK) {
        read_facts(rows, 0, out);
        pg_rows_free(rows);
    }
    return result;
}

/* One that was asked for by its own name, and is its call's first, is found by the call's. */
enum result call_find(const struct app *app, int64_t business_id, const char *name,
                      struct call_facts *out)
{
    struct call_facts own = {0};
    enum result result = find(app, business_id, name, &own);
    if (result != RESULT_OK || text_is_sid(name, "CA") || !text_is_sid(own.source_sid, "CA")) {
        *out = own;
        return result;
    }
    result = find(app, business_id, own.source_sid, out);
    if (result == RESULT_OK && strcmp(out->source_sid, own.source_sid) != 0) {
        *out = own; /* it is not there yet, and the call has another leg's or a conference's */
    }
    return result;
}

enum result call_read(const struct app *app, int64_t business_id, const char *subject,
                      const char *call_sid, call_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    call_facts_params(app, business_id, &params);
    pg_text(&params, call_sid);
    pg_int(&params, app->config->retention_days);
    pg_text(&params, subject);
    enum result result = query_one(app, READ, &params, &rows);
    if (result == RESULT_OK) {
        struct call_row row = {0};
        call_row_read(rows, 0, &row);
        row.transcript = pg_rows_text(rows, 0, ROW_COUNT);
        row.segments = pg_rows_text(rows, 0, ROW_COUNT + 1);
        row.transcript_source = pg_rows_text(rows, 0, ROW_COUNT + 2);
        row.summary_status = pg_rows_text(rows, 0, ROW_COUNT + 3);
        visit(context, &row);
        pg_rows_free(rows);
    }
    return result;
}

enum result call_label(const struct app *app, int64_t business_id, const char *call_sid,
                       struct call_label *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    enum result result = query_one(app, LABEL, &params, &rows);
    if (result == RESULT_OK) {
        copy(out->date, sizeof out->date, pg_rows_text(rows, 0, 0));
        copy(out->number, sizeof out->number, pg_rows_text(rows, 0, 1));
        pg_rows_free(rows);
    }
    return result;
}

enum result call_business(const struct app *app, const char *call_sid, int64_t *business_id)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, call_sid);
    enum result result = query_one(app, BUSINESS, &params, &rows);
    if (result == RESULT_OK) {
        *business_id = pg_rows_int(rows, 0, 0, 0);
        pg_rows_free(rows);
    }
    return result;
}
