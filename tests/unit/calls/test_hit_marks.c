#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "calls/hit_marks.h"

/* "0-3 5-9", as they come. */
static const char *marked(const char *lowered, const char *words, char out[512])
{
    struct hit_mark marks[HIT_MARKS_MAX];
    size_t count = hit_marks(lowered, words, marks), used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(out + used, 512 - used, "%s%zu-%zu", i > 0 ? " " : "",
                                 marks[i].start, marks[i].end);
    }
    return out;
}

static void test_words(void **state)
{
    static const struct {
        const char *lowered, *words, *marks;
    } CASES[] = {
        {"", "a", ""},
        {"an invoice", "inv", "3-10"},
        {"a reinvoice", "inv", ""},
        {"12 123 1234", "123", "3-6"},
        {"one two", "two\1one", "0-3 4-7"},
        {"הפגישה והפגישה ושהפגישה", "פגישה", "0-6 7-14"},
        {"פגישה", "הפגישה", "0-5"},
        {"שָׁלוֹם!", "שלום", "0-7"},
        {"בית־ספר", "ספר", "4-7"},
        {"😀 ab 😀 ab", "ab", "3-5 9-11"},
        {"ab", "", ""},
        {"\xff ab \xd7", "ab", "2-4"},
    };
    char out[512];
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_string_equal(marked(CASES[i].lowered, CASES[i].words, out), CASES[i].marks);
    }
}

static void test_no_more_than_there_is_room_for(void **state)
{
    struct hit_mark marks[HIT_MARKS_MAX];
    char many[4 * HIT_MARKS_MAX + 1] = "", longest[2000];
    (void)state;
    for (int i = 0; i < 2 * HIT_MARKS_MAX; i++) {
        memcpy(many + 2 * (size_t)i, "a ", 3);
    }
    assert_int_equal(hit_marks(many, "a", marks), HIT_MARKS_MAX);
    memset(longest, 'b', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(hit_marks(longest, "b", marks), 1);
    assert_int_equal(marks[0].end, sizeof longest - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_no_more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
