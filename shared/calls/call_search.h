/*
 * Which calls of a business a page has that is filtered, or searched by part of a number or by
 * words. What is read, and how far, is db/migrations/271_find.sql, and 240_search.sql for what is
 * sought.
 */
#ifndef TAPEDECK_CALLS_CALL_SEARCH_H
#define TAPEDECK_CALLS_CALL_SEARCH_H

#include "call.h"

/* A place in a list that goes from the newest call to the oldest: behind this call. */
struct call_place {
    int64_t micros;       /* created_at, since 1970 */
    const char *call_sid; /* NULL: before the newest */
};

enum { CALL_FOUND_SIZE = 8192 };

struct call_found {
    char calls[CALL_FOUND_SIZE]; /* SIDs, as an array of PostgreSQL's */
    char times[CALL_FOUND_SIZE]; /* their created_at, in microseconds since 1970, likewise */
    bool stopped; /* the page is full, or it took too long: more may be behind this place */
    int64_t micros;
    char call_sid[SID_SIZE];
};

/* Up to `filter->limit` calls behind `after`, newest first. RESULT_INVALID: more is sought than can
 * be. */
enum result call_search(const struct app *app, int64_t business_id,
                        const struct call_filter *filter, const struct call_place *after,
                        struct call_found *out);

/* Visits the rows of calls that were found, newest first, as `subject` sees them. */
enum result call_list_found(const struct app *app, int64_t business_id, const char *subject,
                            const struct call_found *found, call_visitor *visit, void *context);

/* What a filter or a search finds, all of it together; -1: not known. */
struct call_totals {
    int64_t calls, seconds, missed, inbound, outbound, agent_ms, customer_ms, silence_ms;
    bool complete; /* false: there is more than could be counted in a few milliseconds */
};
enum result call_search_totals(const struct app *app, int64_t business_id,
                               const struct call_filter *filter, struct call_totals *out);

/* Fills in what searches read of calls that are older than that: some seconds' worth each time,
 * until all have it. */
enum result call_search_fill(const struct app *app);

const struct pg_statement *call_search_statements(void);

#endif
