#include "leases.h"

#include <stdlib.h>

#include "base/clock.h"
#include "runs/queue.h"

static void lose(struct work *work)
{
    work->lost = true;
    work_stop(work);
}

/* What is being stored had been confirmed as ours when it was handed over. Its row is locked, and
 * to ask for it is to wait; if it takes so long that the lease lapses, it is not sealed. */
static bool is_asked_for(const struct work *work)
{
    return !work->lost && !work->storing;
}

/* Works as the array that the statements take. NULL without memory, or without works. */
static struct run_beat *beats_of(const struct work_list *list, size_t *count)
{
    *count = 0;
    struct run_beat *beats = list->count > 0 ? calloc(list->count, sizeof *beats) : NULL;
    for (struct work *work = list->first; beats != NULL && work != NULL; work = work->next) {
        if (is_asked_for(work)) {
            beats[(*count)++] = (struct run_beat){.run = &work->run,
                                                  .received = work->received,
                                                  .total = work->total,
                                                  .context = work};
        }
    }
    return beats;
}

static void renew_rows(const struct app *app, const struct work_list *list)
{
    int64_t asked_ms = clock_monotonic_ms();
    size_t count;
    struct run_beat *beats = beats_of(list, &count);
    if (beats != NULL && run_heartbeat(app, beats, count) == RESULT_OK) {
        for (size_t i = 0; i < count; i++) {
            struct work *work = CHECKED(work, beats[i].context);
            if (beats[i].named) {
                work->confirmed_ms = asked_ms;
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

static struct queue_hold *holds_of(const struct work_list *list, size_t *count)
{
    *count = 0;
    struct queue_hold *holds = list->count > 0 ? calloc(list->count, sizeof *holds) : NULL;
    for (struct work *work = list->first; holds != NULL && work != NULL; work = work->next) {
        if (is_asked_for(work)) {
            holds[(*count)++] = (struct queue_hold){.business_id = work->run.business_id,
                                                    .call_sid = work->run.call_sid,
                                                    .token = work->run.token,
                                                    .context = work};
        }
    }
    return holds;
}

static void renew_slots(const struct app *app, const struct work_list *list)
{
    int64_t asked_ms = clock_monotonic_ms();
    size_t count;
    struct queue_hold *holds = holds_of(list, &count);
    enum result result = count > 0 ? queue_renew(app, holds, count) : RESULT_OK;
    for (size_t i = 0; i < count; i++) {
        struct work *work = CHECKED(work, holds[i].context);
        if (result == RESULT_OK && !holds[i].lost) {
            work->confirmed_ms = asked_ms;
        } else if (holds[i].lost || asked_ms - work->confirmed_ms >= patience(app)) {
            lose(work);
        }
    }
    free(holds);
}

void leases_renew(const struct app *app, const struct work_list *list)
{
    renew_rows(app, list);
    renew_slots(app, list);
}

void leases_read_cancels(const struct app *app, const struct work_list *list)
{
    size_t count;
    struct run_beat *beats = beats_of(list, &count);
    if (beats != NULL && run_cancel_wanted(app, beats, count) == RESULT_OK) {
        for (size_t i = 0; i < count; i++) {
            struct work *work = CHECKED(work, beats[i].context);
            if (beats[i].named) {
                work->cancelled = true;
                work_stop(work);
            }
        }
    }
    free(beats);
}
