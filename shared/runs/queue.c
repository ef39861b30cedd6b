#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "clients/crypto.h"
#include "script.h"

/* The lists that runners take from. */
static const char JOBS[] = "rec_jobs", PEAKS[] = "rec_peaks";

const char *queue_lane_name(enum queue_lane lane)
{
    return lane == LANE_CLICK ? "click" : "later";
}

enum queue_lane queue_lane_of(const char *name)
{
    return name != NULL && strcmp(name, "later") == 0 ? LANE_LATER : LANE_CLICK;
}

/* ---- dispatch ---- */

static void log_list(const char *event, int64_t business_id, const struct redis_reply *list,
                     const struct queue_state *state, const struct app *app)
{
    for (size_t i = 0; i < redis_reply_count(list); i++) {
        const char *sid = redis_reply_text(redis_reply_at(list, i));
        log_event(event, "business_id=%lld sid=%s active=%lld/%lld", (long long)business_id,
                  sid != NULL ? sid : "-", (long long)state->active,
                  (long long)app->config->slots_per_business);
    }
}

/* Who is granted a slot at once did not wait: only those who did are RECORDING_NEXT. */
static void log_dispatch(const struct app *app, int64_t business_id, const char *enqueued,
                         const struct redis_reply *reply, const struct queue_state *state)
{
    const struct redis_reply *granted = redis_reply_at(reply, 4);
    log_list("RECORDING_STALE", business_id, redis_reply_at(reply, 5), state, app);
    for (size_t i = 0; i < redis_reply_count(granted); i++) {
        const char *sid = redis_reply_text(redis_reply_at(granted, i));
        bool at_once = sid != NULL && enqueued != NULL && strcmp(sid, enqueued) == 0;
        log_event(at_once ? "RECORDING_ENQUEUE" : "RECORDING_NEXT",
                  "business_id=%lld sid=%s active=%lld/%lld", (long long)business_id,
                  sid != NULL ? sid : "-", (long long)state->active,
                  (long long)app->config->slots_per_business);
    }
}

