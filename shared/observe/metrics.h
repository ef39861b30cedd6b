/*
 * The counts for /metrics. They are kept in this process, and added to a hash in Redis
 * (rec_metrics) every METRICS_EVERY_MS, between two requests, never while somebody waits.
 *
 * A count only grows, also over our restarts, as long as Redis keeps it. Counts that Redis did not
 * take are kept here and offered again. When a process is killed, or Redis goes away, only the
 * counts of the last moments are lost.
 */
#ifndef TAPEDECK_OBSERVE_METRICS_H
#define TAPEDECK_OBSERVE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

enum { METRICS_EVERY_MS = 2000, METRICS_NAME_SIZE = 96, METRICS_COUNTS_MAX = 1024 };

/* What is counted, and by what. */
#define METRICS_DOWNLOADS "downloads" /* how an attempt ended */
#define METRICS_FAULTS "faults"       /* why it did not end well */
#define METRICS_BYTES "bytes"         /* of stored recordings */
#define METRICS_UNUSED "unused"       /* callbacks that could not be used, why */
#define METRICS_DROPPED "dropped"     /* those of them that were over INBOX_PER_DAY */
#define METRICS_REQUESTS "requests"   /* route, status */
#define METRICS_WITHIN "within"       /* route, the bucket's upper bound */
#define METRICS_TOOK_US "took_us"     /* route */

/* Nothing counted yet. NULL without memory: then nothing is counted. metrics_free(NULL) is safe. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* Adds to the count of this name, "what", "what|first" or "what|first|second"; NULL words are left
 * out. A name that is too long, or one name too many, is not counted. `metrics` may be NULL. */
void metrics_add(struct metrics *metrics, const char *what, const char *first, const char *second,
                 int64_t by);

/* Is there something that Redis was not given yet? */
bool metrics_pending(const struct metrics *metrics);

/* Gives Redis what was counted, if the time for it has come, or `now`; waits for no answer. */
void metrics_flush(const struct app *app, bool now);

/* Visits every count that Redis has, in no order. */
enum result metrics_each(const struct app *app,
                         void (*visit)(void *, const char *name, int64_t count), void *context);

#endif
