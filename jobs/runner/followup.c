#include "followup.h"

#include <stdlib.h>

#include "audio/waveforms.h"
#include "base/magic.h"
#include "objects/restores.h"
#include "objects/uploads.h"
#include "runs/queue.h"
#include "steps/deliveries.h"
#include "steps/steps.h"

struct followup {
    struct magic magic;
    const struct app *app;
    struct http *http;
    struct restores *restores;
    struct waveforms *waveforms;
    struct uploads *uploads;
    struct steps *steps;
    struct deliveries *deliveries;
    bool taking;
};

static void on_made(void *context, int64_t business_id, const char *call_sid)
{
    const struct followup *followup = CHECKED(followup, context);
    uploads_add(followup->uploads, business_id, call_sid);
}

static void on_here(void *context, int64_t business_id, const char *call_sid)
{
    const struct followup *followup = CHECKED(followup, context);
    waveforms_add(followup->waveforms, business_id, call_sid);
}

struct followup *followup_new(const struct app *app, struct http *http)
{
    struct followup *followup = calloc(1, sizeof *followup);
    if (followup == NULL) {
        return NULL;
    }
    followup->magic = MAGIC(followup);
    followup->app = app;
    followup->http = http;
    followup->restores = restores_new(app, http, on_here, followup);
    followup->waveforms = waveforms_new(app, on_made, followup);
    followup->uploads = uploads_new(app, http);
    followup->steps = steps_new(app, http);
    followup->deliveries = deliveries_new(app, http);
    if (followup->restores == NULL || followup->waveforms == NULL || followup->uploads == NULL ||
        followup->steps == NULL || followup->deliveries == NULL) {
        followup_free(followup);
        return NULL;
    }
    return followup;
}

void followup_free(struct followup *followup)
{
    if (followup != NULL) {
        restores_free(followup->restores);
        waveforms_free(followup->waveforms);
        uploads_free(followup->uploads);
        deliveries_free(followup->deliveries);
        steps_free(followup->steps);
        free(followup);
    }
}

void followup_stored(struct followup *followup, int64_t business_id, const char *call_sid)
{
    waveforms_add(followup->waveforms, business_id, call_sid);
    uploads_add(followup->uploads, business_id, call_sid);
    steps_wake(followup->steps);
}

void followup_want_peaks(struct followup *followup, int64_t business_id, const char *call_sid)
{
    restores_add(followup->restores, business_id, call_sid);
}

void followup_take_peaks(struct followup *followup)
{
    struct queue_job job;
    enum result result = RESULT_OK;
    for (int i = 0; i < QUEUE_PEAKS_MAX && (result == RESULT_OK || result == RESULT_INVALID); i++) {
        result = queue_pop_peaks(followup->app, &job);
        if (result == RESULT_OK) {
            followup_want_peaks(followup, job.business_id, job.call_sid);
        }
    }
}

size_t followup_count(const struct followup *followup)
{
    return uploads_running(followup->uploads) + steps_count(followup->steps) +
           deliveries_count(followup->deliveries);
}

bool followup_idle(const struct followup *followup)
{
    return followup_count(followup) == 0 && steps_idle(followup->steps) &&
           deliveries_idle(followup->deliveries) && restores_idle(followup->restores) &&
           waveforms_idle(followup->waveforms) && uploads_idle(followup->uploads);
}

enum result followup_poll(struct followup *followup, const int *fds, size_t count, int timeout_ms)
{
    int all[HTTP_WAKE_FDS_MAX];
    size_t n = 0;
    for (; n < count && n < HTTP_WAKE_FDS_MAX - WAVEFORMS_AT_ONCE; n++) {
        all[n] = fds[n];
    }
    n += waveforms_fds(followup->waveforms, all + n);
    n += steps_fds(followup->steps, all + n, HTTP_WAKE_FDS_MAX - n);
    restores_tick(followup->restores);
    bool busy = uploads_tick(followup->uploads, followup->taking);
    int wait_ms = (int)steps_wait_ms(followup->steps, timeout_ms);
    enum result result = http_poll(followup->http, all, n, busy ? 0 : wait_ms);
    waveforms_tick(followup->waveforms);
    return result;
}

/* A step that ended may have made deliveries. */
void followup_tick(struct followup *followup, bool taking)
{
    size_t before = steps_count(followup->steps);
    followup->taking = taking;
    steps_tick(followup->steps, taking);
    if (steps_count(followup->steps) < before) {
        deliveries_wake(followup->deliveries);
    }
    deliveries_tick(followup->deliveries, taking);
}

void followup_hand_back(struct followup *followup)
{
    followup->taking = false;
    uploads_stop(followup->uploads);
    steps_hand_back(followup->steps);
    deliveries_hand_back(followup->deliveries);
}
