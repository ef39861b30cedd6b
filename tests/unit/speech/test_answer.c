#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "speech/answer.h"
#include "speech/shape.h"

/* ---- completions ---- */

struct completion {
    const char *body;
    enum answer_chat chat;
    const char *content;
};

#define CHOICE(inside) "{\"choices\":[{" inside "}]}"

static const struct completion COMPLETIONS[] = {
    {CHOICE("\"message\":{\"content\":\"yes\"},\"finish_reason\":\"stop\""), ANSWER_CHAT_SAID,
     "yes"},
    {CHOICE("\"message\":{\"content\":\"\"}"), ANSWER_CHAT_EMPTY, ""},
    {CHOICE("\"message\":{\"content\":null}"), ANSWER_CHAT_EMPTY, ""},
    {CHOICE("\"message\":{\"content\":\"ye\"},\"finish_reason\":\"length\""), ANSWER_CHAT_CUT,
     "ye"},
    {CHOICE("\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"y\"},\"es\"]}"),
     ANSWER_CHAT_SAID, "yes"},
    {CHOICE("\"message\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"text\":\"no\"}]},"
            "{\"type\":\"text\",\"text\":\"yes\"}]}"),
     ANSWER_CHAT_SAID, "yes"},
    {CHOICE("\"message\":{\"content\":null,\"refusal\":\"I cannot\"}"), ANSWER_CHAT_REFUSED,
     "I cannot"},
    {CHOICE("\"message\":{\"content\":\"x\"},\"finish_reason\":\"content_filter\""),
     ANSWER_CHAT_REFUSED, "x"},
    {CHOICE(
         "\"message\":{\"content\":null,\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]}"),
     ANSWER_CHAT_SAID, "{}"},
    {CHOICE("\"text\":\"yes\""), ANSWER_CHAT_SAID, "yes"},
    {"{\"message\":{\"role\":\"assistant\",\"content\":\"yes\"},\"done\":true}", ANSWER_CHAT_SAID,
     "yes"},
    {CHOICE("\"message\":{\"content\":\"a\xD7\"},\"logprobs\":NaN,"), ANSWER_CHAT_SAID,
     "a\xEF\xBF\xBD"},
    {"", ANSWER_CHAT_NONE, ""},
    {"{}", ANSWER_CHAT_NONE, ""},
    {"{\"choices\":[]}", ANSWER_CHAT_NONE, ""},
    {"{\"choices\":[{}]}", ANSWER_CHAT_NONE, ""},
    {"{\"choices\":[{\"message\":\"yes\"}]}", ANSWER_CHAT_NONE, ""},
    {"{\"choices\":[{\"message\":{\"content\":\"yes\"}}", ANSWER_CHAT_NONE, ""},
    {"<html>", ANSWER_CHAT_NONE, ""},
};

static void test_completions(void **state)
{
    (void)state;
    struct buf content;
    buf_init(&content, 100);
    for (size_t i = 0; i < sizeof COMPLETIONS / sizeof *COMPLETIONS; i++) {
        const struct completion *one = &COMPLETIONS[i];
        buf_clear(&content);
        assert_int_equal(answer_read_chat(one->body, strlen(one->body), &content), one->chat);
        assert_string_equal(buf_str(&content), one->content);
    }
    buf_free(&content);
}

/* ---- errors ---- */

struct error {
    long status;
    const char *body;
    enum answer_fault fault;
    const char *field, *said;
};

