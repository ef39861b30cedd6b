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

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"a=%", 3},    {"a=%4", 4},  {"a=%zz", 5},    {"%=a", 3},
        {"%4=1", 4},   {"a=%00", 5}, {"%00=a", 5},    {"a=1&b=%0&c=41", 13},
        {"a\0b=1", 5}, {"a=1\0", 4}, {"a=1&b=%4", 8}, {"ok=1&%4&x", 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = {.count = 7};
        assert_int_equal(parse(&form, cases[i].text, cases[i].len), RESULT_INVALID);
        assert_int_equal(form.count, 0);
        assert_null(form.storage);
        assert_null(form_get(&form, "a"));
        form_free(&form);
    }
}

static void test_length_is_respected(void **state)
{
    (void)state;
    struct form form;
    assert_int_equal(form_parse(&form, "a=12345&b=2", 4), RESULT_OK);
    assert_int_equal(form.count, 1);
    assert_string_equal(form_get(&form, "a"), "12");
    form_free(&form);
    assert_int_equal(form_parse(&form, "a=%41", 4), RESULT_INVALID);
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

static void add_pairs(struct buf *b, int count)
{
    buf_init(b, 10000);
    for (int i = 0; i < count; i++) {
        buf_format(b, "&n%d=%d", i, i);
    }
    assert_true(buf_ok(b));
}

static void test_ceiling(void **state)
{
    (void)state;
    struct form form;
    struct buf text;
    add_pairs(&text, FORM_MAX_PAIRS);
    assert_int_equal(parse(&form, text.data, text.len), RESULT_OK);
    assert_int_equal(form.count, FORM_MAX_PAIRS);
    assert_string_equal(form_get(&form, "n127"), "127");
    form_free(&form);
    buf_text(&text, "&&&"); /* nothing between separators is no pair */
    assert_int_equal(parse(&form, text.data, text.len), RESULT_OK);
    form_free(&form);
    buf_text(&text, "x");
    assert_int_equal(parse(&form, text.data, text.len), RESULT_TOO_BIG);
    assert_int_equal(form.count, 0);
    assert_null(form.storage);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_semicolon_separates_nothing),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_length_is_respected),
        cmocka_unit_test(test_no_text_at_all),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_get_gives_the_first),
        cmocka_unit_test(test_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
