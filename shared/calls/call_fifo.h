/*
 * A queue in memory of calls whose recordings wait for some work: first in, first out, each once,
 * of bounded length.
 */
#ifndef TAPEDECK_CALLS_CALL_FIFO_H
#define TAPEDECK_CALLS_CALL_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { CALL_FIFO_MAX = 1000 };

struct call_ref {
    int64_t business_id;
    char call_sid[SID_SIZE];
};

/* Begins as {0}. */
struct call_fifo {
    struct call_ref refs[CALL_FIFO_MAX]; /* a ring */
    size_t first, count;
};

bool call_ref_is(const struct call_ref *ref, int64_t business_id, const char *call_sid);

bool call_fifo_has(const struct call_fifo *fifo, int64_t business_id, const char *call_sid);

/* What does not fit is dropped; what is there already is not added. */
void call_fifo_add(struct call_fifo *fifo, int64_t business_id, const char *call_sid);

/* The first one leaves it. False when it is empty. */
bool call_fifo_next(struct call_fifo *fifo, struct call_ref *out);

/* Who takes calls out of a line works on a few at a time, each in a place of its own: the call in a
 * place, or NULL where it is free. `worker` is the caller's. */
typedef const struct call_ref *call_fifo_place(const void *worker, size_t place);

/* How many of the places are taken; where `call_sid` is not NULL, by this call. */
size_t call_fifo_at_hand(const void *worker, size_t places, call_fifo_place *at,
                         int64_t business_id, const char *call_sid);

#endif
