/*
 * retain's tour of this disk. What PostgreSQL knows as deleted, or as another business's, goes at
 * once. What is nobody's goes when it is a day old, unless it is so much that PostgreSQL is
 * probably not the one that these files belong to.
 */
#ifndef TAPEDECK_JOBS_COMMANDS_DISK_TOUR_H
#define TAPEDECK_JOBS_COMMANDS_DISK_TOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

struct disk_tour_wish {
    bool dry_run; /* only count */
    bool all;     /* however many are nobody's */
};

/* Files. */
struct disk_tour_counts {
    int64_t files;   /* of recordings and waveforms */
    int64_t over;    /* known, and not to be there any more */
    int64_t orphans; /* nobody's, and a day old */
    int64_t failed;  /* could not be removed */
};

/* RESULT_UNAVAILABLE: PostgreSQL did not answer, and nothing goes without it. RESULT_DENIED: too
 * many are nobody's; they stay. RESULT_FAILED: something could not be removed. */
enum result disk_tour(const struct app *app, const struct disk_tour_wish *wish,
                      struct disk_tour_counts *counts);

#endif
