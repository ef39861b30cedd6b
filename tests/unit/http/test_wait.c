#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "fake_io.h"
#include "http/wait.h"

static int64_t preferred(const char *header)
{
    struct fake_request fake = {
        .params = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/x"}, {"HTTP_PREFER", header}}};
    struct request_io io = fake_request_io(&fake);
    struct request request;
    assert_int_equal(request_begin(&request, &io), RESULT_OK);
    int64_t ms = wait_preferred(&request);
    request_free(&request);
    return ms;
}

static void test_preferences(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t ms;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"wait=0", 0},
        {"wait=1", 1000},
        {"wait=2", 2000},
        {"wait=3", WAIT_MAX_MS},
        {"wait=86400", WAIT_MAX_MS},
        {"wait=2147483647", WAIT_MAX_MS},
        {"Wait=1", 1000},
        {" wait=1", 1000},
        {"wait=1 ", 1000},
        {"wait=1; x=y", 1000},
        {"wait=1,return=minimal", 1000},
        {"respond-async, wait=1", 1000},
        {"respond-async,wait=1", 1000},
        {"wait=1, wait=2", 1000}, /* the first one counts (RFC 7240, 2) */
        {"respond-async", 0},
        {"wait", 0},
        {"wait=", 0},
        {"wait=-1", 0},
        {"wait=+1", 0},
        {"wait=1.5", 0},
        {"wait=1s", 0},
        {"wait=x", 0},
        {"waits=1", 0},
        {"xwait=1", 0},
        {"foo; wait=1", 0}, /* a parameter of another preference */
        {"handling=wait=1", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = preferred(cases[i].header);
        if (ms != cases[i].ms) {
            print_error("case %zu: %s\n", i, cases[i].header);
        }
        assert_int_equal(ms, cases[i].ms);
    }
}

/* Without Redis nobody can tell how many wait: the answer comes at once. */
static void test_without_redis(void **state)
{
    (void)state;
    struct fake_request fake = {
        .params = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/x"}, {"HTTP_PREFER", "wait=2"}}};
    const struct config config = {.recordings_dir = "/nonexistent", .responders = 8};
    struct app app = {.config = &config,
                      .pg = pg_new("postgresql:///none?host=/nonexistent", 1000),
                      .redis = redis_new("unix:///nonexistent/redis.sock", 1000)};
    struct request_io io = fake_request_io(&fake);
    struct request request;
    struct look look = {.state = STATE_PROCESSING};
    assert_int_equal(request_begin(&request, &io), RESULT_OK);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(wait_for_change(&app, &request, &look), RESULT_OK);
    assert_true(clock_monotonic_ms() - start < 1500);
    assert_int_equal(look.state, STATE_PROCESSING);
    request_free(&request);
    pg_free(app.pg);
    redis_free(app.redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preferences),
        cmocka_unit_test(test_without_redis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
