#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "twilio/callback.h"

#define AC "AC0123456789abcdef0123456789abcdef"
#define CA "CA0123456789abcdef0123456789abcdef"
#define CF "CFfedcba9876543210fedcba9876543210"
#define RE "REfedcba9876543210fedcba9876543210"
#define OTHER "00000000000000000000000000000000"
#define RECORDING "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed"

static struct form parsed(const char *text)
{
    struct form form;
    assert_int_equal(form_parse(&form, text, strlen(text)), RESULT_OK);
    return form;
}

/* What came of it: NULL: good; else the field because of which it cannot be used. */
static const char *recording(const struct form *form, struct recording_callback *got)
{
    const char *field = "none";
    enum result result = callback_recording(form, got, &field);
    assert_true(result == RESULT_INVALID || (result == RESULT_OK && field == NULL));
    return field;
}

static const char *conference(const struct form *form, struct conference_callback *got)
{
    const char *field = "none";
    enum result result = callback_conference(form, got, &field);
    assert_int_equal(result, field == NULL ? RESULT_OK : RESULT_INVALID);
    return field;
}

static void test_recording_in_full(void **state)
{
    (void)state;
    struct form form =
        parsed(RECORDING "&RecordingUrl=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2F" AC
                         "%2FRecordings%2F" RE "&RecordingDuration=47&RecordingChannels=2"
                         "&RecordingStartTime=Wed%2C+02+Sep+2026+10%3A08%3A03+%2B0000"
                         "&RecordingSource=DialVerb&RecordingTrack=both&ErrorCode=0&NewField=x");
    struct recording_callback got;
    assert_null(recording(&form, &got));
    assert_string_equal(got.account_sid, AC);
    assert_string_equal(got.call_sid, CA);
    assert_string_equal(got.recording_sid, RE);
    assert_int_equal(got.status, RECORDING_COMPLETED);
    assert_int_equal(got.duration, 47);
    assert_int_equal(got.channels, 2);
    assert_int_equal(got.start_time, 1788343683);
    assert_string_equal(got.error_code, "0");
    form_free(&form);
}

static void test_recording_at_its_least(void **state)
{
    (void)state;
    struct form form = parsed(RECORDING);
    struct recording_callback got;
    assert_null(recording(&form, &got));
    assert_true(got.duration == CALLBACK_UNKNOWN);
    assert_true(got.channels == CALLBACK_UNKNOWN);
    assert_true(got.start_time == CALLBACK_UNKNOWN);
    assert_null(got.error_code);
    form_free(&form);
}

static void test_recording_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum recording_status status;
    } cases[] = {
        {"in-progress", RECORDING_IN_PROGRESS},
        {"completed", RECORDING_COMPLETED},
        {"absent", RECORDING_ABSENT},
        {"failed", RECORDING_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        int len =
            snprintf(text, sizeof text,
                     "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=%s",
                     cases[i].word);
        assert_in_range(len, 1, sizeof text - 1);
        struct form form = parsed(text);
        struct recording_callback got;
        assert_null(recording(&form, &got));
        assert_int_equal(got.status, cases[i].status);
        assert_string_equal(recording_status_name(got.status), cases[i].word);
        form_free(&form);
    }
}

