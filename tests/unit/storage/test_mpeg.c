#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "storage/mpeg.h"

enum { FRAME = 144 }; /* MPEG 2.5, 16 kbit/s, 8 kHz */

static void test_frames(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        size_t size;
    } cases[] = {
        {"\xff\xfb\x90\x64", 417}, /* MPEG 1 layer III, 128 kbit/s, 44.1 kHz */
        {"\xff\xfb\x92\x64", 418}, /* padded */
        {"\xff\xfa\x90\x64", 417}, /* with a CRC */
        {"\xff\xf3\x40\xc4", 104}, /* MPEG 2, 32 kbit/s, 22.05 kHz */
        {"\xff\xf2\x40\xc4", 104},   {"\xff\xe3\x28\xc4", FRAME},
        {"\xff\xe2\x28\xc4", FRAME}, {"\xff\xfb\x10\0", 104}, /* the lowest bit rate */
        {"\xff\xfb\xea\0", 1441},                             /* the most bytes */
        {"\xff\xeb\x90\x64", 0},                              /* a reserved version */
        {"\xff\xf9\x90\x64", 0},                              /* layer reserved: AAC in ADTS */
        {"\xff\xf1\x90\x64", 0},                              /* the same, MPEG 2 */
        {"\xff\xfd\x90\x64", 0},                              /* layer II */
        {"\xff\xff\x90\x64", 0},                              /* layer I */
        {"\xff\xfb\x00\x64", 0},                              /* bit rate "free" */
        {"\xff\xfb\xf0\x64", 0},                              /* a bit rate that is none */
        {"\xff\xfb\x9c\x64", 0},                              /* a reserved sample rate */
        {"\xfe\xfb\x90\x64", 0},                              /* ten sync bits */
        {"\xff\xdb\x90\x64", 0},     {"\x7f\xfb\x90\x64", 0},
        {"\xff\xfe<\0", 0}, /* a UTF-16 byte order mark */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(mpeg_frame_size((const unsigned char *)cases[i].head), cases[i].size);
    }
}

/* 3 versions x CRC or not; 14 bit rates x 3 sample rates x padding x private: and no others. */
static void test_frames_counted(void **state)
{
    (void)state;
    unsigned char head[4] = {0xff};
    int good = 0;
    for (int second = 0; second < 256; second++) {
        for (int third = 0; third < 256; third++) {
            head[1] = (unsigned char)second;
            head[2] = (unsigned char)third;
            size_t size = mpeg_frame_size(head);
            assert_true(size <= MPEG_FRAME_MAX);
            good += size > 0;
        }
    }
    assert_int_equal(good, 3 * 2 * 14 * 3 * 2 * 2);
}

/* `before` bytes of `fill`, then frames, then `behind` more of it; in memory of exactly that size,
 * so that the sanitizer sees a step too far. */
static int64_t find_in(size_t before, size_t frames, size_t behind, int fill, bool at_end)
{
    size_t len = before + frames * FRAME + behind;
    unsigned char *bytes = calloc(len > 0 ? len : 1, 1);
    assert_non_null(bytes);
    memset(bytes, fill, before);
    memset(bytes + len - behind, fill, behind);
    for (size_t i = 0; i < frames; i++) {
        memcpy(bytes + before + i * FRAME, "\xff\xe3\x28\xc4", 4);
    }
    int64_t found = mpeg_find(bytes, len, at_end);
    free(bytes);
    return found;
}

static void test_find(void **state)
{
    (void)state;
    static const size_t BEFORE[] = {0, 1, 2, 3, 4, 100, 417, 5000};
    for (size_t i = 0; i < sizeof BEFORE / sizeof *BEFORE; i++) {
        for (int fill = 0; fill < 0x100; fill += 0xff) {
            int64_t at = (int64_t)BEFORE[i];
            assert_int_equal(find_in(BEFORE[i], 3, 0, fill, false), at);
            assert_int_equal(find_in(BEFORE[i], 3, 100, fill, true), at);
            assert_int_equal(find_in(BEFORE[i], 2, 0, fill, true), at);
            assert_int_equal(find_in(BEFORE[i], 1, 0, fill, true), at);
            assert_int_equal(find_in(BEFORE[i], 2, 0, fill, false), -1); /* more may come */
            assert_int_equal(find_in(BEFORE[i], 2, 100, fill, true), -1);
            assert_int_equal(find_in(BEFORE[i], 1, 100, fill, true), -1);
            assert_int_equal(find_in(BEFORE[i], 0, 100, fill, true), -1);
        }
    }
    assert_int_equal(find_in(0, 0, 0, 0, true), -1);
}

/* Frames of another stream in between are no frames in a row. */
static void test_streams_do_not_mix(void **state)
{
    (void)state;
    unsigned char bytes[3 * FRAME] = {0};
    memcpy(bytes, "\xff\xe3\x28\xc4", 4);
    memcpy(bytes + FRAME, "\xff\xfb\x10\xc4", 4);
    memcpy(bytes + FRAME + 104, "\xff\xe3\x28\xc4", 4);
    assert_int_equal(mpeg_find(bytes, sizeof bytes, false), -1);
}

static void test_tags(void **state)
{
    (void)state;
    static const struct {
        unsigned char head[MPEG_TAG_HEAD];
        int64_t size;
    } cases[] = {
        {"ID3\x03\0\0\0\0\0\0", 10},
        {"ID3\x04\0\0\0\0\x01\x7f", 10 + 255},
        {"ID3\x04\0\x10\0\0\x01\x7f", 20 + 255}, /* with a footer */
        {"ID3\x04\0\0\x7f\x7f\x7f\x7f", 10 + 0xfffffff},
        {"ID3\x04\0\0\0\0\x01\x80", 0},
        {"ID3\xff\0\0\0\0\0\0", 0},
        {"ID2\x03\0\0\0\0\0\0", 0},
        {"APETAGEX\xd0\x07\0\0\x34\x12\0\0", 32 + 0x1234},
        {"APETAGEX\xd0\x07\0\0\xff\xff\xff\xff", 32 + INT64_C(0xffffffff)},
        {"APETAGEY\xd0\x07\0\0\x34\x12\0\0", 0},
        {"TAG", 0},
        {"\xff\xfb\x90\x64", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(mpeg_tag_size(cases[i].head), cases[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames), cmocka_unit_test(test_frames_counted),
        cmocka_unit_test(test_find),   cmocka_unit_test(test_streams_do_not_mix),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
