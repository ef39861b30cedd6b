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

/* Takes the leases of granted jobs, `limit` at most: of `handed` (NULL: none), and of the next
 * ones. Gives how many are in `claims`, and how many jobs there were. RESULT_UNAVAILABLE: Redis has
 * gone, and what became of the handed one is not known. */
enum result claim_leases(const struct app *app, const struct queue_job *handed, size_t limit,
                         struct run_claim *claims, size_t *count, size_t *popped);

/* Claims the rows of those whose leases were taken; `held` says which can begin. RESULT_LOST: Redis
 * was emptied meanwhile, and some are somebody else's. Else, and none is ours: PostgreSQL did not
 * do it. */
enum result claim_rows(const struct app *app, struct run_claim *claims, size_t count);

#endif
