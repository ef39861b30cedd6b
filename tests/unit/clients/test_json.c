#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/json.h"

enum { ROOM = 64 * 1024 };

static void assert_prints(struct json *json, const char *expected)
{
    struct buf out;
    buf_init(&out, ROOM);
    assert_int_equal(json_print(json, &out), RESULT_OK);
    assert_string_equal(buf_str(&out), expected);
    buf_free(&out);
    json_free(json);
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"plain", "{\"k\":\"plain\"}"},
        {"", "{\"k\":\"\"}"},
        {NULL, "{\"k\":null}"},
        {"ההקלטה בדרך", "{\"k\":\"ההקלטה בדרך\"}"},
        {"\xf0\x9f\x93\xbc", "{\"k\":\"\xf0\x9f\x93\xbc\"}"},
        {"/a\"b\\c", "{\"k\":\"/a\\\"b\\\\c\"}"},
        {"\n\r\t\x01", "{\"k\":\"\\n\\r\\t\\u0001\"}"},
        {"</script>", "{\"k\":\"</script>\"}"},
        {"\xff", "{\"k\":null}"},             /* no UTF-8 at all */
        {"ab\xd7", "{\"k\":null}"},           /* cut in the middle */
        {"\xc0\xaf", "{\"k\":null}"},         /* overlong */
        {"\xed\xa0\x80", "{\"k\":null}"},     /* half a surrogate pair */
        {"\xf4\x90\x80\x80", "{\"k\":null}"}, /* above U+10FFFF */
        {"\xe9t\xe9", "{\"k\":null}"},        /* Latin-1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *json = json_new();
        json_put_text(json, "k", cases[i].text);
        assert_prints(json, cases[i].printed);
    }
}

static void test_other_values(void **state)
{
    (void)state;
    struct json *json = json_new();
    json_put_int(json, "least", INT64_MIN);
    json_put_int(json, "most", INT64_MAX);
    json_put_int(json, "zero", 0);
    json_put_flag(json, "yes", true);
    json_put_flag(json, "no", false);
    json_put_null(json, "none");
    assert_prints(json, "{\"least\":-9223372036854775808,\"most\":9223372036854775807,\"zero\":0,"
                        "\"yes\":true,\"no\":false,\"none\":null}");
}

static void test_a_later_put_replaces(void **state)
{
    (void)state;
    struct json *json = json_new();
    json_put_null(json, "a");
    json_put_int(json, "b", 1);
    json_put_text(json, "a", "x");
    assert_prints(json, "{\"a\":\"x\",\"b\":1}");
}

static void test_nesting(void **state)
{
    (void)state;
    struct json *json = json_new(), *list = json_new_list();
    for (int i = 0; i < 3; i++) {
        struct json *item = json_new();
        json_put_int(item, "i", i);
        json_add(list, item);
    }
    json_put(json, "list", list);
    json_put(json, "none", json_new_list());
    json_put(json, "empty", json_new());
    json_put(json, "missing", NULL);
    assert_prints(json, "{\"list\":[{\"i\":0},{\"i\":1},{\"i\":2}],\"none\":[],\"empty\":{},"
                        "\"missing\":null}");
}

/* Without memory json_new gives NULL: nothing breaks, and what was to go inside is freed. */
static void test_null_is_taken_everywhere(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ROOM);
    json_put_text(NULL, "k", "v");
    json_put_int(NULL, "k", 1);
    json_put_flag(NULL, "k", true);
    json_put_null(NULL, "k");
    json_put(NULL, "k", json_new());
    json_add(NULL, json_new());
    struct json *list = json_new_list();
    json_add(list, NULL);
    json_free(list);
    assert_null(json_text_at(NULL, "k"));
    assert_int_equal(json_int_at(NULL, "k", -5), -5);
    assert_int_equal(json_print(NULL, &out), RESULT_FAILED);
    json_free(NULL);
    buf_free(&out);
}

static void test_print_appends(void **state)
{
    (void)state;
    struct buf out;
    struct json *json = json_new();
    buf_init(&out, ROOM);
    buf_text(&out, "before ");
    assert_int_equal(json_print(json, &out), RESULT_OK);
    assert_string_equal(buf_str(&out), "before {}");
    buf_free(&out);
    json_free(json);
}

