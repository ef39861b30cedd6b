/*
 * Runs from outside of a runner: a person cancels one, and failed ones are queued again, by hand or
 * by themselves.
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
 * INFLIGHT_TTL is queued again, its recoveries forgotten; so is what failed, however long ago, if
 * its recording is still wanted. All recordings of one call, one
 * recording, or with NULL all of the business. Gives how many. */
enum result run_control_reopen(const struct app *app, int64_t business_id, const char *call_sid,
                               int64_t *reopened);

/* Queues a recording again that failed, because its callback has come once more. `call_sid` may be
 * NULL. Gives how many. */
enum result run_control_reopen_announced(const struct app *app, const char *recording_sid,
                                         const char *account_sid, const char *call_sid,
                                         int64_t *reopened);

/* Queues again what callbacks announced, and what failed for something that may have passed: first
 * after ten minutes, then each time after twice as long, up to a day, for a month. Gives how many.
 */
enum result run_control_try_again(const struct app *app, int64_t *queued);

const struct pg_statement *run_control_statements(void);

#endif
