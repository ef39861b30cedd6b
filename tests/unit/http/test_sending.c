#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/range.h"
#include "http/sending.h"

static void test_a_piece_may_take_for_ever(void **state)
{
    (void)state;
    assert_false(sending_is_over(0, INT64_MAX));
    assert_false(sending_is_over(RANGE_PIECE, INT64_MAX));
}

static void test_more_has_to_be_taken_at_a_rate(void **state)
{
    (void)state;
    const int64_t bytes = 10 * SENDING_RATE, longest = SENDING_GRACE_MS + 10000;
    assert_false(sending_is_over(bytes, 0));
    assert_false(sending_is_over(bytes, longest));
    assert_true(sending_is_over(bytes, longest + 1));
    assert_true(sending_is_over(RANGE_PIECE + 1, SENDING_GRACE_MS + 2001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_piece_may_take_for_ever),
        cmocka_unit_test(test_more_has_to_be_taken_at_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
