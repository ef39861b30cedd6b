/*
 * Local work in a process of its own: the decoder, a small program that lies beside this one
 * (jobs/decoder). It reads bytes from its stdin and writes bytes to its stdout.
 *
 * Everything that decodes bytes from outside runs in a child. When a decoder loops, crashes or eats
 * memory, only the child ends, and the runner's loop never waits for it. A child has no
 * configuration, no secrets and no descriptors except the two it is given; it shares our stderr. It
 * ends when we end, and has a lower priority than the runner itself.
 */
#ifndef TAPEDECK_JOBS_AUDIO_CHILD_H
#define TAPEDECK_JOBS_AUDIO_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "child_limits.h"

#define CHILD_DECODER "tapedeck-decoder"

/* The word behind its command: it does not close itself (base/sandbox.h). */
#define CHILD_OPEN "open"

/* What it exits with. */
enum {
    CHILD_DONE = 0,
    CHILD_NOT_DONE = 1,   /* no memory, no disk: another time it may work */
    CHILD_UNREADABLE = 3, /* what came in cannot be read, and never will be */
    CHILD_NOT_STARTED = 127,
};

enum { CHILD_WORDS_MAX = 8 };

struct child_order {
    const char *program;                /* its path; NULL: the decoder */
    const char *words[CHILD_WORDS_MAX]; /* its command and arguments, short; ends with NULL */
    int in, out; /* the caller's to close; the child has copies; `out` is none of 0 to 2 */
    struct child_limits limits;
};

struct child; /* opaque; one running process */

enum child_outcome {
    CHILD_RUNS,
    CHILD_EXITED,  /* by itself, with a status */
    CHILD_CRASHED, /* a signal that its own doing brought on, or its limits: trying again is useless
                    */
    CHILD_TOO_SLOW, /* its wall_ms were over */
    CHILD_KILLED,   /* by somebody else */
};

/* NULL when it could not be started. */
struct child *child_start(const struct child_order *order);

/* A descriptor to poll for reading: when it is readable, child_check tells whether the child has
 * ended. */
int child_fd(const struct child *child);

/* How it is with it, without waiting; one that is over its time is ended. `status` is set when it
 * exited by itself. */
enum child_outcome child_check(struct child *child, int *status);

/* Ends it if it runs, waits for that end, and frees. child_free(NULL) is safe. */
void child_free(struct child *child);

#endif
