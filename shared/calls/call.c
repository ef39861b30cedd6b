#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "storage/retention.h"

enum statement_name {
    FIND,
    FIND_OTHER,
    LIST,
    LIST_NEWEST,
    LIST_SAID,
    LIST_FOUND,
    READ,
    LABEL,
    BUSINESS
};

/* clang-format off */

/* Columns of struct call_facts, in read_facts' order; $2 is BREAKER_RESET, $3 RECOVERY_WINDOW,
 * $4 INFLIGHT_TTL, $5 RECOVERY_LIMIT, `retention_days` the parameter of that name. */
#define FACTS_COLUMNS(retention_days) \
    "c.call_sid, s.call_sid, s.recording_url <> '', s.recording_deleted_at IS NOT NULL," \
    " s.recording_status IN ('absent', 'failed'), s.recording_reason," \
    " coalesce(s.recording_duration, s.duration), s.channels," \
    " r.id, r.status, r.not_before > now(), r.lane = 'later'," \
    " r.recovered_at > now() - " PG_MS("$3") "," \
    " floor(extract(epoch FROM now() - r.queued_at) * 1000)::bigint," \
    " r.bytes_received, r.bytes_total, f.failures, f.left_ms, f.error_code, f.error," \
    " r.status = 'running' AND r.heartbeat_at < now() - " PG_MS("$4") \
    "   AND r.recoveries >= $5::bigint AND r.recovered_at > now() - " PG_MS("$3") \
    ", s.direction = 'inbound', o.bytes, o.modified_ns, o.kind = 'mp3'," \
    " EXISTS (SELECT FROM recording_runs u WHERE u.business_id = c.business_id" \
    "   AND u.call_sid = s.call_sid AND u.status = 'completed' AND u.object_at IS NULL" \
    "   AND u.object_failed_at IS NULL AND u.completed_at > now() - interval '1 minute')" \
    ", CASE WHEN s.recording_url <> '' THEN " PG_ISO(RETENTION_EXPIRY("s", retention_days)) " END," \
    " greatest(m.count, (s.recording_url <> '')::int)"

enum { FACTS_COUNT = 28 };

/* A row of tapedeck_recordings `n`, that of call_log has no first recording, as such a row. */
#define OTHER_AS_SOURCE(direction) \
    "SELECT n.name AS call_sid, n.business_id, n.recording_url, n.deleted_at, n.recording_status," \
    " n.recording_reason, n.recording_duration, NULL::integer, n.channels, " direction "," \
    " n.started_at, n.expires_at, EXISTS (SELECT FROM call_log h" \
    "   WHERE h.business_id = n.business_id AND h.legal_hold" \
    "     AND h.call_sid IN (SELECT tapedeck_calls_of(n.business_id, n.recording_sid)))"

/* Whose recording plays: the call's own, else its parent leg's, else the first of its conferences'
 * or other legs'. */
#define SOURCE \
    " CROSS JOIN LATERAL (SELECT * FROM (SELECT x.call_sid, x.business_id, x.recording_url," \
    "     x.recording_deleted_at, x.recording_status, x.recording_reason, x.recording_duration," \
    "     x.duration, x.channels, x.direction, x.created_at, x.recording_expires_at, x.legal_hold," \
    "     CASE WHEN x.call_sid = c.call_sid THEN 1 ELSE 2 END AS rank" \
    "   FROM call_log x" \
    "   WHERE x.business_id = c.business_id AND x.call_sid IN (c.call_sid, c.parent_call_sid)" \
    "   UNION ALL " OTHER_AS_SOURCE("c.direction") ", 3" \
    "   FROM tapedeck_recordings_of(c.business_id::bigint, c.call_sid, c.parent_call_sid) n" \
    "   WHERE coalesce(c.recording_url, '') = '' AND n.recording_url <> '') every" \
    "   ORDER BY coalesce(recording_url, '') <> '' DESC, rank, recording_deleted_at IS NOT NULL," \
    "     created_at LIMIT 1) s"

/* What the object store has of it, its active run, and how often it failed since it last
 * succeeded. */
