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
#define CALL "AccountSid=" AC "&CallSid=" CA "&CallStatus=completed"

static struct form parsed(const char *text)
{
    struct form form;
    assert_int_equal(form_parse(&form, text, strlen(text)), RESULT_OK);
    return form;
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
    assert_int_equal(callback_recording(&form, &got), RESULT_OK);
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
    assert_int_equal(callback_recording(&form, &got), RESULT_OK);
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
        assert_int_equal(callback_recording(&form, &got), RESULT_OK);
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
        assert_int_equal(callback_recording(&form, &got), RESULT_OK);
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

static void test_recording_urls(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        enum result result;
    } cases[] = {
        {"&RecordingUrl=", RESULT_OK},
        {"&RecordingUrl", RESULT_OK},
        {"&RecordingUrl=/2010-04-01/Accounts/" AC "/Recordings/" RE, RESULT_OK},
        {"&RecordingUrl=http://x/2010-04-01/Accounts/" AC "/Recordings/" RE ".json", RESULT_OK},
        {"&RecordingUrl=x", RESULT_INVALID},
        {"&RecordingUrl=+", RESULT_INVALID},
        {"&RecordingUrl=https://evil.example/x.wav", RESULT_INVALID},
        {"&RecordingUrl=/2010-04-01/Accounts/AC" OTHER "/Recordings/" RE, RESULT_INVALID},
        {"&RecordingUrl=/2010-04-01/Accounts/" AC "/Recordings/RE" OTHER, RESULT_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        int len = snprintf(text, sizeof text, RECORDING "%s", cases[i].more);
        assert_in_range(len, 1, sizeof text - 1);
        struct form form = parsed(text);
        struct recording_callback got;
        assert_int_equal(callback_recording(&form, &got), cases[i].result);
        form_free(&form);
    }
}

/* Of a call, of a conference, or of a call in one; an empty SID is one that did not come. */
static void test_recording_of_a_conference(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good, call, conference;
    } cases[] = {
        {"&CallSid=" CA, true, true, false},
        {"&CallSid=" CA "&ConferenceSid=", true, true, false},
        {"&ConferenceSid=" CF, true, false, true},
        {"&CallSid=&ConferenceSid=" CF, true, false, true},
        {"&CallSid=" CA "&ConferenceSid=" CF, true, true, true},
        {"", false, false, false},
        {"&CallSid=&ConferenceSid=", false, false, false},
        {"&CallSid=" CA "&ConferenceSid=" CA, false, false, false},
        {"&CallSid=" CF "&ConferenceSid=" CF, false, false, false},
        {"&ConferenceSid=" CF "&ConferenceSid=" CF, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct recording_callback got;
        (void)snprintf(text, sizeof text,
                       "AccountSid=" AC "&RecordingSid=" RE "&RecordingStatus=completed%s",
                       cases[i].text);
        struct form form = parsed(text);
        enum result result = callback_recording(&form, &got);
        assert_int_equal(result, cases[i].good ? RESULT_OK : RESULT_INVALID);
        if (cases[i].good) {
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
        const char *text;
        bool good, call;
    } cases[] = {
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=" CA, true, true},
        {"AccountSid=" AC "&ConferenceSid=" CF "&StatusCallbackEvent=conference-end", true, false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=", true, false},
        {"AccountSid=" AC "&CallSid=" CA, false, false},
        {"ConferenceSid=" CF "&CallSid=" CA, false, false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=" RE, false, false},
        {"AccountSid=" AC "&ConferenceSid=" CF "&CallSid=" CA "&CallSid=" CA, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct conference_callback got;
        struct form form = parsed(cases[i].text);
        enum result result = callback_conference(&form, &got);
        assert_int_equal(result, cases[i].good ? RESULT_OK : RESULT_INVALID);
        assert_int_equal(cases[i].good && got.call_sid != NULL, cases[i].call);
        form_free(&form);
    }
}

static void test_recording_invalid(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed",
        "AccountSid=" AC "&RecordingSid=" RE "&RecordingStatus=completed",
        "AccountSid=" AC "&CallSid=" CA "&RecordingStatus=completed",
        "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE,
        "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=",
        "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=Completed",
        "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed+",
        "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=deleted",
        "AccountSid=" AC "&CallSid=" CA "&RecordingSid=&RecordingStatus=completed",
        "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" CA "&RecordingStatus=completed",
        "AccountSid=" CA "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed",
        "AccountSid=" AC "&CallSid=" RE "&RecordingSid=" RE "&RecordingStatus=completed",
        "AccountSid=" AC "&CallSid=../../x&RecordingSid=" RE "&RecordingStatus=completed",
        "AccountSid=" AC "&CallSid=" CA "%0A&RecordingSid=" RE "&RecordingStatus=completed",
        "accountsid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingStatus=completed",
        RECORDING "&AccountSid=" AC,
        RECORDING "&CallSid=CA" OTHER,
        RECORDING "&RecordingSid=RE" OTHER,
        RECORDING "&RecordingStatus=absent",
        RECORDING "&RecordingDuration=1&RecordingDuration=2",
        RECORDING "&RecordingChannels=1&RecordingChannels=1",
        RECORDING "&RecordingStartTime&RecordingStartTime",
        RECORDING "&RecordingUrl=&RecordingUrl=",
        RECORDING "&ErrorCode=1&ErrorCode=2",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = parsed(cases[i]);
        struct recording_callback got;
        assert_int_equal(callback_recording(&form, &got), RESULT_INVALID);
        form_free(&form);
    }
}

static void test_repeats_of_other_fields_are_fine(void **state)
{
    (void)state;
    struct form form = parsed(RECORDING "&New=1&New=2&CallStatus=x&CallStatus=y");
    struct recording_callback got;
    assert_int_equal(callback_recording(&form, &got), RESULT_OK);
    form_free(&form);
}

static void test_call_in_full(void **state)
{
    (void)state;
    struct form form =
        parsed(CALL "&ParentCallSid=CA" OTHER "&From=%2B14158675309&To=client%3Abob"
                    "&Direction=outbound-dial&CallDuration=61&ApiVersion=2010-04-01");
    struct call_callback got;
    assert_int_equal(callback_call(&form, &got), RESULT_OK);
    assert_string_equal(got.account_sid, AC);
    assert_string_equal(got.call_sid, CA);
    assert_string_equal(got.parent_call_sid, "CA" OTHER);
    assert_string_equal(got.from, "+14158675309");
    assert_string_equal(got.to, "client:bob");
    assert_string_equal(got.direction, "outbound-dial");
    assert_string_equal(got.status, "completed");
    assert_int_equal(got.duration, 61);
    form_free(&form);
}

static void test_call_at_its_least(void **state)
{
    (void)state;
    static const char *const cases[] = {
        CALL,
        CALL "&ParentCallSid=&From=&To=&Direction=&CallDuration=",
        CALL "&CallDuration=-1",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = parsed(cases[i]);
        struct call_callback got;
        assert_int_equal(callback_call(&form, &got), RESULT_OK);
        assert_null(got.parent_call_sid);
        assert_null(got.from);
        assert_null(got.to);
        assert_null(got.direction);
        assert_true(got.duration == CALLBACK_UNKNOWN);
        form_free(&form);
    }
}

/* One word of one field: does a call with it hold? */
static enum result call_with(const char *field, const char *word)
{
    char text[512];
    bool status = strcmp(field, "CallStatus") == 0;
    int len = snprintf(text, sizeof text, "AccountSid=" AC "&CallSid=" CA "%s&%s=%s",
                       status ? "" : "&CallStatus=queued", field, word);
    assert_in_range(len, 1, sizeof text - 1);
    struct form form = parsed(text);
    struct call_callback got;
    enum result result = callback_call(&form, &got);
    form_free(&form);
    return result;
}

static void test_call_words(void **state)
{
    (void)state;
    static const char *const statuses[] = {"queued",      "initiated", "ringing",
                                           "in-progress", "completed", "busy",
                                           "failed",      "no-answer", "canceled"};
    static const char *const directions[] = {"inbound", "outbound-api", "outbound-dial",
                                             "outbound"};
    static const char *const neither[] = {"Completed", "answered", "in_progress", "x", "-"};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        assert_int_equal(call_with("CallStatus", statuses[i]), RESULT_OK);
    }
    for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
        assert_int_equal(call_with("Direction", directions[i]), RESULT_OK);
    }
    for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++) {
        assert_int_equal(call_with("CallStatus", neither[i]), RESULT_INVALID);
        assert_int_equal(call_with("Direction", neither[i]), RESULT_INVALID);
    }
    assert_int_equal(call_with("CallStatus", ""), RESULT_INVALID);
}

static void test_call_parties(void **state)
{
    (void)state;
    char longest[130];
    memset(longest, '1', sizeof longest);
    longest[128] = '\0';
    assert_int_equal(call_with("From", longest), RESULT_OK);
    assert_int_equal(call_with("To", longest), RESULT_OK);
    longest[128] = '1';
    longest[129] = '\0';
    assert_int_equal(call_with("From", longest), RESULT_INVALID);
    assert_int_equal(call_with("To", longest), RESULT_INVALID);
    assert_int_equal(call_with("From", "sip:bob@example.com;x=y z"), RESULT_OK);
    assert_int_equal(call_with("To", "client:%D7%90"), RESULT_OK);
    assert_int_equal(call_with("From", "a%0Ab"), RESULT_INVALID);
    assert_int_equal(call_with("To", "a%1Fb"), RESULT_INVALID);
    assert_int_equal(call_with("To", "a%7F"), RESULT_INVALID);
}

static void test_call_invalid(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "CallSid=" CA "&CallStatus=queued",
        "AccountSid=" AC "&CallStatus=queued",
        "AccountSid=" AC "&CallSid=" CA,
        "AccountSid=&CallSid=" CA "&CallStatus=queued",
        "AccountSid=" CA "&CallSid=" CA "&CallStatus=queued",
        "AccountSid=" AC "&CallSid=" AC "&CallStatus=queued",
        CALL "&ParentCallSid=x",
        CALL "&ParentCallSid=" AC,
        CALL "&AccountSid=" AC,
        CALL "&CallSid=" CA,
        CALL "&CallStatus=completed",
        CALL "&ParentCallSid=&ParentCallSid=",
        CALL "&From=1&From=2",
        CALL "&To=1&To=2",
        CALL "&Direction=inbound&Direction=inbound",
        CALL "&CallDuration=1&CallDuration=2",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = parsed(cases[i]);
        struct call_callback got;
        assert_int_equal(callback_call(&form, &got), RESULT_INVALID);
        form_free(&form);
    }
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
        cmocka_unit_test(test_recording_invalid),
        cmocka_unit_test(test_repeats_of_other_fields_are_fine),
        cmocka_unit_test(test_call_in_full),
        cmocka_unit_test(test_call_at_its_least),
        cmocka_unit_test(test_call_words),
        cmocka_unit_test(test_call_parties),
        cmocka_unit_test(test_call_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
