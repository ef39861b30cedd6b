#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/list.h"

struct bead {
    struct bead *next;
    int number;
};

static struct bead *beads(int count)
{
    struct bead *first = NULL;
    for (int number = count; number > 0; number--) {
        struct bead *bead = calloc(1, sizeof *bead);
        assert_non_null(bead);
        *bead = (struct bead){.next = first, .number = number};
        first = bead;
    }
    return first;
}

static void test_each_in_order(void **state)
{
    (void)state;
    struct bead *first = beads(3);
    int seen = 0;
    LIST_EACH (struct bead, bead, first) {
        assert_int_equal(bead->number, ++seen);
    }
    assert_int_equal(seen, 3);
    LIST_EACH (struct bead, bead, first) {
        free(bead); /* a sanitizer sees it if it is touched again */
    }
    LIST_EACH (struct bead, bead, NULL) {
        assert_null(bead);
    }
}

static void test_some_taken_out(void **state)
{
    (void)state;
    struct bead *first = beads(5), **link = &first;
    int left = 0;
    LIST_EACH (struct bead, bead, first) {
        if (bead->number % 2 == 0) {
            link = &bead->next;
            continue;
        }
        *link = bead->next;
        free(bead);
    }
    LIST_EACH (struct bead, bead, first) {
        left = left * 10 + bead->number;
        free(bead);
    }
    assert_int_equal(left, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_in_order),
        cmocka_unit_test(test_some_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
