/* Where Redis is: an address is taken whole or not at all. */
#include <string.h>

#include "clients/redis.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    fuzz_begin(&fuzz, data, size);
    const char *url = fuzz_rest_text(&fuzz);
    struct redis *redis = redis_new(url, 1000);
    if (redis != NULL) {
        REQUIRE(strncmp(url, "redis://", 8) == 0 || strncmp(url, "unix:///", 8) == 0 ||
                strncmp(url, "redis+sentinel://", 17) == 0);
        REQUIRE(redis_fd(redis) == -1); /* nothing is connected before it is needed */
    }
    redis_free(redis);
    fuzz_end(&fuzz);
    return 0;
}
