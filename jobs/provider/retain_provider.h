/*
 * Deletes the provider's copies of recordings that are deleted here, if RETENTION_AT_TWILIO is set
 * (Twilio, "Recordings resource: delete a recording"; it cannot be undone).
 *
 * This happens only after the row says that the recording is deleted and our own copy was seen to
 * be gone. When Twilio has answered 404 for the copy, the row says so. What could not be deleted is
 * tried again the next time.
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
