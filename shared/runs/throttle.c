#include "throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
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

/* "name:HOST". */
static const char *host_key(const char *name, char out[SCRIPT_KEY_SIZE])
{
    char host[64];
    if (gethostname(host, sizeof host) != 0) {
        host[0] = '\0';
    }
    host[sizeof host - 1] = '\0';
    int n = snprintf(out, SCRIPT_KEY_SIZE, "%s:%s", name, host);
    if (n < 0 || n >= SCRIPT_KEY_SIZE) {
        abort();
    }
    return out;
}

/* Of this host: those of everybody, or a business's to ask in. */
static const char *places_key(int64_t whose, char out[SCRIPT_KEY_SIZE])
{
    char share[SCRIPT_KEY_SIZE];
    switch (whose) {
    case THROTTLE_WAITING: return host_key("rec_waiting", out);
    case THROTTLE_SENDING: return host_key("rec_sending", out);
    case THROTTLE_READY: return host_key("rec_asking", out);
    default: return host_key(script_key(share, "rec_share", whose, NULL), out);
    }
}

enum result throttle_take_place(const struct app *app, int64_t whose, int64_t lasts_ms,
                                int64_t limit, char *token)
{
    char places[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    int64_t now_ms = clock_wall_ms();
    if (!crypto_token(token)) {
        token[0] = '\0';
        return RESULT_UNAVAILABLE;
    }
    redis_text(&args, places_key(whose, places));
    redis_int(&args, now_ms);
    redis_int(&args, now_ms + lasts_ms);
    redis_int(&args, limit);
    redis_text(&args, token);
    enum result result = script_yes(app, "place.lua", 1, &args);
    if (result != RESULT_OK) {
        token[0] = '\0';
    }
    return result;
}

void throttle_leave_place(const struct app *app, int64_t whose, const char *token)
{
    char places[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    if (token[0] == '\0') {
        return;
    }
    redis_text(&args, "ZREM");
    redis_text(&args, places_key(whose, places));
    redis_text(&args, token);
    (void)redis_command(app->redis, &args, NULL);
}

/* ---- an answer that is remembered ---- */

void throttle_remember(const struct app *app, const char *answer)
{
    char key[SCRIPT_KEY_SIZE];
    struct redis_args args = {0};
    redis_text(&args, "SET");
    redis_text(&args, host_key("rec_readyz", key));
    redis_text(&args, answer);
    redis_text(&args, "PX");
    redis_int(&args, THROTTLE_REMEMBERED_MS);
    (void)redis_command(app->redis, &args, NULL);
}

enum result throttle_recall(const struct app *app, struct buf *answer)
{
    char key[SCRIPT_KEY_SIZE];
    return script_get(app, host_key("rec_readyz", key), answer);
}
