/*
 * Which of the formats is asked for next (docs/twilio.md). Pure.
 *
 * From the best to the last. A 404 may mean that this format is not there, or that it is not there
 * yet: when a lower one is there, those above it that answered 404 are asked once more before it is
 * taken, so that a recording which has just become ready does not lose its second channel.
 */
#ifndef TAPEDECK_JOBS_RUNNER_LADDER_H
#define TAPEDECK_JOBS_RUNNER_LADDER_H

#include <stdbool.h>
#include <stddef.h>

struct ladder {
    size_t count, rung; /* how many there are, and which one is asked for */
    size_t found;       /* the lowest one that was there, while those above it are asked again */
    unsigned missing;   /* bits: they answered 404 */
    unsigned asked_again;
};

/* The one that was asked for is not there (`missing`: 404), or is not given. False: it was the
 * last. */
bool ladder_down(struct ladder *ladder, bool missing);

/* The one that was asked for is there. True: another one is to be asked for before it is taken. */
bool ladder_up(struct ladder *ladder);

#endif
