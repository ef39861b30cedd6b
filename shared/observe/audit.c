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
    TEXT_CEILING = 1024,
    LINE_SIZE = 512,
    LINK_KEY_SIZE = 256,
    SHOW_MAX = 1000,
    MS_PER_S = 1000
};

static const char LOGGED[] = "PLAYBACK";

static const char *const WORDS[] = {
    [AUDIT_LINK] = "link",
    [AUDIT_FILE] = "file",
    [AUDIT_DOWNLOAD] = "download",
    [AUDIT_MEDIA] = "media",
    [AUDIT_TRANSCRIPT] = "transcript",
    [AUDIT_LIST] = "list",
    [AUDIT_SEARCH] = "search",
    [AUDIT_EXPORT] = "export",
    [AUDIT_SHARED] = "shared",
};

enum statement_name { EACH, EACH_OF_BUSINESS };

/* clang-format off */
#define SHOWN \
    PG_ISO("at") ", " PG_ISO("coalesce(until, at)") ", times, action, subject, address," \
    " business_id, call_sid, detail"

static const struct pg_statement SQL[] = {
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
        " SELECT " SHOWN " FROM ("
        "   SELECT * FROM playback_audit WHERE call_sid = $1"
        "   UNION SELECT a.* FROM names n JOIN playback_audit a ON a.call_sid = n.name"
        "     AND a.business_id = n.business_id) noted ORDER BY at DESC, id LIMIT $2"},
    [EACH_OF_BUSINESS] = {"audit_each_of_business",
        "SELECT " SHOWN " FROM playback_audit WHERE business_id = $1"
        " ORDER BY at DESC, id LIMIT $2"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *audit_statements(void)
{
    return SQL;
}

/* ---- posting ---- */

/* Written for every play, so without a document that is built first; SID and action hold nothing
 * that would have to be escaped. Redis adds the subject, which it may know better, and the end. */
static void print_note(const struct audit_note *note, const char *id, int64_t now, struct buf *out)
{
    buf_format(out,
               "{\"id\":\"%s\",\"at\":%lld,\"business_id\":%lld,\"call_sid\":\"%s\","
               "\"action\":\"%s\",\"address\":",
               id, (long long)now, (long long)note->business_id, note->call_sid,
               WORDS[note->action]);
    json_print_text(note->address, out);
    buf_text(out, ",\"subject\":");
    if (note->action != AUDIT_MEDIA) {
        json_print_text(note->subject, out);
    }
}

/* The note as fields of a log line. */
static void note_line(const struct audit_note *note, char out[LINE_SIZE])
{
    char subject[160], address[80];
    int n = snprintf(out, LINE_SIZE, "business_id=%lld sid=%s action=%s subject=%s address=%s",
                     (long long)note->business_id, note->call_sid[0] != '\0' ? note->call_sid : "-",
                     WORDS[note->action], text_for_log(note->subject, subject, sizeof subject),
                     text_for_log(note->address, address, sizeof address));
    if (n < 0 || n >= LINE_SIZE) {
        abort();
    }
}

/* Where it is kept who was given a link; "": it is no link of ours. */
static const char *name_link(const struct audit_note *note, char out[LINK_KEY_SIZE])
{
    if (note->link.name == NULL) {
        return "";
    }
    int n = snprintf(out, LINK_KEY_SIZE, "rec_given:%lld:%s:%lld", (long long)note->business_id,
                     note->link.name, (long long)note->link.expires);
    if (n < 0 || n >= LINK_KEY_SIZE) {
        abort();
    }
    return out;
}

/* The numbers of a link, in milliseconds; those of all else are in note.lua. */
static void add_times(const struct app *app, const struct audit_note *note, int64_t now,
                      struct redis_args *args)
{
    if (note->action != AUDIT_LINK) {
        redis_text(args, "0");
        redis_text(args, "0");
        return;
    }
    redis_int(args, app->config->play_link_ttl);
    redis_int(args, note->link.name != NULL ? (note->link.expires - now) * MS_PER_S : 0);
}

/* Hands it to note.lua. */
static enum result post(const struct app *app, const struct audit_note *note, struct buf *text,
                        const char *otherwise)
{
    char id[CRYPTO_TOKEN_SIZE], link[LINK_KEY_SIZE];
    struct redis_args args = {0};
    int64_t now = clock_wall();
    if (!crypto_token(id)) {
        return RESULT_FAILED;
    }
    print_note(note, id, now, text);
    if (!buf_ok(text)) {
        return RESULT_TOO_BIG;
    }
    redis_text(&args, "rec_audit");
    redis_text(&args, "rec_noted_until");
    redis_text(&args, "rec_noting");
    redis_text(&args, name_link(note, link));
    redis_text(&args, buf_str(text));
    add_times(app, note, now, &args);
    return script_post(app, "note.lua", 4, &args, LOGGED, otherwise);
}

void audit_post(const struct app *app, const struct audit_note *note)
{
    struct buf text;
    char line[LINE_SIZE];
    note_line(note, line);
    buf_init(&text, TEXT_CEILING);
    if (post(app, note, &text, line) != RESULT_OK) {
        log_event(LOGGED, "%s", line);
    }
    buf_free(&text);
}

/* ---- reading ---- */

static enum result visit_rows(const struct app *app, enum statement_name name,
                              struct pg_params *params, audit_visitor *visit, void *context)
{
    struct pg_rows *rows;
    pg_int(params, SHOW_MAX);
    enum result result = pg_query(app->pg, &SQL[name], params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct audit_row row = {
            .at = pg_rows_text(rows, i, 0),
            .until = pg_rows_text(rows, i, 1),
            .times = pg_rows_int(rows, i, 2, 1),
            .action = pg_rows_text(rows, i, 3),
            .subject = pg_rows_text(rows, i, 4),
            .address = pg_rows_text(rows, i, 5),
            .business_id = pg_rows_int(rows, i, 6, 0),
            .name = pg_rows_text(rows, i, 7),
            .detail = pg_rows_text(rows, i, 8),
        };
        visit(context, &row);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result audit_each(const struct app *app, const char *call_sid, audit_visitor *visit,
                       void *context)
{
    struct pg_params params = {0};
    pg_text(&params, call_sid);
    return visit_rows(app, EACH, &params, visit, context);
}

enum result audit_each_of_business(const struct app *app, int64_t business_id, audit_visitor *visit,
                                   void *context)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    return visit_rows(app, EACH_OF_BUSINESS, &params, visit, context);
}
