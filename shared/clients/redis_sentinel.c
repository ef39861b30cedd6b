#include "redis_sentinel.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "redis.h"

/* An address in a reply: host and port, as two texts. */
static bool read_host(const struct redis_reply *reply, struct redis_host *out)
{
    const char *name = redis_reply_text(redis_reply_at(reply, 0));
    const char *port = redis_reply_text(redis_reply_at(reply, 1));
    if (name == NULL || port == NULL || strlen(name) >= sizeof out->name ||
        !text_int(port, 1, 65535, &out->port)) {
        return false;
    }
    memcpy(out->name, name, strlen(name) + 1);
    return true;
}

static bool ask(const struct redis_address *address, size_t which, int64_t timeout_ms,
                struct redis_host *master)
{
    struct redis_address sentinel = {.host = address->sentinels[which], .tls = address->tls};
    memcpy(sentinel.password, address->sentinel_password, sizeof sentinel.password);
    memcpy(sentinel.ca_file, address->ca_file, sizeof sentinel.ca_file);
    struct redis *redis = redis_new_at(&sentinel, timeout_ms, NULL);
    struct redis_reply *reply = NULL;
    struct redis_args args = {0};
    redis_text(&args, "SENTINEL");
    redis_text(&args, "get-master-addr-by-name");
    redis_text(&args, address->master);
    bool known = redis != NULL && redis_command(redis, &args, &reply) == RESULT_OK &&
                 read_host(reply, master);
    redis_reply_free(reply);
    redis_free(redis);
    return known;
}

bool redis_sentinel_find(const struct redis_address *address, int64_t timeout_ms, size_t *first,
                         struct redis_host *master)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms, slice = timeout_ms / 3 + 1;
    size_t asked = 0;
    for (; asked < address->sentinel_count; asked++) {
        int64_t left = deadline - clock_monotonic_ms();
        if (left <= 0) {
            break;
        }
        size_t which = (*first + asked) % address->sentinel_count;
        if (ask(address, which, left < slice ? left : slice, master)) {
            *first = which;
            return true;
        }
    }
    *first += asked;
    char name[96];
    log_event("REDIS_NO_MASTER", "name=%s sentinels=%zu",
              text_for_log(address->master, name, sizeof name), asked);
    return false;
}
