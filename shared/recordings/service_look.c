/* The decision, and looking; what is done about it is in service.c. */
#include "service.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "confirmed.h"

enum { NS_PER_S = 1000000000, NOT_KNOWN = -1 };

const char *service_state_name(enum recording_state state)
{
    static const char *const NAMES[] = {
        [STATE_READY] = "ready",           [STATE_NO_CALL] = "no_call",
        [STATE_EXPIRED] = "expired",       [STATE_UNAVAILABLE] = "unavailable",
        [STATE_NO_RECORDING] = "none",     [STATE_OFFLINE] = "offline",
        [STATE_PROCESSING] = "processing", [STATE_QUEUED] = "queued",
        [STATE_FAILED] = "failed",         [STATE_ABSENT] = "absent",
    };
    return NAMES[state];
}

/* ---- the decision ---- */

/* A runner that was seen after the run began to wait will come round to it. */
static bool nobody_comes(const struct config *config, const struct call_facts *facts,
                         const struct queue_progress *progress)
{
    if (facts->activity != RUN_QUEUED || facts->waited_ms < config->runner_grace ||
        progress == NULL) {
        return false;
    }
    return progress->runner_seen_ms < 0 || progress->runner_seen_ms > facts->waited_ms;
}

static enum recording_state decide_active(const struct config *config,
                                          const struct call_facts *facts,
                                          const struct queue_progress *progress)
{
    if (facts->stuck || nobody_comes(config, facts, progress)) {
        return STATE_OFFLINE;
    }
    bool in_slot = progress != NULL && progress->position == QUEUE_IN_SLOT;
    return in_slot || facts->activity == RUN_RUNNING ? STATE_PROCESSING : STATE_QUEUED;
}

enum recording_state service_decide(const struct config *config, bool file_here,
                                    const struct call_facts *facts,
                                    const struct queue_progress *progress)
{
    if (facts == NULL) {
        return STATE_NO_CALL;
    }
    if (facts->deleted) {
        return STATE_EXPIRED;
    }
    if (file_here) {
        return STATE_READY;
    }
    if (facts->absent) {
        return STATE_UNAVAILABLE;
    }
    if (!facts->has_url) {
        return STATE_NO_RECORDING;
    }
    if (facts->activity != RUN_NONE) {
        return decide_active(config, facts, progress);
    }
    if (facts->being_stored) {
        return STATE_PROCESSING;
    }
    bool open = facts->failures >= config->breaker_failures && facts->breaker_left_ms > 0;
    return open ? STATE_FAILED : STATE_ABSENT;
}

/* One that will be refused for its size in the end is not played before. */
bool service_is_playable(const struct config *config, const struct queue_progress *progress)
{
    int64_t total = progress->bytes_total;
    int64_t enough = total < SERVICE_PLAYABLE_BYTES ? total : SERVICE_PLAYABLE_BYTES;
    return progress->kind != AUDIO_UNKNOWN && progress->stamp_ns != 0 &&
           total >= config->min_recording_bytes && progress->bytes_received >= enough;
}

bool service_plays_early(const struct app *app, int64_t business_id, const char *call_sid,
                         const struct queue_progress *progress)
{
    int fd;
    if (!service_is_playable(app->config, progress)) {
        return false;
    }
    if (app->s3 == NULL) {
        return true;
    }
    enum result result =
        file_arriving_open(app->config, business_id, call_sid, progress->stamp_ns, &fd);
    if (result == RESULT_OK) {
        close(fd);
    }
    return result != RESULT_NOT_FOUND;
}

int64_t service_link_ttl_s(const struct config *config, const struct look *look)
{
    int64_t ttl = config->play_link_ttl / 1000;
    return look->has_facts && look->facts.ends_in_s < ttl ? look->facts.ends_in_s : ttl;
}

/* ---- looking ---- */

static int64_t seconds_up(int64_t ms)
{
    return (ms + 999) / 1000;
}

