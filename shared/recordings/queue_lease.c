#include <stdio.h>

#include "recordings/queue.h"
#include "recordings/queue_script.h"

/* ---- leases ---- */

enum result queue_take(const struct app *app, const struct queue_job *job, const char *token)
{
    char lease[QUEUE_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, queue_key(lease, "rec_inflight", job->business_id, job->call_sid));
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    return queue_eval_yes(app, "take.lua", 1, &args);
}

/* The keys that renew.lua and restore.lua take, in their order. */
enum { LEASE_KEYS = 6 };

struct lease_keys {
    char text[LEASE_KEYS][QUEUE_KEY_SIZE];
};

static void lease_args(struct redis_args *args, struct lease_keys *keys, int64_t business_id,
                       const char *call_sid)
{
    redis_text(args, queue_key(keys->text[0], "rec_inflight", business_id, call_sid));
    redis_text(args, queue_key(keys->text[1], "rec_slots", business_id, NULL));
    redis_text(args, queue_key(keys->text[2], "rec_queue", business_id, NULL));
    redis_text(args, queue_key(keys->text[3], "rec_later", business_id, NULL));
    redis_text(args, queue_key(keys->text[4], "rec_queued", business_id, NULL));
    redis_text(args, "rec_taken");
}

enum result queue_renew(const struct app *app, const struct queue_job *job, const char *token)
{
    struct lease_keys keys;
    struct redis_args args = {0};
    lease_args(&args, &keys, job->business_id, job->call_sid);
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    redis_text(&args, job->call_sid);
    redis_int(&args, job->business_id);
    redis_int(&args, app->config->slots_per_business);
    return queue_eval_yes(app, "renew.lua", LEASE_KEYS, &args);
}

enum result queue_restore(const struct app *app, int64_t business_id, const char *call_sid,
                          const char *token, enum queue_lane lane)
{
    struct lease_keys keys;
    char slots_later[QUEUE_KEY_SIZE];
    struct redis_args args = {0};
    lease_args(&args, &keys, business_id, call_sid);
    redis_text(&args, queue_key(slots_later, "rec_slots_later", business_id, NULL));
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    redis_text(&args, call_sid);
    redis_int(&args, business_id);
    redis_text(&args, lane == LANE_CLICK ? "c" : "l");
    return queue_eval_yes(app, "restore.lua", LEASE_KEYS + 1, &args);
}

enum result queue_set_ready(const struct app *app)
{
    struct redis_args args = {0};
    redis_text(&args, "SET");
    redis_text(&args, "rec_ready");
    redis_text(&args, "1");
    redis_text(&args, "PX");
    redis_int(&args, app->config->inflight_ttl / 2); /* see dispatch.lua */
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
    char lease[QUEUE_KEY_SIZE];
    return exists(app, queue_key(lease, "rec_inflight", business_id, call_sid));
}

/* ---- progress ---- */

enum result queue_publish(const struct app *app, const struct queue_job *job, const char *format,
                          int64_t received, int64_t total)
{
    char progress[QUEUE_KEY_SIZE];
    struct redis_args set = {0};
    redis_text(&set, "HSET");
    redis_text(&set, queue_key(progress, "rec_progress", job->business_id, job->call_sid));
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

enum result queue_peek(const struct app *app, int64_t business_id, const char *call_sid,
                       struct queue_progress *out)
{
    struct redis_script script;
    char keys[4][QUEUE_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, queue_key(keys[0], "rec_slots", business_id, NULL));
    redis_text(&args, queue_key(keys[1], "rec_queue", business_id, NULL));
    redis_text(&args, queue_key(keys[2], "rec_later", business_id, NULL));
    redis_text(&args, queue_key(keys[3], "rec_progress", business_id, call_sid));
    redis_text(&args, "rec_runner");
    redis_text(&args, call_sid);
    struct redis_reply *reply;
    enum result result = queue_find_script("peek.lua", &script);
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
        .runner_seen_ms = queue_seen_ms(redis_reply_int(redis_reply_at(reply, 4), -2)),
    };
    (void)snprintf(out->format, sizeof out->format, "%s", format != NULL ? format : "");
    redis_reply_free(reply);
    return RESULT_OK;
}