#define WORK_TABLES \
    " LEFT JOIN recording_objects o ON o.business_id = c.business_id" \
    "   AND o.call_sid = s.call_sid AND o.lost_at IS NULL" \
    " LEFT JOIN recording_runs r ON r.business_id = c.business_id AND r.call_sid = s.call_sid" \
    "   AND r.status IN ('queued', 'running')" \
    " LEFT JOIN LATERAL (SELECT sum(h.attempts) AS failures," \
    "     ceil(extract(epoch FROM max(h.completed_at) + " PG_MS("$2") " - now()) * 1000)::bigint" \
    "       AS left_ms," \
    "     (array_agg(h.error_code ORDER BY h.id DESC))[1] AS error_code," \
    "     (array_agg(h.error ORDER BY h.id DESC))[1] AS error" \
    "   FROM recording_runs h" \
    "   WHERE h.business_id = c.business_id AND h.call_sid = s.call_sid" \
    "     AND h.status = 'failed' AND h.completed_at > now() - " PG_MS("$2") \
    "     AND h.id > coalesce((SELECT max(k.id) FROM recording_runs k" \
    "       WHERE k.business_id = c.business_id AND k.call_sid = s.call_sid" \
    "         AND k.status = 'completed'), 0)) f ON true"

/* How many recordings the call has, and how long the others than its first are together. */
#define COUNTS \
    " CROSS JOIN LATERAL (SELECT count(*) + (coalesce(c.recording_url, '') <> ''" \
    "     AND c.recording_deleted_at IS NULL)::int AS count," \
    "     coalesce(sum(n.recording_duration), 0)::bigint AS seconds" \
    "   FROM tapedeck_recordings_of(c.business_id::bigint, c.call_sid, c.parent_call_sid) n" \
    "   WHERE n.recording_url <> '' AND n.deleted_at IS NULL AND n.name <> c.call_sid) m"

#define FACTS_TABLES SOURCE WORK_TABLES COUNTS

#define ROW_COLUMNS \
    ", c.parent_call_sid, c.direction, c.from_number, c.to_number, c.status, c.duration, " \
    PG_ISO("c.created_at") ", c.ai_summary, coalesce(c.final_transcript, '') <> ''," \
    " m.seconds + coalesce(CASE WHEN c.recording_url <> '' THEN c.recording_duration END, 0)"

/* A CRM may keep calls there that never were the provider's: they have no page and no cursor. */
#define IS_OURS(alias) alias ".call_sid ~ '^CA[0-9a-fA-F]{32}$'"

#define BEFORE_CURSOR(alias) \
    "($7::text IS NULL OR (" alias ".created_at, " alias ".call_sid) <" \
    "   (to_timestamp(0) + $6::bigint * interval '1 microsecond', $7))"

/* A page of the rows `source`, which are called l: first the page, then what it takes to show it.
 * Not EXISTS: the planner may read all of a business's calls at once for that. */
#define PAGE_OF(source) \
    "SELECT " FACTS_COLUMNS("$12") ROW_COLUMNS ", NULL," \
    "   (extract(epoch FROM c.created_at) * 1000000)::bigint" \
    " FROM (SELECT l.* FROM " source " WHERE l.business_id = $1::bigint AND " IS_OURS("l") \
    "   AND " BEFORE_CURSOR("l") \
    "   AND ($8::text IS NULL OR l.direction = $8" \
    "     OR $8 = 'outbound' AND l.direction LIKE 'outbound%')" \
    "   AND ($9::text IS NULL OR l.status = $9)" \
    "   AND ($10::boolean IS NULL OR $10 = (coalesce(l.recording_url, '') <> ''" \
    "     OR coalesce((SELECT true FROM call_log p WHERE p.business_id = l.business_id" \
    "       AND p.call_sid = l.parent_call_sid AND p.recording_url <> '' LIMIT 1), false)" \
    "     OR coalesce((SELECT true FROM tapedeck_recordings_of(l.business_id::bigint, l.call_sid," \
    "       l.parent_call_sid) n WHERE n.recording_url <> '' LIMIT 1), false)))" \
    "   ORDER BY l.created_at DESC, l.call_sid DESC LIMIT $11) c" FACTS_TABLES \
    " ORDER BY c.created_at DESC, c.call_sid DESC"

/* A search: $13 for LIKE, $14 as it was typed. One without any word ("%") is for those very signs; a
 * word of one or two letters is not looked for in numbers, here as in tapedeck_found. */