static void fill_progress(const struct app *app, int64_t business_id, struct look *look)
{
    const struct call_facts *facts = &look->facts;
    look->bytes_received = facts->bytes_received;
    look->bytes_total = facts->bytes_total;
    if (look->has_progress) {
        look->position = look->progress.position > 0 ? look->progress.position : 0;
        if (look->progress.bytes_received >= 0) {
            look->bytes_received = look->progress.bytes_received;
            look->bytes_total = look->progress.bytes_total;
        }
        look->playable = look->state == STATE_PROCESSING &&
                         service_plays_early(app, business_id, facts->source_sid, &look->progress);
    }
    int64_t wait =
        facts->recovered_lately ? app->config->retry_after_recovery : app->config->retry_after;
    look->retry_after_s = seconds_up(look->state == STATE_FAILED ? facts->breaker_left_ms : wait);
}

/* One that lost its tail, or all of it, is none: it is fetched again. */
static bool find_whole(const struct app *app, int64_t business_id, const char *sid,
                       int64_t stored_bytes, struct look *look)
{
    memcpy(look->file_sid, sid, sizeof look->file_sid);
    return file_find_whole(app->config, business_id, sid, stored_bytes, &look->file) == RESULT_OK;
}

/* What the object store has stands in for a file that is not here, until it is deleted. */
static bool find_object(const struct app *app, struct look *look)
{
    const struct call_facts *facts = &look->facts;
    if (app->s3 == NULL || facts->object_bytes < 0 || facts->deleted) {
        return false;
    }
    look->remote = true;
    look->file = (struct file_facts){.kind = facts->object_kind,
                                     .size = facts->object_bytes,
                                     .modified = facts->object_modified_ns / NS_PER_S,
                                     .modified_ns = facts->object_modified_ns};
    memcpy(look->file_sid, facts->source_sid, sizeof look->file_sid);
    return true;
}

void service_look_row(const struct app *app, int64_t business_id, const struct call_facts *facts,
                      struct look *look)
{
    *look = (struct look){.has_facts = true, .facts = *facts};
    look->facts.being_stored = facts->being_stored && app->s3 != NULL;
    bool own = strcmp(facts->source_sid, facts->call_sid) == 0;
    int64_t stored = facts->stored_bytes;
    bool here = find_whole(app, business_id, facts->call_sid, own ? stored : NOT_KNOWN, look) ||
                (!own && find_whole(app, business_id, facts->source_sid, stored, look)) ||
                find_object(app, look);
    if (!here && facts->activity != RUN_NONE) {
        look->has_progress =
            queue_peek(app, business_id, facts->source_sid, &look->progress) == RESULT_OK;
    }
    look->state = service_decide(app->config, here, &look->facts,
                                 look->has_progress ? &look->progress : NULL);
    fill_progress(app, business_id, look);
}

static enum result look_at(const struct app *app, int64_t business_id, const char *call_sid,
                           bool objects_count, struct look *look)
{
    *look = (struct look){.state = STATE_READY};
    struct call_facts facts;
    enum result result = call_find(app, business_id, call_sid, &facts);
    if (result == RESULT_NOT_FOUND) {
        look->state = service_decide(app->config, false, NULL, NULL);
        return RESULT_OK;
    }
    if (result == RESULT_UNAVAILABLE && find_whole(app, business_id, call_sid, NOT_KNOWN, look)) {
        return RESULT_OK;
    }
    if (result == RESULT_OK) {
        facts.object_bytes = objects_count ? facts.object_bytes : -1;
        facts.being_stored = objects_count && facts.being_stored;
        service_look_row(app, business_id, &facts, look);
    }
    return result;
}

enum result service_look(const struct app *app, int64_t business_id, const char *call_sid,
                         struct look *look)
{
    return look_at(app, business_id, call_sid, true, look);
}

bool service_was_ready(const struct app *app, int64_t business_id, const char *name,
                       struct look *look)
{
    *look = (struct look){.state = STATE_READY};
    return confirmed_holds(app->confirmed, business_id, name, clock_monotonic_ms()) &&
           find_whole(app, business_id, name, NOT_KNOWN, look);
}

enum result service_look_elsewhere(const struct app *app, int64_t business_id, const char *call_sid,
                                   struct look *look)
{
    return look_at(app, business_id, call_sid, false, look);
}
