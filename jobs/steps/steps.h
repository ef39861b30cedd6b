/*
 * The steps under way in a runner: claims those that are due, starts a job for each (step_job.h),
 * renews their leases, and writes how they ended.
 *
 * At most STEPS_PARALLEL run at once, and none holds a download's slot. An end that could not be
 * written to PostgreSQL is kept and written again.
 */
#ifndef TAPEDECK_JOBS_STEPS_STEPS_H
#define TAPEDECK_JOBS_STEPS_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "clients/http.h"

struct steps;

/* NULL without memory. steps_free(NULL) is safe; what still runs is handed back. */
struct steps *steps_new(const struct app *app, struct http *http);
void steps_free(struct steps *steps);

/* Steps under way. */
size_t steps_count(const struct steps *steps);

/* Whether none is under way, and none can have become due since it was looked for. */
bool steps_idle(const struct steps *steps);

/* Something may be due now: it is looked for at the next tick, or, where that takes long, a while
 * after the last time. */
void steps_wake(struct steps *steps);

/* What is due: ends, heartbeats, and, if `taking`, new steps. Call it after each poll. */
void steps_tick(struct steps *steps, bool taking);

/* For how long nothing is due that no descriptor tells of, at most `most_ms`. */
int64_t steps_wait_ms(const struct steps *steps, int64_t most_ms);

/* The descriptors that it wants to be woken up for, at most `limit`. Gives how many. */
size_t steps_fds(const struct steps *steps, int *fds, size_t limit);

/* Stops everything; each step is due again at once, for somebody else. */
void steps_hand_back(struct steps *steps);

#endif
