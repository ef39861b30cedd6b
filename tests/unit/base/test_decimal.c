#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/utf8.h"

struct number {
    const char *text;
    size_t len;
    double value;
};

static const struct number NUMBERS[] = {
    {"0", 1, 0},
    {"12.5s", 4, 12.5},
    {"-1", 2, -1},
    {"+.5", 3, 0.5},
    {"1.", 2, 1},
    {"1e3", 3, 1000},
    {"25E-1x", 5, 2.5},
    {"1e", 1, 1},
    {"1e+", 1, 1},
    {"007", 3, 7},
    {"1e-999", 6, 0},
    {"0.1", 3, 0.1},
    {"2000000000", 10, 2e9},
    {"12345678901234567890", 20, 12345678901234567890.0},
    {"0e99999999999", 13, 0},
};

static void test_numbers(void **state)
{
    (void)state;
    double value = 0;
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
        assert_int_equal(decimal_read(NUMBERS[i].text, &value), NUMBERS[i].len);
        assert_true(fabs(value - NUMBERS[i].value) <= 1e-15 * fabs(value));
    }
    assert_int_equal(decimal_read("1e999", &value), 5);
    assert_true(isinf(value));
    static const char *const NONE[] = {"", "-", ".", "e5", "nan", " 1", "-.e1"};
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        assert_int_equal(decimal_read(NONE[i], &value), 0);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    static const char GIVEN[] = "a\xD7z\xE2\x82\xF4\x90\x80\x80\xC0\xAF\0שלום";
    utf8_mend_text(GIVEN, sizeof GIVEN - 1, &out);
#define R "\xEF\xBF\xBD"
    assert_string_equal(buf_str(&out), "a" R "z" R R R R R R R R "שלום");
    buf_clear(&out);
    utf8_line(" a\r\n b\xE2\x80\xA8"
              "c\x7F\xC2\x85",
              100, &out);
    assert_string_equal(buf_str(&out), "a b c");
    buf_clear(&out);
    utf8_line("שלום עולם", 10, &out);
    assert_string_equal(buf_str(&out), "שלו…");
    assert_int_equal(utf8_cut("אב", 3), 2);
    assert_int_equal(utf8_cut("אב", 4), 4);
    assert_int_equal(utf8_cut("", 0), 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
