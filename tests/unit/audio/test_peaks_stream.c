/*
 * The waveform that bytes give as they go by is the one that a decoder gives of the finished file.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/peaks.h"
#include "audio/peaks_stream.h"
#include "decoder/sound.h"

enum { FILE_MAX = 400 * 1024, FRAMES = 512 };

struct made {
    unsigned char bytes[FILE_MAX];
    size_t len;
};

struct form {
    uint32_t tag, channels, rate, bits;
    size_t samples;    /* bytes of them */
    const char *extra; /* a chunk before the format, or NULL */
    uint32_t said;     /* the size in the header: 0 the true one */
    bool trailer;      /* another chunk behind */
};

/* As random as it has to be, and the same each time. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void put(struct made *made, const void *bytes, size_t len)
{
    assert_true(made->len + len <= FILE_MAX);
    memcpy(made->bytes + made->len, bytes, len);
    made->len += len;
}

static void put_number(struct made *made, uint32_t value, size_t len)
{
    unsigned char bytes[4];
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
    put(made, bytes, len);
}

static void make(const struct form *form, struct made *made)
{
    uint32_t seed = form->tag + form->channels, frame = form->channels * form->bits / 8;
    uint32_t said = form->said != 0 ? form->said : (uint32_t)form->samples;
    made->len = 0;
    put(made, "RIFF", 4);
    put_number(made, said < 0x7fffff00 ? said + 36 : said, 4);
    put(made, "WAVE", 4);
    if (form->extra != NULL) {
        put(made, "LIST", 4);
        put_number(made, (uint32_t)strlen(form->extra), 4);
        put(made, form->extra, strlen(form->extra) + strlen(form->extra) % 2);
    }
    put(made, "fmt ", 4);
    put_number(made, 16, 4);
    put_number(made, form->tag, 2);
    put_number(made, form->channels, 2);
    put_number(made, form->rate, 4);
    put_number(made, form->rate * frame, 4);
    put_number(made, frame, 2);
    put_number(made, form->bits, 2);
    put(made, "data", 4);
    put_number(made, said, 4);
    for (size_t i = 0; i < form->samples; i++) {
        put_number(made, next_random(&seed), 1);
    }
    if (form->trailer) {
        put(made, form->samples % 2 == 1 ? "\0LIST\4\0\0\0loud" : "LIST\4\0\0\0loud",
            12 + form->samples % 2);
    }
}

static int file_of(const struct made *made)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(made->bytes, 1, made->len, file), made->len);
    assert_int_equal(fflush(file), 0);
    int fd = dup(fileno(file));
    fclose(file);
    return fd;
}

/* What a child would print; "" where it could not read it. */
static void decode(int fd, struct buf *out)
{
    struct sound *sound = NULL;
    int16_t samples[FRAMES * SOUND_CHANNELS_MAX];
    buf_init(out, PEAKS_JSON_MAX);
    assert_true(lseek(fd, 0, SEEK_SET) == 0);
    if (sound_open(fd, &sound) != RESULT_OK) {
        return;
    }
    struct peaks *peaks = peaks_new(sound_channels(sound), sound_rate(sound));
    assert_non_null(peaks);
    for (int64_t n; (n = sound_read(sound, samples, FRAMES)) > 0;) {
        peaks_add(peaks, samples, n);
    }
    if (peaks_frames(peaks) > 0) {
        peaks_print(peaks, out);
    }
    peaks_free(peaks);
    sound_close(sound);
}

/* In pieces of at most so many bytes. */
static enum result stream(const struct made *made, int fd, size_t most, struct buf *out)
{
    struct peaks_stream *s = peaks_stream_new();
    uint32_t seed = (uint32_t)most;
    assert_non_null(s);
    buf_init(out, PEAKS_JSON_MAX);
    for (size_t at = 0; at < made->len;) {
        size_t n = most == 1 ? 1 : 1 + next_random(&seed) % most;
        n = n < made->len - at ? n : made->len - at;
        peaks_stream_add(s, (const char *)made->bytes + at, n);
        at += n;
    }
    enum result result = peaks_stream_finish(s, fd, (int64_t)made->len, out);
    peaks_stream_free(s);
    return result;
}

static enum result compare(const struct made *made)
{
    static const size_t MOST[] = {1, 3, 100, 16 * 1024};
    struct buf decoded, streamed;
    enum result result = RESULT_NOT_FOUND;
    int fd = file_of(made);
    decode(fd, &decoded);
    for (size_t i = 0; i < sizeof MOST / sizeof *MOST; i++) {
        result = stream(made, fd, MOST[i], &streamed);
        if (result == RESULT_OK) {
            assert_string_equal(buf_str(&streamed), buf_str(&decoded));
        }
        buf_free(&streamed);
    }
    buf_free(&decoded);
    close(fd);
    return result;
}

