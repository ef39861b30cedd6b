/*
 * How long our own rows are kept. A row that nobody will ask for again goes when its time is over:
 * pages of a thousand, each a statement of its own, found by an index, at most TERMS_PAGES of each
 * table a night; the next night goes on where this one stopped.
 *
 * What is still needed stays, however old it is: of a recording that is kept, its last run, the
 * last one that completed and its steps; of a conference's recording, its callback. So a callback
 * that is heard again, a click and a backfill find what they would have found.
 */
#ifndef TAPEDECK_RECORDINGS_TERMS_H
#define TAPEDECK_RECORDINGS_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

enum { TERMS_PAGE = 1000, TERMS_PAGES = 5000 };

struct terms_wish {
    bool dry_run; /* counts what would go */
    bool all;     /* although the last night was long ago */
};

/* What of one table went, or would go. */
struct terms_count {
    const char *table;
    int64_t keep_ms, gone;
};

typedef void terms_visitor(void *context, const struct terms_count *count);

/* Goes through all tables and visits each. RESULT_DENIED: the last night was more than a week ago,
 * or is to come. Then nothing goes, in case a clock is wrong; the next night does its work. */
enum result terms_apply(const struct app *app, const struct terms_wish *wish, terms_visitor *visit,
                        void *context);

const struct pg_statement *terms_statements(void);

#endif
