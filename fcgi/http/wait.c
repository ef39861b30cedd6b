#include "wait.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "remote.h"
#include "runs/throttle.h"

enum { STEP_MS = 20, LOOK_EVERY = 10 }; /* a full look every tenth glance */

/* The value of the preference "wait" in a list like "respond-async, wait=2; x=y". */
static bool find_wait(const char *header, int64_t *seconds)
{
    static const char WAIT[] = "wait=";
    for (const char *at = header; at != NULL;) {
        at += strspn(at, " \t");
        size_t len = strcspn(at, ",");
        if (strncasecmp(at, WAIT, sizeof WAIT - 1) == 0) {
            const char *value = at + sizeof WAIT - 1;
            return text_int_n(value, strcspn(value, ",; \t"), 0, INT32_MAX, seconds);
        }
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return false;
}

int64_t wait_preferred(const struct request *request)
{
    const char *header = request_header(request, "HTTP_PREFER");
    int64_t seconds;
    if (header == NULL || !find_wait(header, &seconds)) {
        return 0;
    }
    return seconds >= WAIT_MAX_MS / 1000 ? WAIT_MAX_MS : seconds * 1000;
}

static bool is_pending(const struct look *look)
{
    bool waits = look->state == STATE_PROCESSING || look->state == STATE_QUEUED;
    return waits && !look->playable;
}

/* A glance at the disk and at Redis: is it worth a look? */
static bool has_come(const struct app *app, const struct request *request, const struct look *look)
{
    struct file_facts file;
    struct queue_progress progress;
    int64_t business_id = request->caller.business_id;
    const char *call_sid = look->facts.source_sid;
    return (file_find(app->config, business_id, call_sid, &file) == RESULT_OK &&
            file_is_whole(&file, look->facts.stored_bytes)) ||
           (queue_peek(app, business_id, call_sid, &progress) == RESULT_OK &&
            service_plays_early(app, business_id, call_sid, &progress));
}

static enum result watch(const struct app *app, const struct request *request, int64_t until,
                         struct look *look)
{
    enum result result = RESULT_OK;
    for (int glance = 1; is_pending(look) && clock_monotonic_ms() < until; glance++) {
        clock_sleep_ms(STEP_MS);
        if (glance % LOOK_EVERY == 0 || has_come(app, request, look)) {
            result = remote_look(app, request->caller.business_id, request->call_sid, look);
            if (result != RESULT_OK) {
                break;
            }
        }
    }
    return result;
}

bool wait_begin(const struct app *app, int64_t ms, char *token)
{
    return throttle_take_place(app, THROTTLE_WAITING, ms, app->config->responders / 2, token) ==
           RESULT_OK;
}

void wait_end(const struct app *app, const char *token)
{
    throttle_leave_place(app, THROTTLE_WAITING, token);
}

enum result wait_for_change(const struct app *app, const struct request *request, struct look *look)
{
    char token[WAIT_TOKEN_SIZE];
    int64_t wait_ms = wait_preferred(request);
    if (wait_ms == 0 || !is_pending(look) || !wait_begin(app, wait_ms, token)) {
        return RESULT_OK;
    }
    enum result result = watch(app, request, clock_monotonic_ms() + wait_ms, look);
    wait_end(app, token);
    return result;
}
