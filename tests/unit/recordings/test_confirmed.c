#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/text.h"
#include "recordings/confirmed.h"

#define CALL "CA0123456789abcdef0123456789abcdef"
#define RECORDING "RE0123456789abcdef0123456789abcdef"

enum { NOW = 1000 };

static int begin(void **state)
{
    *state = confirmed_new();
    return *state != NULL ? 0 : -1;
}

static int end(void **state)
{
    confirmed_free(*state);
    return 0;
}

static void test_for_a_minute(void **state)
{
    struct confirmed *confirmed = *state;
    assert_false(confirmed_holds(confirmed, 7, CALL, NOW));
    confirmed_note(confirmed, 7, CALL, NOW);
    assert_true(confirmed_holds(confirmed, 7, CALL, NOW));
    assert_true(confirmed_holds(confirmed, 7, CALL, NOW + CONFIRMED_MS - 1));
    assert_false(confirmed_holds(confirmed, 7, CALL, NOW + CONFIRMED_MS));
    assert_false(confirmed_holds(confirmed, 7, CALL, NOW - 1));
}

static void test_for_that_one_alone(void **state)
{
    struct confirmed *confirmed = *state;
    confirmed_note(confirmed, 7, CALL, NOW);
    assert_false(confirmed_holds(confirmed, 8, CALL, NOW));
    assert_false(confirmed_holds(confirmed, 7, RECORDING, NOW));
}

/* However many are noted, what is said to hold was noted: of two in one place the later one stays.
 */
static void test_many(void **state)
{
    enum { MANY = 5000 };
    struct confirmed *confirmed = *state;
    char name[SID_SIZE];
    int held = 0;
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "CA%032x", (unsigned)i);
        confirmed_note(confirmed, 1 + i % 3, name, NOW);
        assert_true(confirmed_holds(confirmed, 1 + i % 3, name, NOW));
        assert_false(confirmed_holds(confirmed, 9, name, NOW));
    }
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "CA%032x", (unsigned)i);
        held += confirmed_holds(confirmed, 1 + i % 3, name, NOW);
    }
    assert_true(held > 100 && held < 1000);
}

static void test_nobody_remembers(void **state)
{
    (void)state;
    confirmed_note(NULL, 7, CALL, NOW);
    assert_false(confirmed_holds(NULL, 7, CALL, NOW));
    confirmed_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_for_a_minute, begin, end),
        cmocka_unit_test_setup_teardown(test_for_that_one_alone, begin, end),
        cmocka_unit_test_setup_teardown(test_many, begin, end),
        cmocka_unit_test(test_nobody_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