#define WANTED "tapedeck_wanted_of($1::bigint, $14)"
#define SAID(alias) \
    "tapedeck_said(" alias ".business_id, " alias ".final_transcript, " alias ".ai_summary)" \
    " @@ " WANTED
#define HAS_WORDS(alias) \
    "(" alias ".final_transcript IS NOT NULL OR " alias ".ai_summary IS NOT NULL)"
#define MATCHES(alias) \
    "((" WANTED " IS NULL OR length($14) > 2 OR $14 !~ '[^0-9+*#]')" \
    "   AND (" alias ".from_number ILIKE $13 OR " alias ".to_number ILIKE $13)" \
    " OR " HAS_WORDS(alias) " AND CASE WHEN " WANTED " IS NULL" \
    "   THEN " alias ".final_transcript ILIKE $13 OR " alias ".ai_summary ILIKE $13" \
    "   ELSE " SAID(alias) " END)"

/* The newest calls are read first: what many of them hold fills a page from these. */
#define NEWEST_OF(alias, condition, count) \
    "(SELECT " alias ".* FROM call_log " alias " WHERE " alias ".business_id = $1::bigint" \
    "   AND " condition " AND " BEFORE_CURSOR(alias) \
    "   ORDER BY " alias ".created_at DESC, " alias ".call_sid DESC LIMIT " count ")"
#define NEWEST "(SELECT n.* FROM " NEWEST_OF("x", "true", "200") " n WHERE " MATCHES("n") ") l"

/* Few calls may have words at all. Of those with words, the newest ten tell whether it is worth
 * reading on; where a number holds these signs as well, it is not for words alone. */
#define SAID_OFTEN \
    "(SELECT count(*) > 1 FROM " NEWEST_OF("y", HAS_WORDS("y"), "10") " d WHERE " SAID("d") ")" \
    " AND NOT tapedeck_in_a_number($1::bigint, $14, $13)"
#define NEWEST_SAID \
    "(SELECT n.* FROM " NEWEST_OF("x", HAS_WORDS("x"), "(SELECT CASE WHEN " SAID_OFTEN \
    " THEN 500 ELSE 0 END)") " n WHERE " SAID("n") ") l"

/* What is rare is found by its index. */
#define FOUND \
    "(SELECT DISTINCT at FROM tapedeck_found($1::bigint, $14, $13) at) f" \
    " JOIN call_log l ON l.ctid = f.at"

