/*
 * Where a search hit: the sentences of the calls that it found, and which of their words.
 */
#ifndef TAPEDECK_CALLS_CALL_HITS_H
#define TAPEDECK_CALLS_CALL_HITS_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "clients/pg.h"
#include "hit_marks.h"

/* One sentence. Texts live only while the visitor runs. */
struct call_hit {
    const char *call_sid;
    const char *recording; /* its name; NULL: there may be more than was looked for in this call */
    int64_t at_ms;         /* from the recording's beginning */
    const char *speaker, *text; /* the speaker is NULL where nobody says who it was */
    struct hit_mark marks[HIT_MARKS_MAX];
    size_t count;
};

typedef void call_hit_visitor(void *context, const struct call_hit *hit);

/* Visits up to CALL_HITS_MAX sentences of each of `calls` (SIDs, as an array of PostgreSQL's), in
 * order of the calls and of time; all but the first only as long as some milliseconds last. */
enum { CALL_HITS_MAX = 5 };
enum result call_hits(const struct app *app, int64_t business_id, const char *calls,
                      const char *search, call_hit_visitor *visit, void *context);

const struct pg_statement *call_hits_statements(void);

#endif
