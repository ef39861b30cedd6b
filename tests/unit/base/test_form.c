#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/form.h"

/* Parses from an allocation of the exact size, without a NUL, so that a sanitizer sees overreads.
 */
static enum result parse(struct form *form, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy + 1, text, len);
    enum result result = form_parse(form, copy + 1, len);
    free(copy);
    return result;
}

/* The pairs as "name=value;" each. */
static void describe(const struct form *form, struct buf *out)
{
    for (size_t i = 0; i < form->count; i++) {
        buf_format(out, "%s=%s;", form->pairs[i].name, form->pairs[i].value);
    }
}

static void test_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pairs;
    } cases[] = {
        {"", ""},
        {"&", ""},
        {"&&&", ""},
        {"a=1", "a=1;"},
        {"a=1&b=2", "a=1;b=2;"},
        {"&a=1&&b=2&", "a=1;b=2;"},
        {"b=2&a=1&b=1", "b=2;a=1;b=1;"},
        {"a", "a=;"},
        {"a&b", "a=;b=;"},
        {"a=", "a=;"},
        {"=1", "=1;"},
        {"=", "=;"},
        {"a=b=c", "a=b=c;"},
        {"a==", "a==;"},
        {"a+b=c+d", "a b=c d;"},
        {"a%3Db=%26%3d%2B", "a=b=&=+;"},
        {"From=%2B972501234567", "From=+972501234567;"},
        {"n=%D7%A9%D7%9C%D7%95%D7%9D", "n=\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d;"},
        {"a= 1 ", "a= 1 ;"}, /* untrimmed */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form;
        struct buf pairs;
        buf_init(&pairs, 1000);
        assert_int_equal(parse(&form, cases[i].text, strlen(cases[i].text)), RESULT_OK);
        describe(&form, &pairs);
        assert_string_equal(buf_str(&pairs), cases[i].pairs);
        buf_free(&pairs);
        form_free(&form);
    }
}

static void test_semicolon_separates_nothing(void **state)
{
    (void)state;
    struct form form;
    assert_int_equal(parse(&form, "a=1;b=2", 7), RESULT_OK);
    assert_int_equal(form.count, 1);
    assert_string_equal(form_get(&form, "a"), "1;b=2");
    form_free(&form);
}

/* What browsers and Twilio's own libraries make of it: nothing is malformed. */
static void test_what_is_no_escape_stands_for_itself(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pairs;
    } cases[] = {
        {"a=%", "a=%;"},     {"a=%4", "a=%4;"},   {"a=%zz", "a=%zz;"},
        {"%=a", "%=a;"},     {"%4=1", "%4=1;"},   {"a=1&b=%0&c=41", "a=1;b=%0;c=41;"},
        {"a=%%41", "a=%A;"}, {"%4&x", "%4=;x=;"}, {"a=%+1", "a=% 1;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form;
        struct buf pairs;
        buf_init(&pairs, 1000);
        assert_int_equal(parse(&form, cases[i].text, strlen(cases[i].text)), RESULT_OK);
        assert_false(form.clean);
        describe(&form, &pairs);
        assert_string_equal(buf_str(&pairs), cases[i].pairs);
        buf_free(&pairs);
        form_free(&form);
    }
}

/* Kept to the byte, and never taken for the text before it. */
static void test_nul(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {{"a=x%00y&b=1", 11}, {"a=x\0y&b=1", 9}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form;
        assert_int_equal(parse(&form, cases[i].text, cases[i].len), RESULT_OK);
        assert_false(form.clean);
        assert_int_equal(form.count, 2);
        assert_int_equal(form.pairs[0].value_len, 3);
        assert_memory_equal(form.pairs[0].value, "x\0y", 4);
        assert_true(form_has(&form, "a"));
        assert_null(form_get(&form, "a"));
        assert_string_equal(form_get(&form, "b"), "1");
        form_free(&form);
    }
    struct form form;
    assert_int_equal(parse(&form, "a%00x=1&a=2", 11), RESULT_OK);
    assert_string_equal(form_get(&form, "a"), "2");
    assert_int_equal(form.pairs[0].name_len, 3);
    form_free(&form);
}