static enum result dispatch(const struct app *app, int64_t business_id, const char *verb,
                            const char *sid, const char *word, struct queue_state *state)
{
    char nonce[CRYPTO_TOKEN_SIZE];
    char keys[4][SCRIPT_KEY_SIZE];
    if (!crypto_token(nonce)) {
        return RESULT_FAILED;
    }
    struct redis_args args = {0};
    redis_text(&args, script_key(keys[0], "rec_slots", business_id, NULL));
    redis_text(&args, script_key(keys[1], "rec_queue", business_id, NULL));
    redis_text(&args, script_key(keys[2], "rec_later", business_id, NULL));
    redis_text(&args, script_key(keys[3], "rec_queued", business_id, NULL));
    redis_text(&args, JOBS);
    redis_int(&args, business_id);
    redis_int(&args, app->config->slots_per_business);
    redis_int(&args, app->config->later_slots);
    redis_int(&args, app->config->inflight_ttl);
    redis_int(&args, app->config->queued_ttl);
    redis_text(&args, nonce);
    redis_text(&args, verb);
    if (sid != NULL) {
        redis_text(&args, sid);
        redis_text(&args, word);
    }
    struct redis_reply *reply;
    enum result result = script_eval(app, "dispatch.lua", 5, &args, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    struct queue_state got = {
        .active = redis_reply_int(redis_reply_at(reply, 0), 0),
        .waiting = redis_reply_int(redis_reply_at(reply, 1), 0),
        .position = redis_reply_int(redis_reply_at(reply, 2), QUEUE_NOWHERE),
        .ready = redis_reply_int(redis_reply_at(reply, 6), 0) == 1,
    };
    bool released = redis_reply_int(redis_reply_at(reply, 3), 0) == 1;
    bool enqueued = strcmp(verb, "enqueue") == 0;
    log_dispatch(app, business_id, enqueued ? sid : NULL, reply, &got);
    if (state != NULL) {
        *state = got;
    }
    redis_reply_free(reply);
    bool wanted = strcmp(verb, "release") == 0 || strcmp(verb, "return") == 0;
    return wanted && !released ? RESULT_LOST : RESULT_OK;
}

enum result queue_enqueue(const struct app *app, int64_t business_id, const char *call_sid,
                          enum queue_lane lane, struct queue_state *state)
{
    struct queue_state got;
    enum result result =
        dispatch(app, business_id, "enqueue", call_sid, queue_lane_name(lane), &got);
    if (result == RESULT_OK && got.position > 0) {
        log_event("RECORDING_QUEUED", "business_id=%lld sid=%s lane=%s queue_len=%lld",
                  (long long)business_id, call_sid, queue_lane_name(lane), (long long)got.waiting);
    }
    if (result == RESULT_OK && state != NULL) {
        *state = got;
    }
    return result;
}

enum result queue_release(const struct app *app, int64_t business_id, const char *call_sid,
                          const char *token, struct queue_state *state)
{
    return dispatch(app, business_id, "release", call_sid, token, state);
}

enum result queue_return(const struct app *app, int64_t business_id, const char *call_sid,
                         const char *token)
{
    return dispatch(app, business_id, "return", call_sid, token, NULL);
}

enum result queue_drop(const struct app *app, int64_t business_id, const char *call_sid)
{
    return dispatch(app, business_id, "drop", call_sid, "", NULL);
}

enum result queue_dispatch(const struct app *app, int64_t business_id, struct queue_state *state)
{
    return dispatch(app, business_id, "fill", NULL, NULL, state);
}

/* ---- what is missing, what is left ---- */

enum result queue_each_taken(const struct app *app, void (*visit)(void *, int64_t), void *context)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    redis_text(&args, "SMEMBERS");
    redis_text(&args, "rec_taken");
    enum result result = redis_command(app->redis, &args, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    for (size_t i = 0; i < redis_reply_count(reply); i++) {
        const char *digits = redis_reply_text(redis_reply_at(reply, i));
        int64_t business_id;
        if (digits != NULL && text_int(digits, 1, INT64_MAX, &business_id)) {
            visit(context, business_id);
        }
    }
    redis_reply_free(reply);
    return RESULT_OK;
}

enum { WAITING_SIZE = SCRIPT_KEY_SIZE + sizeof " later\n" };

static void list_waiting(const struct queue_waiting *calls, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_format(out, "%lld %s %s\n", (long long)calls[i].business_id, calls[i].call_sid,
                   queue_lane_name(calls[i].lane));
    }
}

/* The i-th of the indices, from 1, that a script answers with. False when it is none of a list of
 * `count`. */
static bool index_at(const struct redis_reply *reply, size_t i, size_t count, size_t *index)
{
    int64_t got = redis_reply_int(redis_reply_at(reply, i), 0);
    *index = (size_t)got - 1;
    return got >= 1 && (size_t)got <= count;
}

static void mark_absent(struct queue_waiting *calls, size_t count, const struct redis_reply *reply)
{
    for (size_t i = 0, index; i < redis_reply_count(reply); i++) {
        if (index_at(reply, i, count, &index)) {
            calls[index].absent = true;
        }
    }
}

enum result queue_find_absent(const struct app *app, struct queue_waiting *calls, size_t count)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    struct buf list;
    buf_init(&list, count * WAITING_SIZE);
    list_waiting(calls, count, &list);
    redis_text(&args, buf_str(&list));
    enum result result =
        buf_ok(&list) ? script_eval(app, "absent.lua", 0, &args, &reply) : RESULT_FAILED;
    if (result == RESULT_OK) {
        mark_absent(calls, count, reply);
        redis_reply_free(reply);
    }
    buf_free(&list);
    return result;
}

/* ---- leases ---- */

enum { HOLD_SIZE = SCRIPT_KEY_SIZE + QUEUE_TOKEN_SIZE };

static void list_holds(const struct queue_hold *holds, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_format(out, "%lld %s %s\n", (long long)holds[i].business_id, holds[i].call_sid,
                   holds[i].token);
    }
}

static void mark_lost(struct queue_hold *holds, size_t count, const struct redis_reply *reply)
{
    for (size_t i = 0, index; i < redis_reply_count(reply); i++) {
        if (index_at(reply, i, count, &index)) {
            holds[index].lost = true;
        }
    }
}

