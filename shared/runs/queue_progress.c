#include <stdio.h>
#include <string.h>

#include "queue.h"
#include "script.h"

/* ---- progress ---- */

enum result queue_publish(const struct app *app, const struct queue_job *job, const char *token,
                          const struct queue_progress *progress, const char *waveform)
{
    char keys[3][SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, script_key(keys[0], "rec_inflight", job->business_id, job->call_sid));
    redis_text(&args, script_key(keys[1], "rec_progress", job->business_id, job->call_sid));
    redis_text(&args, "rec_ready");
    redis_text(&args, script_key(keys[2], "rec_waveform", job->business_id, job->call_sid));
    redis_text(&args, token);
    redis_int(&args, app->config->inflight_ttl);
    redis_text(&args, progress->format);
    redis_int(&args, progress->bytes_received);
    redis_int(&args, progress->bytes_total);
    redis_text(&args, audio_extension(progress->kind));
    redis_int(&args, progress->stamp_ns);
    redis_text(&args, waveform);
    return script_post(app, "publish.lua", 4, &args, NULL, NULL);
}

enum result queue_waveform(const struct app *app, int64_t business_id, const char *call_sid,
                           struct buf *out)
{
    char key[SCRIPT_KEY_SIZE];
    return script_get(app, script_key(key, "rec_waveform", business_id, call_sid), out);
}

static enum audio_kind kind_named(const char *name)
{
    return name != NULL ? audio_kind_named(name, strlen(name)) : AUDIO_UNKNOWN;
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
        .kind = kind_named(redis_reply_text(redis_reply_at(reply, 5))),
        .stamp_ns = redis_reply_int(redis_reply_at(reply, 6), 0),
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
