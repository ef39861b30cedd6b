/*
 * Decodes sound of every kind that is stored (storage/audio.h); the only home of libsndfile. What a
 * header says wrongly is put right on the way: the file itself stays as it came.
 *
 * The bytes come from outside, so this runs in the decoder alone. Memory does not grow with the
 * recording.
 */
#ifndef TAPEDECK_JOBS_AUDIO_SOUND_H
#define TAPEDECK_JOBS_AUDIO_SOUND_H

#include <stdint.h>

#include "base/result.h"
#include "storage/plain_wave.h"

struct sound;

/* Reads from a descriptor that can seek; it stays the caller's. RESULT_INVALID: it is none of these
 * kinds, or outside the bounds of audio/peaks.h. sound_close(NULL) is safe. */
enum result sound_open(int fd, struct sound **out);
void sound_close(struct sound *sound);

int sound_channels(const struct sound *sound);
int sound_rate(const struct sound *sound); /* frames a second */

/* Reads at most `count` frames, their channels side by side, as 16-bit samples. Gives how many;
 * 0 at the end, which is also where what is left cannot be decoded. */
int64_t sound_read(struct sound *sound, int16_t *samples, int64_t count);

#endif
