/*
 * How far something is, as one line: a bar, how many of how many, bytes, bytes a second, and how
 * long the rest will take if it goes on like this.
 */
#ifndef TAPEDECK_JOBS_COMMANDS_PROGRESS_LINE_H
#define TAPEDECK_JOBS_COMMANDS_PROGRESS_LINE_H

#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_LINE_SIZE = 160 };

struct progress_line {
    int64_t done, total; /* things; at least 0 */
    int64_t failed;      /* of those that are done */
    int64_t bytes;       /* since it began */
    int64_t elapsed_ms;
};

/* `out` holds PROGRESS_LINE_SIZE, and is returned. */
const char *progress_line_text(const struct progress_line *progress, char *out);

#endif
