#include "base/version.h"
#include "handlers.h"
#include "runs/queue.h"
#include "runs/throttle.h"
#include "schema/schema.h"
#include "storage/disk.h"
#include "storage/file.h"

enum { ANSWER_MAX = 4096, GRACE_MS = 1000 };

void handle_healthz(const struct app *app, struct request *request, struct response *response)
{
    (void)app;
    (void)request;
    struct json *json = json_new();
    json_put_flag(json, "ok", true);
    json_put_text(json, "version", TAPEDECK_VERSION);
    response_json(response, 200, json);
}

/* A runner that has not been seen fails no request: those that come are kept and start later. */
static const char *runner_word(enum result redis, int64_t seen_ms)
{
    if (redis != RESULT_OK) {
        return "unknown";
    }
    return seen_ms < 0 ? "none seen; is the drain timer running?" : "ok";
}

/* A full disk fails no request, either: what is here plays. */
static const char *disk_word(const struct app *app, bool readable)
{
    struct disk_facts facts;
    if (!readable) {
        return "RECORDINGS_DIR cannot be read";
    }
    disk_read(app->config, &facts);
    return facts.writable ? disk_words(&facts) : "ok"; /* a responder need not write */
}

static struct json *look(const struct app *app, bool *ready)
{
    int64_t seen_ms = -1;
    const char *database;
    bool schema = schema_look(app->pg, &database) == RESULT_OK;
    bool disk = file_dir_check(app->config, false) == RESULT_OK;
    enum result redis = queue_runner_seen(app, &seen_ms);
    *ready = schema && disk;
    struct json *json = *ready ? json_new() : response_message(MESSAGE_UNAVAILABLE);
    json_put_flag(json, "ready", *ready);
    json_put_text(json, "postgresql", database);
    json_put_text(json, "redis", redis == RESULT_OK ? "ok" : redis_why(app->redis));
    json_put_text(json, "disk", disk_word(app, disk));
    json_put_text(json, "runner", runner_word(redis, seen_ms));
    return json;
}

/* What the last one to look saw, a moment ago; else nobody knows, as long as they look. */
static void answer_as_others(const struct app *app, struct response *response)
{
    struct buf text;
    struct json *json = NULL;
    buf_init(&text, ANSWER_MAX);
    if (throttle_recall(app, &text) != RESULT_OK || !buf_ok(&text) ||
        json_parse(buf_str(&text), text.len, &json) != RESULT_OK) {
        response_error(response, MESSAGE_UNAVAILABLE);
        response_header_int(response, "Retry-After", 1);
    } else {
        response_json(response, json_has(json, "error") ? 503 : 200, json);
    }
    buf_free(&text);
}

static void look_and_answer(const struct app *app, struct response *response)
{
    bool ready;
    struct buf text;
    struct json *json = look(app, &ready);
    buf_init(&text, ANSWER_MAX);
    if (json_print(json, &text) == RESULT_OK && buf_ok(&text)) {
        throttle_remember(app, buf_str(&text));
    }
    buf_free(&text);
    response_json(response, ready ? 200 : 503, json);
}

/* Anybody may ask, and PostgreSQL may take PG_TIMEOUT to answer: two look at a time, or a quarter
 * of the responders, and the others are there for those who listen. */
void handle_readyz(const struct app *app, struct request *request, struct response *response)
{
    char token[CRYPTO_TOKEN_SIZE];
    const struct config *config = app->config;
    int64_t quarter = config->responders / 4;
    int64_t most = quarter > 2 ? quarter : config->responders > 2 ? 2 : 1;
    (void)request;
    if (throttle_take_place(app, THROTTLE_READY, config->pg_timeout + GRACE_MS, most, token) ==
        RESULT_LOST) {
        answer_as_others(app, response);
        return;
    }
    look_and_answer(app, response);
    throttle_leave_place(app, THROTTLE_READY, token);
}
