/*
 * The limits of a child (child.h), as they travel to it: a word of its environment, by which it
 * limits itself before it reads a byte.
 */
#ifndef TAPEDECK_JOBS_AUDIO_CHILD_LIMITS_H
#define TAPEDECK_JOBS_AUDIO_CHILD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The name of that word. */
#define CHILD_LIMITS "TAPEDECK_CHILD_LIMITS"

enum { CHILD_LIMITS_SIZE = 128 };

/* Of all that reads sound: what transfers leave is enough for it. */
enum { CHILD_LOW_PRIORITY = 10 };

struct child_limits {
    int64_t cpu_s;
    int64_t memory_bytes; /* not held under a sanitizer, which needs terabytes of addresses */
    int64_t output_bytes; /* of any file it writes */
    int64_t wall_ms;      /* its starter sees to that one */
};

/* "NAME=limits" for a child of process `parent`. Gives `out`. */
char *child_limits_print(const struct child_limits *limits, pid_t parent,
                         char out[CHILD_LIMITS_SIZE]);

/* Puts this process under them: it ends when its parent does, gets no privileges, has a lower
 * priority. False when one could not be set, or the parent is not there any more. */
bool child_limits_enter(const char *text);

#endif
