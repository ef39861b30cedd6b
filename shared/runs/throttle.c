#include "throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "script.h"

/* ---- failed sign-ins ---- */

enum result throttle_count_failure(const struct app *app, const char *address, int64_t *count,
                                   int64_t *left_ms)
{
    char name[SCRIPT_KEY_SIZE];
    struct redis_reply *reply;
    struct redis_args args = {0};
    int n = snprintf(name, sizeof name, "rec_signin:%s", address);
    if (n < 0 || (size_t)n >= sizeof name) {
        return RESULT_INVALID;
    }
    redis_text(&args, name);
    redis_int(&args, app->config->signin_window);
    enum result result = script_eval(app, "strike.lua", 1, &args, &reply);
    if (result == RESULT_OK) {
        *count = redis_reply_int(redis_reply_at(reply, 0), 0);
        *left_ms = redis_reply_int(redis_reply_at(reply, 1), 0);
        redis_reply_free(reply);
    }
    return result;
}

/* ---- places ---- */

/* Of this host: those to wait or to send in, or a business's to ask in. */
static const char *places_key(int64_t whose, char out[SCRIPT_KEY_SIZE])
{
    char host[64];
    if (gethostname(host, sizeof host) != 0) {
        host[0] = '\0';
    }
    host[sizeof host - 1] = '\0';
    int n = whose == THROTTLE_WAITING ? snprintf(out, SCRIPT_KEY_SIZE, "rec_waiting:%s", host)
            : whose == THROTTLE_SENDING
                ? snprintf(out, SCRIPT_KEY_SIZE, "rec_sending:%s", host)
                : snprintf(out, SCRIPT_KEY_SIZE, "rec_share:%lld:%s", (long long)whose, host);
    if (n < 0 || n >= SCRIPT_KEY_SIZE) {
        abort();
    }
    return out;
}

enum result throttle_take_place(const struct app *app, int64_t whose, int64_t now_ms,
                                int64_t until_ms, int64_t limit, const char *token)
{
    char places[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, places_key(whose, places));
    redis_int(&args, now_ms);
    redis_int(&args, until_ms);
    redis_int(&args, limit);
    redis_text(&args, token);
    return script_yes(app, "place.lua", 1, &args);
}

void throttle_leave_place(const struct app *app, int64_t whose, const char *token)
{
    char places[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, "ZREM");
    redis_text(&args, places_key(whose, places));
    redis_text(&args, token);
    (void)redis_command(app->redis, &args, NULL);
}
