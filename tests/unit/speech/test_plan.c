#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "speech/plan.h"
#include "speech/wav.h"

/* Two channels at 8000 frames a second: 1 s of speech at 2 s and 10 s of the first, at 5 s of the
 * second. */
static void make(struct plan *plan)
{
    *plan = (struct plan){.rate = 8000, .channels = 2, .frames = 160000, .sum = UINT32_MAX};
    assert_int_equal(plan_add(plan, 0, 16000, 8000, 4000), RESULT_OK);
    assert_int_equal(plan_add(plan, 0, 80000, 8000, 8000), RESULT_OK);
    assert_int_equal(plan_add(plan, 1, 40000, 8000, 8000), RESULT_OK);
}

static void test_streams(void **state)
{
    (void)state;
    struct plan plan;
    make(&plan);
    assert_int_equal(plan_stream_frames(&plan, 0), 8000 + 4000 + 8000); /* half a second between */
    assert_int_equal(plan_stream_frames(&plan, 1), 8000);
    assert_int_equal(plan_voiced_ms(&plan), 2500);
    plan_free(&plan);
    assert_int_equal(plan_stream_frames(&plan, 0), 0);
}

static void test_times(void **state)
{
    (void)state;
    struct plan plan;
    make(&plan);
    assert_int_equal(plan_time_ms(&plan, 0, 0, false), 2000);
    assert_int_equal(plan_time_ms(&plan, 0, 4000, false), 2500);
    assert_int_equal(plan_time_ms(&plan, 0, 8000, true), 3000);   /* its end */
    assert_int_equal(plan_time_ms(&plan, 0, 8000, false), 10000); /* the gap: the next begins */
    assert_int_equal(plan_time_ms(&plan, 0, 10000, true), 3000);  /* the gap: the last ended */
    assert_int_equal(plan_time_ms(&plan, 0, 12000, false), 10000);
    assert_int_equal(plan_time_ms(&plan, 0, 20000, true), 11000);
    assert_int_equal(plan_time_ms(&plan, 0, 99999, true), 11000);
    assert_int_equal(plan_time_ms(&plan, 1, 4000, false), 5500);
    plan_free(&plan);
}

static void test_silent_places(void **state)
{
    (void)state;
    struct plan plan;
    make(&plan);
    assert_false(plan_is_silent(&plan, 0, 0, 8000));
    assert_true(plan_is_silent(&plan, 0, 8000, 12000)); /* the gap */
    assert_true(plan_is_silent(&plan, 0, 20000, 30000));
    assert_true(plan_is_silent(&plan, 0, 5, 5));
    assert_false(plan_is_silent(&plan, 1, 0, 9000));
    plan_free(&plan);
}

static void test_it_is_read_back(void **state)
{
    (void)state;
    struct plan plan, again;
    struct buf text;
    size_t used;
    make(&plan);
    buf_init(&text, PLAN_TEXT_MAX);
    plan_print(&plan, &text);
    size_t len = text.len;
    buf_text(&text, "0 1 2 3\n"); /* samples follow */
    assert_int_equal(plan_read(buf_str(&text), text.len, &again, &used), RESULT_OK);
    assert_int_equal(used, len);
    assert_int_equal(again.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct plan_stretch *a = &again.stretches[i], *b = &plan.stretches[i];
        assert_true(a->channel == b->channel && a->at == b->at && a->from == b->from &&
                    a->frames == b->frames && a->voiced == b->voiced);
    }
    assert_true(again.rate == 8000 && again.channels == 2 && again.frames == 160000 &&
                again.sum == UINT32_MAX);
    for (size_t cut = 0; cut < len; cut++) {
        struct plan none;
        assert_int_equal(plan_read(buf_str(&text), cut, &none, &used), RESULT_INVALID);
    }
    plan_free(&plan);
    plan_free(&again);
    buf_free(&text);
}

static void test_what_is_no_plan(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "end\n",
        "speech\n",
        "speech 8000 2\nend\n",
        "speech 8000 2 100\nend\n",
        "speech 8000 2 100 4294967296\nend\n",
        "speech 8000 3 100 7\nend\n",
        "speech 999 1 100 7\nend\n",
        "speech 8000 0 100 7\nend\n",
        "speech 8000 1 100 7 1\nend\n",
        "speech 8000 1 100 7\n0 0 0 0\nend\n",            /* an empty stretch */
        "speech 8000 1 100 7\n0 0 101 0\nend\n",          /* beyond the recording */
        "speech 8000 1 100 7\n0 0 10 11\nend\n",          /* louder than long */
        "speech 8000 1 100 7\n1 0 10 1\nend\n",           /* no such channel */
        "speech 8000 1 100 7\n0 5 10 1\n0 14 5 1\nend\n", /* one over the other */
        "speech 8000 2 100 7\n1 5 10 1\n0 50 5 1\nend\n", /* channels the wrong way round */
        "speech 8000 1 100 7\n0 -5 10 1\nend\n",
        "speech 8000 1 100 7\n0  5 10 1\nend\n",
    };
    struct plan plan;
    size_t used;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(plan_read(BAD[i], strlen(BAD[i]), &plan, &used), RESULT_INVALID);
        assert_null(plan.stretches);
    }
}

static void test_pieces(void **state)
{
    (void)state;
    static const struct plan_piece WHOLE[] = {{0, 0, 20000}, {1, 0, 8000}};
    static const struct plan_piece PARTED[] = {{0, 0, 8000}, {0, 12000, 8000}, {1, 0, 8000}};
    static const struct plan_piece CUT[] = {{0, 0, 5000},     {0, 5000, 3000}, {0, 12000, 5000},
                                            {0, 17000, 3000}, {1, 0, 5000},    {1, 5000, 3000}};
    static const struct {
        int64_t most;
        const struct plan_piece *pieces;
        size_t count;
    } CASES[] = {{20000, WHOLE, 2}, {19999, PARTED, 3}, {8000, PARTED, 3}, {5000, CUT, 6}};
    struct plan plan;
    make(&plan);
    for (size_t c = 0; c < sizeof CASES / sizeof *CASES; c++) {
        struct plan_piece piece = {0};
        for (size_t i = 0; i < CASES[c].count; i++) {
            assert_true(plan_next_piece(&plan, CASES[c].most, &piece));
            const struct plan_piece *wanted = &CASES[c].pieces[i];
            assert_true(piece.channel == wanted->channel && piece.at == wanted->at &&
                        piece.frames == wanted->frames);
        }
        assert_false(plan_next_piece(&plan, CASES[c].most, &piece));
    }
    struct plan_piece none = {0};
    assert_false(plan_next_piece(&plan, 0, &none));
    plan_free(&plan);
    assert_false(plan_next_piece(&plan, 100, &none));
}

static void test_wav_head(void **state)
{
    (void)state;
    static const unsigned char WANTED[] = "RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0"
                                          "\x80\x3e\0\0\2\0\x10\0data\x08\0\0\0";
    unsigned char head[WAV_HEAD_SIZE];
    wav_head(8000, 4, head);
    assert_memory_equal(head, WANTED, sizeof head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),         cmocka_unit_test(test_times),
        cmocka_unit_test(test_silent_places),   cmocka_unit_test(test_it_is_read_back),
        cmocka_unit_test(test_what_is_no_plan), cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_wav_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
