#include "restores.h"

#include <stdlib.h>

#include "calls/call_fifo.h"
#include "recordings/service.h"
#include "restore.h"
#include "runs/queue.h"
#include "storage/object.h"

enum { AT_ONCE = 2 };

struct coming {
    struct recalls *recalls;
    struct recall *recall; /* NULL: this place is free */
    struct call_ref call;
    int64_t modified_ns; /* the recording's */
};

struct recalls {
    const struct app *app;
    struct http *http;
    struct coming places[AT_ONCE];
    struct call_line line;
    recalls_here *here;
    void *context;
};

struct recalls *recalls_new(const struct app *app, struct http *http, recalls_here *here,
                            void *context)
{
    struct recalls *recalls = calloc(1, sizeof *recalls);
    if (recalls != NULL) {
        recalls->app = app;
        recalls->http = http;
        recalls->here = here;
        recalls->context = context;
    }
    return recalls;
}

static void hand_back(const struct recalls *recalls, const struct call_ref *call)
{
    (void)queue_want_peaks(recalls->app, call->business_id, call->call_sid);
}

void recalls_free(struct recalls *recalls)
{
    struct call_ref call;
    for (size_t i = 0; recalls != NULL && i < AT_ONCE; i++) {
        if (recalls->places[i].recall != NULL) {
            recall_drop(recalls->places[i].recall);
            hand_back(recalls, &recalls->places[i].call);
        }
    }
    while (recalls != NULL && call_line_next(&recalls->line, &call)) {
        hand_back(recalls, &call);
    }
    free(recalls);
}

static bool is_coming(const struct recalls *recalls, int64_t business_id, const char *call_sid)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        const struct coming *coming = &recalls->places[i];
        if (coming->recall != NULL && call_ref_is(&coming->call, business_id, call_sid)) {
            return true;
        }
    }
    return false;
}

void recalls_add(struct recalls *recalls, int64_t business_id, const char *call_sid)
{
    struct file_facts file;
    if (file_find(recalls->app->config, business_id, call_sid, &file) == RESULT_OK) {
        recalls->here(recalls->context, business_id, call_sid);
    } else if (!is_coming(recalls, business_id, call_sid)) {
        call_line_add(&recalls->line, business_id, call_sid);
    }
}

/* ---- one of them ---- */

/* What comes back with other bytes would do so again and again: there is no waveform of it. */
static void on_recalled(void *context, enum result result)
{
    static const struct object_peaks NONE = {.bytes = 0};
    struct coming *coming = context;
    struct recalls *recalls = coming->recalls;
    const struct call_ref *call = &coming->call;
    coming->recall = NULL;
    if (result == RESULT_OK) {
        recalls->here(recalls->context, call->business_id, call->call_sid);
    } else if (result == RESULT_INVALID) {
        (void)object_peaks_stored(recalls->app, call->business_id, call->call_sid,
                                  coming->modified_ns, &NONE);
    }
}

/* It may be here, or deleted, by now. */
static void begin(struct recalls *recalls, struct coming *coming, const struct call_ref *call)
{
    struct look look;
    if (service_look(recalls->app, call->business_id, call->call_sid, &look) != RESULT_OK ||
        look.state != STATE_READY) {
        return;
    }
    if (!look.remote) {
        recalls->here(recalls->context, call->business_id, look.file_sid);
        return;
    }
    *coming =
        (struct coming){.recalls = recalls, .call = *call, .modified_ns = look.file.modified_ns};
    (void)recall_start(recalls->app, recalls->http, call->business_id, look.file_sid, on_recalled,
                       coming, &coming->recall);
}

/* ---- all of them ---- */

void recalls_tick(struct recalls *recalls)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct coming *coming = &recalls->places[i];
        struct call_ref call;
        while (coming->recall == NULL && call_line_next(&recalls->line, &call)) {
            begin(recalls, coming, &call);
        }
    }
}

bool recalls_idle(const struct recalls *recalls)
{
    bool coming = false;
    for (size_t i = 0; i < AT_ONCE; i++) {
        coming = coming || recalls->places[i].recall != NULL;
    }
    return !coming && recalls->line.count == 0;
}
