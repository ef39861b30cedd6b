/*
 * What all responders and runners have counted (observe/metrics.h), as Redis has it now: sorted, so
 * that one count can be looked up, or all can be visited.
 */
#ifndef TAPEDECK_FCGI_METRICS_COUNTS_H
#define TAPEDECK_FCGI_METRICS_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/magic.h"
#include "base/result.h"
#include "observe/metrics.h"

struct counts_item {
    char name[METRICS_NAME_SIZE]; /* "what|first|second" */
    int64_t count;
};

struct counts {
    struct magic magic;
    struct counts_item *items; /* by name */
    size_t count;
};

/* RESULT_UNAVAILABLE when Redis does not answer. Free with counts_free. */
enum result counts_read(const struct app *app, struct counts *out);
void counts_free(struct counts *counts);

/* One count, 0 where there is none; NULL words are left out. */
int64_t counts_of(const struct counts *counts, const char *what, const char *first,
                  const char *second);

/* Visits what was counted as `what`, in order; `second` is NULL where there is none. The words live
 * for the call only. */
void counts_each(const struct counts *counts, const char *what,
                 void (*visit)(void *, const char *first, const char *second, int64_t count),
                 void *context);

#endif
