/*
 * The list of calls, and the search in it: a part of call.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "call.h"
#include "call_sql.h"

enum statement_name { LIST, LIST_NEWEST, LIST_SAID, LIST_FOUND };

/* clang-format off */

/* A CRM may keep calls there that never were the provider's: they have no page and no cursor. */
#define IS_OURS(alias) alias ".call_sid ~ '^CA[0-9a-fA-F]{32}$'"

#define BEFORE_CURSOR(alias) \
    "($7::text IS NULL OR (" alias ".created_at, " alias ".call_sid) <" \
    "   (to_timestamp(0) + $6::bigint * interval '1 microsecond', $7))"

/* A page of the rows `source`, which are called l: first the page, then what it takes to show it.
 * Not EXISTS: the planner may read all of a business's calls at once for that. A CASE: of other
 * conditions it thinks that hardly any call fulfils them, and sorts all instead of reading on. */
#define PAGE_OF(source) \
    "WITH page AS MATERIALIZED (SELECT l.* FROM " source " WHERE l.business_id = $1::bigint" \
    "   AND " IS_OURS("l") " AND " BEFORE_CURSOR("l") \
    "   AND ($8::text IS NULL OR l.direction = $8" \
    "     OR $8 = 'outbound' AND l.direction LIKE 'outbound%')" \
    "   AND ($9::text IS NULL OR l.status = $9)" \
    "   AND ($10::boolean IS NULL OR CASE" \
    "     WHEN l.recording_url <> '' THEN $10::boolean" \
    "     WHEN (SELECT true FROM call_log p WHERE p.business_id = l.business_id" \
    "       AND p.call_sid = l.parent_call_sid AND p.recording_url <> '' LIMIT 1) THEN $10" \
    "     WHEN (SELECT true FROM tapedeck_recordings_of(l.business_id::bigint, l.call_sid," \
    "       l.parent_call_sid) n WHERE n.recording_url <> '' LIMIT 1) THEN $10" \
    "     ELSE NOT $10 END)" \
    "   ORDER BY l.created_at DESC, l.call_sid DESC LIMIT $11)" \
    " SELECT " FACTS ROW_COLUMNS ", NULL, (extract(epoch FROM c.created_at) * 1000000)::bigint" \
    " FROM page c" \
    " JOIN" FACTS_OF("(SELECT array_agg(call_sid::text) FROM page)", "$12") \
    "   ON f.name = c.call_sid" \
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
    [LIST] = {"call_list", PAGE_OF("call_log l")},
    [LIST_NEWEST] = {"call_list_newest", PAGE_OF(NEWEST)},
    [LIST_SAID] = {"call_list_said", PAGE_OF(NEWEST_SAID)},
    [LIST_FOUND] = {"call_list_found", PAGE_OF(FOUND)},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_list_statements(void)
{
    return SQL;
}

static enum result query(const struct app *app, enum statement_name name,
                         const struct pg_params *params, struct pg_rows **rows)
{
    return pg_query(app->pg, SQL[name].sql, params, rows);
}

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
    call_facts_params(app, business_id, params);
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
        call_row_read(rows, i, &row);
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
