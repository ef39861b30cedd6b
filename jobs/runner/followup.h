/*
 * What a stored recording is followed by in a runner: its waveform (waveforms.h), its way to the
 * object store (uploads.h), the steps of its call (steps.h), and telling others (deliveries.h).
 * And what is wanted of one that is in the object store alone: its way back (restores.h). None of
 * it holds a download's slot.
 */
#ifndef TAPEDECK_JOBS_RUNNER_FOLLOWUP_H
#define TAPEDECK_JOBS_RUNNER_FOLLOWUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "clients/http.h"

struct after;

/* NULL without memory. after_free(NULL) is safe; what still runs is handed back. */
struct after *after_new(const struct app *app, struct http *http);
void after_free(struct after *after);

/* A recording has just been stored, or was found here. */
void after_stored(struct after *after, int64_t business_id, const char *call_sid);

/* Somebody waits for a stored recording's waveform, wherever the recording is. */
void after_want_peaks(struct after *after, int64_t business_id, const char *call_sid);

/* Uploads, steps and deliveries under way; waveforms are no reason to go on taking. */
size_t after_count(const struct after *after);

/* True when nothing at all is under way, and no upload is due. */
bool after_idle(const struct after *after);

/* Moves bytes, at most `timeout_ms`, until something happens in `http`, here, or on one of `fds`.
 */
enum result after_poll(struct after *after, const int *fds, size_t count, int timeout_ms);

/* What is due; new uploads, steps and deliveries only if it is `taking`. */
void after_tick(struct after *after, bool taking);

/* Stops uploads, steps and deliveries; each is due again at once, for somebody else. */
void after_hand_back(struct after *after);

#endif
