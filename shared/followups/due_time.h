/*
 * Due times that no delay of ours can have set.
 *
 * What waits for its next try is due at a time by PostgreSQL's clock. Where that clock was ahead
 * for a while, and stepped back, this time lies as far ahead as the clock was. Whatever is due
 * later than the longest delay that the configuration or a Retry-After allows is therefore due now.
 */
#ifndef TAPEDECK_FOLLOWUPS_DUE_TIME_H
#define TAPEDECK_FOLLOWUPS_DUE_TIME_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

/* Makes due whatever is too far ahead: runs, steps, deliveries, pauses of accounts. Gives how many.
 */
enum result due_time_bound(const struct app *app, int64_t *changed);

const struct pg_statement *due_time_statements(void);

#endif
