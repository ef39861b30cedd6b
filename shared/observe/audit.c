#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "clients/crypto.h"
#include "clients/json.h"
#include "runs/script.h"

enum {
    NOTE_CEILING = 1024,
    LINE_SIZE = 512,
    SLICE = 1000, /* notes stored by one statement */
    SLICES_MAX = 500,
    SLICE_CEILING = 2 * SLICE * NOTE_CEILING,
    SHOW_MAX = 1000,
    MARK_SIZE = NOTE_CEILING,
};

static const char POSTED[] = "rec_audit"; /* in Redis */
static const char LOGGED[] = "PLAYBACK";

enum statement_name { STORE, EACH };

/* clang-format off */
static const struct pg_statement SQL[] = {
    /* One storer at a time: the lock lasts as long as the statement. */
    [STORE] = {"audit_store",
        "WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(7223372036855) AS yes),"
        " stored AS ("
        " INSERT INTO playback_audit (id, at, business_id, call_sid, action, subject, address)"
        " SELECT id, to_timestamp(at), business_id, call_sid, action, subject, address"
        " FROM alone, jsonb_to_recordset($1::jsonb) AS n (id text, at bigint,"
        "   business_id bigint, call_sid text, action text, subject text, address text)"
        " WHERE yes AND id IS NOT NULL AND at IS NOT NULL AND business_id IS NOT NULL"
        "   AND call_sid IS NOT NULL AND action IS NOT NULL"
        " ON CONFLICT (id) DO NOTHING)"
        " SELECT yes FROM alone"},
    [EACH] = {"audit_each",
        "WITH recordings AS (SELECT * FROM tapedeck_recordings WHERE call_sid = $1"
        "   UNION SELECT * FROM tapedeck_recordings WHERE recording_sid = $1"
        "   UNION SELECT r.* FROM tapedeck_conference_calls k JOIN tapedeck_recordings r"
        "     USING (conference_sid) WHERE k.call_sid = $1 AND EXISTS (SELECT FROM call_log c"
        "       WHERE c.call_sid = $1 AND c.business_id = r.business_id)),"
        " names (business_id, name) AS (SELECT business_id, name FROM recordings"
        "   UNION SELECT business_id, recording_sid FROM recordings"
        "   UNION SELECT business_id, coalesce(recording_sid,"
        "     substring(recording_url FROM 'RE[0-9a-fA-F]{32}')) FROM call_log WHERE call_sid = $1)"
        " SELECT " PG_ISO("at") ", action, subject, address, business_id, call_sid FROM ("
        "   SELECT * FROM playback_audit WHERE call_sid = $1"
        "   UNION SELECT a.* FROM names n JOIN playback_audit a ON a.call_sid = n.name"
        "     AND a.business_id = n.business_id) noted ORDER BY at DESC, id LIMIT $2"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *audit_statements(void)
{
    return SQL;
}

/* ---- posting ---- */

/* Written for every play, so without a document that is built first; SID and action hold nothing
 * that would have to be escaped. */
static enum result print_note(const struct audit_note *note, struct buf *out)
{
    char id[CRYPTO_TOKEN_SIZE];
    if (!crypto_token(id)) {
        return RESULT_FAILED;
    }
    buf_format(out,
               "{\"id\":\"%s\",\"at\":%lld,\"business_id\":%lld,\"call_sid\":\"%s\","
               "\"action\":\"%s\",\"subject\":",
               id, (long long)clock_wall(), (long long)note->business_id, note->call_sid,
               note->action);
    json_print_text(note->subject, out);
    buf_text(out, ",\"address\":");
    json_print_text(note->address, out);
    buf_text(out, "}");
    return buf_ok(out) ? RESULT_OK : RESULT_FAILED;
}

/* The note as fields of a log line. */
static void note_line(const struct audit_note *note, char out[LINE_SIZE])
{
    char subject[160], address[80];
    int n = snprintf(out, LINE_SIZE, "business_id=%lld sid=%s action=%s subject=%s address=%s",
                     (long long)note->business_id, note->call_sid, note->action,
                     text_for_log(note->subject, subject, sizeof subject),
                     text_for_log(note->address, address, sizeof address));
    if (n < 0 || n >= LINE_SIZE) {
        abort();
    }
}

/* What tells a note from others like it; none needs it that is posted each time. RESULT_TOO_BIG:
 * something in it is absurd. */
static enum result name_mark(const struct audit_note *note, char out[MARK_SIZE])
{
    if (note->once_ms == 0) {
        out[0] = '\0';
        return RESULT_OK;
    }
    int n = snprintf(out, MARK_SIZE, "rec_noted:%lld:%s:%s:%s:%s", (long long)note->business_id,
                     note->call_sid, note->action, note->address != NULL ? note->address : "",
                     note->subject != NULL ? note->subject : "");
    return n < 0 || n >= MARK_SIZE ? RESULT_TOO_BIG : RESULT_OK;
}

static enum result post(const struct app *app, const struct audit_note *note, const char *text,
                        const char *otherwise)
{
    char mark[MARK_SIZE];
    struct redis_args args = {0};
    enum result result = name_mark(note, mark);
    if (result == RESULT_OK) {
        redis_text(&args, POSTED);
        redis_text(&args, mark);
        redis_int(&args, AUDIT_POSTED_MAX);
        redis_text(&args, text);
        redis_int(&args, note->once_ms);
        result = script_post(app, "note.lua", 2, &args, LOGGED, otherwise);
    }
    return result;
}

void audit_post(const struct app *app, const struct audit_note *note)
{
    struct buf text;
    char line[LINE_SIZE];
    note_line(note, line);
    buf_init(&text, NOTE_CEILING);
    enum result result = print_note(note, &text);
    if (result == RESULT_OK) {
        result = post(app, note, buf_str(&text), line);
    }
    if (result != RESULT_OK) {
        log_event(LOGGED, "%s", line);
    }
    buf_free(&text);
}

/* ---- storing ---- */

static enum result first_notes(const struct app *app, size_t most, struct redis_reply **notes)
{
    struct redis_args args = {0};
    redis_text(&args, "LRANGE");
    redis_text(&args, POSTED);
    redis_int(&args, 0);
    redis_int(&args, (int64_t)most - 1);
    return redis_command(app->redis, &args, notes);
}

/* RESULT_LOST: another is at it. */
static enum result insert_text(const struct app *app, const char *text)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, text);
    enum result result = pg_query(app->pg, SQL[STORE].sql, &params, &rows);
    if (result == RESULT_OK) {
        result = pg_rows_bool(rows, 0, 0) ? RESULT_OK : RESULT_LOST;
        pg_rows_free(rows);
    }
    return result;
}

