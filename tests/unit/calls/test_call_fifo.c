#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "calls/call_fifo.h"

static const char *sid(int n)
{
    static char texts[2][SID_SIZE]; /* two at a time */
    char *text = texts[n % 2];
    (void)snprintf(text, SID_SIZE, "CA%032d", n);
    return text;
}

static void assert_next(struct call_fifo *fifo, int64_t business_id, int n)
{
    struct call_ref ref;
    assert_true(call_fifo_next(fifo, &ref));
    assert_true(call_ref_is(&ref, business_id, sid(n)));
}

static void test_first_in_first_out_and_each_once(void **state)
{
    static struct call_fifo fifo;
    struct call_ref ref;
    (void)state;
    assert_false(call_fifo_next(&fifo, &ref));
    call_fifo_add(&fifo, 1, sid(1));
    call_fifo_add(&fifo, 2, sid(1));
    call_fifo_add(&fifo, 1, sid(1));
    call_fifo_add(&fifo, 1, sid(2));
    assert_true(call_fifo_has(&fifo, 2, sid(1)));
    assert_false(call_fifo_has(&fifo, 2, sid(2)));
    assert_next(&fifo, 1, 1);
    assert_next(&fifo, 2, 1);
    assert_next(&fifo, 1, 2);
    assert_false(call_fifo_next(&fifo, &ref));
    call_fifo_add(&fifo, 1, sid(1));
    assert_next(&fifo, 1, 1); /* what has left may come again */
}

static void test_what_does_not_fit_is_dropped(void **state)
{
    static struct call_fifo fifo;
    (void)state;
    for (int round = 0; round < 2; round++) { /* the second one goes round the ring's end */
        for (int n = 0; n < CALL_FIFO_MAX + 5; n++) {
            call_fifo_add(&fifo, 1, sid(n));
        }
        assert_int_equal(fifo.count, CALL_FIFO_MAX);
        for (int n = 0; n < CALL_FIFO_MAX; n++) {
            assert_next(&fifo, 1, n);
        }
        call_fifo_add(&fifo, 1, sid(7));
        assert_next(&fifo, 1, 7);
    }
}

static const struct call_ref *every_other(const void *worker, size_t place)
{
    return place % 2 == 1 ? (const struct call_ref *)worker + place : NULL;
}

static void test_what_is_at_hand(void **state)
{
    struct call_ref refs[4] = {{.business_id = 1}, {.business_id = 2}, {.business_id = 3}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(refs[i].call_sid, SID_SIZE, "%s", sid(1));
    }
    assert_int_equal(call_fifo_at_hand(refs, 4, every_other, 2, sid(1)), 1);
    assert_int_equal(call_fifo_at_hand(refs, 4, every_other, 2, sid(2)), 0);
    assert_int_equal(call_fifo_at_hand(refs, 4, every_other, 1, sid(1)), 0); /* its place is free */
    assert_int_equal(call_fifo_at_hand(refs, 1, every_other, 2, sid(1)), 0);
    assert_int_equal(call_fifo_at_hand(refs, 4, every_other, 0, NULL), 2);
    assert_int_equal(call_fifo_at_hand(refs, 0, every_other, 0, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out_and_each_once),
        cmocka_unit_test(test_what_does_not_fit_is_dropped),
        cmocka_unit_test(test_what_is_at_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
