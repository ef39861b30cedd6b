#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "speech/summary.h"

#define GOOD "{\"subject\":\"s\",\"discussed\":\"d\",\"outcome\":\"\",\"next_step\":\"n\"}"

static enum result read(const char *content, bool hebrew, struct buf *out)
{
    buf_clear(out);
    return summary_read(content, strlen(content), hebrew, out);
}

static void test_fixed_sentences(void **state)
{
    (void)state;
    assert_string_equal(summary_fixed("no-answer", 60000, false), "The call was not answered.");
    assert_string_equal(summary_fixed("completed", 0, false), "Nothing was said in the call.");
    assert_string_equal(summary_fixed("", 3000, false), "The call is too short to be summarised.");
    assert_string_equal(summary_fixed(NULL, 0, true), "לא נאמר דבר בשיחה.");
    assert_null(summary_fixed("completed", 3001, true));
}

static void test_text(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SUMMARY_TEXT_MAX);
    assert_int_equal(read(GOOD, false, &out), RESULT_OK);
    assert_string_equal(buf_str(&out), "Subject: s\nDiscussed: d\nNext step: n");
    assert_int_equal(read("Here you are:\n```json\n" GOOD "\n```\n", true, &out), RESULT_OK);
    assert_string_equal(buf_str(&out), "נושא: s\nמה נדון: d\nהצעד הבא: n");
    static const char *const BAD[] = {
        "",
        "x",
        "}{",
        "{}",
        "{\"subject\":\"s\"}",
        "{\"subject\":\"\",\"discussed\":\"d\",\"outcome\":\"o\",\"next_step\":\"n\"}",
        "{\"subject\":\"s\",\"discussed\":[],\"outcome\":\"o\",\"next_step\":\"n\"}"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(read(BAD[i], false, &out), RESULT_INVALID);
    }
    buf_free(&out);
}

static void test_question(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SUMMARY_ASKED_MAX);
    assert_int_equal(summary_ask("m", "he", "שלום \"x\"", &out), RESULT_OK);
    assert_non_null(strstr(buf_str(&out), "{\"model\":\"m\",\"temperature\":0,"));
    assert_non_null(strstr(buf_str(&out), "Language of the call: he\\n\\nשלום \\\"x\\\""));
    assert_non_null(strstr(buf_str(&out), "You summarise phone calls"));
    char *huge = calloc(1, SUMMARY_ASKED_MAX + 1);
    assert_non_null(huge);
    memset(huge, 'x', SUMMARY_ASKED_MAX);
    assert_int_equal(summary_ask("m", "he", huge, &out), RESULT_TOO_BIG);
    free(huge);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_sentences),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
