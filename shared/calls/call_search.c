#include "call_search.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

enum {
    PATTERN_CEILING = 1024,
    SEARCH_MS = 15, /* then a page goes out with what it has */
    FILL_ROWS = 200,
    FILL_MS = 5000,
    FILL_TIMES = 1000,
};

enum statement_name { SEARCH, FILL };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [SEARCH] = {"call_search",
        "SELECT sid, (extract(epoch FROM at) * 1000000)::bigint, is_call FROM tapedeck_search_page("
        " $1::bigint, $2, $3, to_timestamp(0) + $4::bigint * interval '1 microsecond', $5, $6, $7,"
        " $8::boolean, $9::integer, " PG_MS("$10") ")"},
    [FILL] = {"call_search_fill", "SELECT tapedeck_search_fill_some($1::integer)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_search_statements(void)
{
    return SQL;
}

const char *call_flag_text(enum call_flag flag)
{
    static const char *const FLAGS[] = {[CALL_ANY] = NULL, [CALL_NO] = "f", [CALL_YES] = "t"};
    return FLAGS[flag];
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
    struct buf calls;
    buf_init(&calls, sizeof out->calls - 1);
    buf_text(&calls, "{");
    for (int i = 0; i < pg_rows_count(rows); i++) {
        if (i == limit) {
            stop_at(rows, i - 1, out);
        } else if (!pg_rows_bool(rows, i, 2)) {
            stop_at(rows, i, out);
        } else {
            buf_text(&calls, i > 0 ? "," : "");
            buf_text(&calls, pg_rows_text(rows, i, 0));
        }
    }
    buf_text(&calls, "}");
    bool ok = buf_ok(&calls);
    if (ok) {
        memcpy(out->calls, buf_str(&calls), calls.len + 1);
    }
    buf_free(&calls);
    return ok ? RESULT_OK : RESULT_INVALID;
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
    add_pattern(&pattern, filter->search);
    pg_int(&params, business_id);
    pg_text(&params, filter->search);
    pg_text(&params, buf_str(&pattern));
    pg_int_or_null(&params, after->call_sid != NULL ? after->micros : -1, -1);
    pg_text(&params, after->call_sid);
    pg_text(&params, filter->direction);
    pg_text(&params, filter->status);
    pg_text(&params, call_flag_text(filter->has_recording));
    pg_int(&params, filter->limit + 1);
    pg_int(&params, SEARCH_MS);
    enum result result =
        buf_ok(&pattern) ? pg_query(app->pg, SQL[SEARCH].sql, &params, &rows) : RESULT_INVALID;
    if (result == RESULT_OK) {
        result = read_found(rows, filter->limit, out);
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
        result = pg_query(app->pg, SQL[FILL].sql, &params, &rows);
        if (result == RESULT_OK) {
            more = pg_rows_bool(rows, 0, 0) && clock_monotonic_ms() < until;
            pg_rows_free(rows);
        }
    }
    return result;
}
