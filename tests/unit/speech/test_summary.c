#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "speech/summary.h"

#define GOOD "{\"subject\":\"s\",\"discussed\":\"d\",\"outcome\":\"\",\"next_step\":\"n\"}"

static const struct business_speech HEBREW = {.language = "he", .hebrew = true};
static const struct business_speech ASKS = {
    .question_count = 3, .questions = {"Was a visit agreed?", "Price", "Who calls back?"}};

static enum result read(const char *content, bool hebrew, struct buf *out)
{
    static const struct business_speech ENGLISH = {.language = "en"};
    buf_clear(out);
    return summary_read(content, strlen(content), hebrew ? &HEBREW : &ENGLISH, out);
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
    buf_free(&out);
}

struct written {
    const char *content, *text; /* NULL: no summary; "": an empty one */
};

#define THREE "Subject: s\nDiscussed: d\nNext step: n"
#define LINE(text) "{\"subject\":\"" text "\"}"

static const struct written WRITTEN[] = {
    {"{\"subject\":\"\",\"discussed\":\"d\",\"outcome\":\"o\",\"next_step\":\"n\"}",
     "Discussed: d\nOutcome: o\nNext step: n"},
    {"{\"subject\":\"s\",\"discussed\":\"d\",\"next_step\":\"n\"}", THREE},
    {"{\"subject\":\"s\",\"discussed\":\"d\",\"outcome\":null,\"next_step\":\"n\"}", THREE},
    {"{\"subject\":\"s\",\"discussed\":[\"a\",\"b\"]}", "Subject: s\nDiscussed: a, b"},
    {"{\"subject\":\"s\",\"discussed\":{\"who\":\"a\",\"what\":[1,2]}}",
     "Subject: s\nDiscussed: who: a, what: 1, 2"},
    {"<think>\nmaybe {\"draft\": true} or {\"subject\":\"no\"}\n</think>\n" GOOD, THREE},
    {"I think {so}: " GOOD " - as {you} wished {", THREE},
    {LINE("first") " no, better: " LINE("second"), "Subject: second"},
    {"<think>{\"subject\":\"not yet\"}", NULL},
    {"```json\n{\"subject\":\"s\",}\n```", "Subject: s"},
    {"{\"subject\":\"a\",\"subject\":\"s\"}", "Subject: s"},
    {"{\"subject\":\"two\nlines\r\n of \u2028 it\"}", "Subject: two lines of it"},
    {"{\"subject\":\"a\\nOutcome: forged\",\"outcome\":\"o\"}",
     "Subject: a Outcome: forged\nOutcome: o"},
    {"{\"Subject\":\"s\",\"DISCUSSED\":\"d\",\"Next Step\":\"n\"}", THREE},
    {"{\"נושא\":\"s\",\"מה נדון\":\"d\",\"הצעד הבא\":\"n\"}", THREE},
    {"{\"summary\":" GOOD "}", THREE},
    {"{\"a\":1,\"result\":{\"Summary\":" GOOD "},\"b\":\"x\"}", THREE},
    {"[" GOOD "]", THREE},
    {"{\"subject\":\"דו\"ח שנתי\",\"outcome\":\"o\"}", "Subject: דו\"ח שנתי\nOutcome: o"},
    {"{\"subject\":\"a\xD7\"}", "Subject: a\xEF\xBF\xBD"},
    {"{\"subject\":\"\",\"discussed\":\" \",\"outcome\":[],\"next_step\":null}", ""},
    {"", NULL},
    {"x", NULL},
    {"}{", NULL},
    {"{}", NULL},
    {"{\"summary\":\"s\"}", NULL},
    {"{\"subject\":\"s\"", NULL},
};

static void test_what_models_write(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SUMMARY_TEXT_MAX);
    for (size_t i = 0; i < sizeof WRITTEN / sizeof *WRITTEN; i++) {
        const char *text = WRITTEN[i].text;
        enum result wanted = text == NULL      ? RESULT_INVALID
                             : text[0] == '\0' ? RESULT_NOT_FOUND
                                               : RESULT_OK;
        assert_int_equal(read(WRITTEN[i].content, false, &out), wanted);
        assert_string_equal(buf_str(&out), text != NULL ? text : "");
    }
    buf_free(&out);
}

