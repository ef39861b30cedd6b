#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "speech/business_speech.h"

static struct business_speech read(struct business_speech_row row, const char *configured)
{
    struct business_speech out;
    business_speech_read(&row, configured, &out);
    return out;
}

static void test_language(void **state)
{
    (void)state;
    static const struct {
        const char *own, *configured, *language;
        bool is_own, hebrew;
    } CASES[] = {
        {NULL, "he", "he", false, true},  {"en", "he", "en", true, false},
        {"HE", "he", "HE", false, true},  {"auto", "he", "", true, true},
        {NULL, "auto", "", false, false}, {"he", "en", "he", true, true},
        {"x", "he", "he", false, true},   {"he\r\nx", "en", "en", false, false},
        {"", "en", "en", false, false},   {"auto", "auto", "", false, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct business_speech out =
            read((struct business_speech_row){.language = CASES[i].own}, CASES[i].configured);
        assert_string_equal(out.language, CASES[i].language);
        assert_int_equal(out.own_language, CASES[i].is_own);
        assert_int_equal(out.hebrew, CASES[i].hebrew);
    }
}

static void test_prompt(void **state)
{
    (void)state;
    static const struct {
        const char *prompt, *words, *wanted;
    } CASES[] = {
        {NULL, NULL, ""},
        {"", "", ""},
        {NULL, "כהן, טייפדק\n\n , בע\"מ", "כהן, טייפדק, בע\"מ."},
        {"שיחה עם מוקד.", "כהן", "שיחה עם מוקד. כהן."},
        {"a\x01\tb\r\nc", NULL, "a b c"},
        {"Hello.", ",,", "Hello."},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct business_speech out = read(
            (struct business_speech_row){.prompt = CASES[i].prompt, .words = CASES[i].words}, "he");
        assert_string_equal(out.prompt, CASES[i].wanted);
    }
}

static char *repeated(const char *text, size_t times)
{
    char *all = calloc(times, strlen(text) + 1);
    assert_non_null(all);
    for (size_t i = 0; i < times; i++) {
        memcpy(all + i * strlen(text), text, strlen(text));
    }
    return all;
}

/* 224 tokens, whole words; the words have half of them where there are both. */
static void test_bounds(void **state)
{
    (void)state;
    char *hebrew = repeated("שלום, ", 2000), *english = repeated("hello ", 2000);
    char *endless = repeated("x", 12000);
    struct business_speech out = read((struct business_speech_row){.words = hebrew}, "he");
    assert_int_equal(strlen(out.prompt) % (strlen("שלום") + 2), strlen("שלום."));
    assert_in_range(strlen(out.prompt), 400, 480);
    out = read((struct business_speech_row){.prompt = english, .words = hebrew}, "he");
    assert_non_null(strstr(out.prompt, "hello שלום, "));
    assert_int_equal(strstr(out.prompt, " שלום") - out.prompt, 335);
    assert_in_range(strlen(out.prompt), 500, 3 * BUSINESS_SPEECH_TOKENS);
    out = read((struct business_speech_row){.prompt = english}, "he");
    assert_int_equal(strlen(out.prompt), 671);
    out = read((struct business_speech_row){.prompt = endless, .words = endless}, "he");
    assert_string_equal(out.prompt, "");
    free(hebrew);
    free(english);
    free(endless);
}

static void test_questions(void **state)
{
    (void)state;
    char *longest = repeated("א", 500);
    struct business_speech out =
        read((struct business_speech_row){.questions = "a?\r\n\n  \tb\x7f b \n1\n2\n3\n4"}, "he");
    assert_int_equal(out.question_count, BUSINESS_SPEECH_QUESTIONS);
    assert_string_equal(out.questions[0], "a?");
    assert_string_equal(out.questions[1], "b b");
    assert_string_equal(out.questions[4], "3");
    out = read((struct business_speech_row){.questions = longest}, "he");
    assert_int_equal(out.question_count, 1);
    assert_in_range(strlen(out.questions[0]), 190, BUSINESS_SPEECH_QUESTION_MAX);
    assert_non_null(strstr(out.questions[0], "…"));
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_prompt),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
