#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "resident.h"

enum { SIZE = 1 << 20, STEP = 4096 };

/* In a segment that is never written to. */
static const unsigned char TABLE[SIZE] = {[0] = 1, [SIZE / 2] = 2, [SIZE - 1] = 3};
/* In one that is, if by the dynamic linker alone. */
static int (*const volatile COMPARE[])(const char *, const char *) = {strcmp};
static volatile int counter = 5;

static unsigned touch_all(void)
{
    const volatile unsigned char *table = TABLE; /* so that each is read, each time */
    unsigned sum = table[SIZE - 1];
    for (size_t i = 0; i < SIZE; i += STEP) {
        sum += table[i];
    }
    return sum;
}

/* What of this process is resident, kB; -1 where /proc does not say. */
static int64_t resident_kb(void)
{
    static const char NAME[] = "Rss:";
    char line[256];
    int64_t kb = -1;
    FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
    while (rollup != NULL && kb < 0 && fgets(line, sizeof line, rollup) != NULL) {
        if (strncmp(line, NAME, sizeof NAME - 1) == 0) {
            char *number = line + sizeof NAME - 1 + strspn(line + sizeof NAME - 1, " ");
            number[strcspn(number, " ")] = '\0';
            assert_true(text_int(number, 0, INT64_MAX, &kb));
        }
    }
    if (rollup != NULL) {
        fclose(rollup);
    }
    return kb;
}

static void test_it_lets_go(void **state)
{
    (void)state;
    assert_int_equal(touch_all(), 6);
    int64_t before = resident_kb();
    if (before < 0) {
        skip();
    }
    resident_trim();
    assert_true(resident_kb() <= before - SIZE / 1024 / 2);
}

static void test_nothing_is_lost(void **state)
{
    (void)state;
    counter++;
    for (int i = 0; i < 3; i++) {
        resident_trim();
        assert_int_equal(touch_all(), 6);
        assert_int_equal(counter, 6);
        assert_int_equal(COMPARE[0]("same", "same"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_lets_go),
        cmocka_unit_test(test_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
