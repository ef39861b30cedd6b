/* Storing the audit's notes: from Redis to PostgreSQL, each once. */
#include <string.h>

#include "audit.h"
#include "base/buf.h"
#include "base/log.h"
#include "runs/script.h"

enum {
    NOTE_CEILING = 2048,
    SLICE = 1000, /* notes stored by one statement */
    SLICES_MAX = 500,
    SLICE_CEILING = 2 * SLICE * NOTE_CEILING,
    PAUSE_MS = 30 * 1000, /* how often it is stored until when the stretches went on */
};

static const char POSTED[] = "rec_audit"; /* in Redis */
static const char UNTIL[] = "rec_noted_until", STORING[] = "rec_noted_until_storing";

enum statement_name { STORE, GO_ON };

/* clang-format off */

/* Who has listened to which call, of rows of the audit: what was given to somebody to hear. */
#define HEARD_OF(rows) \
    " INSERT INTO tapedeck_heard AS h (business_id, subject, call_sid, created_at, first_at, last_at)" \
    " SELECT n.business_id, n.subject, c.call_sid, max(c.created_at), min(n.at), max(n.until)" \
    " FROM " rows " n CROSS JOIN LATERAL tapedeck_calls_of(n.business_id, n.call_sid) k (sid)" \
    " JOIN call_log c ON c.business_id = n.business_id AND c.call_sid = k.sid" \
    " WHERE n.subject <> '' AND n.action IN ('link', 'file', 'download', 'media')" \
    " GROUP BY n.business_id, c.call_sid, n.subject ORDER BY n.business_id, c.call_sid, n.subject" \
    " ON CONFLICT (business_id, call_sid, subject)" \
    "   DO UPDATE SET last_at = greatest(h.last_at, excluded.last_at)"