static const struct error ERRORS[] = {
    {400,
     "{\"error\":{\"message\":\"response_format 'verbose_json' is not compatible with model "
     "'gpt-4o-transcribe'.\",\"param\":\"response_format\",\"code\":\"unsupported_value\"}}",
     ANSWER_FAULT_FIELD, "response_format",
     "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'."},
    {400, "{\"error\":\"'response_format.type' must be 'json_schema' or 'text'\"}",
     ANSWER_FAULT_FIELD, "response_format",
     "'response_format.type' must be 'json_schema' or 'text'"},
    {400,
     "{\"object\":\"error\",\"message\":\"Currently do not support verbose_json for "
     "x\",\"code\":400}",
     ANSWER_FAULT_FIELD, "response_format", "Currently do not support verbose_json for x"},
    {422,
     "{\"detail\":[{\"type\":\"enum\",\"loc\":[\"body\",\"response_format\"],\"msg\":\"Input "
     "should be "
     "'json'\"}]}",
     ANSWER_FAULT_FIELD, "response_format", "Input should be 'json'"},
    {400,
     "{\"error\":{\"message\":\"Unsupported value: 'temperature' does not support 0 with this "
     "model.\","
     "\"param\":\"temperature\",\"code\":\"unsupported_value\"}}",
     ANSWER_FAULT_FIELD, "temperature",
     "Unsupported value: 'temperature' does not support 0 with this model."},
    /* openai/openai-python#2072: it blames the model, too */
    {400,
     "{\"error\":{\"message\":\"Unsupported parameter: 'temperature' is not supported with this "
     "model.\",\"param\":\"model\",\"code\":\"unsupported_parameter\"}}",
     ANSWER_FAULT_FIELD, "temperature",
     "Unsupported parameter: 'temperature' is not supported with this model."},
    /* Mistral: its own words inside a message, a list, or a text of that (php-mistral#76) */
    {422,
     "{\"object\":\"error\",\"message\":{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":["
     "\"body\","
     "\"prompt\"],\"msg\":\"Extra inputs are not permitted\"}]},\"param\":null}",
     ANSWER_FAULT_FIELD, "prompt", "Extra inputs are not permitted"},
    {422,
     "{\"object\":\"Error\",\"message\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\","
     "\"language\"],\"msg\":\"Extra inputs are not permitted\"}],\"code\":3001}",
     ANSWER_FAULT_FIELD, "language", "Extra inputs are not permitted"},
    {400, "{\"error\":{\"message\":\"Prompt is not supported for diarization models\"}}",
     ANSWER_FAULT_FIELD, "prompt", "Prompt is not supported for diarization models"},
    {404,
     "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"The API deployment for this "
     "resource does not exist.\"}}",
     ANSWER_FAULT_MODEL, NULL, "The API deployment for this resource does not exist."},
    {400, "{\"error\":{\"message\":\"Unsupported language: 'he'\"}}", ANSWER_FAULT_FIELD,
     "language", "Unsupported language: 'he'"},
    {400, "{\"error\":{\"message\":\"the language model is busy\"}}", ANSWER_FAULT_OTHER, NULL,
     "the language model is busy"},
    {404, "{\"detail\":\"Model 'x' is not installed locally.\"}", ANSWER_FAULT_MODEL, NULL,
     "Model 'x' is not installed locally."},
    {404, "{\"error\":{\"code\":\"model_not_found\"}}", ANSWER_FAULT_MODEL, NULL, ""},
    {400, "{\"error\":{\"param\":\"model\",\"message\":\"no\"}}", ANSWER_FAULT_MODEL, NULL, "no"},
    {400,
     "{\"object\":\"error\",\"message\":\"Invalid model: "
     "x\",\"type\":\"invalid_model\",\"code\":1500}",
     ANSWER_FAULT_MODEL, NULL, "Invalid model: x"},
    {400, "{\"error\":{\"message\":\"bad file for this model\",\"code\":null}}", ANSWER_FAULT_OTHER,
     NULL, "bad file for this model"},
    {500, "{\"error\":{\"code\":\"model_not_found\"}}", ANSWER_FAULT_OTHER, NULL, ""},
    {404, "{\"detail\":\"Not Found\"}", ANSWER_FAULT_OTHER, NULL, "Not Found"},
    {413, "<html><head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>",
     ANSWER_FAULT_SIZE, NULL, "413 Request Entity Too Large"},
    {400,
     "{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens.\",\"code\":"
     "\"context_length_exceeded\"}}",
     ANSWER_FAULT_CONTEXT, NULL, "This model's maximum context length is 8192 tokens."},
    {400,
     "{\"error\":{\"message\":\"audio duration 1500 seconds is longer than 1400 seconds which is "
     "the "
     "maximum for this model\",\"code\":\"invalid_value\"}}",
     ANSWER_FAULT_SIZE, NULL,
     "audio duration 1500 seconds is longer than 1400 seconds which is the maximum for this model"},
    {429,
     "{\"error\":{\"message\":\"You exceeded your current "
     "quota\",\"code\":\"insufficient_quota\"}}",
     ANSWER_FAULT_QUOTA, NULL, "You exceeded your current quota"},
    {402, "pay", ANSWER_FAULT_QUOTA, NULL, "pay"},
    {400, "{\"error\":{\"message\":\"filtered\",\"code\":\"content_filter\"}}", ANSWER_FAULT_FILTER,
     NULL, "filtered"},
    {401, "{\"error\":{\"message\":\"Incorrect key: sk-abcdefgh. See\\nour secret, too.\"}}",
     ANSWER_FAULT_OTHER, NULL, "Incorrect key: … See our …, too."},
    {500, "[{\"error\":{\"code\":503,\"message\":\"overloaded\"}}]", ANSWER_FAULT_OTHER, NULL,
     "overloaded"},
    {502, "", ANSWER_FAULT_OTHER, NULL, ""},
};

static void test_errors(void **state)
{
    (void)state;
    struct answer_error error;
    for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++) {
        const struct error *one = &ERRORS[i];
        answer_read_error(one->status, one->body, strlen(one->body), SHAPE_SPEECH_FIELDS, "secret",
                          &error);
        assert_string_equal(error.said, one->said);
        assert_int_equal(error.fault, one->fault);
        assert_true((error.field == NULL) == (one->field == NULL));
        if (one->field != NULL) {
            assert_string_equal(error.field, one->field);
        }
    }
}

