/*
 * A command that shows how far runners are with what it asked for: one line that changes, until all
 * is done, nothing moves any more, or somebody has seen enough. The work goes on whatever it does.
 */
#ifndef TAPEDECK_JOBS_COMMANDS_WATCH_H
#define TAPEDECK_JOBS_COMMANDS_WATCH_H

#include <stdbool.h>

#include "app.h"
#include "progress_line.h"

enum watch_outcome { WATCH_DONE, WATCH_STOPPED, WATCH_NO_RUNNER, WATCH_STUCK };

/* How far it is: `line` gets done, total, failed and bytes. */
enum watch_look {
    WATCH_LOOK_LATER,
    WATCH_LOOK_AGAIN, /* at once: it has more to do itself */
    WATCH_LOOK_END,   /* all is done */
};
typedef enum watch_look watch_looker(void *context, struct progress_line *line);

/* Looks again and again. Nothing moves where done and bytes stay as they are for twice
 * ACCOUNT_PAUSE_MAX, or for RUNNER_GRACE while no runner is seen. */
enum watch_outcome watch_run(const struct app *app, int64_t total, watch_looker *look,
                             void *context);

/* The same for people. */
const char *watch_word(enum watch_outcome outcome);

/* Watches what is left of a business's recordings and their steps; gives an exit status. */
int watch_business(const struct app *app, int64_t business_id);

#endif