static const struct pg_statement SQL[] = {
    /* One storer at a time: the lock lasts as long as the statement. */
    [STORE] = {"audit_store", .prepared = true, .sql =
        "WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(7223372036855) AS yes),"
        " stored AS ("
        " INSERT INTO playback_audit (id, at, business_id, call_sid, action, subject, address)"
        " SELECT id, to_timestamp(at), business_id, call_sid, action, subject, address"
        " FROM alone, jsonb_to_recordset($1::jsonb) AS n (id text, at bigint,"
        "   business_id bigint, call_sid text, action text, subject text, address text)"
        " WHERE yes AND id IS NOT NULL AND at IS NOT NULL AND business_id IS NOT NULL"
        "   AND call_sid IS NOT NULL AND action IS NOT NULL"
        " ON CONFLICT (id) DO NOTHING"
        " RETURNING business_id, call_sid, action, subject, at, at AS until),"
        " heard AS (" HEARD_OF("stored") ")"
        " SELECT yes FROM alone"},
    /* The same thing twice changes nothing. */
    [GO_ON] = {"audit_go_on", .prepared = true, .sql =
        "WITH gone_on AS (UPDATE playback_audit a SET until = to_timestamp(n.until), times = n.times"
        " FROM jsonb_to_recordset($1::jsonb) AS n (id text, until bigint, times integer)"
        " WHERE a.id = n.id AND a.times < n.times"
        " RETURNING a.business_id, a.call_sid, a.action, a.subject, a.at, a.until)"
        HEARD_OF("gone_on")},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *audit_store_statements(void)
{
    return SQL;
}

/* ---- the notes ---- */

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
    pg_text(&params, text);
    return pg_holds(app->pg, &SQL[STORE], &params, RESULT_LOST);
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

static enum result is_there(const struct app *app, const char *key)
{
    struct redis_args args = {0};
    struct redis_reply *reply;
    redis_text(&args, "EXISTS");
    redis_text(&args, key);
    enum result result = redis_command(app->redis, &args, &reply);
    if (result == RESULT_OK) {
        result = redis_reply_int(reply, 0) > 0 ? RESULT_OK : RESULT_NOT_FOUND;
        redis_reply_free(reply);
    }
    return result;
}

/* ---- until when ---- */

/* Is it time? Whoever is first within PAUSE_MS. */
static bool has_turn(const struct app *app, bool at_once)
{
    struct redis_args args = {0};
    struct redis_reply *reply;
    redis_text(&args, "SET");
    redis_text(&args, "rec_noted_until_turn");
    redis_text(&args, "1");
    redis_text(&args, "PX");
    redis_int(&args, PAUSE_MS);
    if (!at_once) {
        redis_text(&args, "NX");
    }
    if (redis_command(app->redis, &args, &reply) != RESULT_OK) {
        return false;
    }
    bool yes = redis_reply_text(reply) != NULL;
    redis_reply_free(reply);
    return yes;
}

static enum result simply(const struct app *app, const char *verb, const char *key, const char *to)
{
    struct redis_args args = {0};
    struct redis_reply *reply;
    redis_text(&args, verb);
    redis_text(&args, key);
    if (to != NULL) {
        redis_text(&args, to);
    }
    enum result result = redis_command(app->redis, &args, &reply);
    if (result == RESULT_OK) {
        redis_reply_free(reply);
    }
    return result;
}

/* What was noted up to now is put aside, unless some is there that another did not come to store.
 * That comes before the notes themselves are stored, so that each of these has its row then. */
static void put_aside(const struct app *app, bool at_once)
{
    if (has_turn(app, at_once) && is_there(app, UNTIL) == RESULT_OK) {
        (void)simply(app, "RENAMENX", UNTIL, STORING);
    }
}

/* One page of HSCAN: names and values in turn. */
static enum result store_page(const struct app *app, const struct redis_reply *page)
{
    struct buf text;
    struct pg_params params = {0};
    enum result result = RESULT_OK;
    buf_init(&text, SLICE_CEILING);
    for (size_t i = 1; i < redis_reply_count(page); i += 2) {
        const char *note = redis_reply_text(redis_reply_at(page, i));
        buf_text(&text, i == 1 ? "[" : ",");
        buf_text(&text, note != NULL ? note : "{}");
    }
    buf_text(&text, "]");
    pg_text(&params, buf_str(&text));
    if (redis_reply_count(page) > 0) {
        result = buf_ok(&text) ? pg_query(app->pg, &SQL[GO_ON], &params, NULL) : RESULT_TOO_BIG;
    }
    buf_free(&text);
    return result;
}

/* Gives where it goes on; "0": that was all. */
static enum result scan(const struct app *app, char cursor[24])
{
    struct redis_args args = {0};
    struct redis_reply *reply;
    redis_text(&args, "HSCAN");
    redis_text(&args, STORING);
    redis_text(&args, cursor);
    redis_text(&args, "COUNT");
    redis_int(&args, SLICE);
    enum result result = redis_command(app->redis, &args, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    const char *next = redis_reply_text(redis_reply_at(reply, 0));
    result = next != NULL && strlen(next) < 24 ? RESULT_OK : RESULT_INVALID;
    if (result == RESULT_OK) {
        memcpy(cursor, next, strlen(next) + 1);
        result = store_page(app, redis_reply_at(reply, 1));
    }
    redis_reply_free(reply);
    return result;
}

/* Taken away when it is stored, or will never be; a table without these columns is another thing.
 */
static void store_until(const struct app *app)
{
    char cursor[24] = "0";
    if (is_there(app, STORING) != RESULT_OK) {
        return;
    }
    for (int i = 0; i < SLICES_MAX; i++) {
        enum result result = scan(app, cursor);
        if (result != RESULT_OK && !is_bad(result)) {
            return;
        }
        if (result != RESULT_OK || strcmp(cursor, "0") == 0) {
            break;
        }
    }
    (void)simply(app, "DEL", STORING, NULL);
}

enum result audit_store(const struct app *app, bool at_once, int64_t *stored)
{
    *stored = 0;
    put_aside(app, at_once);
    enum result result = is_there(app, POSTED);
    if (result == RESULT_OK) {
        result = store_all(app, stored);
    } else if (result == RESULT_NOT_FOUND) {
        result = RESULT_OK;
    }
    if (result == RESULT_OK) {
        store_until(app);
    }
    return result;
}