enum result queue_renew(const struct app *app, struct queue_hold *holds, size_t count)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    struct buf list;
    buf_init(&list, count * HOLD_SIZE);
    list_holds(holds, count, &list);
    redis_text(&args, "rec_taken");
    redis_text(&args, buf_str(&list));
    redis_int(&args, app->config->inflight_ttl);
    redis_int(&args, app->config->slots_per_business);
    enum result result =
        buf_ok(&list) ? script_eval(app, "renew.lua", 1, &args, &reply) : RESULT_FAILED;
    if (result == RESULT_OK) {
        mark_lost(holds, count, reply);
        redis_reply_free(reply);
    }
    buf_free(&list);
    return result;
}

enum result queue_restore(const struct app *app, int64_t business_id, const char *call_sid,
                          const char *token, enum queue_lane lane)
{
    static const char *const NAMES[] = {"rec_slots", "rec_queue", "rec_later", "rec_queued"};
    enum { LINES = sizeof NAMES / sizeof *NAMES };
    char lease[SCRIPT_KEY_SIZE], lines[LINES][SCRIPT_KEY_SIZE], slots_later[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, script_key(lease, "rec_inflight", business_id, call_sid));
    for (size_t i = 0; i < LINES; i++) {
        redis_text(&args, script_key(lines[i], NAMES[i], business_id, NULL));
    }
    redis_text(&args, "rec_taken");
    redis_text(&args, script_key(slots_later, "rec_slots_later", business_id, NULL));
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    redis_text(&args, call_sid);
    redis_int(&args, business_id);
    redis_text(&args, lane == LANE_CLICK ? "c" : "l");
    return script_yes(app, "restore.lua", 3 + LINES, &args);
}

static const char *restoring_key(char out[SCRIPT_KEY_SIZE], const char *token)
{
    int n = snprintf(out, SCRIPT_KEY_SIZE, "rec_restoring:%s", token);
    if (n < 0 || n >= SCRIPT_KEY_SIZE) {
        abort();
    }
    return out;
}

enum result queue_begin_restore(const struct app *app, const char *token)
{
    char restoring[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, "SET");
    redis_text(&args, restoring_key(restoring, token));
    redis_text(&args, "1");
    redis_text(&args, "PX");
    redis_int(&args, app->config->inflight_ttl);
    return redis_command(app->redis, &args, NULL);
}

enum result queue_end_restore(const struct app *app, const char *token)
{
    char restoring[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, "rec_ready");
    redis_text(&args, restoring_key(restoring, token));
    redis_int(&args, app->config->inflight_ttl / 2); /* see dispatch.lua */
    return script_yes(app, "ready.lua", 2, &args);
}

/* True when a key is there. */
static enum result exists(const struct app *app, const char *name)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    redis_text(&args, "EXISTS");
    redis_text(&args, name);
    enum result result = redis_command(app->redis, &args, &reply);
    if (result == RESULT_OK) {
        result = redis_reply_int(reply, 0) == 1 ? RESULT_OK : RESULT_NOT_FOUND;
        redis_reply_free(reply);
    }
    return result;
}

enum result queue_is_ready(const struct app *app)
{
    return exists(app, "rec_ready");
}

enum result queue_is_held(const struct app *app, int64_t business_id, const char *call_sid)
{
    char lease[SCRIPT_KEY_SIZE];
    return exists(app, script_key(lease, "rec_inflight", business_id, call_sid));
}

/* ---- the runner's side ---- */

/* "B:SID". A word that is nothing of the kind is dropped by the callers: only we write them. */
static enum result parse_job(const char *text, struct queue_job *job)
{
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    if (colon == NULL || !text_is_recording(colon + 1) ||
        !text_int_n(text, (size_t)(colon - text), 1, INT64_MAX, &job->business_id)) {
        return RESULT_INVALID;
    }
    memcpy(job->call_sid, colon + 1, SID_SIZE);
    return RESULT_OK;
}

