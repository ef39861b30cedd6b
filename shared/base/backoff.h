/*
 * When a broken connection is tried again: at once, then after delays that double from 50 ms to a
 * maximum. Pure; the caller passes the time.
 */
#ifndef TAPEDECK_BASE_BACKOFF_H
#define TAPEDECK_BASE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff {
    int64_t delay_ms; /* 0: no failure yet */
    int64_t next_ms;  /* monotonic; not to be tried before */
};

/* True when a try is due at `now` (milliseconds, monotonic). */
bool backoff_due(const struct backoff *b, int64_t now);

/* Notes how the try ended. */
void backoff_failed(struct backoff *b, int64_t now, int64_t ceiling_ms);
void backoff_succeeded(struct backoff *b);

#endif
