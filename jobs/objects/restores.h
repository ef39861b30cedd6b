/*
 * Recordings whose waveform somebody waits for. Those that are in the object store and not on this
 * disk are restored, a few at a time. The others wait in a queue of bounded length.
 *
 * Nothing depends on a restore. When it fails, whoever wants to see the waveform asks again
 * (queue_want_peaks).
 */
#ifndef TAPEDECK_JOBS_OBJECTS_RESTORES_H
#define TAPEDECK_JOBS_OBJECTS_RESTORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "clients/http.h"

struct restores;

/* The recording is here. */
typedef void restores_ready(void *context, int64_t business_id, const char *call_sid);

/* `ready` is called from restores_add, restores_tick or http_poll. NULL without memory.
 * restores_free(NULL) is safe; it ends what still runs, and leaves that and those that wait to
 * another runner. */
struct restores *restores_new(const struct app *app, struct http *http, restores_ready *ready,
                              void *context);
void restores_free(struct restores *restores);

/* Asks for one; what is here is passed on at once. Twice is once; what does not fit in the line is
 * dropped. */
void restores_add(struct restores *restores, int64_t business_id, const char *call_sid);

/* Begins the next ones. */
void restores_tick(struct restores *restores);

/* True when none is under way and none waits. */
bool restores_idle(const struct restores *restores);

#endif
