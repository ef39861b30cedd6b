#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "twilio/media.h"

#define AC "AC0123456789abcdef0123456789ABCDEF"
#define RE "REfedcba9876543210fedcba9876543210"
#define PATH "/2010-04-01/Accounts/" AC "/Recordings/" RE

static void test_parse_accepts(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "https://api.twilio.com" PATH,
        "http://api.twilio.com" PATH,
        PATH,
        PATH ".json",
        PATH ".mp3",
        PATH ".wav",
        PATH "?",
        PATH "?RequestedChannels=2",
        PATH ".wav?RequestedChannels=2",
        "https://api.twilio.com" PATH ".json?x=/y?z",
        "https://api.dublin.ie1.twilio.com:8443" PATH ".mp3",
        "https://evil.example" PATH, /* its host is never used */
        "https://user:pw@evil.example" PATH,
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct media_ref ref = {.account_sid = "", .recording_sid = ""};
        assert_int_equal(media_parse(cases[i], &ref), RESULT_OK);
        assert_string_equal(ref.account_sid, AC);
        assert_string_equal(ref.recording_sid, RE);
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "/",
        "https://",
        "https://api.twilio.com",
        "https://api.twilio.com/",
        "https://" PATH,
        "api.twilio.com" PATH,
        "//api.twilio.com" PATH,
        "ftp://api.twilio.com" PATH,
        "file://" PATH,
        "javascript:" PATH,
        " " PATH,
        PATH " ",
        PATH "\n",
        PATH "?x=\r\nHost: evil",
        PATH "?\xd7\x90",
        PATH "#x",
        PATH "?x#y",
        PATH "/",
        PATH "/Media",
        PATH "/../../x",
        PATH "0",
        PATH ".ogg",
        PATH ".wavx",
        PATH ".wav.mp3",
        PATH ".json/",
        PATH ".",
        PATH ".WAV",
        PATH "&x",
        "/x" PATH,
        "/." PATH,
        "https://h/x" PATH,
        "https://h?" PATH,
        "https://h#" PATH,
        "https://h\\" PATH,
        "https://h"
        "https://h" PATH,
        "/2010-04-01/Accounts/" AC "/Recordings/",
        "/2010-04-01/Accounts/" AC "/Recordings",
        "/2010-04-01/Accounts/" RE "/Recordings/" RE,
        "/2010-04-01/Accounts/" AC "/Recordings/" AC,
        "/2010-04-01/Accounts/" AC "/Calls/" RE,
        "/2010-04-01/Accounts//Recordings/" RE,
        "/2010-04-01/accounts/" AC "/recordings/" RE,
        "/2008-08-01/Accounts/" AC "/Recordings/" RE,
        "/2010-04-01/Accounts/" AC "/Recordings/REfedcba9876543210fedcba987654321",
        "/2010-04-01/Accounts/" AC "/Recordings/REfedcba9876543210fedcba98765432zz",
        "/2010-04-01/Accounts/" AC "/Recordings/%52Efedcba9876543210fedcba9876543210",
        "/2010-04-01/Accounts/AC0123456789abcdef0123456789ABCDE/Recordings/" RE,
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct media_ref ref = {.account_sid = "before", .recording_sid = ""};
        assert_int_equal(media_parse(cases[i], &ref), RESULT_INVALID);
        assert_string_equal(ref.account_sid, "before");
    }
    struct media_ref ref;
    assert_int_equal(media_parse(NULL, &ref), RESULT_INVALID);
}

static void test_a_bucket(void **state)
{
    (void)state;
    static const char *const buckets[] = {
        "https://calls.s3.amazonaws.com/AC/RE", "https://s3.eu-west-1.amazonaws.com/calls/RE",
        "https://CALLS.S3.AmazonAWS.com", "https://calls.s3.cn-north-1.amazonaws.com.cn/x"};
    static const char *const others[] = {"https://api.twilio.com" PATH,
                                         "https://api.twilio.com/calls.s3.amazonaws.com/",
                                         "https://amazonaws.com/x",
                                         "https://notamazonaws.com/x",
                                         "https://s3.amazonaws.com.evil.example/",
                                         "calls.s3.amazonaws.com" PATH,
                                         PATH,
                                         ""};
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++) {
        assert_true(media_is_external(buckets[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(media_is_external(others[i]));
    }
    assert_false(media_is_external(NULL));
}

static void test_parse_is_bounded(void **state)
{
    (void)state;
    char url[2 * MEDIA_URL_SIZE];
    struct media_ref ref;
    memset(url, 'x', sizeof url);
    memcpy(url, PATH "?", strlen(PATH "?"));
    url[MEDIA_URL_SIZE - 1] = '\0';
    assert_int_equal(media_parse(url, &ref), RESULT_OK);
    url[MEDIA_URL_SIZE - 1] = 'x';
    url[MEDIA_URL_SIZE] = '\0';
    assert_int_equal(media_parse(url, &ref), RESULT_INVALID);
}

static const struct media_ref REF = {.account_sid = AC, .recording_sid = RE};

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        enum media_format format;
        const char *url;
    } cases[] = {
        {MEDIA_WAV2, "https://api.twilio.com" PATH ".wav?RequestedChannels=2"},
        {MEDIA_WAV, "https://api.twilio.com" PATH ".wav"},
        {MEDIA_MP3, "https://api.twilio.com" PATH ".mp3"},
        {MEDIA_ASIS, "https://api.twilio.com" PATH},
    };
    char url[MEDIA_URL_SIZE];
    assert_int_equal(media_url("https://api.twilio.com", &REF, url), RESULT_OK);
    assert_string_equal(url, "https://api.twilio.com" PATH);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(media_format_url("https://api.twilio.com", &REF, cases[i].format, url),
                         RESULT_OK);
        assert_string_equal(url, cases[i].url);
    }
}

