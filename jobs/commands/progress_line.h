/*
 * One line that shows progress: a bar, how many of how many, bytes and bytes a second where they
 * are counted, and how long the rest will take at this speed.
 */
#ifndef TAPEDECK_JOBS_COMMANDS_PROGRESS_LINE_H
#define TAPEDECK_JOBS_COMMANDS_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_LINE_SIZE = 160, PROGRESS_LINE_NO_BYTES = -1 };

struct progress_line {
    int64_t done, total; /* things; at least 0 */
    int64_t failed;      /* of those that are done */
    int64_t bytes;       /* since it began */
    int64_t elapsed_ms;
    int64_t began_ms, shown_ms; /* shown_ms begins as 0 */
};

/* `out` holds PROGRESS_LINE_SIZE, and is returned. */
const char *progress_line_text(const struct progress_line *progress, char *out);

/* Is the line to be shown now? On a terminal four times a second at most, else every ten seconds;
 * the first and the last one always. Then elapsed_ms and shown_ms are set. */
bool progress_line_is_due(struct progress_line *progress, bool is_tty, int64_t now_ms, bool last);

#endif
