#include "restores.h"

#include <stdlib.h>

#include "base/magic.h"
#include "calls/call_fifo.h"
#include "recordings/service.h"
#include "restore.h"
#include "runs/queue.h"
#include "storage/object.h"

enum { AT_ONCE = 2 };

struct coming {
    struct magic magic;
    struct restores *restores;
    struct restore *restore; /* NULL: this place is free */
    struct call_ref call;
    int64_t modified_ns; /* the recording's */
};

struct restores {
    const struct app *app;
    struct http *http;
    struct coming places[AT_ONCE];
    struct call_fifo line;
    restores_ready *ready;
    void *context;
};

struct restores *restores_new(const struct app *app, struct http *http, restores_ready *ready,
                              void *context)
{
    struct restores *restores = calloc(1, sizeof *restores);
    if (restores != NULL) {
        restores->app = app;
        restores->http = http;
        restores->ready = ready;
        restores->context = context;
    }
    return restores;
}

static void hand_back(const struct restores *restores, const struct call_ref *call)
{
    (void)queue_want_peaks(restores->app, call->business_id, call->call_sid);
}

void restores_free(struct restores *restores)
{
    struct call_ref call;
    for (size_t i = 0; restores != NULL && i < AT_ONCE; i++) {
        if (restores->places[i].restore != NULL) {
            restore_drop(restores->places[i].restore);
            hand_back(restores, &restores->places[i].call);
        }
    }
    while (restores != NULL && call_fifo_next(&restores->line, &call)) {
        hand_back(restores, &call);
    }
    free(restores);
}

static const struct call_ref *coming_at(const void *worker, size_t place)
{
    const struct restores *restores = worker;
    const struct coming *coming = &restores->places[place];
    return coming->restore != NULL ? &coming->call : NULL;
}

void restores_add(struct restores *restores, int64_t business_id, const char *call_sid)
{
    struct file_facts file;
    if (file_find(restores->app->config, business_id, call_sid, &file) == RESULT_OK) {
        restores->ready(restores->context, business_id, call_sid);
    } else if (call_fifo_at_hand(restores, AT_ONCE, coming_at, business_id, call_sid) == 0) {
        call_fifo_add(&restores->line, business_id, call_sid);
    }
}

/* ---- one of them ---- */

/* What comes back with other bytes would do so again and again: there is no waveform of it. */
static void on_restored(void *context, enum result result)
{
    static const struct object_peaks NONE = {.bytes = 0};
    struct coming *coming = CHECKED(coming, context);
    struct restores *restores = coming->restores;
    const struct call_ref *call = &coming->call;
    coming->restore = NULL;
    if (result == RESULT_OK) {
        restores->ready(restores->context, call->business_id, call->call_sid);
    } else if (result == RESULT_INVALID) {
        (void)object_peaks_stored(restores->app, call->business_id, call->call_sid,
                                  coming->modified_ns, &NONE);
    }
}

/* It may be here, or deleted, by now. */
static void begin(struct restores *restores, struct coming *coming, const struct call_ref *call)
{
    struct look look;
    if (service_look(restores->app, call->business_id, call->call_sid, &look) != RESULT_OK ||
        look.state != STATE_READY) {
        return;
    }
    if (!look.remote) {
        restores->ready(restores->context, call->business_id, look.file_sid);
        return;
    }
    *coming = (struct coming){.magic = MAGIC(coming),
                              .restores = restores,
                              .call = *call,
                              .modified_ns = look.file.modified_ns};
    (void)restore_start(restores->app, restores->http, call->business_id, look.file_sid,
                        on_restored, coming, &coming->restore);
}

/* ---- all of them ---- */

void restores_tick(struct restores *restores)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct coming *coming = &restores->places[i];
        struct call_ref call;
        while (coming->restore == NULL && call_fifo_next(&restores->line, &call)) {
            begin(restores, coming, &call);
        }
    }
}

bool restores_idle(const struct restores *restores)
{
    return restores->line.count == 0 &&
           call_fifo_at_hand(restores, AT_ONCE, coming_at, 0, NULL) == 0;
}