static const struct pg_statement SQL[] = {
    [FIND] = {"call_find",
        "SELECT " FACTS_COLUMNS("$7") " FROM call_log c" FACTS_TABLES
        " WHERE c.business_id = $1::bigint AND c.call_sid = $6 LIMIT 1"},
    /* One that is its call's first is found by the call's name: the caller asks again. */
    [FIND_OTHER] = {"call_find_other",
        "SELECT " FACTS_COLUMNS("$7") " FROM (SELECT m.*, m.recording_sid AS sid,"
        "     (SELECT k.direction FROM call_log k WHERE k.business_id = m.business_id"
        "       AND k.call_sid = m.call_sid LIMIT 1) AS direction"
        "   FROM tapedeck_recordings m"
        "   WHERE m.business_id = $1::bigint AND m.recording_sid = $6) n"
        " CROSS JOIN LATERAL (SELECT n.sid AS call_sid, n.business_id) c"
        " CROSS JOIN LATERAL (" OTHER_AS_SOURCE("n.direction") ") s (call_sid, business_id,"
        "   recording_url, recording_deleted_at, recording_status, recording_reason,"
        "   recording_duration, duration, channels, direction, created_at, recording_expires_at,"
        "   legal_hold)" WORK_TABLES
        " CROSS JOIN (SELECT 1 AS count) m"},
    [LIST] = {"call_list", PAGE_OF("call_log l")},
    [LIST_NEWEST] = {"call_list_newest", PAGE_OF(NEWEST)},
    [LIST_SAID] = {"call_list_said", PAGE_OF(NEWEST_SAID)},
    [LIST_FOUND] = {"call_list_found", PAGE_OF(FOUND)},
    [READ] = {"call_read",
        "SELECT " FACTS_COLUMNS("$7") ROW_COLUMNS ", c.final_transcript, NULL,"
        "   CASE WHEN jsonb_typeof(c.transcript_segments) = 'array'"
        "     THEN jsonb_build_object('segments', c.transcript_segments)::text END,"
        "   c.transcript_source, c.summary_status FROM call_log c" FACTS_TABLES
        " WHERE c.business_id = $1::bigint AND c.call_sid = $6 LIMIT 1"},
    [LABEL] = {"call_label",
        "SELECT to_char(created_at, 'YYYY-MM-DD'),"
        "   regexp_replace(coalesce(CASE WHEN direction LIKE 'outbound%' THEN to_number"
        "     ELSE from_number END, ''), '[^0-9]', '', 'g')"
        " FROM call_log WHERE business_id = $1::bigint AND call_sid = $2 LIMIT 1"},
    [BUSINESS] = {"call_business",
        "SELECT business_id FROM call_log WHERE call_sid = $1 AND business_id IS NOT NULL"
        " UNION ALL SELECT business_id FROM tapedeck_recordings WHERE recording_sid = $1 LIMIT 1"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_statements(void)
{
    return SQL;
}

static enum result query(const struct app *app, enum statement_name name,
                         const struct pg_params *params, struct pg_rows **rows)
{
    return pg_query(app->pg, SQL[name].sql, params, rows);
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
    *f = (struct call_facts){
        .has_url = pg_rows_bool(rows, row, 2),
        .deleted = pg_rows_bool(rows, row, 3),
        .absent = pg_rows_bool(rows, row, 4),
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
        .object_kind = pg_rows_bool(rows, row, 24) ? AUDIO_MP3 : AUDIO_WAV,
        .being_stored = pg_rows_bool(rows, row, 25),
        .recordings = pg_rows_int(rows, row, 27, 0),
    };
    copy(f->call_sid, sizeof f->call_sid, pg_rows_text(rows, row, 0));
    copy(f->source_sid, sizeof f->source_sid, pg_rows_text(rows, row, 1));
    copy(f->reason, sizeof f->reason, pg_rows_text(rows, row, 5));
    copy(f->last_code, sizeof f->last_code, pg_rows_text(rows, row, 18));
    copy(f->last_error, sizeof f->last_error, pg_rows_text(rows, row, 19));
    copy(f->expires_at, sizeof f->expires_at, pg_rows_text(rows, row, 26));
}

static void read_row(const struct pg_rows *rows, int row, struct call_row *out)
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
    out->transcript = pg_rows_text(rows, row, FACTS_COUNT + 10);
}

/* The parameters that FACTS_COLUMNS and FACTS_TABLES need, after the business. */
static void facts_params(const struct app *app, int64_t business_id, struct pg_params *params)
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
    enum result result = query(app, name, params, rows);
    if (result == RESULT_OK && pg_rows_count(*rows) == 0) {
        pg_rows_free(*rows);
        result = RESULT_NOT_FOUND;
    }
    return result;
}

static enum result find_as(const struct app *app, enum statement_name name, int64_t business_id,
                           const char *sid, struct call_facts *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    facts_params(app, business_id, &params);
    pg_text(&params, sid);
    pg_int(&params, app->config->retention_days);
    enum result result = query_one(app, name, &params, &rows);
    if (result == RESULT_OK) {
        read_facts(rows, 0, out);
        pg_rows_free(rows);
    }
    return result;
}

enum result call_find(const struct app *app, int64_t business_id, const char *name,
                      struct call_facts *out)
{
    if (text_is_sid(name, "CA")) {
        return find_as(app, FIND, business_id, name, out);
    }
    enum result result = find_as(app, FIND_OTHER, business_id, name, out);
    if (result == RESULT_OK && text_is_sid(out->source_sid, "CA")) {
        char first[SID_SIZE];
        memcpy(first, out->source_sid, sizeof first);
        result = find_as(app, FIND, business_id, first, out);
    }
    return result;
}