static void test_urls_parse_back(void **state)
{
    (void)state;
    for (int format = 0; format < MEDIA_FORMATS; format++) {
        char url[MEDIA_URL_SIZE];
        struct media_ref ref;
        assert_int_equal(
            media_format_url("http://127.0.0.1:8099", &REF, (enum media_format)format, url),
            RESULT_OK);
        assert_int_equal(media_parse(url, &ref), RESULT_OK);
        assert_string_equal(ref.account_sid, AC);
        assert_string_equal(ref.recording_sid, RE);
    }
}

static void test_url_too_big(void **state)
{
    (void)state;
    char url[MEDIA_URL_SIZE];
    char base[MEDIA_URL_SIZE];
    size_t longest = MEDIA_URL_SIZE - 1 - strlen(PATH);
    memset(base, 'h', sizeof base);
    base[longest] = '\0';
    assert_int_equal(media_url(base, &REF, url), RESULT_OK);
    assert_int_equal(strlen(url), MEDIA_URL_SIZE - 1);
    assert_int_equal(media_format_url(base, &REF, MEDIA_ASIS, url), RESULT_OK);
    assert_int_equal(media_format_url(base, &REF, MEDIA_WAV, url), RESULT_TOO_BIG);
    assert_string_equal(url, "");
    base[longest] = 'h';
    base[longest + 1] = '\0';
    assert_int_equal(media_url(base, &REF, url), RESULT_TOO_BIG);
}

static void test_format_names(void **state)
{
    (void)state;
    static const char *const names[] = {"wav2", "wav", "mp3", "asis"};
    static const enum media_format formats[] = {MEDIA_WAV2, MEDIA_WAV, MEDIA_MP3, MEDIA_ASIS};
    for (size_t i = 0; i < 4; i++) {
        enum media_format format = MEDIA_FORMATS;
        assert_string_equal(media_format_name(formats[i]), names[i]);
        assert_true(media_format_from_name(names[i], strlen(names[i]), &format));
        assert_int_equal(format, formats[i]);
    }
}

static void test_format_from_other_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t len;
    } wrong[] = {{"", 0}, {"wa", 2}, {"wav3", 4}, {"wav2", 5}, {"WAV", 3}, {"ogg", 3}, {"wav ", 4}};
    enum media_format format = MEDIA_FORMATS;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(media_format_from_name(wrong[i].name, wrong[i].len, &format));
    }
    assert_int_equal(format, MEDIA_FORMATS);
    assert_true(media_format_from_name("wav2,mp3", 3, &format)); /* its length decides */
    assert_int_equal(format, MEDIA_WAV);
}

static void test_judge(void **state)
{
    (void)state;
    static const struct {
        long status;
        enum media_verdict verdict;
    } cases[] = {
        {200, MEDIA_TAKE},        {400, MEDIA_NEXT_FORMAT}, {406, MEDIA_NEXT_FORMAT},
        {415, MEDIA_NEXT_FORMAT}, {404, MEDIA_NOT_THERE},   {401, MEDIA_ACCOUNT},
        {403, MEDIA_ACCOUNT},     {429, MEDIA_ACCOUNT},     {500, MEDIA_ACCOUNT},
        {502, MEDIA_ACCOUNT},     {503, MEDIA_ACCOUNT},     {599, MEDIA_ACCOUNT},
        {0, MEDIA_REFUSED},       {-1, MEDIA_REFUSED},      {100, MEDIA_REFUSED},
        {201, MEDIA_REFUSED},     {204, MEDIA_REFUSED},     {206, MEDIA_REFUSED},
        {301, MEDIA_REFUSED},     {302, MEDIA_REFUSED},     {307, MEDIA_REFUSED},
        {304, MEDIA_REFUSED},     {410, MEDIA_GONE},        {418, MEDIA_REFUSED},
        {499, MEDIA_REFUSED},     {600, MEDIA_REFUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(media_judge(cases[i].status), cases[i].verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_accepts),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_a_bucket),
        cmocka_unit_test(test_parse_is_bounded),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_urls_parse_back),
        cmocka_unit_test(test_url_too_big),
        cmocka_unit_test(test_format_names),
        cmocka_unit_test(test_format_from_other_names),
        cmocka_unit_test(test_judge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
