#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "speech/silence.h"

enum { SECOND = 1000 / SILENCE_BLOCK_MS, MOST = 100, LONG = 400 * SECOND };

/* Fills [from, to) seconds of a channel. */
static void fill(uint16_t *levels, size_t from, size_t to, uint16_t level)
{
    for (size_t i = from * SECOND; i < to * SECOND; i++) {
        levels[i] = level;
    }
}

static void test_level(void **state)
{
    (void)state;
    static const uint64_t LOUDEST = 1ULL << 30;
    assert_int_equal(silence_level(4 * 100 * 100, 4), 100);
    assert_int_equal(silence_level(2 * LOUDEST, 2), 32768);
    assert_int_equal(silence_level(0, 0), 0);
}

static void test_silence_has_no_speech(void **state)
{
    (void)state;
    static uint16_t levels[LONG];
    struct silence_stretch found[MOST];
    assert_int_equal(silence_find(levels, LONG, found, MOST), 0);
    assert_int_equal(silence_find(levels, 0, found, MOST), 0);
    fill(levels, 0, 400, 20); /* the line's own noise */
    assert_int_equal(silence_find(levels, LONG, found, MOST), 0);
}

static void test_speech_is_found_above_noise(void **state)
{
    (void)state;
    static uint16_t levels[LONG];
    struct silence_stretch found[MOST];
    for (int noise = 0; noise <= 150; noise += 50) {
        fill(levels, 0, 400, (uint16_t)noise);
        fill(levels, 10, 12, 2000);
        fill(levels, 100, 101, 900);
        assert_int_equal(silence_find(levels, LONG, found, MOST), 2);
        assert_int_equal(found[0].from, 10 * SECOND - 10); /* 200 ms around it */
        assert_int_equal(found[0].count, 2 * SECOND + 20);
        assert_int_equal(found[0].voiced, 2 * SECOND);
        assert_int_equal(found[1].from, 100 * SECOND - 10);
    }
}

static void test_pauses_join_and_silences_part(void **state)
{
    (void)state;
    static uint16_t levels[LONG];
    struct silence_stretch found[MOST];
    fill(levels, 0, 2, 1000);
    fill(levels, 3, 4, 1000); /* a second later */
    fill(levels, 6, 7, 1000); /* two */
    assert_int_equal(silence_find(levels, LONG, found, MOST), 2);
    assert_int_equal(found[0].from, 0);
    assert_int_equal(found[0].count, 4 * SECOND + 10);
    assert_int_equal(found[1].from, 6 * SECOND - 10);
}

static void test_clicks_are_no_speech(void **state)
{
    (void)state;
    static uint16_t levels[LONG];
    struct silence_stretch found[MOST];
    for (size_t i = 0; i < LONG; i += 5 * SECOND) {
        levels[i] = levels[i + 1] = 9000;
    }
    assert_int_equal(silence_find(levels, LONG, found, MOST), 0);
}

static void test_long_speech_is_parted_where_it_is_quiet(void **state)
{
    (void)state;
    static uint16_t levels[LONG];
    struct silence_stretch found[MOST];
    fill(levels, 0, 100, 1000);
    levels[50 * SECOND + 7] = 700;
    assert_int_equal(silence_find(levels, LONG, found, MOST), 2);
    assert_int_equal(found[0].count, 50 * SECOND + 7);
    assert_int_equal(found[1].from, 50 * SECOND + 7);
    fill(levels, 0, 400, 1000);
    size_t count = silence_find(levels, LONG, found, MOST), end = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].from, end);
        assert_true(found[i].count * SILENCE_BLOCK_MS <= SILENCE_STRETCH_MS_MAX);
        end = found[i].from + found[i].count;
    }
    assert_int_equal(end, LONG);
    assert_int_equal(silence_find(levels, LONG, found, 2), 2);
}

static void test_stretches_never_overlap(void **state)
{
    (void)state;
    static uint16_t levels[LONG];
    struct silence_stretch found[LONG];
    uint32_t dice = 1;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < LONG; i++) {
            dice = dice * 1664525 + 1013904223;
            levels[i] = (uint16_t)(dice >> 31 != 0 && i % (size_t)(7 + round) > 3 ? 2000 : 0);
        }
        size_t count = silence_find(levels, LONG, found, LONG), end = 0;
        for (size_t i = 0; i < count; i++) {
            assert_true(found[i].from >= end && found[i].voiced <= found[i].count);
            end = found[i].from + found[i].count;
        }
        assert_true(end <= LONG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_silence_has_no_speech),
        cmocka_unit_test(test_speech_is_found_above_noise),
        cmocka_unit_test(test_pauses_join_and_silences_part),
        cmocka_unit_test(test_clicks_are_no_speech),
        cmocka_unit_test(test_long_speech_is_parted_where_it_is_quiet),
        cmocka_unit_test(test_stretches_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
