#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/backoff.h"

#define START INT64_C(1000000)

static void test_first_try_is_due_at_once(void **state)
{
    (void)state;
    const struct backoff fresh = {0};
    assert_true(backoff_due(&fresh, 0));
    assert_true(backoff_due(&fresh, START));
    assert_true(backoff_due(&fresh, INT64_MAX));
}

static void test_delays(void **state)
{
    (void)state;
    static const struct {
        int64_t ceiling;
        int64_t delays[9];
    } cases[] = {
        {2000, {50, 100, 200, 400, 800, 1600, 2000, 2000, 2000}},
        {120, {50, 100, 120, 120, 120, 120, 120, 120, 120}},
        {100, {50, 100, 100, 100, 100, 100, 100, 100, 100}},
        {50, {50, 50, 50, 50, 50, 50, 50, 50, 50}},
        {10, {10, 10, 10, 10, 10, 10, 10, 10, 10}},
        {1, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct backoff b = {0};
        for (size_t n = 0; n < 9; n++) {
            backoff_failed(&b, START, cases[i].ceiling);
            assert_int_equal(b.delay_ms, cases[i].delays[n]);
            assert_int_equal(b.next_ms, START + cases[i].delays[n]);
        }
    }
}

static void test_due_to_the_millisecond(void **state)
{
    (void)state;
    struct backoff b = {0};
    backoff_failed(&b, START, 2000);
    assert_false(backoff_due(&b, START));
    assert_false(backoff_due(&b, START + 49));
    assert_true(backoff_due(&b, START + 50));
    assert_true(backoff_due(&b, START + 51));
    backoff_failed(&b, START + 50, 2000); /* the delay counts from the last failure */
    assert_false(backoff_due(&b, START + 149));
    assert_true(backoff_due(&b, START + 150));
}

static void test_success_forgets(void **state)
{
    (void)state;
    struct backoff b = {0};
    for (int i = 0; i < 20; i++) {
        backoff_failed(&b, START, 2000);
    }
    backoff_succeeded(&b);
    assert_true(backoff_due(&b, 0));
    backoff_failed(&b, START, 2000);
    assert_int_equal(b.delay_ms, 50);
}

static void test_a_long_outage_stays_at_the_ceiling(void **state)
{
    (void)state;
    struct backoff b = {0};
    int64_t now = START;
    for (int i = 0; i < 100000; i++) {
        backoff_failed(&b, now, 2000);
        now = b.next_ms;
    }
    assert_int_equal(b.delay_ms, 2000);
    assert_true(backoff_due(&b, now));
    assert_false(backoff_due(&b, now - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_try_is_due_at_once),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_due_to_the_millisecond),
        cmocka_unit_test(test_success_forgets),
        cmocka_unit_test(test_a_long_outage_stays_at_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
