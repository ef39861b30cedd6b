#include <stdio.h>

#include "recordings/queue.h"
#include "recordings/script.h"

/* ---- progress ---- */

enum result queue_publish(const struct app *app, const struct queue_job *job, const char *format,
                          int64_t received, int64_t total)
{
    char progress[SCRIPT_KEY_SIZE];
    struct redis_args set = {0};
    redis_text(&set, "HSET");
    redis_text(&set, script_key(progress, "rec_progress", job->business_id, job->call_sid));
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
    return left_ms < 0 ? -1 : QUEUE_RUNNER_MARK_MS - left_ms;
}

enum result queue_peek(const struct app *app, int64_t business_id, const char *call_sid,
                       struct queue_progress *out)
{
    char keys[4][SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, script_key(keys[0], "rec_slots", business_id, NULL));
    redis_text(&args, script_key(keys[1], "rec_queue", business_id, NULL));
    redis_text(&args, script_key(keys[2], "rec_later", business_id, NULL));
    redis_text(&args, script_key(keys[3], "rec_progress", business_id, call_sid));
    redis_text(&args, "rec_runner");
    redis_text(&args, call_sid);
    struct redis_reply *reply;
    enum result result = script_eval(app, "peek.lua", 5, &args, &reply);
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

/* ---- the runner's mark ---- */

enum result queue_mark_runner(const struct app *app, int64_t started_ms)
{
    struct redis_args args = {0};
    redis_text(&args, "rec_runner");
    redis_text(&args, "rec_newest");
    redis_text(&args, "rec_ready");
    redis_int(&args, started_ms);
    redis_int(&args, QUEUE_RUNNER_MARK_MS);
    redis_int(&args, app->config->inflight_ttl / 2);
    enum result result = script_yes(app, "mark.lua", 3, &args);
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