static const struct form PLAIN[] = {
    {1, 1, 8000, 16, 160000, NULL, 0, false},
    {1, 2, 8000, 16, 160000, NULL, 0, false},
    {1, 1, 8000, 8, 80001, NULL, 0, false},
    {1, 2, 16000, 8, 64002, NULL, 0, true},
    {7, 1, 8000, 8, 65536, NULL, 0, false},
    {7, 2, 8000, 8, 65536, NULL, 0, true},
    {6, 1, 8000, 8, 65536, NULL, 0, false},
    {6, 2, 8000, 8, 65537, NULL, 0, true},
    {1, 8, 48000, 16, 320000, "odd", 0, false},
    {1, 2, 44100, 16, 176403, "INFO", 0, true},
    {1, 1, 8000, 16, 3, NULL, 0, false},
    {1, 1, 8000, 16, 30000, NULL, 20000, false},
    {1, 1, 8000, 16, 30000, NULL, 40000, false},
    {1, 2, 8000, 16, 30001, NULL, 0xffffffff, false},
    {7, 1, 8000, 8, 30000, NULL, 0x7ffff000, false},
};

static void test_what_twilio_sends(void **state)
{
    struct made *made = *state;
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
        make(&PLAIN[i], made);
        assert_int_equal(compare(made), RESULT_OK);
    }
}

/* Twice as many frames a pixel, each time there are too many. */
static void test_long_calls(void **state)
{
    struct made *made = *state;
    make(&(struct form){7, 1, 1000, 8, 390000, NULL, 0, false}, made);
    assert_int_equal(compare(made), RESULT_OK);
}

static void test_what_is_for_a_decoder(void **state)
{
    struct made *made = *state;
    static const struct form OTHERS[] = {
        {1, 1, 8000, 24, 30000, NULL, 0, false},  {3, 1, 8000, 32, 30000, NULL, 0, false},
        {17, 1, 8000, 4, 30000, NULL, 0, false},  {0xfffe, 1, 8000, 16, 30000, NULL, 0, false},
        {1, 9, 8000, 16, 180000, NULL, 0, false}, {1, 1, 999, 16, 30000, NULL, 0, false},
        {1, 0, 8000, 16, 30000, NULL, 0, false},  {7, 1, 8000, 16, 30000, NULL, 0, false},
    };
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        make(&OTHERS[i], made);
        assert_int_equal(compare(made), RESULT_NOT_FOUND);
    }
    memset(made->bytes, 'x', 10000);
    made->len = 10000;
    assert_int_equal(compare(made), RESULT_NOT_FOUND);
    made->len = 0;
    assert_int_equal(compare(made), RESULT_NOT_FOUND);
}

/* Whatever a header says: it is the decoder's waveform, or none. */
static void test_any_header(void **state)
{
    struct made *made = *state;
    uint32_t seed = 7, right = 0;
    for (int i = 0; i < 3000; i++) {
        struct form form = PLAIN[next_random(&seed) % (sizeof PLAIN / sizeof *PLAIN)];
        form.samples = 2000 + next_random(&seed) % 2000;
        make(&form, made);
        for (uint32_t n = next_random(&seed) % 4; n > 0; n--) {
            made->bytes[next_random(&seed) % 60] = (unsigned char)next_random(&seed);
        }
        made->len -= next_random(&seed) % 4 == 0 ? next_random(&seed) % made->len : 0;
        right += compare(made) == RESULT_OK;
    }
    assert_true(right > 500);
}

static void test_a_second_file_begins_anew(void **state)
{
    struct made *made = *state;
    struct buf streamed, decoded;
    struct peaks_stream *s = peaks_stream_new();
    make(&PLAIN[1], made);
    peaks_stream_add(s, (const char *)made->bytes, made->len);
    make(&PLAIN[4], made);
    peaks_stream_rewind(s);
    peaks_stream_add(s, (const char *)made->bytes, made->len);
    int fd = file_of(made);
    buf_init(&streamed, PEAKS_JSON_MAX);
    assert_int_equal(peaks_stream_finish(s, fd, (int64_t)made->len, &streamed), RESULT_OK);
    decode(fd, &decoded);
    assert_string_equal(buf_str(&streamed), buf_str(&decoded));
    assert_int_equal(peaks_stream_finish(s, fd, (int64_t)made->len - 1, &streamed),
                     RESULT_NOT_FOUND);
    close(fd);
    buf_free(&streamed);
    buf_free(&decoded);
    peaks_stream_free(s);
}

static void test_without_memory_there_is_none(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, PEAKS_JSON_MAX);
    peaks_stream_add(NULL, "RIFF", 4);
    peaks_stream_rewind(NULL);
    assert_int_equal(peaks_stream_finish(NULL, -1, 0, &out), RESULT_NOT_FOUND);
    peaks_stream_free(NULL);
    buf_free(&out);
}

static int make_room(void **state)
{
    *state = malloc(sizeof(struct made));
    return *state != NULL ? 0 : -1;
}

static int free_room(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_twilio_sends),
        cmocka_unit_test(test_long_calls),
        cmocka_unit_test(test_what_is_for_a_decoder),
        cmocka_unit_test(test_any_header),
        cmocka_unit_test(test_a_second_file_begins_anew),
        cmocka_unit_test(test_without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, make_room, free_room);
}
