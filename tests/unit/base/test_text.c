#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define HEX32 "0123456789abcdefABCDEF0123456789"

static void test_int_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t min, max, value;
    } cases[] = {
        {"0", 0, 0, 0},
        {"7", 0, 10, 7},
        {"-7", -7, 7, -7},
        {"-0", 0, 0, 0},
        {"007", 0, 10, 7},
        {"00000000000000000000000000000000001", 0, 1, 1},
        {"9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 99;
        assert_true(text_int(cases[i].text, cases[i].min, cases[i].max, &value));
        assert_true(value == cases[i].value);
    }
}

static void test_int_refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "-",
        "--1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x10",
        "one",
        "1-",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999999999",
        "-99999999999999999999999999999999",
        "1\n",
        "\xd9\xa1", /* an Arabic digit one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 99;
        assert_false(text_int(cases[i], INT64_MIN, INT64_MAX, &value));
        assert_true(value == 99);
    }
    int64_t value = 99;
    assert_false(text_int(NULL, 0, 1, &value));
    assert_true(value == 99);
}

static void test_int_holds_its_bounds(void **state)
{
    (void)state;
    int64_t value = 99;
    assert_true(text_int("5", 5, 6, &value));
    assert_true(text_int("6", 5, 6, &value));
    assert_true(value == 6);
    assert_false(text_int("4", 5, 6, &value));
    assert_false(text_int("7", 5, 6, &value));
    assert_false(text_int("-5", 5, 6, &value));
    assert_true(value == 6);
}

static void test_int_n_stops_at_its_length(void **state)
{
    (void)state;
    int64_t value = 99;
    assert_true(text_int_n("123456", 3, 0, 1000, &value));
    assert_true(value == 123);
    assert_true(text_int_n("-1x", 2, -1, 0, &value));
    assert_true(value == -1);
    assert_false(text_int_n("123", 0, 0, 1000, &value));
    assert_false(text_int_n("1\0002", 3, 0, 1000, &value));
    assert_true(value == -1);
}

static void test_sid(void **state)
{
    (void)state;
    static const struct {
        const char *text, *prefix;
        bool is;
    } cases[] = {
        {"CA" HEX32, "CA", true},
        {"RE" HEX32, "RE", true},
        {"CA" HEX32, "RE", false},
        {"AC" HEX32, "CA", false},
        {"ca" HEX32, "CA", false},
        {"CA" HEX32 "0", "CA", false},
        {"CA" HEX32 "\n", "CA", false},
        {"CA0123456789abcdef0123456789abcde", "CA", false},
        {"CA0123456789abcdef0123456789abcdeg", "CA", false},
        {"CA0123456789abcdef0123456789abcd/e", "CA", false},
        {"CA../../../../../../../../../../..", "CA", false},
        {"CA", "CA", false},
        {"C", "CA", false},
        {"", "CA", false},
        {NULL, "CA", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(text_is_sid(cases[i].text, cases[i].prefix), cases[i].is);
    }
}

static void test_hex(void **state)
{
    (void)state;
    const unsigned char bytes[] = {0x00, 0x0f, 0xa0, 0xff};
    char out[9];
    text_hex(bytes, sizeof bytes, out);
    assert_string_equal(out, "000fa0ff");
    text_hex(bytes, 0, out);
    assert_string_equal(out, "");
}

static void test_percent_decode(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool plus;
        const char *out;
        bool clean;
    } cases[] = {
        {"", true, "", true},
        {"plain", true, "plain", true},
        {"a+b", true, "a b", true},
        {"a+b", false, "a+b", true},
        {"a%2Bb", true, "a+b", true},
        {"%41%6a%6A", true, "Ajj", true},
        {"%25", true, "%", true},
        {"%2541", true, "%41", true},
        {"%d7%90", true, "\xd7\x90", true},
        {"%ff\xff", true, "\xff\xff", true},
        {"%", true, "%", false},
        {"%4", true, "%4", false},
        {"x%", true, "x%", false},
        {"x%4", true, "x%4", false},
        {"%zz", true, "%zz", false},
        {"%4z", true, "%4z", false},
        {"%z4", true, "%z4", false},
        {"%%41", true, "%A", false},
        {"%+1", true, "% 1", false},
        {"%00", true, "\0", false},
        {"a%00b", false, "a\0b", false},
    };
    static const size_t NULS[] = {0, 1}; /* the last cases hold one, behind so many bytes */
    for (size_t i = 0, count = sizeof cases / sizeof cases[0]; i < count; i++) {
        size_t len = strlen(cases[i].in), want = strlen(cases[i].out);
        if (i + 2 >= count) {
            want = 2 * NULS[i + 2 - count] + 1;
        }
        char *out = malloc(len + 1); /* exact, so that the sanitizer sees a step too far */
        assert_non_null(out);
        size_t out_len = 999;
        bool clean = text_percent_decode(cases[i].in, len, cases[i].plus, out, &out_len);
        assert_int_equal(clean, cases[i].clean);
        assert_int_equal(out_len, want);
        assert_memory_equal(out, cases[i].out, want + 1);
        free(out);
    }
}

