#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "speech/talk.h"

static void say(struct talk *talk, enum talk_speaker who, int64_t from, int64_t to,
                const char *what)
{
    assert_int_equal(talk_add(talk, who, from, to, what), RESULT_OK);
}

static void assert_printed(const struct talk *talk, bool hebrew, const char *wanted)
{
    struct buf text;
    buf_init(&text, TALK_TEXT_MAX);
    talk_print(talk, hebrew, &text);
    assert_string_equal(buf_str(&text), wanted);
    buf_free(&text);
}

static void test_who_is_on_the_first_channel(void **state)
{
    (void)state;
    struct config config = {.speaker_channels = SPEAKERS_BY_DIRECTION};
    assert_int_equal(talk_first_speaker(&config, true), TALK_CUSTOMER);
    assert_int_equal(talk_first_speaker(&config, false), TALK_AGENT);
    for (int inbound = 0; inbound < 2; inbound++) {
        config.speaker_channels = SPEAKERS_CUSTOMER_FIRST;
        assert_int_equal(talk_first_speaker(&config, inbound != 0), TALK_CUSTOMER);
        config.speaker_channels = SPEAKERS_AGENT_FIRST;
        assert_int_equal(talk_first_speaker(&config, inbound != 0), TALK_AGENT);
    }
}

static void test_two_channels_are_merged_by_time(void **state)
{
    (void)state;
    struct talk talk = {0};
    say(&talk, TALK_AGENT, 0, 900, " שלום ");
    say(&talk, TALK_AGENT, 1000, 2000, "במה אפשר\nלעזור?");
    say(&talk, TALK_AGENT, 9000, 9500, "בבקשה");
    say(&talk, TALK_CUSTOMER, 3000, 8000, "חשבונית");
    talk_sort(&talk);
    assert_printed(&talk, true, "נציג: שלום במה אפשר לעזור?\nלקוח: חשבונית\nנציג: בבקשה");
    assert_printed(&talk, false, "Agent: שלום במה אפשר לעזור?\nCustomer: חשבונית\nAgent: בבקשה");
    assert_int_equal(talk_spoken_ms(&talk), 900 + 1000 + 500 + 5000);
    talk_free(&talk);
}

static void test_one_channel_has_no_names(void **state)
{
    (void)state;
    struct talk talk = {0};
    assert_printed(&talk, true, "");
    say(&talk, TALK_CALL, 0, 900, "one");
    say(&talk, TALK_CALL, 900, 1000, "two");
    assert_printed(&talk, true, "one two");
    talk_free(&talk);
}

static void test_voices_have_numbers(void **state)
{
    (void)state;
    struct talk talk = {0};
    say(&talk, TALK_FIRST_VOICE, 0, 900, "one");
    say(&talk, TALK_LAST_VOICE, 900, 1000, "two");
    say(&talk, TALK_CALL, 1000, 1100, "three");
    assert_printed(&talk, false, "Speaker 1: one\nSpeaker 8: two\nthree");
    assert_printed(&talk, true, "דובר 1: one\nדובר 8: two\nthree");
    assert_string_equal(talk_speaker_name(TALK_FIRST_VOICE), "speaker_1");
    assert_string_equal(talk_speaker_name(TALK_LAST_VOICE), "speaker_8");
    talk_free(&talk);
}

static void test_what_is_added(void **state)
{
    (void)state;
    struct talk talk = {0};
    say(&talk, TALK_CALL, 5, 1, "backwards");
    say(&talk, TALK_CALL, 0, 1, "");
    say(&talk, TALK_CALL, 0, 1, " \n\t ");
    assert_int_equal(talk.count, 1);
    assert_int_equal(talk.sentences[0].end_ms, 5);
    for (int i = 1; i < TALK_SENTENCES_MAX; i++) {
        say(&talk, TALK_CALL, i, i, "x");
    }
    assert_int_equal(talk_add(&talk, TALK_CALL, 0, 0, "x"), RESULT_TOO_BIG);
    talk_free(&talk);
    assert_int_equal(talk.count, 0);
    talk_free(NULL);
}

