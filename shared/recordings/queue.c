#include "recordings/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embedded.h"
#include "base/log.h"
#include "clients/crypto.h"

enum { KEY_SIZE = 96, RUNNER_MARK_MS = 150 * 1000 };

/* ---- scripts and keys ---- */

static enum result find_script(const char *name, struct redis_script *out)
{
    for (const struct embedded_file *file = EMBEDDED_SCRIPTS; file->name != NULL; file++) {
        if (strcmp(file->name, name) == 0) {
            out->name = file->name;
            out->body = file->bytes;
            out->length = (size_t)(file->end - file->bytes);
            return crypto_sha1_hex(out->body, out->length, out->sha1) ? RESULT_OK : RESULT_FAILED;
        }
    }
    return RESULT_FAILED;
}

static const char *key(char out[KEY_SIZE], const char *prefix, int64_t business_id,
                       const char *call_sid)
{
    int n = snprintf(out, KEY_SIZE, "%s:%lld%s%s", prefix, (long long)business_id,
                     call_sid != NULL ? ":" : "", call_sid != NULL ? call_sid : "");
    if (n < 0 || n >= KEY_SIZE) {
        abort();
    }
    return out;
}

const char *queue_lane_name(enum queue_lane lane)
{
    return lane == LANE_CLICK ? "click" : "later";
}

/* ---- dispatch ---- */

static void log_list(const char *event, int64_t business_id, const struct redis_reply *list,
                     const struct queue_place *place, const struct app *app)
{
    for (size_t i = 0; i < redis_reply_count(list); i++) {
        const char *sid = redis_reply_text(redis_reply_at(list, i));
        log_event(event, "business_id=%lld sid=%s active=%lld/%lld", (long long)business_id,
                  sid != NULL ? sid : "-", (long long)place->active,
                  (long long)app->config->slots_per_business);
    }
}

/* Granted at once is not news of the line: only those who waited are RECORDING_NEXT. */
static void log_dispatch(const struct app *app, int64_t business_id, const char *enqueued,
                         const struct redis_reply *reply, const struct queue_place *place)
{
    const struct redis_reply *granted = redis_reply_at(reply, 4);
    log_list("RECORDING_STALE", business_id, redis_reply_at(reply, 5), place, app);
    for (size_t i = 0; i < redis_reply_count(granted); i++) {
        const char *sid = redis_reply_text(redis_reply_at(granted, i));
        bool at_once = sid != NULL && enqueued != NULL && strcmp(sid, enqueued) == 0;
        log_event(at_once ? "RECORDING_ENQUEUE" : "RECORDING_NEXT",
                  "business_id=%lld sid=%s active=%lld/%lld", (long long)business_id,
                  sid != NULL ? sid : "-", (long long)place->active,
                  (long long)app->config->slots_per_business);
    }
}

