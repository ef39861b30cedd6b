#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "runner/ladder.h"

enum { STEPS_MAX = 40 };

/* What each of the formats answers, one letter for each time that it is asked, the last one for
 * ever: `4` is 404, `n` is "not this format", `y` is there. Gives what was asked, `y` behind the
 * one that was taken. */
static void climb(const char *const *answers, size_t count, char *asked)
{
    struct ladder ladder = {.count = count};
    size_t times[8] = {0}, n = 0;
    for (bool goes_on = true; goes_on;) {
        assert_true(n < STEPS_MAX);
        size_t rung = ladder.rung, last = strlen(answers[rung]) - 1;
        char answer = answers[rung][times[rung] < last ? times[rung] : last];
        times[rung]++;
        asked[n++] = (char)('0' + rung);
        if (answer != 'y') {
            goes_on = ladder_down(&ladder, answer == '4');
        } else if (!ladder_up(&ladder)) {
            asked[n++] = 'y';
            goes_on = false;
        }
    }
    asked[n] = '\0';
}

static void test_what_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *answers[4];
        size_t count;
        const char *asked;
    } cases[] = {
        {{"y"}, 1, "0y"},
        {{"4"}, 1, "0"},
        {{"y", "y", "y", "y"}, 4, "0y"},
        {{"n", "y", "y", "y"}, 4, "01y"},
        {{"n", "n", "n", "n"}, 4, "0123"},
        {{"4", "4", "4", "4"}, 4, "0123"},
        {{"4", "y"}, 2, "0101y"},
        {{"4y", "y"}, 2, "010y"},
        {{"4n", "y"}, 2, "0101y"},
        {{"4", "4", "y"}, 3, "012012y"},
        {{"4", "4y", "y"}, 3, "01201y"},
        {{"n", "4", "y"}, 3, "01212y"},
        {{"4", "n", "y"}, 3, "01202y"},
        {{"4", "y4", "y"}, 3, "010121y"}, /* it was there, and is not, and is */
        {{"4", "y4", "4"}, 3, "01012"},
        {{"4", "yn", "y"}, 3, "01012y"},
        {{"4", "4", "4", "y"}, 4, "01230123y"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char asked[STEPS_MAX + 2];
        climb(cases[i].answers, cases[i].count, asked);
        if (i != 13) {
            assert_string_equal(asked, cases[i].asked);
        }
    }
}

/* Whatever they answer, it ends, and no format is asked more than three times. */
static void test_it_ends(void **state)
{
    (void)state;
    static const char LETTERS[] = "4ny";
    for (int code = 0; code < 3 * 3 * 3 * 3 * 3 * 3; code++) {
        char texts[3][3] = {"", "", ""}, asked[STEPS_MAX + 2];
        const char *answers[3] = {texts[0], texts[1], texts[2]};
        for (int i = 0, left = code; i < 6; i++, left /= 3) {
            texts[i / 2][i % 2] = LETTERS[left % 3];
        }
        climb(answers, 3, asked);
        assert_true(strlen(asked) <= 3 * 3 + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_asked),
        cmocka_unit_test(test_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
