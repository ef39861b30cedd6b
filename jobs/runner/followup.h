/*
 * What a runner does after a recording is stored: its waveform (waveforms.h), its upload to the
 * object store (uploads.h), the steps of its call (steps.h), and webhooks (deliveries.h). Also the
 * restore of a recording that is only in the object store (restores.h). None of this holds a
 * download's slot.
 */
#ifndef TAPEDECK_JOBS_RUNNER_FOLLOWUP_H
#define TAPEDECK_JOBS_RUNNER_FOLLOWUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "clients/http.h"

struct followup;

/* NULL without memory. followup_free(NULL) is safe; what still runs is handed back. */
struct followup *followup_new(const struct app *app, struct http *http);
void followup_free(struct followup *followup);

/* A recording has just been stored, or was found here. */
void followup_stored(struct followup *followup, int64_t business_id, const char *call_sid);

/* Somebody waits for a stored recording's waveform, wherever the recording is. */
void followup_want_peaks(struct followup *followup, int64_t business_id, const char *call_sid);

/* The same for those that wait in the queue, as many as there are. */
void followup_take_peaks(struct followup *followup);

/* Uploads, steps and deliveries under way; waveforms are no reason to go on taking. */
size_t followup_count(const struct followup *followup);

/* True when nothing at all is under way, and no upload is due. */
bool followup_idle(const struct followup *followup);

/* Moves bytes, at most `timeout_ms`, until something happens in `http`, here, or on one of `fds`.
 */
enum result followup_poll(struct followup *followup, const int *fds, size_t count, int timeout_ms);

/* What is due; new uploads, steps and deliveries only if it is `taking`. */
void followup_tick(struct followup *followup, bool taking);

/* Stops uploads, steps and deliveries; each is due again at once, for somebody else. */
void followup_hand_back(struct followup *followup);

#endif