static void test_print_holds_the_ceiling(void **state)
{
    (void)state;
    static const char PRINTED[] = "{\"k\":\"12345\"}";
    struct json *json = json_new();
    json_put_text(json, "k", "12345");
    for (size_t room = 0; room <= strlen(PRINTED); room++) {
        struct buf out;
        buf_init(&out, room);
        bool fits = room == strlen(PRINTED);
        assert_int_equal(json_print(json, &out), fits ? RESULT_OK : RESULT_FAILED);
        assert_int_equal(buf_ok(&out), fits);
        buf_free(&out);
    }
    json_free(json);
}

/* In memory of exactly `len` bytes, so that the sanitizer sees a step too far. */
static enum result parse(const char *text, size_t len, struct json **out)
{
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    enum result result = json_parse(exact, len, out);
    free(exact);
    return result;
}

static void test_parse_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
        int64_t number;
    } cases[] = {
        {"{}", NULL, -5},
        {" \r\n\t{ } \n", NULL, -5},
        {"{\"t\":\"x\",\"n\":7}", "x", 7},
        {"{\"n\":-0}", NULL, 0},
        {"{\"n\":9223372036854775807}", NULL, INT64_MAX},
        {"{\"n\":-9223372036854775808}", NULL, INT64_MIN},
        {"{\"n\":7.0}", NULL, -5},
        {"{\"n\":7e0}", NULL, -5},
        {"{\"n\":\"7\",\"t\":7}", NULL, -5},
        {"{\"n\":true,\"t\":true}", NULL, -5},
        {"{\"n\":null,\"t\":null}", NULL, -5},
        {"{\"n\":[7],\"t\":[\"x\"]}", NULL, -5},
        {"{\"in\":{\"n\":7,\"t\":\"x\"}}", NULL, -5},
        {"{\"t\":\"\"}", "", -5},
        {"{\"t\":\"\xd7\x90\\u05d1\"}", "אב", -5},
        {"{\"t\":\"\\ud83d\\udcfc\"}", "\xf0\x9f\x93\xbc", -5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *json = NULL;
        assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &json), RESULT_OK);
        const char *value = json_text_at(json, "t");
        assert_int_equal(value != NULL, cases[i].value != NULL);
        if (value != NULL) {
            assert_string_equal(value, cases[i].value);
        }
        assert_int_equal(json_int_at(json, "n", -5), cases[i].number);
        json_free(json);
    }
}

static void test_has(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"n\":1,\"t\":\"\",\"none\":null,\"in\":{\"deep\":1}}";
    struct json *json = NULL;
    assert_int_equal(parse(TEXT, strlen(TEXT), &json), RESULT_OK);
    assert_true(json_has(json, "n"));
    assert_true(json_has(json, "t"));
    assert_true(json_has(json, "none"));
    assert_true(json_has(json, "in"));
    assert_false(json_has(json, "deep"));
    assert_false(json_has(json, "N"));
    assert_false(json_has(json, ""));
    assert_false(json_has(NULL, "n"));
    assert_true(json_is_none(json_member(json, "none")));
    assert_true(json_is_none(json_member(json, "deep")));
    assert_false(json_is_none(json_member(json, "t")));
    json_free(json);
}

static void test_a_list_is_filled_where_it_is(void **state)
{
    (void)state;
    struct json *json = json_new(), *list = json_put_list(json, "list");
    struct buf out;
    buf_init(&out, 100);
    json_add_int(list, 1);
    json_put_flag(json, "flag", true);
    json_add_text(list, "two");
    assert_int_equal(json_print(json, &out), RESULT_OK);
    assert_string_equal(buf_str(&out), "{\"list\":[1,\"two\"],\"flag\":true}");
    assert_null(json_put_list(NULL, "list"));
    buf_free(&out);
    json_free(json);
}