static void test_length_is_respected(void **state)
{
    (void)state;
    struct form form;
    assert_int_equal(form_parse(&form, "a=12345&b=2", 4), RESULT_OK);
    assert_int_equal(form.count, 1);
    assert_string_equal(form_get(&form, "a"), "12");
    form_free(&form);
    assert_int_equal(form_parse(&form, "a=%41", 4), RESULT_OK);
    assert_string_equal(form_get(&form, "a"), "%4");
    form_free(&form);
}

static void test_no_text_at_all(void **state)
{
    (void)state;
    struct form form;
    assert_int_equal(form_parse(&form, NULL, 0), RESULT_OK);
    assert_int_equal(form.count, 0);
    form_free(&form);
    form_free(&form);
    form_free(NULL);
}

static void test_as_many_as_fit(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct form form;
    struct buf text;
    buf_init(&text, 100000);
    for (int i = 0; i < MANY; i++) {
        buf_format(&text, "&&n%d=%d", i, i); /* nothing between separators is no pair */
    }
    assert_true(buf_ok(&text));
    assert_int_equal(parse(&form, text.data, text.len), RESULT_OK);
    assert_int_equal(form.count, MANY);
    assert_true(form.clean);
    assert_string_equal(form_get(&form, "n4999"), "4999");
    form_free(&form);
    buf_free(&text);
}

static void test_get_gives_the_first(void **state)
{
    (void)state;
    struct form form;
    assert_int_equal(parse(&form, "a=1&A=2&a=3&b", 13), RESULT_OK);
    assert_string_equal(form_get(&form, "a"), "1");
    assert_string_equal(form_get(&form, "A"), "2");
    assert_string_equal(form_get(&form, "b"), "");
    assert_null(form_get(&form, "c"));
    assert_null(form_get(&form, ""));
    form_free(&form);
}

static void test_repeats(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool repeats;
    } cases[] = {
        {"", false},         {"a=1", false},      {"a=1&b=1", false}, {"a=1&A=1", false},
        {"a=1&a=1", true},   {"a=1&b=1&a", true}, {"a&a", true},      {"=1&=2", true},
        {"a=1&%61=2", true}, {"a&b&c&d&b", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form;
        assert_int_equal(parse(&form, cases[i].text, strlen(cases[i].text)), RESULT_OK);
        assert_int_equal(form_has_repeats(&form), cases[i].repeats);
        form_free(&form);
    }
}

static void test_different_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        bool differs;
    } cases[] = {
        {"", 0, false},
        {"a=1", 3, false},
        {"a=1&a=1", 7, false},
        {"a=1&a=2", 7, true},
        {"a=1&b=2", 7, false},
        {"a=1&A=2", 7, false},
        {"a=1&a=1&a", 9, true},
        {"a=1&%61=%31", 11, false},
        {"a=&a", 4, false},
        {"a=1&a=1%00", 10, true},
        {"a=1%00x&a=1%00y", 15, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form;
        assert_int_equal(parse(&form, cases[i].text, cases[i].len), RESULT_OK);
        assert_int_equal(form_differs(&form, "a"), cases[i].differs);
        form_free(&form);
    }
}

/* Printable, and read again it is the same form. */
static void test_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *escaped;
    } cases[] = {
        {"", 0, ""},
        {"a=1&b=%2B+%", 11, "a=1&b=%2B+%"},
        {"a=b c\n", 6, "a=b%20c%0A"},
        {"a\0=\xd7\x90\x7f", 6, "a%00=%D7%90%7F"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf escaped;
        buf_init(&escaped, 1000);
        form_escape(cases[i].text, cases[i].len, &escaped);
        assert_string_equal(buf_str(&escaped), cases[i].escaped);
        buf_free(&escaped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_semicolon_separates_nothing),
        cmocka_unit_test(test_what_is_no_escape_stands_for_itself),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_length_is_respected),
        cmocka_unit_test(test_no_text_at_all),
        cmocka_unit_test(test_as_many_as_fit),
        cmocka_unit_test(test_get_gives_the_first),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_different_values),
        cmocka_unit_test(test_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
