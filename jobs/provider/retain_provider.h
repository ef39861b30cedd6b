/*
 * The provider's copies of recordings that are deleted here: deleted there, too, where
 * RETENTION_AT_TWILIO asks for it (Twilio, "Recordings resource: delete a recording"; it cannot be
 * undone).
 *
 * Never before the row says so and our own copy was seen to be gone. The row is told when Twilio
 * has answered 404 for it. What could not be deleted stays for the next time.
 */
#ifndef TAPEDECK_JOBS_PROVIDER_RETAIN_PROVIDER_H
#define TAPEDECK_JOBS_PROVIDER_RETAIN_PROVIDER_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

struct retain_provider_counts {
    int64_t deleted; /* seen to be gone */
    int64_t failed;  /* for the next time */
};

/* RESULT_OK when nothing is left to do; each failure has its line on stderr. */
enum result retain_at_provider(const struct app *app, struct retain_provider_counts *counts);

#endif
