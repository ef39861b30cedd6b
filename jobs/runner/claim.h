/*
 * How a runner takes granted jobs: first their leases in Redis, then their rows with one commit.
 *
 * If only one of the two can be had, it is given back.
 */
#ifndef TAPEDECK_JOBS_RUNNER_CLAIM_H
#define TAPEDECK_JOBS_RUNNER_CLAIM_H

#include <stddef.h>

#include "app.h"
#include "base/result.h"
#include "runs/queue.h"
#include "runs/run.h"

/* What one commit takes at most. */
enum { CLAIM_MAX = 64 };

/* Takes one job's lease, under a new token, for a claim. RESULT_UNAVAILABLE: Redis has gone, before
 * it was ours or after. RESULT_LOST: the grant had lapsed, or another runner has it. */
enum result claim_lease(const struct app *app, const struct queue_job *job,
                        struct run_claim *claim);

/* Takes the leases of the next granted jobs, `limit` at most. Gives how many are in `claims`;
 * `popped` is how many there were. */
size_t claim_next(const struct app *app, struct run_claim *claims, size_t limit, size_t *popped);

/* Claims the rows of those whose leases were taken; `held` says which can begin. RESULT_LOST: Redis
 * was emptied meanwhile, and some are somebody else's. Else, and none is ours: PostgreSQL did not
 * do it. */
enum result claim_rows(const struct app *app, struct run_claim *claims, size_t count);

#endif
