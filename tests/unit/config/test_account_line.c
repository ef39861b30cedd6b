#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "config/account_line.h"

#define SID "AC0123456789abcdef0123456789abcdef"
#define DUBLIN "https://api.dublin.ie1.twilio.com"
#define SHARED "webhooks_sharedkey_01"

enum { VALUE_SIZE = 512 };

/* The pieces lie in `value`. */
static bool read_line(char value[VALUE_SIZE], const char *text, struct account_line *out)
{
    (void)snprintf(value, VALUE_SIZE, "%s", text);
    return account_line_read(SID, value, out);
}

static void test_all_that_a_line_may_have(void **state)
{
    (void)state;
    char value[VALUE_SIZE];
    struct account_line line;
    assert_true(
        read_line(value, " new,old\t" SHARED ":s1  " DUBLIN "// SK1:a:b " SHARED "b:s:2 ", &line));
    assert_string_equal(line.sid, SID);
    assert_string_equal(line.tokens[0], "new");
    assert_string_equal(line.tokens[1], "old");
    assert_string_equal(line.api_base, DUBLIN);
    assert_string_equal(line.api_key, "SK1");
    assert_string_equal(line.api_secret, "a:b");
    assert_string_equal(line.shared_keys[0].name, SHARED);
    assert_string_equal(line.shared_keys[0].secret, "s1");
    assert_string_equal(line.shared_keys[1].name, SHARED "b");
    assert_string_equal(line.shared_keys[1].secret, "s:2");
}

static void test_a_token_alone(void **state)
{
    (void)state;
    char value[VALUE_SIZE];
    struct account_line line;
    assert_true(read_line(value, "x=y", &line));
    assert_string_equal(line.tokens[0], "x=y");
    assert_null(line.tokens[1]);
    assert_null(line.api_base);
    assert_null(line.api_key);
    assert_null(line.shared_keys[0].name);
}

static void test_what_is_no_line(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", " ", "t1,", ",t1", ",", "t1,t2,t3", "t1 t2", "t1, t2",
        /* an address, once */
        "t1 " DUBLIN " " DUBLIN, "t1 https://", "t1 https:///", "t1 ftp://h.example",
        "t1 https://h.example/?a", "t1 https://h.example/#a", "t1 api.dublin.ie1.twilio.com",
        /* a key, once */
        "t1 SK1", "t1 SK1:", "t1 SK:", "t1 SK1:a SK2:b", "t1 :a",
        /* shared keys, twice */
        "t1 " SHARED, "t1 " SHARED ":", "t1 " SHARED ":a " SHARED ":b " SHARED ":c",
        /* the token comes first */
        DUBLIN " t1", "SK1:secret t1"};
    char value[VALUE_SIZE];
    struct account_line line;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_line(value, bad[i], &line)) {
            fail_msg("it took %s", bad[i]);
        }
    }
    (void)snprintf(value, sizeof value, "t1");
    assert_false(account_line_read("SK0123456789abcdef0123456789abcdef", value, &line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_a_line_may_have),
        cmocka_unit_test(test_a_token_alone),
        cmocka_unit_test(test_what_is_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
