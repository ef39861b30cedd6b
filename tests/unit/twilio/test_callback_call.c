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
#define OTHER "00000000000000000000000000000000"
#define CALL "AccountSid=" AC "&CallSid=" CA "&CallStatus=completed"

static struct form parsed(const char *text)
{
    struct form form;
    assert_int_equal(form_parse(&form, text, strlen(text)), RESULT_OK);
    return form;
}

static enum result call(const struct form *form, struct call_callback *got, const char **field)
{
    *field = "none";
    enum result result = callback_call(form, got, field);
    assert_true(result == RESULT_OK || (result == RESULT_INVALID && *field != NULL));
    return result;
}

static void test_call_in_full(void **state)
{
    (void)state;
    struct form form =
        parsed(CALL "&ParentCallSid=CA" OTHER "&From=%2B14158675309&To=client%3Abob"
                    "&Direction=outbound-dial&CallDuration=61&ApiVersion=2010-04-01");
    struct call_callback got;
    const char *left_out;
    assert_int_equal(call(&form, &got, &left_out), RESULT_OK);
    assert_null(left_out);
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
        const char *left_out;
        assert_int_equal(call(&form, &got, &left_out), RESULT_OK);
        assert_null(left_out);
        assert_null(got.parent_call_sid);
        assert_null(got.from);
        assert_null(got.to);
        assert_null(got.direction);
        assert_true(got.duration == CALLBACK_UNKNOWN);
        form_free(&form);
    }
}

/* A call with this word in this field keeps so much of it; NULL: it is left out, and named. */
static void keeps(const char *field, const char *word, const char *kept)
{
    char text[1024];
    bool status = strcmp(field, "CallStatus") == 0;
    int len = snprintf(text, sizeof text, "AccountSid=" AC "&CallSid=" CA "%s&%s=%s",
                       status ? "" : "&CallStatus=queued", field, word);
    assert_in_range(len, 1, sizeof text - 1);
    struct form form = parsed(text);
    struct call_callback got;
    const char *left_out;
    assert_int_equal(call(&form, &got, &left_out), RESULT_OK);
    const char *values[] = {status ? got.status : got.direction, got.from, got.to};
    const char *value = values[strcmp(field, "From") == 0 ? 1 : 2 * (strcmp(field, "To") == 0)];
    if (kept != NULL) {
        assert_null(left_out);
        assert_string_equal(value, kept);
    } else {
        assert_null(value);
        assert_string_equal(left_out, field);
    }
    form_free(&form);
}

static void test_call_words(void **state)
{
    (void)state;
    static const char *const statuses[] = {"queued",      "initiated", "ringing",
                                           "in-progress", "completed", "busy",
                                           "failed",      "no-answer", "canceled"};
    static const struct {
        const char *word, *kept;
    } directions[] = {
        {"inbound", "inbound"},
        {"outbound-api", "outbound-api"},
        {"outbound-dial", "outbound-dial"},
        {"outbound", "outbound"},
        {"trunking-originating", "outbound"},
        {"trunking-terminating", "inbound"},
    };
    static const char *const neither[] = {"Completed", "answered", "in_progress", "x",
                                          "-",         "%00",      "queued%00",   "%FF"};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        keeps("CallStatus", statuses[i], statuses[i]);
    }
    for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
        keeps("Direction", directions[i].word, directions[i].kept);
    }
    for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++) {
        keeps("CallStatus", neither[i], NULL);
        keeps("Direction", neither[i], NULL);
    }
}

static void test_call_parties(void **state)
{
    (void)state;
    char long_one[601];
    memset(long_one, '1', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    keeps("From", long_one, long_one);
    keeps("To", long_one, long_one);
    keeps("From", "sip:bob@example.com;x=y z", "sip:bob@example.com;x=y z");
    keeps("To", "client:%D7%90", "client:\xd7\x90");
    keeps("From", "a%0Ab", NULL);
    keeps("To", "a%1Fb", NULL);
    keeps("To", "a%7F", NULL);
    keeps("From", "%2B1555%00", NULL);
    keeps("From", "%D7", NULL);
}

static void test_call_without_its_parent(void **state)
{
    (void)state;
    static const char *const cases[] = {CALL "&ParentCallSid=x", CALL "&ParentCallSid=" AC};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = parsed(cases[i]);
        struct call_callback got;
        const char *left_out;
        assert_int_equal(call(&form, &got, &left_out), RESULT_OK);
        assert_null(got.parent_call_sid);
        assert_string_equal(left_out, "ParentCallSid");
        form_free(&form);
    }
}

static void test_call_that_cannot_be_used(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"", "AccountSid"},
        {"CallSid=" CA "&CallStatus=queued", "AccountSid"},
        {"AccountSid=" AC "&CallStatus=queued", "CallSid"},
        {"AccountSid=" AC "&CallSid=" CA, "CallStatus"},
        {"AccountSid=" AC "&CallSid=" CA "&CallStatus=", "CallStatus"},
        {"AccountSid=&CallSid=" CA "&CallStatus=queued", "AccountSid"},
        {"AccountSid=" CA "&CallSid=" CA "&CallStatus=queued", "AccountSid"},
        {"AccountSid=" AC "&CallSid=" AC "&CallStatus=queued", "CallSid"},
        {CALL "&AccountSid=AC" OTHER, "AccountSid"},
        {CALL "&CallSid=CA" OTHER, "CallSid"},
        {CALL "&CallStatus=busy", "CallStatus"},
        {CALL "&ParentCallSid=&ParentCallSid=1", "ParentCallSid"},
        {CALL "&From=1&From=2", "From"},
        {CALL "&To=1&To=2", "To"},
        {CALL "&Direction=inbound&Direction=outbound", "Direction"},
        {CALL "&CallDuration=1&CallDuration=2", "CallDuration"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct form form = parsed(cases[i].text);
        struct call_callback got;
        const char *field;
        assert_int_equal(call(&form, &got, &field), RESULT_INVALID);
        assert_string_equal(field, cases[i].field);
        form_free(&form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_in_full),
        cmocka_unit_test(test_call_at_its_least),
        cmocka_unit_test(test_call_words),
        cmocka_unit_test(test_call_parties),
        cmocka_unit_test(test_call_without_its_parent),
        cmocka_unit_test(test_call_that_cannot_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
