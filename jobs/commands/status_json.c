#include "status_text.h"

#include "base/version.h"

/* A word, or null where there is none. */
static void put_word(struct json *object, const char *key, const char *word)
{
    json_put_text(object, key, word[0] != '\0' ? word : NULL);
}

static struct json *of_disk(const struct status *status)
{
    const struct disk_facts *disk = &status->overview->disk;
    struct json *json = json_new();
    json_put_flag(json, "writable", disk->writable);
    if (disk->known) {
        json_put_int(json, "total_bytes", disk->total);
        json_put_int(json, "free_bytes", disk->free);
    } else {
        json_put_null(json, "total_bytes");
        json_put_null(json, "free_bytes");
    }
    json_put_int(json, "part_files", status->parts.files);
    json_put_int(json, "part_bytes", status->parts.bytes);
    json_put_flag(json, "parts_complete", status->parts.all);
    return json;
}

static struct json *of_lane(const struct overview_lane *lane)
{
    struct json *json = json_new();
    json_put_int(json, "active", lane->active);
    json_put_int(json, "waiting", lane->waiting);
    json_put_int(json, "resting", lane->resting);
    json_put_int(json, "oldest_wait_s", lane->oldest_wait_s);
    return json;
}

static struct json *of_businesses(const struct overview *o)
{
    struct json *list = json_new_list();
    for (size_t i = 0; i < o->business_count; i++) {
        struct json *one = json_new();
        json_put_int(one, "business_id", o->businesses[i].business_id);
        json_put_int(one, "active", o->businesses[i].active);
        json_put_int(one, "waiting", o->businesses[i].waiting);
        json_put_int(one, "failed", o->businesses[i].failed);
        json_put_int(one, "oldest_wait_s", o->businesses[i].oldest_wait_s);
        json_add(list, one);
    }
    return list;
}

static struct json *of_pauses(const struct overview *o, bool hosts)
{
    struct json *list = json_new_list();
    for (size_t i = 0; i < o->pause_count; i++) {
        if (o->pauses[i].host != hosts) {
            continue;
        }
        struct json *one = json_new();
        json_put_text(one, hosts ? "host" : "account_sid", o->pauses[i].name);
        json_put_text(one, "reason", o->pauses[i].code);
        json_put_int(one, "left_s", o->pauses[i].left_s);
        json_add(list, one);
    }
    return list;
}

static struct json *of_reasons(const struct overview *o)
{
    struct json *list = json_new_list();
    for (size_t i = 0; i < o->reason_count; i++) {
        struct json *one = json_new();
        json_put_text(one, "reason", o->reasons[i].code);
        json_put_int(one, "count", o->reasons[i].count);
        put_word(one, "last_at", o->reasons[i].last_at);
        put_word(one, "message", o->reasons[i].text);
        json_add(list, one);
    }
    return list;
}

static struct json *of_counts(const struct overview_counts *counts, bool kinds)
{
    struct json *list = json_new_list();
    for (size_t i = 0; i < counts->count; i++) {
        struct json *one = json_new();
        if (kinds) {
            json_put_text(one, "step", counts->lines[i].kind);
        }
        json_put_text(one, "status", counts->lines[i].status);
        put_word(one, "reason", counts->lines[i].code);
        json_put_int(one, "count", counts->lines[i].count);
        json_add(list, one);
    }
    return list;
}

static struct json *of_servers(const struct overview *o)
{
    struct json *list = json_new_list();
    for (size_t i = 0; i < o->server_count; i++) {
        struct json *one = json_new();
        json_put_text(one, "host", o->servers[i].host);
        json_put_text(one, "model", o->servers[i].model);
        json_put_int(one, "status", o->servers[i].status);
        json_put_text(one, "said", o->servers[i].said);
        json_put_int(one, "ago_s", o->servers[i].ago_s);
        json_add(list, one);
    }
    return list;
}

static struct json *of_rests(const struct overview *o)
{
    struct json *list = json_new_list();
    for (size_t i = 0; i < o->rest_count; i++) {
        struct json *one = json_new();
        json_put_int(one, "business_id", o->rests[i].business_id);
        json_put_text(one, "host", o->rests[i].host);
        json_put_int(one, "failures", o->rests[i].failures);
        json_put_text(one, "reason", o->rests[i].code);
        json_put_int(one, "left_s", o->rests[i].left_s);
        json_add(list, one);
    }
    return list;
}

static void put_database(struct json *json, const struct overview *o)
{
    struct json *queue = json_new();
    json_put(queue, "click", of_lane(&o->lanes[LANE_CLICK]));
    json_put(queue, "later", of_lane(&o->lanes[LANE_LATER]));
    json_put(json, "queue", queue);
    json_put_int(json, "businesses_total", o->businesses_total);
    json_put(json, "businesses", of_businesses(o));
    json_put(json, "accounts_paused", of_pauses(o, false));
    json_put(json, "hosts_paused", of_pauses(o, true));
    json_put_int(json, "breakers_open", o->breakers_open);
    json_put_int(json, "callbacks_waiting", o->inbox.waiting);
    json_put_int(json, "callbacks_unused", o->inbox.unused);
    json_put_int(json, "inboxes_full", o->inbox.full);
    json_put_int(json, "recordings_without_call", o->inbox.without_call);
    json_put(json, "failed", of_reasons(o));
    json_put(json, "steps", of_counts(&o->steps, true));
    json_put(json, "deliveries", of_counts(&o->deliveries, false));
    json_put(json, "webhooks_resting", of_rests(o));
    json_put(json, "servers_refusing", of_servers(o));
}

/* What was not asked is null, so that the members are always the same. */
static void put_nothing(struct json *json)
{
    static const char *const MEMBERS[] = {
        "queue",
        "businesses_total",
        "businesses",
        "accounts_paused",
        "hosts_paused",
        "breakers_open",
        "callbacks_waiting",
        "callbacks_unused",
        "inboxes_full",
        "recordings_without_call",
        "failed",
        "steps",
        "deliveries",
        "webhooks_resting",
        "servers_refusing",
    };
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        json_put_null(json, MEMBERS[i]);
    }
}

struct json *status_json(const struct status *status)
{
    const struct overview *o = status->overview;
    char now[CLOCK_ISO_SIZE];
    struct json *json = json_new();
    json_put_text(json, "version", TAPEDECK_VERSION);
    json_put_text(json, "at", clock_iso(o->at, now));
    json_put_flag(json, "ok", status_is_good(status));
    json_put_flag(json, "database", o->database);
    json_put_text(json, "database_error", o->database ? NULL : o->database_words);
    json_put_text(json, "database_said", o->database_said[0] != '\0' ? o->database_said : NULL);
    json_put_flag(json, "redis", o->redis);
    json_put_text(json, "redis_error", o->redis ? NULL : o->redis_words);
    if (o->redis && o->runner_seen_ms >= 0) {
        json_put_int(json, "runner_seen_s", o->runner_seen_ms / 1000);
    } else {
        json_put_null(json, "runner_seen_s");
    }
    json_put(json, "disk", of_disk(status));
    if (o->database) {
        put_database(json, o);
    } else {
        put_nothing(json);
    }
    return json;
}
