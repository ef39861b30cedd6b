#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/participants.h"

#define AC "AC0123456789abcdef0123456789abcdef"
#define OTHER_AC "ACffffffffffffffffffffffffffffffff"
#define CF "CF0123456789abcdef0123456789abcdef"
#define OTHER_CF "CFffffffffffffffffffffffffffffffff"
#define CA "CA0123456789abcdef0123456789abcdef"
#define OTHER_CA "CAfedcba9876543210fedcba9876543210"
#define CONFERENCE(status, last)                                                                   \
    "{\"account_sid\":\"" AC "\",\"sid\":\"" CF "\",\"status\":\"" status "\","                    \
    "\"call_sid_ending_conference\":" last "}"
#define ENTRY(account, conference, call)                                                           \
    "{\"account_sid\":\"" account "\",\"conference_sid\":\"" conference "\",\"call_sid\":\"" call  \
    "\"}"

struct seen {
    int count;
    char calls[4][40];
};

static void note(void *context, const char *call_sid)
{
    struct seen *seen = context;
    assert_in_range(seen->count, 0, 3);
    (void)snprintf(seen->calls[seen->count++], sizeof seen->calls[0], "%s", call_sid);
}

/* From memory of exactly this length, so that a byte read past its end is seen. */
static enum result read_text(const char *text, bool list, struct seen *seen, bool *is_over)
{
    size_t len = strlen(text);
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    *seen = (struct seen){0};
    enum result result =
        list ? participants_read_list(exact, len, AC, CF, note, seen)
             : participants_read_conference(exact, len, AC, CF, note, seen, is_over);
    free(exact);
    return result;
}

static void test_where_to_ask(void **state)
{
    char uri[PARTICIPANTS_URI_SIZE];
    (void)state;
    assert_int_equal(participants_conference_uri(AC, CF, uri), RESULT_OK);
    assert_string_equal(uri, "/2010-04-01/Accounts/" AC "/Conferences/" CF ".json");
    assert_int_equal(participants_list_uri(AC, CF, uri), RESULT_OK);
    assert_string_equal(uri, "/2010-04-01/Accounts/" AC "/Conferences/" CF
                             "/Participants.json?PageSize=1000");
}

static void test_a_conference(void **state)
{
    static const struct {
        const char *text;
        bool is_over;
        int calls;
    } cases[] = {
        {CONFERENCE("completed", "\"" CA "\""), true, 1},
        {CONFERENCE("completed", "null"), true, 0},
        {CONFERENCE("completed", "\"CA1\""), true, 0},
        {CONFERENCE("in-progress", "\"" CA "\""), false, 0},
        {CONFERENCE("init", "null"), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen seen;
        bool is_over = !cases[i].is_over;
        assert_int_equal(read_text(cases[i].text, false, &seen, &is_over), RESULT_OK);
        assert_int_equal(is_over, cases[i].is_over);
        assert_int_equal(seen.count, cases[i].calls);
    }
}

static void test_no_conference(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "<html>",
        "[]",
        "{}",
        CONFERENCE("over", "\"" CA "\""),
        "{\"account_sid\":\"" OTHER_AC "\",\"sid\":\"" CF "\",\"status\":\"completed\","
        "\"call_sid_ending_conference\":\"" CA "\"}",
        "{\"account_sid\":\"" AC "\",\"sid\":\"" OTHER_CF "\",\"status\":\"completed\","
        "\"call_sid_ending_conference\":\"" CA "\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        struct seen seen;
        bool is_over;
        assert_int_equal(read_text(TEXTS[i], false, &seen, &is_over), RESULT_INVALID);
        assert_int_equal(seen.count, 0);
    }
}

static void test_a_list(void **state)
{
    struct seen seen;
    (void)state;
    assert_int_equal(read_text("{\"participants\":[]}", true, &seen, NULL), RESULT_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(
        read_text(
            "{\"participants\":[" ENTRY(AC, CF, CA) "," ENTRY(OTHER_AC, CF, CA) "," ENTRY(
                AC, OTHER_CF, CA) "," ENTRY(AC, CF, "CA1") ",7,null," ENTRY(AC, CF, OTHER_CA) "]}",
            true, &seen, NULL),
        RESULT_OK);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.calls[0], CA);
    assert_string_equal(seen.calls[1], OTHER_CA);
}

static void test_no_list(void **state)
{
    static const char *const TEXTS[] = {
        "", "<html>", "[]", "{}", "{\"participants\":{}}", "{\"participants\":[" ENTRY(AC, CF, CA)};
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        struct seen seen;
        assert_int_equal(read_text(TEXTS[i], true, &seen, NULL), RESULT_INVALID);
        assert_int_equal(seen.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_to_ask),  cmocka_unit_test(test_a_conference),
        cmocka_unit_test(test_no_conference), cmocka_unit_test(test_a_list),
        cmocka_unit_test(test_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