static void test_texts_of_a_list(void **state)
{
    (void)state;
    static const struct {
        const char *document, *printed;
        bool found;
    } CASES[] = {
        {"{\"t\":\"one\"}", "one", true},
        {"{\"t\":\"\"}", "", true},
        {"{\"t\":[\"one\",{\"text\":\"two\"},{\"no\":3},4,\"five\"]}", "one, two, five", true},
        {"{\"t\":[]}", "", false},
        {"{\"t\":[{\"text\":[\"deep\"]}]}", "", false},
        {"{\"t\":{\"text\":\"one\"}}", "", false},
        {"{}", "", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct json *json = NULL;
        struct buf out;
        buf_init(&out, 100);
        assert_int_equal(parse(CASES[i].document, strlen(CASES[i].document), &json), RESULT_OK);
        assert_int_equal(json_print_texts(json_member(json, "t"), ", ", &out), CASES[i].found);
        assert_string_equal(buf_str(&out), CASES[i].printed);
        buf_free(&out);
        json_free(json);
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "null",
        "7",
        "\"x\"",
        "[]",
        "[{}]",
        "{",
        "}",
        "{\"k\"}",
        "{\"k\":}",
        "{\"k\":1,}",
        "{,}",
        "{\"k\":1 \"l\":2}",
        "{k:1}",
        "{'k':1}",
        "{\"k\":01}",
        "{\"k\":+1}",
        "{\"k\":NaN}",
        "{\"k\":tru}",
        "{\"k\":9223372036854775808}",
        "{\"k\":-9223372036854775809}",
        "{\"k\":1e999}",
        "{\"k\":\"\n\"}",
        "{\"k\":\"\\x\"}",
        "{\"k\":\"\\u12\"}",
        "{\"k\":\"\\u0000\"}",
        "{\"k\":\"\\ud800\"}",
        "{\"k\":\"\xff\"}",
        "{\"k\":\"\xd7\"}",
        "{\"k\":1,\"k\":1}",
        "{\"in\":{\"k\":1,\"k\":2}}",
        "{} {}",
        "{}x",
        "{}//",
        "\xef\xbb\xbf{}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *json = NULL;
        enum result result = parse(cases[i], strlen(cases[i]), &json);
        if (result != RESULT_INVALID) {
            print_error("case %zu: %s\n", i, cases[i]);
        }
        assert_int_equal(result, RESULT_INVALID);
        assert_null(json);
    }
}

static void test_parse_stops_at_its_length(void **state)
{
    (void)state;
    struct json *json = NULL;
    assert_int_equal(parse("{}garbage", 2, &json), RESULT_OK);
    json_free(json);
    json = NULL;
    assert_int_equal(parse("{\"k\":1}", 6, &json), RESULT_INVALID);
    assert_int_equal(parse("{}\0", 3, &json), RESULT_INVALID);
    assert_int_equal(parse("{\"a\0b\":1}", 9, &json), RESULT_INVALID);
    assert_null(json);
}

static void test_parse_depth_is_bounded(void **state)
{
    (void)state;
    enum { DEEP = 100000 };
    static const char OPEN[] = "{\"k\":";
    char *text = malloc(DEEP * (sizeof OPEN - 1));
    struct json *json = NULL;
    assert_non_null(text);
    for (size_t i = 0; i < DEEP; i++) {
        memcpy(text + i * (sizeof OPEN - 1), OPEN, sizeof OPEN - 1);
    }
    assert_int_equal(json_parse(text, DEEP * (sizeof OPEN - 1), &json), RESULT_INVALID);
    assert_null(json);
    free(text);
}

static void test_single_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } CASES[] = {{"a", "\"a\""},
                 {"", "\"\""},
                 {NULL, "null"},
                 {"\"\\\n", "\"\\\"\\\\\\n\""},
                 {"\xd7\x93", "\"\xd7\x93\""},
                 {"\xff", "null"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct buf out;
        buf_init(&out, 100);
        buf_text(&out, "[");
        json_print_text(CASES[i].text, &out);
        buf_text(&out, "]");
        assert_int_equal(out.len, strlen(CASES[i].printed) + 2);
        assert_memory_equal(buf_str(&out) + 1, CASES[i].printed, strlen(CASES[i].printed));
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_texts),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_other_values),
        cmocka_unit_test(test_a_later_put_replaces),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_null_is_taken_everywhere),
        cmocka_unit_test(test_print_appends),
        cmocka_unit_test(test_print_holds_the_ceiling),
        cmocka_unit_test(test_parse_accepts),
        cmocka_unit_test(test_has),
        cmocka_unit_test(test_a_list_is_filled_where_it_is),
        cmocka_unit_test(test_texts_of_a_list),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_stops_at_its_length),
        cmocka_unit_test(test_parse_depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
