#include "call_hits.h"

#include <string.h>

/* Some of a call's candidates may hold what is sought in the middle of a word. */
enum { CANDIDATES = 2 * CALL_HITS_MAX, HITS_MS = 8 };

enum statement_name { HITS };

static const struct pg_statement SQL[] = {
    [HITS] = {"call_hits", "SELECT * FROM tapedeck_hits($1::bigint, $2::text[], $3, $4::integer,"
                           " " PG_MS("$5") ")"},
    {NULL, NULL},
};

const struct pg_statement *call_hits_statements(void)
{
    return SQL;
}

/* How many of the call's were visited, and how many candidates it had. */
struct count {
    const char *call_sid;
    int visited, candidates;
};

static void visit_row(const struct pg_rows *rows, int row, struct count *count,
                      call_hit_visitor *visit, void *context)
{
    struct call_hit hit = {.call_sid = pg_rows_text(rows, row, 0),
                           .recording = pg_rows_text(rows, row, 1),
                           .at_ms = pg_rows_int(rows, row, 2, 0),
                           .speaker = pg_rows_text(rows, row, 3),
                           .text = pg_rows_text(rows, row, 4)};
    const char *lowered = pg_rows_text(rows, row, 5);
    if (count->call_sid == NULL || strcmp(count->call_sid, hit.call_sid) != 0) {
        *count = (struct count){.call_sid = hit.call_sid};
    }
    if (lowered != NULL && hit.text != NULL) {
        hit.count = hit_marks(lowered, pg_rows_text(rows, row, 6), hit.marks);
    }
    bool is_one = hit.count > 0 && count->visited < CALL_HITS_MAX;
    if (is_one) {
        visit(context, &hit);
        count->visited++;
    }
    count->candidates++;
    if (hit.text == NULL || (hit.count > 0 && !is_one) || count->candidates == CANDIDATES) {
        hit.recording = NULL;
        visit(context, &hit);
    }
}

enum result call_hits(const struct app *app, int64_t business_id, const char *calls,
                      const char *search, call_hit_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    struct count count = {0};
    pg_int(&params, business_id);
    pg_text(&params, calls);
    pg_text(&params, search);
    pg_int(&params, CANDIDATES);
    pg_int(&params, HITS_MS);
    enum result result = pg_query(app->pg, &SQL[HITS], &params, &rows);
    if (result == RESULT_OK) {
        for (int i = 0; i < pg_rows_count(rows); i++) {
            visit_row(rows, i, &count, visit, context);
        }
        pg_rows_free(rows);
    }
    return result;
}
