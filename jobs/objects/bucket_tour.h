/*
 * retain's tour through the bucket, some pages a night: finds objects that no row tells of
 * (storage/stray.h). Those of recordings that are kept get their row back. Those of recordings that
 * are deleted, or another business's, go at once. Those that are nobody's go when they are a day
 * old, unless they are so many that the bucket is probably another database's. Keys that are none
 * of ours are left alone.
 */
#ifndef TAPEDECK_JOBS_OBJECTS_BUCKET_TOUR_H
#define TAPEDECK_JOBS_OBJECTS_BUCKET_TOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

struct bucket_tour_wish {
    bool all; /* however many are nobody's */
};

struct bucket_tour_counts {
    int64_t objects; /* of recordings and waveforms */
    int64_t strange; /* other keys */
    int64_t adopted; /* recordings that have their row again */
    int64_t deleted; /* recordings */
    int64_t orphans; /* objects that are nobody's, and a day old */
    bool ended;      /* the next tour begins anew */
};

/* Where it stopped is remembered, and it goes on there. RESULT_UNAVAILABLE: PostgreSQL did not
 * answer. RESULT_FAILED: the store did not, or did not delete. RESULT_DENIED: too many are
 * nobody's; they stay, and the tour stays where it is. */
enum result bucket_tour(const struct app *app, const struct bucket_tour_wish *wish,
                        struct bucket_tour_counts *counts);

#endif
