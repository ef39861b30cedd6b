/*
 * The steps under way in a runner: claims those that are due, has each done by its job, keeps their
 * leases, and writes how they ended.
 *
 * At most STEPS_PARALLEL at once, and never in a download's slot. What PostgreSQL could not be told
 * is kept and told again.
 */
#ifndef TAPEDECK_JOBS_STEPS_STEPS_H
#define TAPEDECK_JOBS_STEPS_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "app.h"
#include "clients/http.h"

struct steps;

/* NULL without memory. steps_free(NULL) is safe; what still runs is handed back. */
struct steps *steps_new(const struct app *app, struct http *http);
void steps_free(struct steps *steps);

/* Steps under way. */
size_t steps_count(const struct steps *steps);

/* Something may be due now: it is looked for at the next tick. */
void steps_hurry(struct steps *steps);

/* What is due: ends, heartbeats, and, if `taking`, new steps. Call it after each poll. */
void steps_tick(struct steps *steps, bool taking);

/* The descriptors that it wants to be woken up for, at most `most`. Gives how many. */
size_t steps_fds(const struct steps *steps, int *fds, size_t most);

/* Stops everything; each step is due again at once, for somebody else. */
void steps_hand_back(struct steps *steps);

#endif
