#include "base/version.h"
#include "handlers.h"
#include "runs/queue.h"
#include "schema/schema.h"
#include "storage/disk.h"
#include "storage/file.h"

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

void handle_readyz(const struct app *app, struct request *request, struct response *response)
{
    int64_t seen_ms = -1;
    (void)request;
    const char *database;
    bool schema = schema_look(app->pg, &database) == RESULT_OK;
    bool disk = file_dir_check(app->config, false) == RESULT_OK;
    enum result redis = queue_runner_seen(app, &seen_ms);
    bool ready = schema && disk;
    struct json *json = ready ? json_new() : response_message(MESSAGE_UNAVAILABLE);
    json_put_flag(json, "ready", ready);
    json_put_text(json, "postgresql", database);
    json_put_text(json, "redis", redis == RESULT_OK ? "ok" : "not reachable");
    json_put_text(json, "disk", disk_word(app, disk));
    json_put_text(json, "runner", runner_word(redis, seen_ms));
    response_json(response, ready ? 200 : 503, json);
}
