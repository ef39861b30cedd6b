/*
 * Recordings whose waveform somebody waits for. One that is in the object store and not on this
 * disk is brought back, a few at a time; the others wait in a line of bounded length.
 *
 * Nothing depends on one: where it does not come, whoever wants to see the waveform asks again
 * (queue_want_peaks).
 */
#ifndef TAPEDECK_JOBS_OBJECTS_RESTORES_H
#define TAPEDECK_JOBS_OBJECTS_RESTORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "clients/http.h"

struct recalls;

/* The recording is here. */
typedef void recalls_here(void *context, int64_t business_id, const char *call_sid);

/* `here` is called from recalls_add, recalls_tick or http_poll. NULL without memory.
 * recalls_free(NULL) is safe; it ends what still runs, and leaves that and those that wait to
 * another runner. */
struct recalls *recalls_new(const struct app *app, struct http *http, recalls_here *here,
                            void *context);
void recalls_free(struct recalls *recalls);

/* Asks for one; what is here is passed on at once. Twice is once; what does not fit in the line is
 * dropped. */
void recalls_add(struct recalls *recalls, int64_t business_id, const char *call_sid);

/* Begins the next ones. */
void recalls_tick(struct recalls *recalls);

/* True when none is under way and none waits. */
bool recalls_idle(const struct recalls *recalls);

#endif
