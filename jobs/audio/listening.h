/*
 * Finds what of a recording is sent to a speech server, and writes it: the plan (speech/plan.h),
 * then its streams, channel by channel, as mono 16-bit samples.
 *
 * The sound is read once for how loud it is, and once more for each channel that has speech, so
 * memory holds two bytes for each SILENCE_BLOCK_MS and channel, and never the sound.
 */
#ifndef TAPEDECK_JOBS_AUDIO_LISTENING_H
#define TAPEDECK_JOBS_AUDIO_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "storage/plain_wave.h"

/* Whoever gives the samples. */
struct listening_sound {
    int channels, rate; /* within the bounds of storage/plain_wave.h */
    /* At most `count` frames, their channels side by side; gives how many, 0 at the end. */
    int64_t (*read)(void *context, int16_t *samples, int64_t count);
    /* From the first frame again. */
    enum result (*rewind)(void *context);
    void *context;
};

/* Writes at most `most` bytes. RESULT_INVALID: there is no sound in it, it is longer than a day, or
 * more than that would have to be written; RESULT_FAILED: no memory, no disk. */
enum result listening_write(const struct listening_sound *sound, int out, int64_t most);

#endif
