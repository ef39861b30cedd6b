/*
 * Makes the waveforms of recordings that are on this disk: each once, in a child, without a
 * download's slot, a few at a time. The others wait in a queue of bounded length.
 *
 * Nothing depends on a waveform. A failure is logged, and whoever wants to see the waveform asks
 * again (queue_want_peaks). A recording that cannot be read gets an empty waveform, so that nobody
 * tries again.
 */
#ifndef TAPEDECK_JOBS_AUDIO_WAVEFORMS_H
#define TAPEDECK_JOBS_AUDIO_WAVEFORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"

enum { WAVEFORMS_AT_ONCE = 2 };

struct waveforms;

/* A waveform that was asked for is on the disk, or the mark of one that cannot be made. */
typedef void waveforms_made(void *context, int64_t business_id, const char *call_sid);

/* `made` is called from waveforms_tick. NULL without memory. waveforms_free(NULL) is safe; it ends
 * what still runs, and leaves that and those that wait to another runner. */
struct waveforms *waveforms_new(const struct app *app, waveforms_made *made, void *context);
void waveforms_free(struct waveforms *waveforms);

/* Asks for one; it is begun by the next waveforms_tick that has room. Twice is once; what is there
 * already is not made again; what does not fit in the line is dropped. */
void waveforms_add(struct waveforms *waveforms, int64_t business_id, const char *call_sid);

/* Descriptors to poll for reading, at most WAVEFORMS_AT_ONCE: call waveforms_tick when one is
 * ready. Gives how many. */
size_t waveforms_fds(const struct waveforms *waveforms, int *fds);

/* Finishes those that ended, and begins the next ones. */
void waveforms_tick(struct waveforms *waveforms);

/* True when none is made and none waits. */
bool waveforms_idle(const struct waveforms *waveforms);

#endif
