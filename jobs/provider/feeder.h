/*
 * Puts a business's missing recordings of past days into the queue, newest first, behind everybody
 * who waits. Only a few are queued at a time: a prefetch waits for these few at most, and when the
 * command ends, nothing has to be taken out of the queue.
 */
#ifndef TAPEDECK_JOBS_PROVIDER_FEEDER_H
#define TAPEDECK_JOBS_PROVIDER_FEEDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "recordings/backfill.h"

enum { FEEDER_AHEAD_MAX = 200 };

struct feeder {
    const struct app *app;
    const struct backfill_range *range;
    /* what is to be fed */
    struct backfill_cursor cursor;
    char sids[BACKFILL_PAGE_MAX][SID_SIZE];
    size_t count, at;
    bool fed; /* all of it */
    /* what is on its way */
    struct backfill_run runs[FEEDER_AHEAD_MAX];
    size_t run_count, ahead;
    /* what has become of it */
    int64_t fetched, failed, left_alone, cancelled, here;
    int64_t bytes; /* of what was fetched, and of what is on its way */
};

/* How many are here, and how many are not, before anything is fed. */
enum result feeder_count(const struct app *app, const struct backfill_range *range, int64_t *here,
                         int64_t *missing);

void feeder_begin(struct feeder *feeder, const struct app *app, const struct backfill_range *range);

/* Looks how far the runs are, and feeds where there is room. RESULT_UNAVAILABLE: PostgreSQL did not
 * answer; the next time goes on. */
enum result feeder_tick(struct feeder *feeder);

/* Is there room, and something to look through yet? */
bool feeder_has_room(const struct feeder *feeder);

/* Is everything fed, and nothing on its way any more? */
bool feeder_is_done(const struct feeder *feeder);

/* How many have come to an end. */
int64_t feeder_ended(const struct feeder *feeder);

#endif