static void test_too_long_is_cut(void **state)
{
    (void)state;
    struct buf content, out;
    buf_init(&content, 1 << 20);
    buf_init(&out, SUMMARY_TEXT_MAX);
    buf_text(&content, "{\"subject\":\"");
    for (int i = 0; i < 100000; i++) {
        buf_text(&content, "ש");
    }
    buf_text(&content, "\",\"discussed\":\"d\"}");
    assert_int_equal(summary_read(content.data, content.len, &HEBREW, &out), RESULT_OK);
    assert_true(out.len < 4000);
    assert_non_null(strstr(buf_str(&out), "ש…\nמה נדון: d"));
    buf_free(&content);
    buf_free(&out);
}

/* What is looked at again and again would be looked at for ever. */
static void test_braces_without_end(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    struct buf content, out;
    buf_init(&content, 1 << 20);
    buf_init(&out, SUMMARY_TEXT_MAX);
    for (int i = 0; i < COUNT; i++) {
        buf_text(&content, "{a:{\"");
    }
    assert_int_equal(summary_read(content.data, content.len, &HEBREW, &out), RESULT_INVALID);
    buf_free(&content);
    buf_free(&out);
}

static void test_question(void **state)
{
    (void)state;
    struct buf out;
    struct shape shape = {.format = 0};
    buf_init(&out, SUMMARY_ASKED_MAX);
    assert_int_equal(summary_ask("m", &HEBREW, "שלום \"x\"", &shape, &out), RESULT_OK);
    assert_non_null(strstr(buf_str(&out), "{\"model\":\"m\",\"temperature\":0,"));
    assert_non_null(strstr(buf_str(&out), "Language of the call: he\\n\\nשלום \\\"x\\\""));
    assert_non_null(strstr(buf_str(&out), "You summarise phone calls"));
    buf_clear(&out);
    shape = (struct shape){.format = 1, .no_temperature = true};
    assert_int_equal(summary_ask("m", &HEBREW, "x", &shape, &out), RESULT_OK);
    assert_null(strstr(buf_str(&out), "temperature"));
    assert_non_null(strstr(buf_str(&out), "{\"type\":\"json_schema\",\"json_schema\":{\"name\":"));
    char *huge = calloc(1, SUMMARY_ASKED_MAX + 1);
    assert_non_null(huge);
    memset(huge, 'x', SUMMARY_ASKED_MAX);
    assert_int_equal(summary_ask("m", &HEBREW, huge, &shape, &out), RESULT_TOO_BIG);
    free(huge);
    buf_free(&out);
}

static void test_questions_of_its_own(void **state)
{
    (void)state;
    static const char ANSWERS[] = "{\"subject\":\"\",\"answer_1\":\"yes\\nOutcome: forged\","
                                  "\"answer_2\":[100,\"shekels\"],\"answer_3\":null}";
    static const char *const WANTED[] = {"answer_1: Was a visit agreed?\\n", "answer_3: Who calls",
                                         "\"answer_2\":{\"type\":\"string\"}",
                                         "\"next_step\",\"answer_1\",\"answer_2\",\"answer_3\"]",
                                         "Language of the call: that of the transcript\\n"};
    struct shape shape = {.format = 1};
    struct buf out;
    buf_init(&out, SUMMARY_ASKED_MAX);
    assert_int_equal(summary_ask("m", &ASKS, "x", &shape, &out), RESULT_OK);
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++) {
        assert_non_null(strstr(buf_str(&out), WANTED[i]));
    }
    buf_clear(&out);
    assert_int_equal(summary_read(ANSWERS, strlen(ANSWERS), &ASKS, &out), RESULT_OK);
    assert_string_equal(buf_str(&out),
                        "Was a visit agreed? yes Outcome: forged\nPrice: 100, shekels");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_sentences),      cmocka_unit_test(test_text),
        cmocka_unit_test(test_what_models_write),    cmocka_unit_test(test_too_long_is_cut),
        cmocka_unit_test(test_braces_without_end),   cmocka_unit_test(test_question),
        cmocka_unit_test(test_questions_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
