/*
 * What `retain` does with rows whose time is over (recordings/terms.h): a line of the log for each
 * table of which some went, or, in a dry run, a line for each of which some would go.
 */
#ifndef TAPEDECK_COMMANDS_RETAIN_ROWS_H
#define TAPEDECK_COMMANDS_RETAIN_ROWS_H

#include "recordings/terms.h"

/* RESULT_DENIED: nothing went, in case a clock is wrong; it says so. */
enum result retain_rows(const struct app *app, const struct terms_wish *wish);

#endif