static enum result dispatch(const struct app *app, int64_t business_id, const char *verb,
                            const char *sid, const char *word, struct queue_place *place)
{
    struct redis_script script;
    char nonce[CRYPTO_TOKEN_SIZE];
    char keys[4][KEY_SIZE];
    if (find_script("dispatch.lua", &script) != RESULT_OK || !crypto_token(nonce)) {
        return RESULT_FAILED;
    }
    struct redis_args args = {0};
    redis_text(&args, key(keys[0], "rec_slots", business_id, NULL));
    redis_text(&args, key(keys[1], "rec_queue", business_id, NULL));
    redis_text(&args, key(keys[2], "rec_later", business_id, NULL));
    redis_text(&args, key(keys[3], "rec_queued", business_id, NULL));
    redis_text(&args, "rec_jobs");
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
    enum result result = redis_eval(app->redis, &script, 5, &args, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    struct queue_place got = {
        .active = redis_reply_int(redis_reply_at(reply, 0), 0),
        .waiting = redis_reply_int(redis_reply_at(reply, 1), 0),
        .position = redis_reply_int(redis_reply_at(reply, 2), QUEUE_NOWHERE),
        .ready = redis_reply_int(redis_reply_at(reply, 6), 0) == 1,
    };
    bool released = redis_reply_int(redis_reply_at(reply, 3), 0) == 1;
    bool enqueued = strcmp(verb, "enqueue") == 0;
    log_dispatch(app, business_id, enqueued ? sid : NULL, reply, &got);
    if (place != NULL) {
        *place = got;
    }
    redis_reply_free(reply);
    bool wanted = strcmp(verb, "release") == 0 || strcmp(verb, "return") == 0;
    return wanted && !released ? RESULT_LOST : RESULT_OK;
}

enum result queue_enqueue(const struct app *app, int64_t business_id, const char *call_sid,
                          enum queue_lane lane, struct queue_place *place)
{
    struct queue_place got;
    enum result result =
        dispatch(app, business_id, "enqueue", call_sid, queue_lane_name(lane), &got);
    if (result == RESULT_OK && got.position > 0) {
        log_event("RECORDING_QUEUED", "business_id=%lld sid=%s lane=%s queue_len=%lld",
                  (long long)business_id, call_sid, queue_lane_name(lane), (long long)got.waiting);
    }
    if (result == RESULT_OK && place != NULL) {
        *place = got;
    }
    return result;
}

enum result queue_release(const struct app *app, int64_t business_id, const char *call_sid,
                          const char *token, struct queue_place *place)
{
    return dispatch(app, business_id, "release", call_sid, token, place);
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

enum result queue_dispatch(const struct app *app, int64_t business_id, struct queue_place *place)
{
    return dispatch(app, business_id, "fill", NULL, NULL, place);
}

/* ---- leases ---- */

/* Runs a script that answers 1 or 0. */
static enum result eval_yes(const struct app *app, const char *name, size_t keys,
                            const struct redis_args *args)
{
    struct redis_script script;
    struct redis_reply *reply;
    enum result result = find_script(name, &script);
    if (result == RESULT_OK) {
        result = redis_eval(app->redis, &script, keys, args, &reply);
    }
    if (result != RESULT_OK) {
        return result;
    }
    bool yes = redis_reply_int(reply, 0) == 1;
    redis_reply_free(reply);
    return yes ? RESULT_OK : RESULT_LOST;
}

enum result queue_take(const struct app *app, const struct queue_job *job, const char *token)
{
    char lease[KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, key(lease, "rec_inflight", job->business_id, job->call_sid));
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    return eval_yes(app, "take.lua", 1, &args);
}

/* The keys that renew.lua and restore.lua take, in their order. */
enum { LEASE_KEYS = 5 };

struct lease_keys {
    char text[LEASE_KEYS][KEY_SIZE];
};

static void lease_args(struct redis_args *args, struct lease_keys *keys, int64_t business_id,
                       const char *call_sid)
{
    redis_text(args, key(keys->text[0], "rec_inflight", business_id, call_sid));
    redis_text(args, key(keys->text[1], "rec_slots", business_id, NULL));
    redis_text(args, key(keys->text[2], "rec_queue", business_id, NULL));
    redis_text(args, key(keys->text[3], "rec_later", business_id, NULL));
    redis_text(args, key(keys->text[4], "rec_queued", business_id, NULL));
}

enum result queue_renew(const struct app *app, const struct queue_job *job, const char *token)
{
    struct lease_keys keys;
    struct redis_args args = {0};
    lease_args(&args, &keys, job->business_id, job->call_sid);
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    redis_text(&args, job->call_sid);
    redis_int(&args, app->config->slots_per_business);
    return eval_yes(app, "renew.lua", LEASE_KEYS, &args);
}

enum result queue_restore(const struct app *app, int64_t business_id, const char *call_sid,
                          const char *token, enum queue_lane lane)
{
    struct lease_keys keys;
    char slots_later[KEY_SIZE];
    struct redis_args args = {0};
    lease_args(&args, &keys, business_id, call_sid);
    redis_text(&args, key(slots_later, "rec_slots_later", business_id, NULL));
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    redis_text(&args, call_sid);
    redis_text(&args, lane == LANE_CLICK ? "c" : "l");
    return eval_yes(app, "restore.lua", LEASE_KEYS + 1, &args);
}

enum result queue_set_ready(const struct app *app)
{
    struct redis_args args = {0};
    redis_text(&args, "SET");
    redis_text(&args, "rec_ready");
    redis_text(&args, "1");
    return redis_command(app->redis, &args, NULL);
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
    char lease[KEY_SIZE];
    return exists(app, key(lease, "rec_inflight", business_id, call_sid));
}

/* ---- progress ---- */

enum result queue_publish(const struct app *app, const struct queue_job *job, const char *format,
                          int64_t received, int64_t total)
{
    char progress[KEY_SIZE];
    struct redis_args set = {0};
    redis_text(&set, "HSET");
    redis_text(&set, key(progress, "rec_progress", job->business_id, job->call_sid));
    redis_text(&set, "format");
    redis_text(&set, format);
    redis_text(&set, "received");
    redis_int(&set, received);
    redis_text(&set, "total");
    redis_int(&set, total);
    enum result result = redis_command(app->redis, &set, NULL);
    if (result != RESULT_OK) {
        return result;
    }
    struct redis_args expire = {0};
    redis_text(&expire, "PEXPIRE");
    redis_text(&expire, progress);
    redis_int(&expire, app->config->inflight_ttl);
    return redis_command(app->redis, &expire, NULL);
}

static int64_t seen_ms(int64_t left_ms)
{
    return left_ms < 0 ? -1 : RUNNER_MARK_MS - left_ms;
}

enum result queue_peek(const struct app *app, int64_t business_id, const char *call_sid,
                       struct queue_progress *out)
{
    struct redis_script script;
    char keys[4][KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, key(keys[0], "rec_slots", business_id, NULL));
    redis_text(&args, key(keys[1], "rec_queue", business_id, NULL));
    redis_text(&args, key(keys[2], "rec_later", business_id, NULL));
    redis_text(&args, key(keys[3], "rec_progress", business_id, call_sid));
    redis_text(&args, "rec_runner");
    redis_text(&args, call_sid);
    struct redis_reply *reply;
    enum result result = find_script("peek.lua", &script);
    if (result == RESULT_OK) {
        result = redis_eval(app->redis, &script, 5, &args, &reply);
    }
    if (result != RESULT_OK) {
        return result;
    }
    const char *format = redis_reply_text(redis_reply_at(reply, 3));
    *out = (struct queue_progress){
        .position = redis_reply_int(redis_reply_at(reply, 0), QUEUE_NOWHERE),
        .bytes_received = redis_reply_int(redis_reply_at(reply, 1), -1),
        .bytes_total = redis_reply_int(redis_reply_at(reply, 2), -1),
        .runner_seen_ms = seen_ms(redis_reply_int(redis_reply_at(reply, 4), -2)),
    };
    (void)snprintf(out->format, sizeof out->format, "%s", format != NULL ? format : "");
    redis_reply_free(reply);
    return RESULT_OK;
}

/* ---- waiting ---- */

static const char *waiting_key(char out[KEY_SIZE])
{
    char host[64];
    if (gethostname(host, sizeof host) != 0) {
        host[0] = '\0';
    }
    host[sizeof host - 1] = '\0';
    int n = snprintf(out, KEY_SIZE, "rec_waiting:%s", host);
    if (n < 0 || n >= KEY_SIZE) {
        abort();
    }
    return out;
}

enum result queue_wait_begin(const struct app *app, int64_t now_ms, int64_t until_ms, int64_t most,
                             const char *token)
{
    char waiting[KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, waiting_key(waiting));
    redis_int(&args, now_ms);
    redis_int(&args, until_ms);
    redis_int(&args, most);
    redis_text(&args, token);
    return eval_yes(app, "wait.lua", 1, &args);
}

void queue_wait_end(const struct app *app, const char *token)
{
    char waiting[KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, "ZREM");
    redis_text(&args, waiting_key(waiting));
    redis_text(&args, token);
    (void)redis_command(app->redis, &args, NULL);
}

/* ---- the runner's side ---- */

enum result queue_mark_runner(const struct app *app, int64_t started_ms)
{
    struct redis_args args = {0};
    redis_text(&args, "rec_runner");
    redis_int(&args, started_ms);
    redis_int(&args, RUNNER_MARK_MS);
    enum result result = eval_yes(app, "mark.lua", 1, &args);
    if (result == RESULT_OK) {
        return RESULT_EXISTS;
    }
    return result == RESULT_LOST ? RESULT_OK : result;
}

enum result queue_runner_seen(const struct app *app, int64_t *seen)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    redis_text(&args, "PTTL");
    redis_text(&args, "rec_runner");
    enum result result = redis_command(app->redis, &args, &reply);
    if (result == RESULT_OK) {
        *seen = seen_ms(redis_reply_int(reply, -2));
        redis_reply_free(reply);
    }
    return result;
}

/* "B:SID". A word that is nothing of the kind is dropped by the callers: only we write them. */
static enum result parse_job(const char *text, struct queue_job *job)
{
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    if (colon == NULL || !text_is_sid(colon + 1, "CA") ||
        !text_int_n(text, (size_t)(colon - text), 1, INT64_MAX, &job->business_id)) {
        return RESULT_INVALID;
    }
    memcpy(job->call_sid, colon + 1, SID_SIZE);
    return RESULT_OK;
}

enum result queue_pop(const struct app *app, struct queue_job *job)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    redis_text(&args, "LPOP");
    redis_text(&args, "rec_jobs");
    enum result result = redis_command(app->redis, &args, &reply);
    if (result == RESULT_OK) {
        const char *text = redis_reply_text(reply);
        result = text == NULL ? RESULT_NOT_FOUND : parse_job(text, job);
        redis_reply_free(reply);
    }
    return result;
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
    redis_text(&args, "rec_jobs");
    redis_text(&args, wait_ms > 0 ? seconds : "0.001");
    return redis_send(wake, &args);
}

enum result queue_heard(struct redis *wake, struct queue_job *job)
{
    struct redis_reply *reply;
    enum result result = redis_receive(wake, &reply);
    if (result == RESULT_OK) {
        result = parse_job(redis_reply_text(redis_reply_at(reply, 1)), job);
        redis_reply_free(reply);
    }
    return result;
}

enum result queue_push_back(const struct app *app, const struct queue_job *job)
{
    char text[KEY_SIZE];
    int n = snprintf(text, sizeof text, "%lld:%s", (long long)job->business_id, job->call_sid);
    if (n < 0 || (size_t)n >= sizeof text) {
        return RESULT_FAILED;
    }
    struct redis_args args = {0};
    redis_text(&args, "LPUSH");
    redis_text(&args, "rec_jobs");
    redis_text(&args, text);
    return redis_command(app->redis, &args, NULL);
}