static void test_percent_decode_respects_length(void **state)
{
    (void)state;
    char out[8];
    size_t out_len = 0;
    assert_false(text_percent_decode("%41", 2, false, out, &out_len));
    assert_string_equal(out, "%4");
    assert_false(text_percent_decode("a\0b", 3, false, out, &out_len));
    assert_true(text_percent_decode("a%41b", 4, false, out, &out_len));
    assert_string_equal(out, "aA");
}

static void test_percent_decode_in_place(void **state)
{
    (void)state;
    char text[] = "%d7%90+%41";
    size_t len = 0;
    assert_true(text_percent_decode(text, strlen(text), true, text, &len));
    assert_string_equal(text, "\xd7\x90 A");
    assert_int_equal(len, 4);
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"", true},
        {"plain \x01\x7f", true},
        {"\xc2\x80", true},
        {"\xd7\x90", true},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xbf", false},
        {"\xc0\x80", false}, /* overlong */
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xed\xa0\x80", false}, /* surrogate */
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"\xd7", false}, /* cut short */
        {"\xd7x", false},
        {"\xe1\x80", false},
        {"\xe1\x80x", false},
        {"\xf1\x80\x80", false},
        {"a\xd7\x90\x90", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(text_is_utf8(cases[i].text), cases[i].good);
    }
}

static void test_for_log(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t size;
        const char *out;
    } cases[] = {
        {"plain-text_1.2/3", 64, "plain-text_1.2/3"},
        {NULL, 64, "-"},
        {NULL, 1, ""},
        {"", 64, ""},
        {"a b", 64, "a\\x20b"},
        {"a\"b\\c=d", 64, "a\\x22b\\x5cc\\x3dd"},
        {"\r\n\t\x1b", 64, "\\x0d\\x0a\\x09\\x1b"},
        {"\x7f\xd7\x90", 64, "\\x7f\\xd7\\x90"},
        {"1234567", 8, "1234567"},
        {"12345678", 8, "1234..."},
        {"123 567", 10, "123..."}, /* an escape is never cut in two */
        {"123 5", 9, "123\\x205"}, /* and one that just fits is kept */
        {"  ", 8, "\\x20..."},
        {"  ", 7, "..."},
        {" ", 5, "\\x20"},
        {" ", 4, "..."},
        {"123456", 3, ".."},
        {"123456", 1, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = malloc(cases[i].size);
        assert_non_null(out);
        assert_ptr_equal(text_for_log(cases[i].in, out, cases[i].size), out);
        assert_string_equal(out, cases[i].out);
        free(out);
    }
    char untouched = 'x';
    (void)text_for_log("abc", &untouched, 0);
    assert_int_equal(untouched, 'x');
}

static void test_last_digits(void **state)
{
    (void)state;
    static const struct {
        const char *number, *out;
    } cases[] = {
        {"+14158675309", "...5309"},
        {"1234", "...1234"},
        {"123", "..."},
        {"", "..."},
        {NULL, "..."},
        {"client:bob", "..."},
        {"+123", "..."},
        {"123456x", "..."},
        {"12\n34", "..."},
        {"+972-50-123-45-67", "..."},
        {"sip:12345", "...2345"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[8];
        assert_ptr_equal(text_last_digits(cases[i].number, out), out);
        assert_string_equal(out, cases[i].out);
    }
}

static void test_starts(void **state)
{
    (void)state;
    assert_true(text_starts("data: x", "data:"));
    assert_true(text_starts("data:", "data:"));
    assert_true(text_starts("", ""));
    assert_false(text_starts("dat", "data:"));
    assert_false(text_starts("Data:", "data:"));
    assert_false(text_starts("", "d"));
}

static void test_same(void **state)
{
    (void)state;
    assert_true(text_same("", ""));
    assert_true(text_same("Bytes", "bYTES"));
    assert_true(text_same("a-Z_0", "A-z_0"));
    assert_false(text_same("bytes", "byte"));
    assert_false(text_same("byte", "bytes"));
    assert_false(text_same("", "a"));
    assert_false(text_same("[", "{")); /* 0x20 apart, and no letters */
    assert_false(text_same("@", "`"));
    assert_false(text_same("\xc4", "\xe4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_int_accepts),
        cmocka_unit_test(test_int_refuses),
        cmocka_unit_test(test_int_holds_its_bounds),
        cmocka_unit_test(test_int_n_stops_at_its_length),
        cmocka_unit_test(test_sid),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_percent_decode),
        cmocka_unit_test(test_percent_decode_respects_length),
        cmocka_unit_test(test_percent_decode_in_place),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_for_log),
        cmocka_unit_test(test_last_digits),
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
