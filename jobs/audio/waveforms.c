#include "waveforms.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "calls/call_fifo.h"
#include "child.h"
#include "peaks.h"
#include "runs/queue.h"
#include "storage/file.h"

/* What reading the largest recording may take: an hour of sound is read in a second. */
static const struct child_limits LIMITS = {.cpu_s = 60,
                                           .memory_bytes = 512LL << 20,
                                           .output_bytes = PEAKS_JSON_MAX,
                                           .wall_ms = 180 * 1000};

struct making {
    struct child *child; /* NULL: this place is free */
    struct call_ref call;
    struct file_part part;
    int64_t modified_ns; /* the recording's */
};

struct waveforms {
    const struct app *app;
    struct making places[WAVEFORMS_AT_ONCE];
    struct call_fifo line;
    waveforms_made *made;
    void *context;
};

struct waveforms *waveforms_new(const struct app *app, waveforms_made *made, void *context)
{
    struct waveforms *waveforms = calloc(1, sizeof *waveforms);
    if (waveforms != NULL) {
        waveforms->app = app;
        waveforms->made = made;
        waveforms->context = context;
    }
    return waveforms;
}

/* ---- the line ---- */

static const struct call_ref *making_at(const void *worker, size_t place)
{
    const struct waveforms *waveforms = worker;
    const struct making *making = &waveforms->places[place];
    return making->child != NULL ? &making->call : NULL;
}

void waveforms_add(struct waveforms *waveforms, int64_t business_id, const char *call_sid)
{
    if (call_fifo_at_hand(waveforms, WAVEFORMS_AT_ONCE, making_at, business_id, call_sid) == 0) {
        call_fifo_add(&waveforms->line, business_id, call_sid);
    }
}

/* ---- the end ---- */

static void hand_back(const struct waveforms *waveforms, const struct call_ref *call)
{
    (void)queue_want_peaks(waveforms->app, call->business_id, call->call_sid);
}

void waveforms_free(struct waveforms *waveforms)
{
    struct call_ref call;
    for (size_t i = 0; waveforms != NULL && i < WAVEFORMS_AT_ONCE; i++) {
        struct making *making = &waveforms->places[i];
        if (making->child != NULL) {
            child_free(making->child);
            file_part_drop(&making->part);
            hand_back(waveforms, &making->call);
        }
    }
    while (waveforms != NULL && call_fifo_next(&waveforms->line, &call)) {
        hand_back(waveforms, &call);
    }
    free(waveforms);
}

/* ---- one of them ---- */

static void tell(const struct call_ref *call, const char *event, const char *how)
{
    log_event(event, "business_id=%lld sid=%s%s%s", (long long)call->business_id, call->call_sid,
              how != NULL ? " reason=" : "", how != NULL ? how : "");
}

static void tell_made(const struct waveforms *waveforms, const struct call_ref *call)
{
    waveforms->made(waveforms->context, call->business_id, call->call_sid);
}

static bool start_child(const struct config *config, struct making *making,
                        const struct file_facts *recording)
{
    struct child_order order = {.words = {"peaks", config->sandbox ? NULL : CHILD_OPEN},
                                .out = making->part.fd,
                                .limits = LIMITS};
    order.in = file_open_quietly(recording);
    if (order.in >= 0) {
        making->child = child_start(&order);
        close(order.in);
    }
    return making->child != NULL;
}

/* Another runner may be making it (RESULT_LOST), or it is there by now, or the recording gone. */
static void begin(const struct waveforms *waveforms, struct making *making,
                  const struct call_ref *call)
{
    struct file_facts recording, there;
    const struct config *config = waveforms->app->config;
    if (file_find(config, call->business_id, call->call_sid, &recording) != RESULT_OK) {
        return;
    }
    if (file_peaks_find(config, call->business_id, call->call_sid, &recording, &there) !=
        RESULT_NOT_FOUND) {
        tell_made(waveforms, call);
        return;
    }
    making->call = *call;
    making->modified_ns = recording.modified_ns;
    enum result result = file_peaks_open(config, call->business_id, call->call_sid, &making->part);
    if (result == RESULT_OK && !start_child(config, making, &recording)) {
        file_part_drop(&making->part);
        result = RESULT_FAILED;
    }
    if (result == RESULT_FAILED) {
        tell(call, "PEAKS_FAILED", "not_started");
    }
}

/* True when it is the recording's own fault: it will never be read. */
static bool is_hopeless(enum child_outcome outcome, int status)
{
    return outcome == CHILD_CRASHED || outcome == CHILD_TOO_SLOW ||
           (outcome == CHILD_EXITED && status == CHILD_UNREADABLE);
}

static const char *name_of(enum child_outcome outcome, int status)
{
    switch (outcome) {
    case CHILD_CRASHED: return "crashed";
    case CHILD_TOO_SLOW: return "too_slow";
    case CHILD_KILLED: return "killed";
    default: return status == CHILD_UNREADABLE ? "unreadable" : "not_done";
    }
}

static void finish(const struct waveforms *waveforms, struct making *making,
                   enum child_outcome outcome, int status)
{
    bool done = outcome == CHILD_EXITED && status == CHILD_DONE;
    bool marked = !done && is_hopeless(outcome, status) && ftruncate(making->part.fd, 0) == 0;
    child_free(making->child);
    making->child = NULL;
    if (!done) {
        tell(&making->call, "PEAKS_FAILED", name_of(outcome, status));
    }
    if (!done && !marked) {
        file_part_drop(&making->part);
        return;
    }
    if (file_peaks_finish(&making->part, making->modified_ns) != RESULT_OK) {
        tell(&making->call, "PEAKS_FAILED", "disk_error");
        return;
    }
    if (done) {
        tell(&making->call, "PEAKS_DONE", NULL);
    }
    tell_made(waveforms, &making->call);
}

/* ---- all of them ---- */

size_t waveforms_fds(const struct waveforms *waveforms, int *fds)
{
    size_t count = 0;
    for (size_t i = 0; i < WAVEFORMS_AT_ONCE; i++) {
        if (waveforms->places[i].child != NULL) {
            fds[count++] = child_fd(waveforms->places[i].child);
        }
    }
    return count;
}

void waveforms_tick(struct waveforms *waveforms)
{
    for (size_t i = 0; i < WAVEFORMS_AT_ONCE; i++) {
        struct making *making = &waveforms->places[i];
        struct call_ref call;
        int status = 0;
        enum child_outcome outcome =
            making->child != NULL ? child_check(making->child, &status) : CHILD_RUNS;
        if (outcome != CHILD_RUNS) {
            finish(waveforms, making, outcome, status);
        }
        while (making->child == NULL && call_fifo_next(&waveforms->line, &call)) {
            begin(waveforms, making, &call);
        }
    }
}

bool waveforms_idle(const struct waveforms *waveforms)
{
    return waveforms->line.count == 0 &&
           call_fifo_at_hand(waveforms, WAVEFORMS_AT_ONCE, making_at, 0, NULL) == 0;
}
