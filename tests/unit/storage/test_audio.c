#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/audio.h"

#define FMT "fmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
#define WAVE(riff, data) "RIFF" riff "WAVE" FMT "data" data
#define SAMPLES "\1\2\3\4"
#define JUNK "JUNK\4\0\0\0\0\0\0\0"

struct piece {
    const char *bytes;
    size_t len;
};
#define PIECE(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* What these bytes are, with `behind` zeros after them. */
static enum audio_verdict look(struct piece piece, int64_t behind, bool whole,
                               struct audio_facts *facts)
{
    int fd = memfd_create("audio", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, piece.bytes, piece.len) == (ssize_t)piece.len);
    int64_t size = (int64_t)piece.len + behind;
    assert_int_equal(ftruncate(fd, size), 0);
    enum audio_verdict verdict = audio_look(fd, size, whole, facts);
    close(fd);
    return verdict;
}

static void test_waves(void **state)
{
    (void)state;
    static const struct {
        struct piece piece;
        int64_t behind;
        enum audio_verdict verdict;
        int64_t said, end;
    } cases[] = {
        {PIECE(WAVE("\x28\0\0\0", "\4\0\0\0") SAMPLES), 0, AUDIO_GOOD, 48, 48},
        {PIECE(WAVE("\x29\0\0\0", "\4\0\0\0") SAMPLES), 0, AUDIO_GOOD, 49, 49},
        {PIECE(WAVE("\x28\0\0\0", "\0\0\0\0") SAMPLES), 0, AUDIO_GOOD, 48, -1},
        {PIECE(WAVE("\x28\0\0\0", "\5\0\0\0") SAMPLES), 0, AUDIO_GOOD, 48, -1},
        {PIECE(WAVE("\x24\0\0\0", "\4\0\0\0") SAMPLES), 0, AUDIO_GOOD, 44, -1},
        {PIECE(WAVE("\x28\0\0\0", "\4\0\0\0") SAMPLES), 99, AUDIO_GOOD, 48, 48},
        {PIECE(WAVE("\x24\xf0\xff\x7f", "\0\xf0\xff\x7f") SAMPLES), 0, AUDIO_GOOD, -1, -1},
        {PIECE(WAVE("\xff\xff\xff\xff", "\xff\xff\xff\xff") SAMPLES), 0, AUDIO_GOOD, -1, -1},
        {PIECE(WAVE("\0\0\0\0", "\0\0\0\0")), 8, AUDIO_GOOD, -1, -1}, /* silence */
        {PIECE(WAVE("\x24\0\0\0", "\0\0\0\0")), 0, AUDIO_EMPTY, 44, -1},
        {PIECE(WAVE("\x24\0\0\0", "\4\0\0\0")), 0, AUDIO_EMPTY, 44, -1},
        {PIECE(WAVE("\xff\xff\xff\xff", "\xff\xff\xff\xff")), 0, AUDIO_EMPTY, -1, -1},
        {PIECE(WAVE("\x30\0\0\0", "\0\0\0\0") JUNK), 0, AUDIO_EMPTY, 56, -1},
        {PIECE(WAVE("\x30\0\0\0", "\0\0\0\0") JUNK JUNK), 0, AUDIO_EMPTY, 56, -1},
        {PIECE("RIFF\x1c\0\0\0WAVE" FMT), 0, AUDIO_EMPTY, 36, -1},
        {PIECE("RIFF\4\0\0\0WAVE"), 0, AUDIO_EMPTY, 12, -1},
        /* What nobody can follow is left to a decoder. */
        {PIECE("RIFF\x28\0\0\0WAVEfmt \x01\x01\x01\x01"), 100, AUDIO_GOOD, 48, -1},
        {PIECE("RIFF\x28\0\0\0WAVE\1\2\3\4\0\0\0\0"), 100, AUDIO_GOOD, 48, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct audio_facts facts;
        assert_int_equal(look(cases[i].piece, cases[i].behind, true, &facts), cases[i].verdict);
        assert_int_equal(facts.kind, AUDIO_WAV);
        assert_int_equal(facts.said, cases[i].said);
        assert_int_equal(facts.end, cases[i].verdict == AUDIO_GOOD ? cases[i].end : facts.end);
    }
}

/* While it arrives. */
static void test_more(void **state)
{
    (void)state;
    static const struct piece WHOLE = PIECE(WAVE("\x28\0\0\0", "\4\0\0\0") SAMPLES);
    static const struct piece MAYBE = PIECE(WAVE("\x30\0\0\0", "\0\0\0\0") JUNK);
    static const struct piece SOUND = PIECE(WAVE("\x30\0\0\0", "\0\0\0\0") SAMPLES SAMPLES);
    struct audio_facts facts;
    for (size_t len = 0; len <= WHOLE.len; len++) {
        enum audio_verdict verdict = look((struct piece){WHOLE.bytes, len}, 0, false, &facts);
        assert_int_equal(verdict, len > 44 ? AUDIO_GOOD : AUDIO_MORE);
    }
    assert_int_equal(look(MAYBE, 0, false, &facts), AUDIO_MORE);
    assert_int_equal(look(SOUND, 0, false, &facts), AUDIO_GOOD);
    assert_int_equal(look((struct piece)PIECE("ID3\4\0\0\0\0\x0f\x76"), 4000, false, &facts),
                     AUDIO_MORE);
    assert_int_equal(look((struct piece)PIECE(""), 4000, false, &facts), AUDIO_MORE);
    assert_int_equal(look((struct piece)PIECE(""), 100000, false, &facts), AUDIO_NONE);
    assert_int_equal(look((struct piece)PIECE("<!DOCTYPE html>"), 0, false, &facts), AUDIO_NONE);
    assert_int_equal(look((struct piece)PIECE("{\n\t\"code\": 20404}"), 0, false, &facts),
                     AUDIO_NONE);
}

static void test_others(void **state)
{
    (void)state;
    static const struct {
        struct piece piece;
        int64_t behind;
        enum audio_verdict verdict;
        enum audio_kind kind;
    } cases[] = {
        {PIECE("RIFF\x24\0\0\0AVI "), 99, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE("riff\x24\0\0\0WAVE"), 99, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE("RIFF\x24\0\0\0wave"), 99, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE(" RIFF\x24\0\0\0WAVE"), 99, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE("RIFF\x24\0\0\0WAV"), 0, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE(""), 0, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE(""), 99, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE("<?xml version='1.0'?>"), 0, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 0, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE("\xff\xfb\x90\x64"), 999, AUDIO_NONE, AUDIO_MP3},
        {PIECE("ID3\4\0\0\0\0\x0f\x76"), 9999, AUDIO_NONE, AUDIO_MP3},
        {PIECE("ID3\4\0\0\0\0\x0f\x76"), 99, AUDIO_NONE, AUDIO_MP3},
        {PIECE("APETAGEX"), 99, AUDIO_NONE, AUDIO_MP3},
        {PIECE("fLaC\x80\0\0\4" SAMPLES "\xff"), 0, AUDIO_GOOD, AUDIO_FLAC},
        {PIECE("fLaC\x80\0\0\4" SAMPLES), 0, AUDIO_EMPTY, AUDIO_FLAC},
        {PIECE("fLaC\0\0\0\4" SAMPLES "\x84\0\0\4" SAMPLES), 0, AUDIO_EMPTY, AUDIO_FLAC},
        {PIECE("OggSOggSOggS"), 99, AUDIO_NONE, AUDIO_UNKNOWN},
        {PIECE("OggS\0\2"), 99, AUDIO_UNSUPPORTED, AUDIO_UNKNOWN},
        {PIECE("....ftypM4A "), 99, AUDIO_UNSUPPORTED, AUDIO_UNKNOWN},
        {PIECE("FORM....AIFF"), 99, AUDIO_UNSUPPORTED, AUDIO_UNKNOWN},
        {PIECE(".snd........"), 99, AUDIO_UNSUPPORTED, AUDIO_UNKNOWN},
        {PIECE("#!AMR\n......"), 99, AUDIO_UNSUPPORTED, AUDIO_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct audio_facts facts;
        assert_int_equal(look(cases[i].piece, cases[i].behind, true, &facts), cases[i].verdict);
        assert_int_equal(facts.kind, cases[i].kind);
        assert_int_equal(facts.start, 0);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"", "wav", "mp3", "flac", "oga", "w64"};
    static const char *const TYPES[] = {"application/octet-stream",
                                        "audio/wav",
                                        "audio/mpeg",
                                        "audio/flac",
                                        "audio/ogg",
                                        "audio/x-w64"};
    for (int kind = 0; kind < AUDIO_KINDS; kind++) {
        assert_string_equal(audio_extension((enum audio_kind)kind), NAMES[kind]);
        assert_string_equal(audio_content_type((enum audio_kind)kind), TYPES[kind]);
        assert_int_equal(audio_kind_named(NAMES[kind], strlen(NAMES[kind])), kind);
    }
    assert_int_equal(audio_kind_named("wave", 3), AUDIO_WAV); /* its length decides */
    assert_int_equal(audio_kind_named("wave", 4), AUDIO_UNKNOWN);
    assert_int_equal(audio_kind_named("WAV", 3), AUDIO_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waves),
        cmocka_unit_test(test_more),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
