/*
 * Renews what a runner holds: heartbeats in PostgreSQL, leases in Redis. Also notices people's
 * requests to cancel.
 *
 * A run that another runner has by now is marked lost, and its transfer is stopped. One that a
 * person cancels is marked cancelled and stopped. When one of the two servers does not answer, the
 * work goes on and the server is asked again next time. When neither has confirmed a run for so
 * long that another runner may have it before we can ask again, the run is lost.
 */
#ifndef TAPEDECK_JOBS_RUNNER_LEASES_H
#define TAPEDECK_JOBS_RUNNER_LEASES_H

#include "app.h"
#include "work.h"

/* Renews everything: one statement for all rows, then one for all leases. */
void leases_renew(const struct app *app, const struct work_list *list);

/* Stops what somebody cancelled: one statement for all. */
void leases_read_cancels(const struct app *app, const struct work_list *list);

#endif
