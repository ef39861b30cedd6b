#include "leases.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "recordings/queue.h"

static void lose(struct work *work)
{
    work->lost = true;
    work_stop(work);
}

/* All works as the array that the statements take. NULL without memory, or without works. */
static struct run_beat *beats_of(const struct work_list *list)
{
    size_t n = 0;
    struct run_beat *beats = list->count > 0 ? calloc(list->count, sizeof *beats) : NULL;
    for (struct work *work = list->first; beats != NULL && work != NULL; work = work->next) {
        beats[n++] = (struct run_beat){
            .run = &work->run, .received = work->received, .total = work->total, .context = work};
    }
    return beats;
}

static void renew_rows(const struct app *app, const struct work_list *list)
{
    int64_t asked_ms = clock_monotonic_ms();
    struct run_beat *beats = beats_of(list);
    if (beats != NULL && run_heartbeat(app, beats, list->count) == RESULT_OK) {
        for (size_t i = 0; i < list->count; i++) {
            struct work *work = beats[i].context;
            if (beats[i].named) {
                work->vouched_ms = asked_ms;
            } else {
                lose(work);
            }
        }
    }
    free(beats);
}

/* We are asked again in a quarter of a lease; by then it would have lapsed. */
static int64_t patience(const struct app *app)
{
    return app->config->inflight_ttl * 3 / 4;
}

static void renew_lease(const struct app *app, struct work *work)
{
    int64_t asked_ms = clock_monotonic_ms();
    struct queue_job job = {.business_id = work->run.business_id};
    memcpy(job.call_sid, work->run.call_sid, sizeof job.call_sid);
    enum result result = queue_renew(app, &job, work->run.token);
    if (result == RESULT_OK) {
        work->vouched_ms = asked_ms;
    } else if (result == RESULT_LOST || asked_ms - work->vouched_ms >= patience(app)) {
        lose(work);
    }
}

void leases_renew(const struct app *app, const struct work_list *list)
{
    renew_rows(app, list);
    for (struct work *work = list->first; work != NULL; work = work->next) {
        if (!work->lost) {
            renew_lease(app, work);
        }
    }
}

void leases_hear_cancels(const struct app *app, const struct work_list *list)
{
    struct run_beat *beats = beats_of(list);
    if (beats != NULL && run_cancel_wanted(app, beats, list->count) == RESULT_OK) {
        for (size_t i = 0; i < list->count; i++) {
            struct work *work = beats[i].context;
            if (beats[i].named) {
                work->cancelled = true;
                work_stop(work);
            }
        }
    }
    free(beats);
}
