/*
 * The waveform that bytes give as they go by is the one that a decoder gives of the finished file.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "audio/peaks.h"
#include "audio/peaks_stream.h"
#include "decoder/sound.h"
#include "wave_forms.h"

enum { FRAMES = 512 };

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
        make_any(&seed, made);
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
