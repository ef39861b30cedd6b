#include "peaks.h"

#include <stdlib.h>

/* A multiple of 1, 2, 4 and 8 channels. */
enum { LANES = 16 };

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

/* Frames with their channels side by side. Where these fit, sixteen samples are looked at together,
 * which compilers make a few instructions of. */
static void widen_by(struct range8 *pixel, const int16_t *samples, size_t frames, size_t channels)
{
    int16_t low[LANES], high[LANES];
    size_t count = frames * channels, together = LANES % channels == 0 ? count - count % LANES : 0;
    for (size_t l = 0; l < LANES && together > 0; l++) {
        low[l] = high[l] = samples[l];
    }
    for (size_t i = LANES; i < together; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            int16_t sample = samples[i + l];
            low[l] = (int16_t)(sample < low[l] ? sample : low[l]);
            high[l] = (int16_t)(sample > high[l] ? sample : high[l]);
        }
    }
    for (size_t l = 0; l < LANES && together > 0; l++) {
        widen(&pixel[l % channels], low[l], high[l]);
    }
    for (size_t i = together; i < count; i++) {
        widen(&pixel[i % channels], samples[i], samples[i]);
    }
}

/* Frames that fit in the pixel that is being filled. */
static void add_to_pixel(struct peaks *peaks, const int16_t *samples, size_t frames)
{
    if (peaks->filled == 0 && peaks->count == PEAKS_PIXELS_MAX) {
        halve(peaks);
    }
    struct range8 *pixel = pixel_at(peaks, peaks->count);
    for (int c = 0; c < peaks->channels; c++) {
        if (peaks->filled == 0) {
            pixel[c] = (struct range8){.low = samples[c], .high = samples[c]};
        }
    }
    widen_by(pixel, samples, frames, (size_t)peaks->channels);
    peaks->filled += (int64_t)frames;
    if (peaks->filled == peaks->pixel_frames) {
        peaks->filled = 0;
        peaks->count++;
    }
}

void peaks_add(struct peaks *peaks, const int16_t *samples, int64_t frames)
{
    peaks->frames += frames;
    while (frames > 0) {
        int64_t room = peaks->pixel_frames - peaks->filled, n = frames < room ? frames : room;
        add_to_pixel(peaks, samples, (size_t)n);
        samples += n * peaks->channels;
        frames -= n;
    }
}

int64_t peaks_frames(const struct peaks *peaks)
{
    return peaks->frames;
}

/* In 8 bits, towards zero, as audiowaveform does: the faintest noise is silence. Gives the end. */
static char *put_sample(char *at, int16_t sample)
{
    int value = sample / 256, size = value < 0 ? -value : value;
    if (value < 0) {
        *at++ = '-';
    }
    if (size >= 100) {
        *at++ = (char)('0' + size / 100);
    }
    if (size >= 10) {
        *at++ = (char)('0' + size / 10 % 10);
    }
    *at++ = (char)('0' + size % 10);
    return at;
}

/* Thousands of them: printf would take longer than all else. */
static void put_range(struct buf *out, const struct range8 *range, bool first)
{
    char text[16], *at = text;
    if (!first) {
        *at++ = ',';
    }
    at = put_sample(at, range->low);
    *at++ = ',';
    at = put_sample(at, range->high);
    buf_add(out, text, (size_t)(at - text));
}

void peaks_print(const struct peaks *peaks, struct buf *out)
{
    size_t count = peaks->count + (peaks->filled > 0);
    buf_format(out,
               "{\"version\":2,\"channels\":%d,\"sample_rate\":%d,\"samples_per_pixel\":%lld,"
               "\"bits\":8,\"length\":%zu,\"data\":[",
               peaks->channels, peaks->rate, (long long)peaks->pixel_frames, count);
    for (size_t i = 0; i < count * (size_t)peaks->channels; i++) {
        put_range(out, &peaks->pixels[i], i == 0);
    }
    buf_text(out, "]}");
}
