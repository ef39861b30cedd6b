#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/pg_sqlstate.h"

static void test_what_a_state_means(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        enum result result;
        const char *advice;
    } CASES[] = {
        {NULL, RESULT_UNAVAILABLE, ""},
        {"08006", RESULT_UNAVAILABLE, ""},
        {"53300", RESULT_UNAVAILABLE, ""},
        {"57P03", RESULT_UNAVAILABLE, ""},
        {"57014", RESULT_UNAVAILABLE, ""},
        {"57000", RESULT_FAILED, ""},
        {"23505", RESULT_EXISTS, ""},
        {"23503", RESULT_FAILED, ""},
        {"55P03", RESULT_LOST, ""},
        {"22021", RESULT_INVALID, ""},
        {"42P01", RESULT_FAILED, "run_tapedeck_migrate"},
        {"42703", RESULT_FAILED, "run_tapedeck_migrate"},
        {"42501", RESULT_FAILED, "grant_it_to_our_role"},
        {"42601", RESULT_FAILED, ""},
        {"", RESULT_FAILED, ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal(pg_sqlstate_result(CASES[i].state), CASES[i].result);
        assert_string_equal(pg_sqlstate_advice(CASES[i].state), CASES[i].advice);
    }
}

static void test_the_cause_without_the_address(void **state)
{
    (void)state;
    assert_string_equal(
        pg_sqlstate_cause("connection to server at \"10.0.0.1\", port 5432 failed: FATAL:  no"),
        "FATAL:  no");
    assert_string_equal(pg_sqlstate_cause("no memory"), "no memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_state_means),
        cmocka_unit_test(test_the_cause_without_the_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
