/*
 * Uploads recordings to the object store, after they are stored here and checked, while other work
 * goes on. A few are uploaded at a time; the others wait in a queue of bounded length.
 *
 * A recording plays from disk meanwhile. A failed upload is tried again, after a longer pause each
 * time. What was dropped from the queue, or left by a runner that ended, is found again: PostgreSQL
 * knows what the store does not have.
 *
 * The waveform is uploaded with its recording if it is made by then, otherwise when it is made. If
 * that fails, it is not tried again before somebody wants to see the waveform.
 */
#ifndef TAPEDECK_JOBS_OBJECTS_UPLOADS_H
#define TAPEDECK_JOBS_OBJECTS_UPLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "clients/http.h"

struct uploads;

/* Does nothing at all where no object store is configured. NULL without memory.
 * uploads_free(NULL) is safe; it ends what still runs. */
struct uploads *uploads_new(const struct app *app, struct http *http);
void uploads_free(struct uploads *uploads);

/* Asks for one. Twice is once; what does not fit in the line is dropped. */
void uploads_add(struct uploads *uploads, int64_t business_id, const char *call_sid);

/* Goes on with those that run, and where it may, begins the next ones. True: there is more to do at
 * once. */
bool uploads_tick(struct uploads *uploads, bool may_begin);

/* Ends those that run, and forgets those that wait: another runner will find them. */
void uploads_stop(struct uploads *uploads);

/* How many are under way. */
size_t uploads_running(const struct uploads *uploads);

/* True when PostgreSQL was asked once, none runs, and none waits for anything but a store that
 * rests. */
bool uploads_idle(const struct uploads *uploads);

#endif