static enum result insert(const struct app *app, const struct redis_reply *notes)
{
    struct buf text;
    buf_init(&text, SLICE_CEILING);
    for (size_t i = 0; i < redis_reply_count(notes); i++) {
        const char *note = redis_reply_text(redis_reply_at(notes, i));
        buf_text(&text, i == 0 ? "[" : ",");
        buf_text(&text, note != NULL ? note : "{}");
    }
    buf_text(&text, "]");
    enum result result = buf_ok(&text) ? insert_text(app, buf_str(&text)) : RESULT_TOO_BIG;
    buf_free(&text);
    return result;
}

/* Takes the first `count` off the list, as long as `head` is still the first of them: else
 * RESULT_LOST, and nothing. */
static enum result trim(const struct app *app, const char *head, size_t count)
{
    struct redis_args args = {0};
    redis_text(&args, POSTED);
    redis_text(&args, head);
    redis_int(&args, (int64_t)count);
    return script_yes(app, "trim.lua", 1, &args);
}

static bool is_bad(enum result result)
{
    return result == RESULT_INVALID || result == RESULT_TOO_BIG;
}

/* Stored first and taken away then: whoever dies in between leaves notes that are known already. A
 * note that PostgreSQL will never take is dropped with a line, not tried for ever. */
static enum result store_first(const struct app *app, size_t most, size_t *count)
{
    struct redis_reply *notes;
    enum result result = first_notes(app, most, &notes);
    if (result != RESULT_OK) {
        return result;
    }
    *count = redis_reply_count(notes);
    if (*count > 0) {
        const char *head = redis_reply_text(redis_reply_at(notes, 0));
        result = insert(app, notes);
        if (is_bad(result) && *count == 1) {
            log_event("AUDIT_DROPPED", "notes=1");
            result = RESULT_OK;
        }
        if (result == RESULT_OK) {
            result = trim(app, head != NULL ? head : "", *count);
        }
    }
    redis_reply_free(notes);
    return result;
}

/* A bad note among good ones is looked for by halves. */
static enum result store_all(const struct app *app, int64_t *stored)
{
    size_t most = SLICE, count = 0;
    for (int i = 0; i < SLICES_MAX; i++) {
        enum result result = store_first(app, most, &count);
        if (is_bad(result)) {
            most = count / 2;
            continue;
        }
        if (result != RESULT_OK || count == 0) {
            return result;
        }
        *stored += (int64_t)count;
        most = SLICE;
    }
    return RESULT_OK;
}

static enum result anything_posted(const struct app *app)
{
    struct redis_args args = {0};
    struct redis_reply *reply;
    redis_text(&args, "EXISTS");
    redis_text(&args, POSTED);
    enum result result = redis_command(app->redis, &args, &reply);
    if (result == RESULT_OK) {
        result = redis_reply_int(reply, 0) > 0 ? RESULT_OK : RESULT_NOT_FOUND;
        redis_reply_free(reply);
    }
    return result;
}

enum result audit_store(const struct app *app, int64_t *stored)
{
    *stored = 0;
    enum result result = anything_posted(app);
    if (result != RESULT_OK) {
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    }
    return store_all(app, stored);
}

/* ---- reading ---- */

enum result audit_each(const struct app *app, const char *call_sid,
                       void (*visit)(void *, const struct audit_row *), void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, call_sid);
    pg_int(&params, SHOW_MAX);
    enum result result = pg_query(app->pg, SQL[EACH].sql, &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct audit_row row = {
            .at = pg_rows_text(rows, i, 0),
            .action = pg_rows_text(rows, i, 1),
            .subject = pg_rows_text(rows, i, 2),
            .address = pg_rows_text(rows, i, 3),
            .business_id = pg_rows_int(rows, i, 4, 0),
            .name = pg_rows_text(rows, i, 5),
        };
        visit(context, &row);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