static void test_words_have_an_end(void **state)
{
    (void)state;
    struct answer_error error;
    char body[1000];
    memset(body, 'x', sizeof body);
    answer_read_error(500, body, sizeof body, SHAPE_CHAT_FIELDS, NULL, &error);
    assert_int_equal(strlen(error.said), ANSWER_SAID_MAX);
}

/* ---- how servers are asked ---- */

static void test_shapes_give_way_and_end(void **state)
{
    (void)state;
    struct shape shape = {.format = 0};
    assert_string_equal(shape_speech_format(&shape, "whisper-1"), "verbose_json");
    assert_true(shape_give_way(&shape, "response_format"));
    assert_string_equal(shape_speech_format(&shape, "whisper-1"), "json");
    assert_string_equal(shape_chat_format(&shape), "json_schema");
    assert_true(shape_give_way(&shape, "response_format"));
    assert_string_equal(shape_speech_format(&shape, "whisper-1"), "text");
    assert_null(shape_chat_format(&shape));
    assert_true(shape_give_way(&shape, "response_format"));
    assert_null(shape_speech_format(&shape, "whisper-1"));
    assert_false(shape_give_way(&shape, "response_format"));
    static const char *const FLAGS[] = {"temperature", "language", "prompt"};
    for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS; i++) {
        assert_true(shape_give_way(&shape, FLAGS[i]));
        assert_false(shape_give_way(&shape, FLAGS[i]));
    }
    assert_true(shape_give_way(&shape, "chunking_strategy"));
    assert_true(shape_chunks(&shape, "whisper-1"));
    assert_true(shape_give_way(&shape, "chunking_strategy"));
    assert_false(shape_chunks(&shape, "whisper-1"));
    assert_false(shape_give_way(&shape, "chunking_strategy"));
    assert_false(shape_give_way(&shape, "file"));
    struct shape again = shape_of_number(shape_number(&shape));
    assert_int_equal(shape_number(&again), shape_number(&shape));
    assert_int_equal(shape_of_number(-1).format, 0);
    assert_int_equal(shape_of_number(1 << 20).format, 0);
}

static void test_a_model_that_diarizes(void **state)
{
    (void)state;
    static const char MODEL[] = "gpt-4o-transcribe-diarize";
    struct shape shape = {.format = 0};
    assert_string_equal(shape_speech_format(&shape, MODEL), "diarized_json");
    assert_true(shape_chunks(&shape, MODEL));
    shape = shape_of_number(17); /* as it was learnt by an older program */
    assert_string_equal(shape_speech_format(&shape, MODEL), "json");
    assert_true(shape_chunks(&shape, MODEL));
    assert_true(shape_give_way(&shape, "chunking_strategy"));
    assert_false(shape_chunks(&shape, MODEL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_completions),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_words_have_an_end),
        cmocka_unit_test(test_shapes_give_way_and_end),
        cmocka_unit_test(test_a_model_that_diarizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