enum result call_read(const struct app *app, int64_t business_id, const char *call_sid,
                      call_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    facts_params(app, business_id, &params);
    pg_text(&params, call_sid);
    pg_int(&params, app->config->retention_days);
    enum result result = query_one(app, READ, &params, &rows);
    if (result == RESULT_OK) {
        struct call_row row = {.cursor = NULL};
        read_row(rows, 0, &row);
        row.segments = pg_rows_text(rows, 0, FACTS_COUNT + 12);
        row.transcript_source = pg_rows_text(rows, 0, FACTS_COUNT + 13);
        row.summary_status = pg_rows_text(rows, 0, FACTS_COUNT + 14);
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

/* ---- the list ---- */

/* A cursor is "<microseconds since 1970>-<call_sid>" of the last row given out. */
static bool parse_cursor(const char *cursor, int64_t *micros, const char **call_sid)
{
    const char *dash = strchr(cursor, '-');
    if (dash == NULL || !text_is_sid(dash + 1, "CA")) {
        return false;
    }
    *call_sid = dash + 1;
    return text_int_n(cursor, (size_t)(dash - cursor), 0, INT64_MAX / 2, micros);
}

/* "%text%" with LIKE's own signs escaped. */
static void add_pattern(struct buf *out, const char *search)
{
    buf_text(out, "%");
    for (const char *c = search; *c != '\0'; c++) {
        if (*c == '%' || *c == '_' || *c == '\\') {
            buf_text(out, "\\");
        }
        buf_add(out, c, 1);
    }
    buf_text(out, "%");
}

static void list_params(const struct app *app, int64_t business_id,
                        const struct call_filter *filter, int64_t micros, const char *after_sid,
                        const char *pattern, struct pg_params *params)
{
    static const char *const FLAGS[] = {NULL, "f", "t"};
    facts_params(app, business_id, params);
    pg_int(params, micros);
    pg_text(params, after_sid);
    pg_text(params, filter->direction);
    pg_text(params, filter->status);
    pg_text(params, FLAGS[filter->has_recording]);
    pg_int(params, filter->limit + 1);
    pg_int(params, app->config->retention_days);
    if (filter->search != NULL) {
        pg_text(params, pattern);
        pg_text(params, filter->search);
    }
}

/* Rows of a page, and one more where another page follows. What reads the newest is right when it
 * fills the page, and only then. Digits are hardly a word that many say. */
static enum result query_search(const struct app *app, const struct call_filter *filter,
                                const struct pg_params *params, struct pg_rows **rows)
{
    static const enum statement_name NEWEST_FIRST[] = {LIST_NEWEST, LIST_SAID};
    bool is_number = filter->search[strspn(filter->search, "0123456789+*#")] == '\0';
    int ways = is_number ? 1 : 2;
    for (int i = 0; i < ways; i++) {
        enum result result = query(app, NEWEST_FIRST[i], params, rows);
        if (result != RESULT_OK || pg_rows_count(*rows) > filter->limit) {
            return result;
        }
        pg_rows_free(*rows);
    }
    return query(app, LIST_FOUND, params, rows);
}

static void visit_page(const struct pg_rows *rows, int64_t limit, call_visitor *visit,
                       void *context)
{
    for (int i = 0; i < pg_rows_count(rows) && i < limit; i++) {
        struct call_row row = {0};
        char cursor[CALL_CURSOR_SIZE];
        read_row(rows, i, &row);
        (void)snprintf(cursor, sizeof cursor, "%lld-%s",
                       (long long)pg_rows_int(rows, i, FACTS_COUNT + 11, 0), row.facts.call_sid);
        row.cursor = cursor;
        visit(context, &row);
    }
}

enum result call_list(const struct app *app, int64_t business_id, const struct call_filter *filter,
                      call_visitor *visit, void *context, bool *more)
{
    enum { PATTERN_CEILING = 1024 };
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct buf pattern;
    int64_t micros = 0;
    const char *after_sid = NULL;
    if (filter->cursor != NULL && !parse_cursor(filter->cursor, &micros, &after_sid)) {
        return RESULT_INVALID;
    }
    buf_init(&pattern, PATTERN_CEILING);
    if (filter->search != NULL) {
        add_pattern(&pattern, filter->search);
    }
    enum result result = buf_ok(&pattern) ? RESULT_OK : RESULT_INVALID;
    if (result == RESULT_OK) {
        list_params(app, business_id, filter, micros, after_sid, buf_str(&pattern), &params);
        result = filter->search == NULL ? query(app, LIST, &params, &rows)
                                        : query_search(app, filter, &params, &rows);
    }
    if (result == RESULT_OK) {
        *more = pg_rows_count(rows) > filter->limit;
        visit_page(rows, filter->limit, visit, context);
        pg_rows_free(rows);
    }
    buf_free(&pattern);
    return result;
}
