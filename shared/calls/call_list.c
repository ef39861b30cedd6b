/*
 * The list of calls: a part of call.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "call.h"
#include "call_search.h"
#include "call_sql.h"

enum statement_name { LIST, LIST_FOUND };

/* clang-format off */

/* A CRM may keep calls there that never were the provider's: they have no page and no cursor. */
#define IS_OURS(alias) alias ".call_sid ~ '^CA[0-9a-fA-F]{32}$'"

#define BEFORE_CURSOR(alias) \
    "($7::text IS NULL OR (" alias ".created_at, " alias ".call_sid) <" \
    "   (to_timestamp(0) + $6::bigint * interval '1 microsecond', $7))"

/* A page of the rows `source`, which are called l: first the page, then what it takes to show it. */
#define PAGE_OF(source) \
    "WITH page AS MATERIALIZED (SELECT l.* FROM " source " WHERE l.business_id = $1::bigint" \
    "   AND " IS_OURS("l") " AND " BEFORE_CURSOR("l") \
    "   ORDER BY l.created_at DESC, l.call_sid DESC LIMIT $8)" \
    " SELECT " FACTS ROW_COLUMNS("4000", "$10") ", (extract(epoch FROM c.created_at) * 1000000)::bigint" \
    " FROM page c" \
    " JOIN" FACTS_OF("(SELECT array_agg(call_sid::text) FROM page)", "$9") \
    "   ON f.name = c.call_sid" \
    " ORDER BY c.created_at DESC, c.call_sid DESC"

/* What a filter or a search has found. */
#define FOUND \
    "(SELECT DISTINCT * FROM unnest($11::text[], $12::bigint[]) u (sid, micros)) found" \
    " JOIN call_log l ON l.call_sid = found.sid" \
    "   AND l.created_at = to_timestamp(0) + found.micros * interval '1 microsecond'"

static const struct pg_statement SQL[] = {
    [LIST] = {"call_list", PAGE_OF("call_log l")},
    [LIST_FOUND] = {"call_list_found", PAGE_OF(FOUND)},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_list_statements(void)
{
    return SQL;
}

/* A cursor is "<microseconds since 1970>-<call_sid>" of the last row given out, or of where a
 * search stopped. */
static bool parse_cursor(const char *cursor, struct call_place *out)
{
    const char *dash = strchr(cursor, '-');
    if (dash == NULL || !text_is_sid(dash + 1, "CA")) {
        return false;
    }
    out->call_sid = dash + 1;
    return text_int_n(cursor, (size_t)(dash - cursor), 0, INT64_MAX / 2, &out->micros);
}

static void list_params(const struct app *app, int64_t business_id,
                        const struct call_filter *filter, const struct call_place *after,
                        struct pg_params *params)
{
    call_facts_params(app, business_id, params);
    pg_int(params, after->micros);
    pg_text(params, after->call_sid);
    pg_int(params, filter->limit + 1);
    pg_int(params, app->config->retention_days);
    pg_text(params, filter->subject);
}

static void write_cursor(const struct call_place *place, char out[CALL_CURSOR_SIZE])
{
    (void)snprintf(out, CALL_CURSOR_SIZE, "%lld-%s", (long long)place->micros, place->call_sid);
}

/* `next` stays as it is where no page follows this one. */
static void visit_page(const struct pg_rows *rows, int64_t limit, call_visitor *visit,
                       void *context, char next[CALL_CURSOR_SIZE])
{
    int count = pg_rows_count(rows);
    for (int i = 0; i < count && i < limit; i++) {
        struct call_row row = {0};
        call_row_read(rows, i, &row);
        visit(context, &row);
        if (i + 1 == limit && i + 1 < count) {
            const struct call_place place = {.micros = pg_rows_int(rows, i, ROW_COUNT, 0),
                                             .call_sid = row.facts.call_sid};
            write_cursor(&place, next);
        }
    }
}

enum result call_list_found(const struct app *app, int64_t business_id, const char *subject,
                            const struct call_found *found, call_visitor *visit, void *context)
{
    const struct call_filter all = {.subject = subject, .limit = INT16_MAX};
    const struct call_place newest = {.call_sid = NULL};
    struct pg_params params = {0};
    struct pg_rows *rows;
    char next[CALL_CURSOR_SIZE];
    list_params(app, business_id, &all, &newest, &params);
    pg_text(&params, found->calls);
    pg_text(&params, found->times);
    enum result result = pg_query(app->pg, &SQL[LIST_FOUND], &params, &rows);
    if (result == RESULT_OK) {
        visit_page(rows, all.limit, visit, context, next);
        pg_rows_free(rows);
    }
    return result;
}

/* The rows of what is found; `next` says where that ended, if not with the oldest call. */
static enum result query_found(const struct app *app, int64_t business_id,
                               const struct call_filter *filter, const struct call_place *after,
                               struct pg_params *params, struct pg_rows **rows,
                               char next[CALL_CURSOR_SIZE])
{
    struct call_found found;
    enum result result = call_search(app, business_id, filter, after, &found);
    if (result == RESULT_OK) {
        if (found.stopped) {
            const struct call_place place = {.micros = found.micros, .call_sid = found.call_sid};
            write_cursor(&place, next);
        }
        pg_text(params, found.calls);
        pg_text(params, found.times);
        result = pg_query(app->pg, &SQL[LIST_FOUND], params, rows);
    }
    return result;
}

enum result call_list(const struct app *app, int64_t business_id, const struct call_filter *filter,
                      call_visitor *visit, void *context, char next[CALL_CURSOR_SIZE])
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct call_place after = {0};
    next[0] = '\0';
    if (filter->cursor != NULL && !parse_cursor(filter->cursor, &after)) {
        return RESULT_INVALID;
    }
    list_params(app, business_id, filter, &after, &params);
    bool is_whole = filter->search == NULL && strcmp(filter->wants, "{}") == 0;
    enum result result = is_whole
                             ? pg_query(app->pg, &SQL[LIST], &params, &rows)
                             : query_found(app, business_id, filter, &after, &params, &rows, next);
    if (result == RESULT_OK) {
        visit_page(rows, filter->limit, visit, context, next);
        pg_rows_free(rows);
    }
    return result;
}
