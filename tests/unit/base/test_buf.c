#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void test_empty_is_a_string(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_null(b.data);
    assert_string_equal(buf_str(&b), "");
    assert_true(buf_ok(&b));
    buf_free(&b);
    buf_free(NULL);
}

static void test_adds_join(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_text(&b, "one");
    buf_add(&b, " two!!", 4);
    buf_format(&b, " %s-%d", "three", 4);
    assert_true(buf_ok(&b));
    assert_string_equal(buf_str(&b), "one two three-4");
    assert_int_equal(b.len, 15);
    buf_free(&b);
    assert_null(b.data);
}

static void test_no_bytes_still_terminate(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    buf_add(&b, NULL, 0);
    buf_format(&b, "%s", "");
    assert_true(buf_ok(&b));
    assert_non_null(b.data);
    assert_string_equal(b.data, "");
    buf_free(&b);
}

static void test_nul_bytes_count(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    buf_add(&b, "a\0b", 3);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "a\0b", 4);
    buf_free(&b);
}

static void test_ceiling_is_exact(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    buf_text(&b, "12345678");
    assert_true(buf_ok(&b));
    assert_int_equal(b.len, 8);
    buf_text(&b, "9");
    assert_false(buf_ok(&b));
    assert_string_equal(buf_str(&b), "12345678");
    buf_free(&b);
}

static void test_failure_stays(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    buf_text(&b, "1234");
    buf_format(&b, "%s", "too long");
    assert_false(buf_ok(&b));
    buf_text(&b, "5");
    buf_format(&b, "%d", 6);
    assert_false(buf_ok(&b));
    assert_string_equal(buf_str(&b), "1234");
    buf_free(&b);
}

static void test_cut_keeps_the_beginning(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    buf_cut(&b, 0);
    assert_string_equal(buf_str(&b), "");
    buf_text(&b, "1234");
    buf_cut(&b, 9);
    assert_string_equal(buf_str(&b), "1234");
    buf_cut(&b, 2);
    assert_string_equal(buf_str(&b), "12");
    assert_int_equal(b.len, 2);
    buf_text(&b, "345");
    assert_false(buf_ok(&b));
    buf_cut(&b, 1);
    assert_false(buf_ok(&b));
    assert_string_equal(buf_str(&b), "1");
    buf_free(&b);
}

/* Room for the text but not for its NUL, room for both, and none at all. */
static void test_formats_that_just_fit(void **state)
{
    (void)state;
    for (size_t before = 0; before < 200; before++) {
        struct buf b;
        buf_init(&b, 128);
        for (size_t i = 0; i < before && i < 100; i++) {
            buf_text(&b, "x");
        }
        buf_format(&b, "%0*d", (int)(before % 64) + 1, 7);
        size_t start = before < 100 ? before : 100, len = before % 64 + 1;
        bool fits = start + len <= 128;
        assert_true(buf_ok(&b) == fits);
        assert_int_equal(strlen(buf_str(&b)), fits ? start + len : start);
        assert_int_equal(b.len, fits ? start + len : start);
        assert_true(!fits || buf_str(&b)[b.len - 1] == '7');
        buf_free(&b);
    }
}

static void test_clear_forgets_and_keeps_memory(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    buf_clear(&b);
    buf_text(&b, "1234");
    buf_text(&b, "5");
    const char *memory = b.data;
    buf_clear(&b);
    assert_true(buf_ok(&b));
    assert_string_equal(buf_str(&b), "");
    buf_text(&b, "ab");
    assert_string_equal(buf_str(&b), "ab");
    assert_ptr_equal(b.data, memory);
    buf_free(&b);
}

static void test_usable_after_free(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 3);
    buf_text(&b, "1234");
    buf_free(&b);
    buf_free(&b);
    assert_true(buf_ok(&b));
    buf_text(&b, "abc");
    assert_string_equal(buf_str(&b), "abc");
    buf_text(&b, "d");
    assert_false(buf_ok(&b));
    buf_free(&b);
}

static void test_grows_by_many_small_adds(void **state)
{
    (void)state;
    enum { TIMES = 10000 };
    struct buf b;
    buf_init(&b, TIMES);
    for (int i = 0; i < TIMES; i++) {
        buf_format(&b, "%d", i % 10);
    }
    assert_true(buf_ok(&b));
    assert_int_equal(b.len, TIMES);
    assert_int_equal(strlen(b.data), TIMES);
    assert_true(b.cap <= TIMES + 1);
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(b.data[i], '0' + i % 10);
    }
    buf_free(&b);
}

static void test_huge_lengths_fail_quietly(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_text(&b, "fine");
    assert_true(buf_ok(&b));
    buf_add(&b, "x", SIZE_MAX - 4); /* never read: len + NUL would wrap */
    assert_false(buf_ok(&b));
    assert_string_equal(buf_str(&b), "fine");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_is_a_string),
        cmocka_unit_test(test_adds_join),
        cmocka_unit_test(test_cut_keeps_the_beginning),
        cmocka_unit_test(test_formats_that_just_fit),
        cmocka_unit_test(test_no_bytes_still_terminate),
        cmocka_unit_test(test_nul_bytes_count),
        cmocka_unit_test(test_ceiling_is_exact),
        cmocka_unit_test(test_failure_stays),
        cmocka_unit_test(test_clear_forgets_and_keeps_memory),
        cmocka_unit_test(test_usable_after_free),
        cmocka_unit_test(test_grows_by_many_small_adds),
        cmocka_unit_test(test_huge_lengths_fail_quietly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
