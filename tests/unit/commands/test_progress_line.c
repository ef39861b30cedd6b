/*
 * Amounts as people read them, and the line that shows how far something is.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "commands/human.h"
#include "commands/progress_line.h"

static void test_bytes(void **state)
{
    static const struct {
        int64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {-1, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {999999, "999.9 kB"},
        {1000000, "1.0 MB"},
        {42100000000, "42.1 GB"},
        {INT64_C(1500000000000000), "1.5 PB"},
        {INT64_MAX / 10, "922.3 PB"},
    };
    char out[HUMAN_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(human_bytes(cases[i].bytes, out), cases[i].text);
    }
    assert_true(strlen(human_bytes(INT64_MAX, out)) < HUMAN_SIZE);
}

static void test_times(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {-1, "-"},
        {0, "0s"},
        {59, "59s"},
        {60, "1m00s"},
        {3599, "59m59s"},
        {3600, "1h00m"},
        {12000, "3h20m"},
        {86399, "23h59m"},
        {86400, "1d00h"},
        {370800, "4d07h"},
        {INT64_C(864000000), "10000d00h"},
    };
    char out[HUMAN_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(human_time(cases[i].seconds, out), cases[i].text);
    }
    assert_true(strlen(human_time(INT64_MAX, out)) < HUMAN_SIZE);
}

static void test_progress(void **state)
{
    static const struct {
        struct progress_line progress;
        const char *text;
    } cases[] = {
        {{0, 10, 0, 0, 0, 0, 0}, "[--------------------] 0/10  0 B  0 B/s  - left"},
        {{1, 10, 0, 2000, 1000, 0, 0}, "[##------------------] 1/10  2.0 kB  2.0 kB/s  9s left"},
        {{5, 10, 2, 5000000, 10000, 0, 0},
         "[##########----------] 5/10  5.0 MB  500.0 kB/s  10s left  2 failed"},
        {{10, 10, 0, 1, 60000, 0, 0}, "[####################] 10/10  1 B  0 B/s  0s left"},
        {{0, 0, 0, 0, 5, 0, 0}, "[####################] 0/0  0 B  0 B/s  - left"},
        /* a call more came along than were counted */
        {{12, 10, 0, 12, 1000, 0, 0}, "[####################] 12/10  12 B  12 B/s  0s left"},
        /* no bytes are counted */
        {{5, 10, 2, PROGRESS_LINE_NO_BYTES, 10000, 0, 0},
         "[##########----------] 5/10  10s left  2 failed"},
        {{1, 4000, 0, 1000, 9000, 0, 0},
         "[--------------------] 1/4000  1.0 kB  111 B/s  9h59m left"},
    };
    char out[PROGRESS_LINE_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(progress_line_text(&cases[i].progress, out), cases[i].text);
    }
    const struct progress_line most = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 1, 0, 0};
    assert_true(strlen(progress_line_text(&most, out)) < PROGRESS_LINE_SIZE);
}

static void test_when_it_is_shown(void **state)
{
    struct progress_line tty = {.began_ms = 900}, pipe = {.began_ms = 900};
    (void)state;
    assert_true(progress_line_is_due(&tty, true, 1000, false));
    assert_false(progress_line_is_due(&tty, true, 1249, false));
    assert_true(progress_line_is_due(&tty, true, 1250, false));
    assert_true(progress_line_is_due(&tty, true, 1251, true));
    assert_int_equal(tty.elapsed_ms, 351);
    assert_true(progress_line_is_due(&pipe, false, 1000, false));
    assert_false(progress_line_is_due(&pipe, false, 10999, false));
    assert_true(progress_line_is_due(&pipe, false, 11000, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_when_it_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
