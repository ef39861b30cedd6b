/*
 * The runs that a runner has under way: each has a transfer, or waits for something.
 */
#ifndef TAPEDECK_JOBS_RUNNER_WORK_H
#define TAPEDECK_JOBS_RUNNER_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/magic.h"
#include "runs/run.h"
#include "storage/file.h"
#include "transfer.h"

struct runner;

struct work {
    struct magic magic;
    struct runner *runner;
    struct work *next, *previous;
    struct run run;
    struct transfer *transfer; /* NULL while it waits: for the part file's lock, or to be written */
    int64_t received, total;   /* bytes; total -1 while not known */
    int64_t published_ms, published_bytes;
    int64_t drawn_ms;                 /* when its waveform was published */
    int64_t started_ms, try_again_ms; /* while it waits */
    int lock_tries;
    bool ended;   /* `end` and `part` wait for PostgreSQL to hear of them */
    bool storing; /* the storer has it, and nobody else touches it */
    struct transfer_end end;
    struct file_part part;
    int64_t confirmed_ms; /* when Redis or PostgreSQL last said that it is ours */
    bool cancelled;       /* a person wants it to end */
    bool lost;            /* somebody else has the lease: change nothing any more */
};

struct work_list {
    struct work *first, *last; /* in the order in which they were added */
    size_t count;
};

/* Adds a copy of the run. NULL without memory. */
struct work *work_add(struct work_list *list, struct runner *runner, const struct run *run);

/* Takes it out and frees it. */
void work_remove(struct work_list *list, struct work *work);

/* Ends its transfer, if it has one; the end comes by the transfer's events. */
void work_stop(struct work *work);

#endif
