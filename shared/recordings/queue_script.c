#include "recordings/queue_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "clients/crypto.h"

enum result queue_find_script(const char *name, struct redis_script *out)
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

const char *queue_key(char out[QUEUE_KEY_SIZE], const char *prefix, int64_t business_id,
                      const char *call_sid)
{
    int n = snprintf(out, QUEUE_KEY_SIZE, "%s:%lld%s%s", prefix, (long long)business_id,
                     call_sid != NULL ? ":" : "", call_sid != NULL ? call_sid : "");
    if (n < 0 || n >= QUEUE_KEY_SIZE) {
        abort();
    }
    return out;
}

enum result queue_eval_yes(const struct app *app, const char *name, size_t keys,
                           const struct redis_args *args)
{
    struct redis_script script;
    struct redis_reply *reply;
    enum result result = queue_find_script(name, &script);
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

int64_t queue_seen_ms(int64_t left_ms)
{
    return left_ms < 0 ? -1 : QUEUE_RUNNER_MARK_MS - left_ms;
}