static const char *print_job(char out[SCRIPT_KEY_SIZE], int64_t business_id, const char *call_sid)
{
    int n = snprintf(out, SCRIPT_KEY_SIZE, "%lld:%s", (long long)business_id, call_sid);
    if (n < 0 || n >= SCRIPT_KEY_SIZE) {
        abort();
    }
    return out;
}

static void visit_taken(const struct redis_reply *taken,
                        void (*visit)(void *, const struct queue_job *, const char *),
                        void *context)
{
    struct queue_job job = {0};
    const char *token = redis_reply_text(redis_reply_at(taken, 1));
    if (parse_job(redis_reply_text(redis_reply_at(taken, 0)), &job) == RESULT_OK && token != NULL) {
        visit(context, &job, token[0] != '\0' ? token : NULL);
    }
}

enum result queue_take(const struct app *app, const struct queue_job *handed, size_t limit,
                       void (*visit)(void *, const struct queue_job *, const char *), void *context,
                       size_t *popped)
{
    char nonce[CRYPTO_TOKEN_SIZE], job[SCRIPT_KEY_SIZE];
    struct redis_reply *reply;
    struct redis_args args = {0};
    *popped = 0;
    if (!crypto_token(nonce)) {
        return RESULT_FAILED;
    }
    redis_text(&args, JOBS);
    redis_int(&args, (int64_t)limit);
    redis_text(&args, nonce);
    redis_int(&args, app->config->inflight_ttl);
    redis_text(&args, handed != NULL ? print_job(job, handed->business_id, handed->call_sid) : "");
    enum result result = script_eval(app, "take.lua", 1, &args, &reply);
    if (result == RESULT_OK) {
        size_t there = redis_reply_count(reply);
        *popped = there < limit ? there : limit;
        for (size_t i = 0; i < *popped; i++) {
            visit_taken(redis_reply_at(reply, i), visit, context);
        }
        redis_reply_free(reply);
    }
    return result;
}

enum result queue_pop_peaks(const struct app *app, struct queue_job *job)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    redis_text(&args, "LPOP");
    redis_text(&args, PEAKS);
    enum result result = redis_command(app->redis, &args, &reply);
    if (result == RESULT_OK) {
        const char *text = redis_reply_text(reply);
        result = text == NULL ? RESULT_NOT_FOUND : parse_job(text, job);
        redis_reply_free(reply);
    }
    job->wants_peaks = true;
    return result;
}

enum result queue_want_peaks(const struct app *app, int64_t business_id, const char *call_sid)
{
    char text[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, PEAKS);
    redis_text(&args, print_job(text, business_id, call_sid));
    redis_int(&args, QUEUE_PEAKS_MAX);
    return script_yes(app, "want_peaks.lua", 1, &args);
}

enum result queue_listen(struct redis *wake, int64_t wait_ms)
{
    struct redis_args args = {0};
    char seconds[32];
    int n = snprintf(seconds, sizeof seconds, "%lld.%03lld", (long long)(wait_ms / 1000),
                     (long long)(wait_ms % 1000));
    if (n < 0 || (size_t)n >= sizeof seconds) {
        return RESULT_FAILED;
    }
    redis_text(&args, "BLPOP");
    redis_text(&args, JOBS);
    redis_text(&args, PEAKS);
    redis_text(&args, wait_ms > 0 ? seconds : "0.001");
    return redis_send(wake, &args);
}

enum result queue_receive(struct redis *wake, struct queue_job *job)
{
    struct redis_reply *reply;
    enum result result = redis_receive(wake, &reply);
    if (result == RESULT_OK) {
        const char *list = redis_reply_text(redis_reply_at(reply, 0));
        result = parse_job(redis_reply_text(redis_reply_at(reply, 1)), job);
        job->wants_peaks = list != NULL && strcmp(list, PEAKS) == 0;
        redis_reply_free(reply);
    }
    return result;
}

enum result queue_push_back(const struct app *app, const struct queue_job *job)
{
    char text[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, "LPUSH");
    redis_text(&args, job->wants_peaks ? PEAKS : JOBS);
    redis_text(&args, print_job(text, job->business_id, job->call_sid));
    return redis_command(app->redis, &args, NULL);
}
