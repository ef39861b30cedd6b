/*
 * What a person may do with runs: cancel one, or queue failed ones again.
 */
#ifndef TAPEDECK_RUNS_RUN_CONTROL_H
#define TAPEDECK_RUNS_RUN_CONTROL_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

/*
 * A person asks to cancel: a run that nobody works on ends at once, a running one is asked to.
 * `call_sid` (SID_SIZE bytes) gets its call. RESULT_NOT_FOUND: no such run in this business;
 * RESULT_EXISTS: it has ended already.
 */
enum result run_control_cancel(const struct app *app, int64_t business_id, int64_t run_id,
                               char *call_sid);

/* Opens the way by hand: what waits its time is due now, and what nobody has been heard of for
 * INFLIGHT_TTL is queued again, its recoveries forgotten; so is what failed within BREAKER_RESET.
 * One call, or with NULL all of the business. Gives how many. */
enum result run_control_reopen(const struct app *app, int64_t business_id, const char *call_sid,
                               int64_t *reopened);

const struct pg_statement *run_control_statements(void);

#endif
