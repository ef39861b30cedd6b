#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "speech/json_repair.h"

static enum json_repair_state repair(const char *text, size_t step, struct buf *out)
{
    struct json_repair r;
    size_t len = strlen(text);
    buf_clear(out);
    json_repair_begin(&r, NULL, out);
    for (size_t at = 0; at < len; at += step) {
        (void)json_repair_feed(&r, text + at, len - at < step ? len - at : step);
    }
    return json_repair_end(&r);
}

struct pair {
    const char *given, *made;
};

static const struct pair MENDED[] = {
    {"{\"a\":1}", "{\"a\":1}"},
    {" [ 1 , -2.5, true,false , null,\"x\" ] ", "[1,-2.5,true,false,null,\"x\"]"},
    {"\"x\\u05d0\\n\\/\"", "\"xא\\u000a/\""},
    {"{\"a\":NaN,\"b\":-Infinity,\"c\":inf,\"d\":None,\"e\":True}",
     "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":true}"},
    {"{\"a\":1e999,\"b\":.5,\"c\":+1,\"d\":01,\"e\":1e2}",
     "{\"a\":null,\"b\":0.5,\"c\":1.0,\"d\":1.0,\"e\":1e2}"},
    {"{\"a\":12345678901234567890}", "{\"a\":1.2345678901234567e+19}"},
    {"\"\xD7\"", "\"\xEF\xBF\xBD\""},
    {"\"\xD7z\xF0\x9F\x98\"", "\"\xEF\xBF\xBDz\xEF\xBF\xBD\""},
    {"\"\xED\xA0\x80\"", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
    {"\"\\ud83dx\\ude00\\ud83d\"", "\"\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {"\"\\u0000\\u12x\"", "\"\xEF\xBF\xBD\xEF\xBF\xBDx\""},
    {"\"a\nb\tc\"", "\"a\\u000ab\\u0009c\""},
    {"\"\\d \\' \\\\\"", "\"\\\\d ' \\\\\""},
    {"\xEF\xBB\xBF{\"a\":1}", "{\"a\":1}"},
    {"{\"a\":1,}", "{\"a\":1}"},
    {"[1,,2,]", "[1,2]"},
    {"{\"a\":,\"b\":}", "{\"a\":null,\"b\":null}"},
    {"{\"a\":\"x\"\n\"b\":\"y\"}", "{\"a\":\"x\",\"b\":\"y\"}"},
    {"{\"a\":\"דו\"ח, \"כן\" ו\"לא\" \", \"b\":\"y\"}",
     "{\"a\":\"דו\\\"ח, \\\"כן\\\" ו\\\"לא\\\" \",\"b\":\"y\"}"},
    {"{a:1, Next-Step : 2, \"What Was\":3}", "{\"a\":1,\"next_step\":2,\"what_was\":3}"},
    {"{\"a\":{\"b\":[{\"c\":\"d\"}]}} and more", "{\"a\":{\"b\":[{\"c\":\"d\"}]}}"},
};

static void test_mended(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 10000);
    for (size_t i = 0; i < sizeof MENDED / sizeof *MENDED; i++) {
        for (size_t step = 1; step < 8; step += 3) {
            assert_int_equal(repair(MENDED[i].given, step, &out), JSON_REPAIR_WHOLE);
            assert_string_equal(buf_str(&out), MENDED[i].made);
        }
    }
    buf_free(&out);
}

static void test_what_is_not_whole(void **state)
{
    (void)state;
    static const char *const BROKEN[] = {
        "",         " ",         "{",           "[1",       "{\"a\":1",     "\"abc",
        "{\"a\"}",  "{\"a\" 1}", "[1}",         "{\"a\":]", "xyz",          "{\"a\":bad}",
        "{\"a\":1", "}",         "{{\"a\":1}}", ":",        "{\"a\":\"x\"", "שלום"};
    struct buf out;
    buf_init(&out, 10000);
    for (size_t i = 0; i < sizeof BROKEN / sizeof *BROKEN; i++) {
        assert_int_equal(repair(BROKEN[i], 1, &out), JSON_REPAIR_BROKEN);
    }
    char deep[JSON_REPAIR_DEPTH_MAX + 2];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(repair(deep, 7, &out), JSON_REPAIR_BROKEN);
    buf_free(&out);
}

static void test_a_ceiling(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 8);
    assert_int_equal(repair("{\"abc\":\"a text that is longer\"}", 3, &out), JSON_REPAIR_BROKEN);
    buf_free(&out);
}

static void add_item(void *context, const char *json, size_t len)
{
    buf_add(context, json, len);
    buf_text(context, ";");
}

static void test_what_is_wanted(void **state)
{
    (void)state;
    static const char *const KEYS[] = {"text", "segments", "start", NULL};
    static const char *const LISTS[] = {"segments", NULL};
    static const char GIVEN[] =
        "{\"task\":{\"text\":[1]},\"Text\":\"x\",\"segments\":[{\"id\":1,\"start\":2,\"words\":"
        "[{\"text\":\"no\"}],\"text\":\"a\"},7,\"b\"],\"usage\":{\"a\":{\"text\":1}}}";
    struct buf out, items;
    struct json_repair r;
    buf_init(&out, 1000);
    buf_init(&items, 1000);
    const struct json_repair_wanted wanted = {
        .keys = KEYS, .lists = LISTS, .item = add_item, .context = &items};
    json_repair_begin(&r, &wanted, &out);
    (void)json_repair_feed(&r, GIVEN, strlen(GIVEN));
    assert_int_equal(json_repair_end(&r), JSON_REPAIR_WHOLE);
    assert_string_equal(buf_str(&out), "{\"text\":\"x\",\"segments\":[]}");
    assert_string_equal(buf_str(&items), "{\"start\":2,\"text\":\"a\"};7;\"b\";");
    buf_free(&out);
    buf_free(&items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mended),
        cmocka_unit_test(test_what_is_not_whole),
        cmocka_unit_test(test_a_ceiling),
        cmocka_unit_test(test_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
