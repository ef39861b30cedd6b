/*
 * Counting without a Redis: nothing is lost, nothing grows without end, and nothing is written in a
 * wrong form.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "metrics/exposition.h"
#include "metrics/traffic.h"
#include "observe/metrics.h"

static void test_without_redis_counts_wait(void **state)
{
    struct app app = {.metrics = metrics_new(),
                      .redis = redis_new("unix:///nonexistent/redis.sock", 100)};
    (void)state;
    assert_non_null(app.metrics);
    assert_false(metrics_pending(app.metrics));
    metrics_add(app.metrics, METRICS_BYTES, NULL, NULL, 5);
    assert_true(metrics_pending(app.metrics));
    for (int i = 0; i < 3; i++) {
        metrics_flush(&app, true);
        assert_true(metrics_pending(app.metrics));
    }
    redis_free(app.redis);
    metrics_free(app.metrics);
}

static void test_what_cannot_be_counted_is_not(void **state)
{
    char name[2 * METRICS_NAME_SIZE];
    struct metrics *metrics = metrics_new();
    (void)state;
    metrics_add(metrics, METRICS_BYTES, NULL, NULL, 0);
    metrics_add(metrics, METRICS_BYTES, NULL, NULL, -7);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    metrics_add(metrics, METRICS_FAULTS, name, NULL, 1);
    assert_false(metrics_pending(metrics));
    for (int i = 0; i < 2 * METRICS_COUNTS_MAX; i++) { /* more names than there is room for */
        (void)snprintf(name, sizeof name, "%d", i);
        metrics_add(metrics, METRICS_FAULTS, name, NULL, 1);
    }
    assert_true(metrics_pending(metrics));
    metrics_free(metrics);
    metrics_free(NULL);
    metrics_add(NULL, METRICS_BYTES, NULL, NULL, 1);
    assert_false(metrics_pending(NULL));
}

static void test_bounds_grow(void **state)
{
    const struct traffic_bound *b = traffic_bounds();
    (void)state;
    for (; b[1].seconds != NULL; b++) {
        assert_true(b[0].us < b[1].us);
    }
    assert_string_equal(b->seconds, "+Inf");
    assert_true(b->us == INT64_MAX);
}

static void test_exposition(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    exposition_family(&out, "a_total", "counter", "What it is.");
    exposition_sample(&out, "a_total", "", NULL, 7);
    exposition_sample(&out, "a_total", "_bucket",
                      (struct exposition_label[2]){{"x", "a\"b\\c\nd"}, {"le", "+Inf"}}, -1);
    exposition_sample(&out, "a_total", "", (struct exposition_label[2]){{"x", ""}, {NULL, NULL}},
                      INT64_MAX);
    exposition_seconds(&out, "a_total", "_sum", NULL, 1000001);
    exposition_seconds(&out, "a_total", "", NULL, -1);
    assert_string_equal(buf_str(&out), "# HELP a_total What it is.\n"
                                       "# TYPE a_total counter\n"
                                       "a_total 7\n"
                                       "a_total_bucket{x=\"a\\\"b\\\\c\\nd\",le=\"+Inf\"} -1\n"
                                       "a_total{x=\"\"} 9223372036854775807\n"
                                       "a_total_sum 1.000001\n"
                                       "a_total +Inf\n");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_redis_counts_wait),
        cmocka_unit_test(test_what_cannot_be_counted_is_not),
        cmocka_unit_test(test_bounds_grow),
        cmocka_unit_test(test_exposition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
