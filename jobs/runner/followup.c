#include "followup.h"

#include <stdlib.h>

#include "audio/waveforms.h"
#include "objects/restores.h"
#include "objects/uploads.h"
#include "steps/deliveries.h"
#include "steps/steps.h"

struct after {
    struct http *http;
    struct recalls *recalls;
    struct waveforms *waveforms;
    struct uploads *uploads;
    struct steps *steps;
    struct deliveries *deliveries;
    bool taking;
};

static void on_made(void *context, int64_t business_id, const char *call_sid)
{
    const struct after *after = context;
    uploads_add(after->uploads, business_id, call_sid);
}

static void on_here(void *context, int64_t business_id, const char *call_sid)
{
    const struct after *after = context;
    waveforms_add(after->waveforms, business_id, call_sid);
}

struct after *after_new(const struct app *app, struct http *http)
{
    struct after *after = calloc(1, sizeof *after);
    if (after == NULL) {
        return NULL;
    }
    after->http = http;
    after->recalls = recalls_new(app, http, on_here, after);
    after->waveforms = waveforms_new(app, on_made, after);
    after->uploads = uploads_new(app, http);
    after->steps = steps_new(app, http);
    after->deliveries = deliveries_new(app, http);
    if (after->recalls == NULL || after->waveforms == NULL || after->uploads == NULL ||
        after->steps == NULL || after->deliveries == NULL) {
        after_free(after);
        return NULL;
    }
    return after;
}

void after_free(struct after *after)
{
    if (after != NULL) {
        recalls_free(after->recalls);
        waveforms_free(after->waveforms);
        uploads_free(after->uploads);
        deliveries_free(after->deliveries);
        steps_free(after->steps);
        free(after);
    }
}

void after_stored(struct after *after, int64_t business_id, const char *call_sid)
{
    waveforms_add(after->waveforms, business_id, call_sid);
    uploads_add(after->uploads, business_id, call_sid);
    steps_hurry(after->steps);
}

void after_want_peaks(struct after *after, int64_t business_id, const char *call_sid)
{
    recalls_add(after->recalls, business_id, call_sid);
}

size_t after_count(const struct after *after)
{
    return uploads_running(after->uploads) + steps_count(after->steps) +
           deliveries_count(after->deliveries);
}

bool after_idle(const struct after *after)
{
    return after_count(after) == 0 && recalls_idle(after->recalls) &&
           waveforms_idle(after->waveforms) && uploads_idle(after->uploads);
}

enum result after_poll(struct after *after, const int *fds, size_t count, int timeout_ms)
{
    int all[HTTP_WAKE_FDS_MAX];
    size_t n = 0;
    for (; n < count && n < HTTP_WAKE_FDS_MAX - WAVEFORMS_AT_ONCE; n++) {
        all[n] = fds[n];
    }
    n += waveforms_fds(after->waveforms, all + n);
    n += steps_fds(after->steps, all + n, HTTP_WAKE_FDS_MAX - n);
    recalls_tick(after->recalls);
    bool busy = uploads_tick(after->uploads, after->taking);
    enum result result = http_poll(after->http, all, n, busy ? 0 : timeout_ms);
    waveforms_tick(after->waveforms);
    return result;
}

/* A step that ended may have made deliveries. */
void after_tick(struct after *after, bool taking)
{
    size_t before = steps_count(after->steps);
    after->taking = taking;
    steps_tick(after->steps, taking);
    if (steps_count(after->steps) < before) {
        deliveries_hurry(after->deliveries);
    }
    deliveries_tick(after->deliveries, taking);
}

void after_hand_back(struct after *after)
{
    after->taking = false;
    uploads_stop(after->uploads);
    steps_hand_back(after->steps);
    deliveries_hand_back(after->deliveries);
}
