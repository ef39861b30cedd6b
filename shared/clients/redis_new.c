/* Connections by their URL: where it names Sentinels, they are asked for the server. */
#include "redis.h"
#include "redis_address.h"
#include "redis_sentinel.h"

struct redis *redis_new(const char *url, int64_t timeout_ms)
{
    struct redis_address address;
    if (!redis_address_parse(url, &address)) {
        return NULL;
    }
    return redis_new_at(&address, timeout_ms,
                        address.sentinel_count > 0 ? redis_sentinel_find : NULL);
}
