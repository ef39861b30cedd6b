#include "throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "script.h"

static const char WAITING[] = "rec_waiting", SENDING[] = "rec_sending";

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

/* ---- waiting and sending ---- */

/* The places of this host. */
static const char *places_key(const char *kind, char out[SCRIPT_KEY_SIZE])
{
    char host[64];
    if (gethostname(host, sizeof host) != 0) {
        host[0] = '\0';
    }
    host[sizeof host - 1] = '\0';
    int n = snprintf(out, SCRIPT_KEY_SIZE, "%s:%s", kind, host);
    if (n < 0 || n >= SCRIPT_KEY_SIZE) {
        abort();
    }
    return out;
}

static enum result place_take(const struct app *app, const char *kind, int64_t now_ms,
                              int64_t until_ms, int64_t limit, const char *token)
{
    char key[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, places_key(kind, key));
    redis_int(&args, now_ms);
    redis_int(&args, until_ms);
    redis_int(&args, limit);
    redis_text(&args, token);
    return script_yes(app, "wait.lua", 1, &args);
}

static void place_leave(const struct app *app, const char *kind, const char *token)
{
    char key[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, "ZREM");
    redis_text(&args, places_key(kind, key));
    redis_text(&args, token);
    (void)redis_command(app->redis, &args, NULL);
}

enum result throttle_wait_begin(const struct app *app, int64_t now_ms, int64_t until_ms,
                                int64_t limit, const char *token)
{
    return place_take(app, WAITING, now_ms, until_ms, limit, token);
}

void throttle_wait_end(const struct app *app, const char *token)
{
    place_leave(app, WAITING, token);
}

enum result throttle_send_begin(const struct app *app, int64_t now_ms, int64_t until_ms,
                                int64_t limit, const char *token)
{
    return place_take(app, SENDING, now_ms, until_ms, limit, token);
}

void throttle_send_end(const struct app *app, const char *token)
{
    place_leave(app, SENDING, token);
}