static void test_recording_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        int64_t duration, channels, start_time;
        const char *error_code;
    } cases[] = {
        {"&RecordingDuration=0", 0, -1, -1, NULL},
        {"&RecordingDuration=2147483647", 2147483647, -1, -1, NULL},
        {"&RecordingDuration=2147483648", -1, -1, -1, NULL},
        {"&RecordingDuration=99999999999999999999", -1, -1, -1, NULL},
        {"&RecordingDuration=-1", -1, -1, -1, NULL},
        {"&RecordingDuration=-2", -1, -1, -1, NULL},
        {"&RecordingDuration=", -1, -1, -1, NULL},
        {"&RecordingDuration=4.5", -1, -1, -1, NULL},
        {"&RecordingDuration=47s", -1, -1, -1, NULL},
        {"&RecordingDuration=+47", -1, -1, -1, NULL},
        {"&RecordingChannels=1", -1, 1, -1, NULL},
        {"&RecordingChannels=2", -1, 2, -1, NULL},
        {"&RecordingChannels=0", -1, -1, -1, NULL},
        {"&RecordingChannels=3", -1, -1, -1, NULL},
        {"&RecordingChannels=two", -1, -1, -1, NULL},
        {"&RecordingStartTime=", -1, -1, -1, NULL},
        {"&RecordingStartTime=2026-09-02", -1, -1, -1, NULL},
        {"&RecordingStartTime=Wed,+02+Sep+2026+13:08:03+%2B0300", -1, -1, 1788343683, NULL},
        {"&ErrorCode=16104", -1, -1, -1, "16104"},
        {"&ErrorCode=", -1, -1, -1, NULL},
        {"&ErrorCode=-1", -1, -1, -1, NULL},
        {"&ErrorCode=-0", -1, -1, -1, NULL},
        {"&ErrorCode=16104x", -1, -1, -1, NULL},
        {"&ErrorCode=<script>", -1, -1, -1, NULL},
        {"&ErrorCode=1111111111111111111111111111", -1, -1, -1, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        int len = snprintf(text, sizeof text, RECORDING "%s", cases[i].more);
        assert_in_range(len, 1, sizeof text - 1);
        struct form form = parsed(text);
        struct recording_callback got;
        assert_null(recording(&form, &got));
        assert_true(got.duration == cases[i].duration);
        assert_true(got.channels == cases[i].channels);
        assert_true(got.start_time == cases[i].start_time);
        if (cases[i].error_code == NULL) {
            assert_null(got.error_code);
        } else {
            assert_string_equal(got.error_code, cases[i].error_code);
        }
        form_free(&form);
    }
}

/* Where it is said to be is nobody's business: the SIDs say where it is fetched. */
static void test_recording_urls(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "x",
        "+",
        "%00",
        "%FF",
        "https://evil.example/x.wav",
        "/2010-04-01/Accounts/AC" OTHER "/Recordings/RE" OTHER,
        "https://recordings.s3.amazonaws.com/" AC "/" RE,
        "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE "/",
        "1&RecordingUrl=2",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        int len = snprintf(text, sizeof text, RECORDING "&RecordingUrl=%s", cases[i]);
        assert_in_range(len, 1, sizeof text - 1);
        struct form form = parsed(text);
        struct recording_callback got;
        assert_null(recording(&form, &got));
        form_free(&form);
    }
}

/* Of a call, of a conference, or of a call in one; an empty SID is one that did not come. */
static void test_recording_of_a_conference(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *wrong; /* NULL: good */
        bool call, conference;
    } cases[] = {
        {"&CallSid=" CA, NULL, true, false},
        {"&CallSid=" CA "&ConferenceSid=", NULL, true, false},
        {"&ConferenceSid=" CF, NULL, false, true},
        {"&CallSid=&ConferenceSid=" CF, NULL, false, true},
        {"&CallSid=" CA "&ConferenceSid=" CF, NULL, true, true},
        {"&ConferenceSid=" CF "&ConferenceSid=" CF, NULL, false, true},
        {"", "CallSid", false, false},
        {"&CallSid=&ConferenceSid=", "CallSid", false, false},
        {"&CallSid=" CA "&ConferenceSid=" CA, "ConferenceSid", false, false},
        {"&CallSid=" CF "&ConferenceSid=" CF, "CallSid", false, false},
        {"&CallSid=%00&ConferenceSid=" CF, "CallSid", false, false},
        {"&CallSid=" CA "%00&ConferenceSid=" CF, "CallSid", false, false},
        {"&ConferenceSid=" CF "&ConferenceSid=CF" OTHER, "ConferenceSid", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct recording_callback got;
        (void)snprintf(text, sizeof text,
                       "AccountSid=" AC "&RecordingSid=" RE "&RecordingStatus=completed%s",
                       cases[i].text);
        struct form form = parsed(text);
        const char *wrong = recording(&form, &got);
        if (cases[i].wrong != NULL) {
            assert_string_equal(wrong, cases[i].wrong);
        } else {
            assert_null(wrong);
            assert_int_equal(got.call_sid != NULL, cases[i].call);
            assert_int_equal(got.conference_sid != NULL, cases[i].conference);
        }
        form_free(&form);
    }
}

