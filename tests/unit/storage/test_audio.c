#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "storage/audio.h"

#define REST "\0\0\0\0\0\0\0\0\0\0\0\0"

/* In memory of exactly `len` bytes, so that the sanitizer sees a step too far. */
static enum audio_kind kind_of(const char *bytes, size_t len)
{
    unsigned char *head = malloc(len > 0 ? len : 1);
    assert_non_null(head);
    memcpy(head, bytes, len);
    enum audio_kind kind = audio_kind_of(head, len);
    free(head);
    return kind;
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        enum audio_kind kind;
    } cases[] = {
        {"RIFF\x24\0\0\0WAVE", AUDIO_WAV},
        {"RIFF\0\0\0\0WAVE", AUDIO_WAV},
        {"RIFF\xff\xff\xff\xffWAVE", AUDIO_WAV},
        {"RIFFWAVEWAVE", AUDIO_WAV},
        {"RIFF\x24\0\0\0AVI ", AUDIO_UNKNOWN},
        {"RIFF\x24\0\0\0WAVF", AUDIO_UNKNOWN},
        {"RIFF\x24\0\0\0wave", AUDIO_UNKNOWN},
        {"RIFX\0\0\0\x24WAVE", AUDIO_UNKNOWN},
        {"riff\x24\0\0\0WAVE", AUDIO_UNKNOWN},
        {"RF64\xff\xff\xff\xffWAVE", AUDIO_UNKNOWN},
        {" RIFF\x24\0\0\0WAV", AUDIO_UNKNOWN},
        {"ID3\x03\0\0\0\0\0\0\0\0", AUDIO_MP3},
        {"ID3\x04\0\0\0\0\x01\x7f\0\0", AUDIO_MP3},
        {"id3\x03" REST, AUDIO_UNKNOWN},
        {"ID2\x03" REST, AUDIO_UNKNOWN},
        {"TAG" REST, AUDIO_UNKNOWN},
        {"OggS" REST, AUDIO_UNKNOWN},
        {"fLaC" REST, AUDIO_UNKNOWN},
        {"<!DOCTYPE html>", AUDIO_UNKNOWN},
        {"<?xml version='1.0'?>", AUDIO_UNKNOWN},
        {"{\"code\":20404}", AUDIO_UNKNOWN},
        {REST, AUDIO_UNKNOWN},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", AUDIO_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum audio_kind kind = kind_of(cases[i].head, AUDIO_HEAD_SIZE);
        if (kind != cases[i].kind) {
            print_error("case %zu\n", i);
        }
        assert_int_equal(kind, cases[i].kind);
    }
}

static void test_mpeg_frames(void **state)
{
    (void)state;
    static const struct {
        const char *frame;
        enum audio_kind kind;
    } cases[] = {
        {"\xff\xfb\x90\x64", AUDIO_MP3},     /* MPEG 1 layer III, 128 kbit/s, 44.1 kHz */
        {"\xff\xfa\x90\x64", AUDIO_MP3},     /* with a CRC */
        {"\xff\xf3\x40\xc4", AUDIO_MP3},     /* MPEG 2 */
        {"\xff\xf2\x40\xc4", AUDIO_MP3},     /* MPEG 2 with a CRC */
        {"\xff\xe3\x18\xc4", AUDIO_MP3},     /* MPEG 2.5: what lame makes of 8 kHz speech */
        {"\xff\xe2\x18\xc4", AUDIO_MP3},     /* MPEG 2.5 with a CRC */
        {"\xff\xfb\x10\0", AUDIO_MP3},       /* the lowest bit rate */
        {"\xff\xfb\xe8\0", AUDIO_MP3},       /* the highest, at 32 kHz */
        {"\xff\xeb\x90\x64", AUDIO_UNKNOWN}, /* a reserved version */
        {"\xff\xf9\x90\x64", AUDIO_UNKNOWN}, /* layer reserved: AAC in ADTS */
        {"\xff\xf1\x90\x64", AUDIO_UNKNOWN}, /* the same, MPEG 2 */
        {"\xff\xfd\x90\x64", AUDIO_UNKNOWN}, /* layer II */
        {"\xff\xff\x90\x64", AUDIO_UNKNOWN}, /* layer I */
        {"\xff\xfb\x00\x64", AUDIO_UNKNOWN}, /* bit rate "free" */
        {"\xff\xfb\xf0\x64", AUDIO_UNKNOWN}, /* a bit rate that is none */
        {"\xff\xfb\x9c\x64", AUDIO_UNKNOWN}, /* a reserved sample rate */
        {"\xfe\xfb\x90\x64", AUDIO_UNKNOWN}, /* ten sync bits */
        {"\xff\xdb\x90\x64", AUDIO_UNKNOWN},
        {"\x7f\xfb\x90\x64", AUDIO_UNKNOWN},
        {"\0\xff\xfb\x90", AUDIO_UNKNOWN},
        {"\xff\xfe<\0", AUDIO_UNKNOWN}, /* a UTF-16 byte order mark */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char head[AUDIO_HEAD_SIZE] = "";
        memcpy(head, cases[i].frame, 4);
        enum audio_kind kind = kind_of(head, sizeof head);
        if (kind != cases[i].kind) {
            print_error("case %zu\n", i);
        }
        assert_int_equal(kind, cases[i].kind);
    }
}

