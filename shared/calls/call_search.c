#include "call_search.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

enum {
    PATTERN_CEILING = 1024,
    SEARCH_MS = 15, /* then a page goes out with what it has */
    FILTER_MS = 10, /* as long, of a list where nothing is searched for */
    TOTALS_MS = 60,
    TOTALS_MAX = 1000000,
    FILL_ROWS = 200,
    FILL_MS = 5000,
    FILL_TIMES = 1000,
};

enum statement_name { FIND, TOTALS, FILL };

/* clang-format off */

/* $1 is the business, $2 who asks, $3 what is wanted, $4 and $5 what is sought and its pattern, $8 and
 * $9 the place. */
#define FOUND_BY(most, ms) \
    " tapedeck_find($1::bigint, $2, $3::jsonb, $4, $5," \
    "   to_timestamp(0) + $8::bigint * interval '1 microsecond', $9, " most "::integer, " PG_MS(ms) ")"

static const struct pg_statement SQL[] = {
    [FIND] = {"call_search",
        "SELECT sid, (extract(epoch FROM at) * 1000000)::bigint, is_call FROM" FOUND_BY("$6", "$7")},
    [TOTALS] = {"call_search_totals",
        "SELECT count(*) FILTER (WHERE is_call), coalesce(sum(seconds), 0)::bigint,"
        "   count(*) FILTER (WHERE is_call AND is_missed), count(*) FILTER (WHERE is_call AND is_inbound),"
        "   count(*) FILTER (WHERE is_call AND is_outbound), sum(agent_ms)::bigint,"
        "   sum(customer_ms)::bigint, sum(silence_ms)::bigint, coalesce(bool_and(is_call), true)"
        "     AND count(*) < $6::integer"
        " FROM" FOUND_BY("$6", "$7")},
    [FILL] = {"call_search_fill", "SELECT tapedeck_search_fill_some($1::integer)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_search_statements(void)
{
    return SQL;
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

static void stop_at(const struct pg_rows *rows, int row, struct call_found *out)
{
    out->stopped = true;
    out->micros = pg_rows_int(rows, row, 1, 0);
    (void)snprintf(out->call_sid, sizeof out->call_sid, "%s", pg_rows_text(rows, row, 0));
}

/* The last row may be a place, not a call; one call too many says that the page is full. */
static enum result read_found(const struct pg_rows *rows, int64_t limit, struct call_found *out)
{
    struct buf calls, times;
    buf_init(&calls, sizeof out->calls - 1);
    buf_init(&times, sizeof out->times - 1);
    buf_text(&calls, "{");
    buf_text(&times, "{");
    for (int i = 0; i < pg_rows_count(rows); i++) {
        if (i == limit) {
            stop_at(rows, i - 1, out);
        } else if (!pg_rows_bool(rows, i, 2)) {
            stop_at(rows, i, out);
        } else {
            buf_format(&calls, "%s%s", i > 0 ? "," : "", pg_rows_text(rows, i, 0));
            buf_format(&times, "%s%s", i > 0 ? "," : "", pg_rows_text(rows, i, 1));
        }
    }
    buf_text(&calls, "}");
    buf_text(&times, "}");
    bool ok = buf_ok(&calls) && buf_ok(&times);
    if (ok) {
        memcpy(out->calls, buf_str(&calls), calls.len + 1);
        memcpy(out->times, buf_str(&times), times.len + 1);
    }
    buf_free(&calls);
    buf_free(&times);
    return ok ? RESULT_OK : RESULT_INVALID;
}

/* The parameters of FOUND_BY; `pattern` is empty yet, and holds what they borrow. RESULT_INVALID:
 * more is sought than can be. */
static enum result find_params(int64_t business_id, const struct call_filter *filter,
                               const struct call_place *after, int64_t most, int64_t ms,
                               struct buf *pattern, struct pg_params *params)
{
    pg_int(params, business_id);
    pg_text(params, filter->subject);
    pg_text(params, filter->wants);
    pg_text(params, filter->search);
    if (filter->search != NULL) {
        add_pattern(pattern, filter->search);
    }
    pg_text(params, buf_str(pattern));
    pg_int(params, most);
    pg_int(params, ms);
    pg_int_or_null(params, after->call_sid != NULL ? after->micros : -1, -1);
    pg_text(params, after->call_sid);
    return buf_ok(pattern) ? RESULT_OK : RESULT_INVALID;
}

enum result call_search(const struct app *app, int64_t business_id,
                        const struct call_filter *filter, const struct call_place *after,
                        struct call_found *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct buf pattern;
    memset(out, 0, sizeof *out);
    buf_init(&pattern, PATTERN_CEILING);
    enum result result =
        find_params(business_id, filter, after, filter->limit + 1,
                    filter->search != NULL ? SEARCH_MS : FILTER_MS, &pattern, &params);
    if (result == RESULT_OK) {
        result = pg_query(app->pg, &SQL[FIND], &params, &rows);
    }
    if (result == RESULT_OK) {
        result = read_found(rows, filter->limit, out);
        pg_rows_free(rows);
    }
    buf_free(&pattern);
    return result;
}

enum result call_search_totals(const struct app *app, int64_t business_id,
                               const struct call_filter *filter, struct call_totals *out)
{
    const struct call_place newest = {.call_sid = NULL};
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct buf pattern;
    buf_init(&pattern, PATTERN_CEILING);
    enum result result =
        find_params(business_id, filter, &newest, TOTALS_MAX, TOTALS_MS, &pattern, &params);
    if (result == RESULT_OK) {
        result = pg_query(app->pg, &SQL[TOTALS], &params, &rows);
    }
    if (result == RESULT_OK) {
        *out = (struct call_totals){.calls = pg_rows_int(rows, 0, 0, 0),
                                    .seconds = pg_rows_int(rows, 0, 1, 0),
                                    .missed = pg_rows_int(rows, 0, 2, 0),
                                    .inbound = pg_rows_int(rows, 0, 3, 0),
                                    .outbound = pg_rows_int(rows, 0, 4, 0),
                                    .agent_ms = pg_rows_int(rows, 0, 5, -1),
                                    .customer_ms = pg_rows_int(rows, 0, 6, -1),
                                    .silence_ms = pg_rows_int(rows, 0, 7, -1),
                                    .complete = pg_rows_bool(rows, 0, 8)};
        pg_rows_free(rows);
    }
    buf_free(&pattern);
    return result;
}

enum result call_search_fill(const struct app *app)
{
    struct pg_params params = {0};
    int64_t until = clock_monotonic_ms() + FILL_MS;
    enum result result = RESULT_OK;
    bool more = true;
    pg_int(&params, FILL_ROWS);
    for (int i = 0; i < FILL_TIMES && more && result == RESULT_OK; i++) {
        struct pg_rows *rows;
        result = pg_query(app->pg, &SQL[FILL], &params, &rows);
        if (result == RESULT_OK) {
            more = pg_rows_bool(rows, 0, 0) && clock_monotonic_ms() < until;
            pg_rows_free(rows);
        }
    }
    return result;
}