static void test_conference(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wrong;
        bool call;
    } cases[] = {
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=" CA, NULL, true},
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=" CA "&CallSid=" CA, NULL, true},
        {"AccountSid=" AC "&ConferenceSid=" CF "&StatusCallbackEvent=conference-end", NULL, false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&StatusCallbackEvent=announcement-end&CallSid=",
         NULL, false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=", "CallSid", false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&StatusCallbackEvent=participant-join", "CallSid",
         false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&StatusCallbackEvent=conference-end&CallSid=x",
         "CallSid", false},
        {"AccountSid=" AC "&CallSid=" CA, "ConferenceSid", false},
        {"ConferenceSid=" CF "&CallSid=" CA, "AccountSid", false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=" RE, "CallSid", false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=" CA "&CallSid=CA" OTHER, "CallSid",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct conference_callback got;
        struct form form = parsed(cases[i].text);
        const char *wrong = conference(&form, &got);
        if (cases[i].wrong != NULL) {
            assert_string_equal(wrong, cases[i].wrong);
        } else {
            assert_null(wrong);
            assert_int_equal(got.call_sid != NULL, cases[i].call);
        }
        form_free(&form);
    }
}

static void test_recording_that_cannot_be_used(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"", "AccountSid"},
        {"CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed", "AccountSid"},
        {"AccountSid=" AC "&RecordingSid=" RE "&RecordingStatus=completed", "CallSid"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingStatus=completed", "RecordingSid"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE, "RecordingStatus"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=",
         "RecordingStatus"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=Completed",
         "RecordingStatus"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed+",
         "RecordingStatus"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed%00",
         "RecordingStatus"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=deleted",
         "RecordingStatus"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=&RecordingStatus=completed",
         "RecordingSid"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=" CA "&RecordingStatus=completed",
         "RecordingSid"},
        {"AccountSid=" CA "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed",
         "AccountSid"},
        {"AccountSid=" AC "&CallSid=" RE "&RecordingSid=" RE "&RecordingStatus=completed",
         "CallSid"},
        {"AccountSid=" AC "&CallSid=../../x&RecordingSid=" RE "&RecordingStatus=completed",
         "CallSid"},
        {"AccountSid=" AC "&CallSid=" CA "%0A&RecordingSid=" RE "&RecordingStatus=completed",
         "CallSid"},
        {"accountsid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed",
         "AccountSid"},
        {RECORDING "&AccountSid=AC" OTHER, "AccountSid"},
        {RECORDING "&CallSid=CA" OTHER, "CallSid"},
        {RECORDING "&RecordingSid=RE" OTHER, "RecordingSid"},
        {RECORDING "&RecordingStatus=absent", "RecordingStatus"},
        {RECORDING "&RecordingDuration=1&RecordingDuration=2", "RecordingDuration"},
        {RECORDING "&RecordingChannels=1&RecordingChannels=2", "RecordingChannels"},
        {RECORDING "&RecordingStartTime&RecordingStartTime=1", "RecordingStartTime"},
        {RECORDING "&ErrorCode=1&ErrorCode=1%00", "ErrorCode"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = parsed(cases[i].text);
        struct recording_callback got;
        const char *field = recording(&form, &got);
        assert_non_null(field);
        assert_string_equal(field, cases[i].field);
        form_free(&form);
    }
}

static void test_a_field_twice_with_one_value(void **state)
{
    (void)state;
    static const char *const cases[] = {
        RECORDING "&" RECORDING,
        RECORDING "&RecordingDuration=1&RecordingDuration=1",
        RECORDING "&RecordingStartTime&RecordingStartTime=",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = parsed(cases[i]);
        struct recording_callback got;
        assert_null(recording(&form, &got));
        form_free(&form);
    }
}

static void test_repeats_of_other_fields_are_fine(void **state)
{
    (void)state;
    struct form form = parsed(RECORDING "&New=1&New=2&CallStatus=x&CallStatus=y");
    struct recording_callback got;
    assert_null(recording(&form, &got));
    form_free(&form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recording_in_full),
        cmocka_unit_test(test_recording_at_its_least),
        cmocka_unit_test(test_recording_statuses),
        cmocka_unit_test(test_recording_numbers),
        cmocka_unit_test(test_recording_urls),
        cmocka_unit_test(test_recording_of_a_conference),
        cmocka_unit_test(test_conference),
        cmocka_unit_test(test_recording_that_cannot_be_used),
        cmocka_unit_test(test_a_field_twice_with_one_value),
        cmocka_unit_test(test_repeats_of_other_fields_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
