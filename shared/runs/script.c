#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/text.h"

_Static_assert(SCRIPT_KEY_SIZE > sizeof "rec_progress::" + 20 + SID_LENGTH, "the longest key fits");

const char *script_key(char out[SCRIPT_KEY_SIZE], const char *prefix, int64_t business_id,
                       const char *call_sid)
{
    int n = snprintf(out, SCRIPT_KEY_SIZE, "%s:%lld%s%s", prefix, (long long)business_id,
                     call_sid != NULL ? ":" : "", call_sid != NULL ? call_sid : "");
    if (n < 0 || n >= SCRIPT_KEY_SIZE) {
        abort();
    }
    return out;
}

enum result script_find(const char *name, struct redis_script *out)
{
    for (const struct embedded_file *file = EMBEDDED_SCRIPTS; file->name != NULL; file++) {
        if (strcmp(file->name, name) == 0) {
            out->name = file->name;
            out->body = file->bytes;
            out->length = (size_t)(file->end - file->bytes);
            out->sha1 = file->sha1;
            return RESULT_OK;
        }
    }
    return RESULT_FAILED;
}

enum result script_eval(const struct app *app, const char *name, size_t keys,
                        const struct redis_args *args, struct redis_reply **reply)
{
    struct redis_script script;
    enum result result = script_find(name, &script);
    return result == RESULT_OK ? redis_eval(app->redis, &script, keys, args, reply) : result;
}

enum result script_yes(const struct app *app, const char *name, size_t keys,
                       const struct redis_args *args)
{
    struct redis_reply *reply;
    enum result result = script_eval(app, name, keys, args, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    bool yes = redis_reply_int(reply, 0) == 1;
    redis_reply_free(reply);
    return yes ? RESULT_OK : RESULT_LOST;
}

enum result script_get(const struct app *app, const char *key, struct buf *out)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    redis_text(&args, "GET");
    redis_text(&args, key);
    enum result result = redis_command(app->redis, &args, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    const char *text = redis_reply_text(reply);
    result = text != NULL ? RESULT_OK : RESULT_NOT_FOUND;
    buf_text(out, text != NULL ? text : "");
    redis_reply_free(reply);
    return result;
}

/* By its body: nobody hears when Redis does not know its SHA-1. */
enum result script_post(const struct app *app, const char *name, size_t keys,
                        const struct redis_args *args, const char *event, const char *otherwise)
{
    struct redis_script script;
    struct redis_args words = {0};
    enum result result = script_find(name, &script);
    if (result != RESULT_OK) {
        return result;
    }
    redis_text(&words, "EVAL");
    redis_text(&words, script.body);
    redis_int(&words, (int64_t)keys);
    for (size_t i = 0; i < args->count; i++) {
        redis_text(&words, args->values[i]);
    }
    return redis_post(app->redis, &words, event, otherwise);
}