static void test_json(void **state)
{
    (void)state;
    struct talk talk = {0};
    struct buf out;
    buf_init(&out, 4096);
    say(&talk, TALK_CUSTOMER, 1250, 2001, "\"כן\"");
    assert_int_equal(talk_print_json(&talk, &out), RESULT_OK);
    assert_string_equal(buf_str(&out), "[{\"speaker\":\"customer\",\"start\":1.25,\"end\":2.001,"
                                       "\"text\":\"\\\"כן\\\"\"}]");
    buf_free(&out);
    talk_free(&talk);
}

static void test_what_was_kept_is_read_back(void **state)
{
    (void)state;
    static const char LINES[] = "1 0 900 שלום, זו דנה\n2 5 5 \"a\" 1 2\n";
    static const char *const BAD[] = {"x", "0 1 2", "11 1 2 x", "0 -1 2 x", "0 1 2 x\n\n", "0 1 x"};
    struct talk talk = {0}, again = {0};
    struct buf text;
    buf_init(&text, TALK_TEXT_MAX);
    say(&talk, TALK_AGENT, 0, 1, "before");
    say(&talk, TALK_CUSTOMER, 0, 900, "שלום, זו\nדנה");
    say(&talk, TALK_CALL, 5, 5, " \"a\" 1 2");
    talk_print_lines(&talk, 1, &text);
    assert_string_equal(buf_str(&text), LINES);
    assert_int_equal(talk_read_lines(&again, LINES), RESULT_OK);
    assert_int_equal(again.count, 2);
    buf_clear(&text);
    talk_print_lines(&again, 0, &text);
    assert_string_equal(buf_str(&text), LINES);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(talk_read_lines(&again, BAD[i]), RESULT_INVALID);
    }
    talk_free(&talk);
    talk_free(&again);
    buf_free(&text);
}

static void test_made_up_sentences(void **state)
{
    (void)state;
    static const char *const MADE_UP[] = {"Thank you for watching!", " THANK YOU. ", "you", "...",
                                          "תודה רבה על הצפייה.",     "כתוביות"};
    static const char *const REAL[] = {"Thank you for the invoice", "תודה רבה, דנה", "yours"};
    for (size_t i = 0; i < sizeof MADE_UP / sizeof *MADE_UP; i++) {
        assert_true(talk_is_silence_phrase(MADE_UP[i]));
    }
    for (size_t i = 0; i < sizeof REAL / sizeof *REAL; i++) {
        assert_false(talk_is_silence_phrase(REAL[i]));
    }
    char longest[1000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_false(talk_is_silence_phrase(longest));
}

static void test_what_is_no_speech(void **state)
{
    (void)state;
    static const char *const MARKED[] = {
        " [BLANK_AUDIO]",  "(music)",          "*beep* [noise]", "♪♪ (music) ♪", "♪", "...",
        "תודה על הצפייה!", "Please subscribe."};
    static const char *const SPEECH[] = {"[noise] hello", "hello (laughs)", "שלום",
                                         "♪ la ♪ yes",    "Thank you.",     "(not closed"};
    for (size_t i = 0; i < sizeof MARKED / sizeof *MARKED; i++) {
        assert_true(talk_is_no_speech(MARKED[i]));
    }
    for (size_t i = 0; i < sizeof SPEECH / sizeof *SPEECH; i++) {
        assert_false(talk_is_no_speech(SPEECH[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_speech),
        cmocka_unit_test(test_who_is_on_the_first_channel),
        cmocka_unit_test(test_two_channels_are_merged_by_time),
        cmocka_unit_test(test_one_channel_has_no_names),
        cmocka_unit_test(test_voices_have_numbers),
        cmocka_unit_test(test_what_is_added),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_what_was_kept_is_read_back),
        cmocka_unit_test(test_made_up_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
