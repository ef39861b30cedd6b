#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "storage/link.h"

#define SID "CA0123456789abcdef0123456789ABCDEF"
#define EXPIRES INT64_C(1800000000)
/* By Python's hmac, over "7/CA….wav\n1800000000" and "7/CA….mp3\n1800000000". */
#define WAV_SIG "96125050d34fef11f47f8e5a32d951293532ea8db5f946ca7240829b539d7520"
#define MP3_SIG "f12872171099e1d4fb3a12d9e67f29957afdf35fff708e29556e2dee366fbf64"
#define SECRET "0123456789abcdef0123456789abcdef"
#define NEXT_SECRET "fedcba9876543210fedcba9876543210"

static const struct config CONFIG = {.media_secret = SECRET, .media_secret_previous = ""};
static const struct link LINK = {
    .business_id = 7, .call_sid = SID, .kind = AUDIO_WAV, .expires = EXPIRES};

static void test_make(void **state)
{
    (void)state;
    char out[LINK_SIZE];
    struct link link = LINK;
    assert_int_equal(link_make(&CONFIG, &link, out), RESULT_OK);
    assert_string_equal(out, "/media/7/" SID ".wav?exp=1800000000&sig=" WAV_SIG);
    link.kind = AUDIO_MP3;
    assert_int_equal(link_make(&CONFIG, &link, out), RESULT_OK);
    assert_string_equal(out, "/media/7/" SID ".mp3?exp=1800000000&sig=" MP3_SIG);
}

static void test_make_the_longest(void **state)
{
    (void)state;
    char out[LINK_SIZE];
    struct link link = {
        .business_id = INT64_MAX, .call_sid = SID, .kind = AUDIO_WAV, .expires = INT64_MAX};
    assert_int_equal(link_make(&CONFIG, &link, out), RESULT_OK);
    assert_non_null(strstr(out, "/9223372036854775807/" SID ".wav?exp=9223372036854775807&sig="));
    assert_true(link_holds(&CONFIG, &link, strstr(out, "&sig=") + 5, EXPIRES));
}

static void test_make_refuses_what_does_not_fit(void **state)
{
    (void)state;
    char sid[2 * LINK_SIZE], out[LINK_SIZE];
    struct link link = LINK;
    memset(sid, 'A', sizeof sid - 1);
    sid[sizeof sid - 1] = '\0';
    link.call_sid = sid;
    assert_int_not_equal(link_make(&CONFIG, &link, out), RESULT_OK);
    assert_false(link_holds(&CONFIG, &link, WAV_SIG, 0));
    sid[180] = '\0'; /* what is signed fits, the whole link does not */
    assert_int_not_equal(link_make(&CONFIG, &link, out), RESULT_OK);
}

static void test_holds_until_its_end(void **state)
{
    (void)state;
    assert_true(link_holds(&CONFIG, &LINK, WAV_SIG, 0));
    assert_true(link_holds(&CONFIG, &LINK, WAV_SIG, EXPIRES - 1));
    assert_false(link_holds(&CONFIG, &LINK, WAV_SIG, EXPIRES));
    assert_false(link_holds(&CONFIG, &LINK, WAV_SIG, EXPIRES + 1));
}

static void test_holds_for_one_file_alone(void **state)
{
    (void)state;
    static const struct link others[] = {
        {8, SID, AUDIO_WAV, EXPIRES},
        {70, SID, AUDIO_WAV, EXPIRES},
        {-7, SID, AUDIO_WAV, EXPIRES},
        {7, SID, AUDIO_MP3, EXPIRES},
        {7, "CA0123456789abcdef0123456789ABCDEE", AUDIO_WAV, EXPIRES},
        {7, "CA0123456789ABCDEF0123456789ABCDEF", AUDIO_WAV, EXPIRES},
        {7, "CA0123456789abcdef0123456789ABCDE", AUDIO_WAV, EXPIRES},
        {7, "", AUDIO_WAV, EXPIRES},
        {7, SID, AUDIO_WAV, EXPIRES + 1},
        {7, SID, AUDIO_WAV, EXPIRES - 1},
        {7, SID, AUDIO_WAV, EXPIRES * 10},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(link_holds(&CONFIG, &others[i], WAV_SIG, 0));
    }
}

static void test_another_secret(void **state)
{
    (void)state;
    static const char *const secrets[] = {"", "0123456789abcdef0123456789abcde",
                                          "0123456789abcdef0123456789abcdeF",
                                          "0123456789abcdef0123456789abcdef0"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        const struct config other = {.media_secret = secrets[i], .media_secret_previous = ""};
        assert_false(link_holds(&other, &LINK, WAV_SIG, 0));
    }
}