/* 3 versions x CRC or not; 14 bit rates x 3 sample rates x padding x private: and no others. */
static void test_mpeg_frames_counted(void **state)
{
    (void)state;
    unsigned char head[AUDIO_HEAD_SIZE] = {0xff};
    int good = 0;
    for (int second = 0; second < 256; second++) {
        for (int third = 0; third < 256; third++) {
            head[1] = (unsigned char)second;
            head[2] = (unsigned char)third;
            good += audio_kind_of(head, sizeof head) == AUDIO_MP3;
        }
    }
    assert_int_equal(good, 3 * 2 * 14 * 3 * 2 * 2);
}

static void test_short_input(void **state)
{
    (void)state;
    static const char *const heads[] = {"RIFF\x24\0\0\0WAVE", "ID3\x03" REST, "\xff\xfb\x90" REST};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        for (size_t len = 0; len < AUDIO_HEAD_SIZE; len++) {
            assert_int_equal(kind_of(heads[i], len), AUDIO_UNKNOWN);
        }
        assert_int_not_equal(kind_of(heads[i], AUDIO_HEAD_SIZE), AUDIO_UNKNOWN);
    }
    assert_int_equal(audio_kind_of(NULL, 0), AUDIO_UNKNOWN);
    assert_int_equal(audio_riff_size(NULL, 0), -1);
}

static void test_riff_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        int64_t size;
    } cases[] = {
        {"RIFF\x24\0\0\0WAVE", 44},
        {"RIFF\x01\0\0\0WAVE", 9},
        {"RIFF\x01\x02\x03\x04WAVE", 0x04030201 + 8},
        {"RIFF\xff\xff\xff\0WAVE", 0xffffff + 8},
        {"RIFF\xff\xfe\xff\x7fWAVE", 0x7ffffeff + INT64_C(8)},
        {"RIFF\0\xff\xff\x7fWAVE", -1}, /* from here on: streams that did not know */
        {"RIFF\xff\xff\xff\x7fWAVE", -1},
        {"RIFF\xff\xff\xff\xffWAVE", -1},
        {"RIFF\0\0\0\0WAVE", -1},
        {"RIFF\x24\0\0\0AVI ", -1},
        {"ID3\x03\x24\0\0\0WAVE", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const unsigned char *head = (const unsigned char *)cases[i].head;
        assert_int_equal(audio_riff_size(head, AUDIO_HEAD_SIZE), cases[i].size);
        assert_int_equal(audio_riff_size(head, AUDIO_HEAD_SIZE - 1), -1);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(audio_extension(AUDIO_WAV), "wav");
    assert_string_equal(audio_extension(AUDIO_MP3), "mp3");
    assert_string_equal(audio_content_type(AUDIO_WAV), "audio/wav");
    assert_string_equal(audio_content_type(AUDIO_MP3), "audio/mpeg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_mpeg_frames),
        cmocka_unit_test(test_mpeg_frames_counted),
        cmocka_unit_test(test_short_input),
        cmocka_unit_test(test_riff_sizes),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
