/*
 * Keeping what a runner has: heartbeats in PostgreSQL, leases in Redis, and people's requests to
 * cancel.
 *
 * A run that turns out to be somebody else's is marked lost and its transfer stopped; one that a
 * person cancels is marked cancelled and stopped. When one of the two servers does not answer, the
 * work goes on and is asked about next time; when neither has vouched for it for so long that it
 * may be somebody else's before we ask again, it is lost.
 */
#ifndef TAPEDECK_JOBS_RUNNER_LEASES_H
#define TAPEDECK_JOBS_RUNNER_LEASES_H

#include "app.h"
#include "work.h"

/* Renews everything: one statement for all rows, then one for all leases. */
void leases_renew(const struct app *app, const struct work_list *list);

/* Stops what somebody cancelled: one statement for all. */
void leases_hear_cancels(const struct app *app, const struct work_list *list);

#endif
