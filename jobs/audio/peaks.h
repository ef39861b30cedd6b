/*
 * The waveform of a recording: for each stretch of time and each channel its lowest and highest
 * sample, as audiowaveform's JSON, version 2, 8 bits (audiowaveform, doc/DataFormat.md).
 *
 * A pixel is PEAKS_PIXEL_MS of sound; in a long call twice that, four times that, and so on, so
 * that there are at most PEAKS_PIXELS_MAX. One pass, without knowing the length before; memory does
 * not grow with the recording. Pure but for memory.
 */
#ifndef TAPEDECK_JOBS_AUDIO_PEAKS_H
#define TAPEDECK_JOBS_AUDIO_PEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { PEAKS_PIXEL_MS = 100, PEAKS_PIXELS_MAX = 7200, PEAKS_JSON_MAX = 1 << 20 };

struct peaks;

/* NULL without memory. `channels` and `rate` are within the bounds of storage/plain_wave.h.
 * peaks_free(NULL) is safe. */
struct peaks *peaks_new(int channels, int rate);
void peaks_free(struct peaks *peaks);

/* More sound: frames with their channels side by side. */
void peaks_add(struct peaks *peaks, const int16_t *samples, int64_t frames);

/* Frames so far. */
int64_t peaks_frames(const struct peaks *peaks);

/* Appends the document of what was added so far, the last and perhaps shorter pixel included. */
void peaks_print(const struct peaks *peaks, struct buf *out);

#endif
