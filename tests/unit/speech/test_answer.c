#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "speech/answer.h"

struct heard {
    int count;
    int64_t start, end;
    char text[64];
};

static void hear(void *context, int64_t start_ms, int64_t end_ms, const char *text)
{
    struct heard *heard = context;
    heard->count++;
    heard->start = start_ms;
    heard->end = end_ms;
    (void)snprintf(heard->text, sizeof heard->text, "%s", text);
}

static enum result speech(const char *text, struct heard *heard)
{
    *heard = (struct heard){0};
    return answer_read_speech(text, strlen(text), hear, heard);
}

static void test_segments(void **state)
{
    (void)state;
    struct heard heard;
    assert_int_equal(
        speech("{\"text\":\"a b\",\"segments\":[{\"start\":0,\"end\":1.5,\"text\":\"a\"},"
               "{\"id\":1,\"start\":1.5,\"end\":2.0004,\"text\":\" b\"}]}",
               &heard),
        RESULT_OK);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.start, 1500);
    assert_int_equal(heard.end, 2000);
    assert_string_equal(heard.text, " b");
}

static void test_without_segments(void **state)
{
    (void)state;
    struct heard heard;
    assert_int_equal(speech("{\"text\":\"all\"}", &heard), RESULT_OK);
    assert_true(heard.count == 1 && heard.start == 0 && heard.end == -1);
    assert_int_equal(speech("{\"text\":\"all\",\"segments\":[]}", &heard), RESULT_OK);
    assert_int_equal(heard.count, 1);
    assert_int_equal(speech("{\"segments\":[]}", &heard), RESULT_OK);
    assert_int_equal(heard.count, 0);
}

static void test_what_is_no_transcription(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"text\":7}",
        "{\"text\":\"a\",\"segments\":[7]}",
        "{\"segments\":{}}",
        "{\"segments\":[{\"start\":0,\"end\":1}]}",
        "{\"segments\":[{\"start\":2,\"end\":1,\"text\":\"a\"}]}",
        "{\"segments\":[{\"start\":-1,\"end\":1,\"text\":\"a\"}]}",
        "{\"segments\":[{\"start\":0,\"end\":1e9,\"text\":\"a\"}]}",
        "{\"segments\":[{\"start\":0,\"end\":1,\"text\":\"a\"},{\"start\":\"0\"}]}",
    };
    struct heard heard;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(speech(BAD[i], &heard), RESULT_INVALID);
        assert_int_equal(heard.count, 0);
    }
}

static enum result chat(const char *text, struct buf *content)
{
    buf_clear(content);
    return answer_read_chat(text, strlen(text), content);
}

static void test_completions(void **state)
{
    (void)state;
    struct buf content;
    buf_init(&content, 100);
    assert_int_equal(chat("{\"choices\":[{\"message\":{\"content\":\"yes\"},"
                          "\"finish_reason\":\"stop\"}]}",
                          &content),
                     RESULT_OK);
    assert_string_equal(buf_str(&content), "yes");
    assert_int_equal(chat("{\"choices\":[{\"message\":{\"content\":\"\"}}]}", &content),
                     RESULT_NOT_FOUND);
    assert_int_equal(chat("{\"choices\":[{\"message\":{\"content\":\"ye\"},"
                          "\"finish_reason\":\"length\"}]}",
                          &content),
                     RESULT_NOT_FOUND);
    static const char *const BAD[] = {"",
                                      "{}",
                                      "{\"choices\":[]}",
                                      "{\"choices\":[{}]}",
                                      "{\"choices\":[{\"message\":{\"content\":null}}]}",
                                      "{\"choices\":[{\"message\":\"yes\"}]}"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(chat(BAD[i], &content), RESULT_INVALID);
    }
    buf_free(&content);
}

static void test_model_errors(void **state)
{
    (void)state;
    static const char MODEL[] = "{\"error\":{\"code\":\"model_not_found\"}}";
    static const char PARAM[] = "{\"error\":{\"param\":\"model\",\"message\":\"no\"}}";
    static const char OTHER[] = "{\"error\":{\"message\":\"bad file\",\"code\":null}}";
    assert_true(answer_is_model_error(404, MODEL, strlen(MODEL)));
    assert_true(answer_is_model_error(400, PARAM, strlen(PARAM)));
    assert_false(answer_is_model_error(400, OTHER, strlen(OTHER)));
    assert_false(answer_is_model_error(500, MODEL, strlen(MODEL)));
    assert_false(answer_is_model_error(404, "<html>model", 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_without_segments),
        cmocka_unit_test(test_what_is_no_transcription),
        cmocka_unit_test(test_completions),
        cmocka_unit_test(test_model_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
