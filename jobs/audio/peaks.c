#include "peaks.h"

#include <stdlib.h>

struct range8 {
    int16_t low, high;
};

struct peaks {
    int channels, rate;
    int64_t pixel_frames;  /* in a pixel */
    int64_t filled;        /* frames in the pixel that is being filled */
    int64_t frames;        /* in all */
    size_t count;          /* finished pixels */
    struct range8 *pixels; /* channels of them a pixel; one pixel more than the most */
};

struct peaks *peaks_new(int channels, int rate)
{
    struct peaks *peaks = calloc(1, sizeof *peaks);
    if (peaks == NULL) {
        return NULL;
    }
    peaks->channels = channels;
    peaks->rate = rate;
    peaks->pixel_frames = (int64_t)rate * PEAKS_PIXEL_MS / 1000;
    peaks->pixels =
        calloc((size_t)(PEAKS_PIXELS_MAX + 1) * (size_t)channels, sizeof *peaks->pixels);
    if (peaks->pixels == NULL) {
        free(peaks);
        return NULL;
    }
    return peaks;
}

void peaks_free(struct peaks *peaks)
{
    if (peaks != NULL) {
        free(peaks->pixels);
        free(peaks);
    }
}

static struct range8 *pixel_at(struct peaks *peaks, size_t index)
{
    return peaks->pixels + index * (size_t)peaks->channels;
}

static void widen(struct range8 *range, int16_t low, int16_t high)
{
    if (low < range->low) {
        range->low = low;
    }
    if (high > range->high) {
        range->high = high;
    }
}

/* Two pixels become one: half as many, twice as long. Their number is even. */
static void halve(struct peaks *peaks)
{
    for (size_t i = 0; i < peaks->count / 2; i++) {
        struct range8 *to = pixel_at(peaks, i);
        const struct range8 *first = pixel_at(peaks, 2 * i);
        const struct range8 *second = pixel_at(peaks, 2 * i + 1);
        for (int c = 0; c < peaks->channels; c++) {
            struct range8 both = first[c];
            widen(&both, second[c].low, second[c].high);
            to[c] = both;
        }
    }
    peaks->count /= 2;
    peaks->pixel_frames *= 2;
}

static void add_frame(struct peaks *peaks, const int16_t *frame)
{
    if (peaks->filled == 0 && peaks->count == PEAKS_PIXELS_MAX) {
        halve(peaks);
    }
    struct range8 *pixel = pixel_at(peaks, peaks->count);
    for (int c = 0; c < peaks->channels; c++) {
        if (peaks->filled == 0) {
            pixel[c] = (struct range8){.low = frame[c], .high = frame[c]};
        } else {
            widen(&pixel[c], frame[c], frame[c]);
        }
    }
    peaks->filled++;
    if (peaks->filled == peaks->pixel_frames) {
        peaks->filled = 0;
        peaks->count++;
    }
}

void peaks_add(struct peaks *peaks, const int16_t *samples, int64_t frames)
{
    for (int64_t i = 0; i < frames; i++) {
        add_frame(peaks, samples + i * peaks->channels);
    }
    peaks->frames += frames;
}

int64_t peaks_frames(const struct peaks *peaks)
{
    return peaks->frames;
}

/* Towards zero, as audiowaveform does: the faintest noise is silence. */
static int to_8_bits(int16_t sample)
{
    return sample / 256;
}

void peaks_print(struct peaks *peaks, struct buf *out)
{
    peaks->count += peaks->filled > 0;
    peaks->filled = 0;
    buf_format(out,
               "{\"version\":2,\"channels\":%d,\"sample_rate\":%d,\"samples_per_pixel\":%lld,"
               "\"bits\":8,\"length\":%zu,\"data\":[",
               peaks->channels, peaks->rate, (long long)peaks->pixel_frames, peaks->count);
    for (size_t i = 0; i < peaks->count * (size_t)peaks->channels; i++) {
        buf_format(out, "%s%d,%d", i > 0 ? "," : "", to_8_bits(peaks->pixels[i].low),
                   to_8_bits(peaks->pixels[i].high));
    }
    buf_text(out, "]}");
}