/* While the secret is being changed, links made with either one play; new ones are made with the
 * new one alone. */
static void test_two_secrets(void **state)
{
    (void)state;
    const struct config both = {.media_secret = NEXT_SECRET, .media_secret_previous = SECRET};
    const struct config after = {.media_secret = NEXT_SECRET, .media_secret_previous = ""};
    char out[LINK_SIZE];
    assert_int_equal(link_make(&both, &LINK, out), RESULT_OK);
    const char *next_sig = strstr(out, "&sig=") + 5;
    assert_string_not_equal(next_sig, WAV_SIG);
    assert_true(link_holds(&both, &LINK, next_sig, EXPIRES - 1));
    assert_true(link_holds(&both, &LINK, WAV_SIG, EXPIRES - 1));
    assert_true(link_holds(&after, &LINK, next_sig, EXPIRES - 1));
    assert_false(link_holds(&after, &LINK, WAV_SIG, EXPIRES - 1));
    assert_false(link_holds(&CONFIG, &LINK, next_sig, EXPIRES - 1));
}

/* The one that goes opens no more than the one that comes: its links end in time, too, and hold for
 * their one file. */
static void test_the_previous_secret_is_held_to_the_same(void **state)
{
    (void)state;
    const struct config both = {.media_secret = NEXT_SECRET, .media_secret_previous = SECRET};
    static const struct link others[] = {
        {8, SID, AUDIO_WAV, EXPIRES},
        {7, SID, AUDIO_MP3, EXPIRES},
        {7, SID, AUDIO_WAV, EXPIRES + 1},
        {7, "CA0123456789abcdef0123456789ABCDEE", AUDIO_WAV, EXPIRES},
    };
    assert_false(link_holds(&both, &LINK, WAV_SIG, EXPIRES));
    assert_false(link_holds(&both, &LINK, MP3_SIG, 0));
    assert_false(link_holds(&both, &LINK, "", 0));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(link_holds(&both, &others[i], WAV_SIG, 0));
    }
}

/* What is not configured signs nothing: not even with an empty key. */
static void test_no_secret_holds_nothing(void **state)
{
    (void)state;
    /* By Python's hmac with the key b"". */
    static const char EMPTY_SIG[] =
        "84855b1221f07f5cf687fbd6b39afa43af851b08999631cdacab226f13fd604b";
    const struct config none = {.media_secret = "", .media_secret_previous = ""};
    assert_false(link_holds(&none, &LINK, EMPTY_SIG, 0));
    assert_false(link_holds(&CONFIG, &LINK, EMPTY_SIG, 0));
}

static void test_every_digit_counts(void **state)
{
    (void)state;
    char sig[] = WAV_SIG;
    for (size_t i = 0; i < strlen(WAV_SIG); i++) {
        sig[i] = WAV_SIG[i] == '0' ? '1' : '0';
        assert_false(link_holds(&CONFIG, &LINK, sig, 0));
        sig[i] = WAV_SIG[i];
    }
    assert_true(link_holds(&CONFIG, &LINK, sig, 0));
}

static void test_other_spellings(void **state)
{
    (void)state;
    char upper[] = WAV_SIG;
    for (char *c = upper; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    assert_string_not_equal(upper, WAV_SIG);
    assert_false(link_holds(&CONFIG, &LINK, upper, 0));
    assert_false(link_holds(&CONFIG, &LINK, "", 0));
    assert_false(link_holds(&CONFIG, &LINK, "9", 0));
    assert_false(link_holds(&CONFIG, &LINK, MP3_SIG, 0));
    assert_false(link_holds(&CONFIG, &LINK, WAV_SIG "0", 0));
    assert_false(link_holds(&CONFIG, &LINK, WAV_SIG " ", 0));
    assert_false(link_holds(&CONFIG, &LINK, "0x" WAV_SIG, 0));
    char cut[] = WAV_SIG;
    cut[strlen(cut) - 1] = '\0';
    assert_false(link_holds(&CONFIG, &LINK, cut, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_make_the_longest),
        cmocka_unit_test(test_make_refuses_what_does_not_fit),
        cmocka_unit_test(test_holds_until_its_end),
        cmocka_unit_test(test_holds_for_one_file_alone),
        cmocka_unit_test(test_another_secret),
        cmocka_unit_test(test_two_secrets),
        cmocka_unit_test(test_the_previous_secret_is_held_to_the_same),
        cmocka_unit_test(test_no_secret_holds_nothing),
        cmocka_unit_test(test_every_digit_counts),
        cmocka_unit_test(test_other_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
