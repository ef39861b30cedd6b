#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "audio/peaks.h"
#include "clients/json.h"
#include "storage/plain_wave.h"

enum { RATE = 8000, PIXEL = RATE * PEAKS_PIXEL_MS / 1000 };

static void print(struct peaks *peaks, struct buf *out)
{
    buf_init(out, PEAKS_JSON_MAX);
    peaks_print(peaks, out);
    assert_true(buf_ok(out));
}

/* So many frames of one loudness a channel: now up, now down. */
static void add_tone(struct peaks *peaks, int channels, const int16_t *loudness, int64_t frames)
{
    for (int64_t i = 0; i < frames; i++) {
        int16_t frame[8];
        for (int c = 0; c < channels; c++) {
            frame[c] = (int16_t)(i % 2 == 0 ? loudness[c] : -loudness[c]);
        }
        peaks_add(peaks, frame, 1);
    }
}

static void test_two_channels(void **state)
{
    (void)state;
    static const int16_t LEFT[] = {0x2000, 0}, RIGHT[] = {0, 0x4000};
    struct buf out;
    struct peaks *peaks = peaks_new(2, RATE);
    assert_non_null(peaks);
    add_tone(peaks, 2, LEFT, PIXEL);
    add_tone(peaks, 2, RIGHT, PIXEL);
    assert_int_equal(peaks_frames(peaks), 2 * PIXEL);
    print(peaks, &out);
    assert_string_equal(buf_str(&out), "{\"version\":2,\"channels\":2,\"sample_rate\":8000,"
                                       "\"samples_per_pixel\":800,\"bits\":8,\"length\":2,"
                                       "\"data\":[-32,32,0,0,0,0,-64,64]}");
    buf_free(&out);
    peaks_free(peaks);
}

/* The extremes fit in 8 bits, the faintest noise is silence, the last pixel may be short. */
static void test_values(void **state)
{
    (void)state;
    static const int16_t LOUD[] = {INT16_MIN, INT16_MAX, 0}, FAINT[] = {-255, 255};
    struct buf out;
    struct peaks *peaks = peaks_new(1, RATE);
    assert_non_null(peaks);
    peaks_add(peaks, LOUD, 3);
    for (int i = 0; i < PIXEL - 3; i++) {
        peaks_add(peaks, LOUD + 2, 1);
    }
    peaks_add(peaks, FAINT, 2);
    print(peaks, &out);
    assert_non_null(strstr(buf_str(&out), "\"length\":2,\"data\":[-128,127,0,0]}"));
    buf_free(&out);
    peaks_free(peaks);
}

/* `frames` of them; the loud ones are those from `from` on, PIXEL many. */
static struct json *peaks_of(int64_t frames, int64_t from)
{
    static const int16_t LOUD = 0x3000, SILENT = 0;
    struct buf out;
    struct json *json;
    struct peaks *peaks = peaks_new(1, RATE);
    assert_non_null(peaks);
    for (int64_t i = 0; i < frames; i++) {
        peaks_add(peaks, i >= from && i < from + PIXEL ? &LOUD : &SILENT, 1);
    }
    print(peaks, &out);
    assert_int_equal(json_parse(buf_str(&out), out.len, &json), RESULT_OK);
    buf_free(&out);
    peaks_free(peaks);
    return json;
}

static void test_long_calls_are_coarser(void **state)
{
    (void)state;
    static const struct {
        int64_t pixels; /* of 100 ms */
        int64_t length, frames_a_pixel;
    } cases[] = {
        {PEAKS_PIXELS_MAX - 1, PEAKS_PIXELS_MAX - 1, PIXEL},
        {PEAKS_PIXELS_MAX, PEAKS_PIXELS_MAX, PIXEL},
        {PEAKS_PIXELS_MAX + 1, PEAKS_PIXELS_MAX / 2 + 1, 2 * PIXEL},
        {2 * PEAKS_PIXELS_MAX, PEAKS_PIXELS_MAX, 2 * PIXEL},
        {2 * PEAKS_PIXELS_MAX + 1, PEAKS_PIXELS_MAX / 2 + 1, 4 * PIXEL},
        {36000, 4500, 8 * PIXEL}, /* an hour */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t from = cases[i].pixels / 3 * PIXEL;
        struct json *json = peaks_of(cases[i].pixels * PIXEL, from);
        assert_int_equal(json_int_at(json, "length", -1), cases[i].length);
        assert_int_equal(json_int_at(json, "samples_per_pixel", -1), cases[i].frames_a_pixel);
        assert_int_equal(json_count(json_list_at(json, "data")), 2 * cases[i].length);
        json_free(json);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    struct buf out;
    struct peaks *peaks = peaks_new(1, RATE);
    assert_non_null(peaks);
    assert_int_equal(peaks_frames(peaks), 0);
    print(peaks, &out);
    assert_non_null(strstr(buf_str(&out), "\"length\":0,\"data\":[]}"));
    buf_free(&out);
    peaks_free(peaks);
    peaks_free(NULL);
}

/* The same, in the plainest way. */
static void print_plainly(const int16_t *samples, size_t frames, size_t channels, struct buf *out)
{
    buf_init(out, PEAKS_JSON_MAX);
    buf_format(out,
               "{\"version\":2,\"channels\":%zu,\"sample_rate\":8000,\"samples_per_pixel\":800,"
               "\"bits\":8,\"length\":%zu,\"data\":[",
               channels, (frames + PIXEL - 1) / PIXEL);
    for (size_t from = 0; from < frames; from += PIXEL) {
        for (size_t c = 0; c < channels; c++) {
            int low = samples[from * channels + c], high = low;
            for (size_t i = from; i < frames && i < from + PIXEL; i++) {
                int sample = samples[i * channels + c];
                low = sample < low ? sample : low;
                high = sample > high ? sample : high;
            }
            buf_format(out, "%s%d,%d", from + c > 0 ? "," : "", low / 256, high / 256);
        }
    }
    buf_text(out, "]}");
}

/* However many channels there are, and in whatever pieces they come. */
static void test_any_channels_in_any_pieces(void **state)
{
    enum { FRAMES = 5 * PIXEL + 123 };
    int16_t *samples = malloc(FRAMES * SOUND_CHANNELS_MAX * sizeof *samples);
    uint32_t seed = 1;
    (void)state;
    assert_non_null(samples);
    for (size_t channels = 1; channels <= SOUND_CHANNELS_MAX; channels++) {
        struct buf ours, plain;
        struct peaks *peaks = peaks_new((int)channels, RATE);
        assert_non_null(peaks);
        for (size_t i = 0; i < FRAMES * channels; i++) {
            seed = seed * 1664525 + 1013904223;
            samples[i] = (int16_t)((int16_t)(seed >> 16) >> (seed >> 8) % 8);
        }
        for (size_t at = 0, n; at < FRAMES; at += n) {
            seed = seed * 1664525 + 1013904223;
            n = 1 + (seed >> 16) % 300;
            n = n < FRAMES - at ? n : FRAMES - at;
            peaks_add(peaks, samples + at * channels, (int64_t)n);
        }
        print(peaks, &ours);
        print_plainly(samples, FRAMES, channels, &plain);
        assert_string_equal(buf_str(&ours), buf_str(&plain));
        buf_free(&ours);
        buf_free(&plain);
        peaks_free(peaks);
    }
    free(samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_channels),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_long_calls_are_coarser),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_any_channels_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
