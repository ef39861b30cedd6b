/*
 * The sound of a finished recording that needs no decoder (storage/plain_wave.h): the same samples
 * as a decoder gives, read in this process. Memory does not grow with the recording.
 */
#ifndef TAPEDECK_JOBS_AUDIO_PLAIN_SOUND_H
#define TAPEDECK_JOBS_AUDIO_PLAIN_SOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "storage/plain_wave.h"

/* How many frames a decoder finds in a file of `size` bytes with this header. -1: what the whole
 * file shows is not what its header says, so that a decoder has to look. */
int64_t plain_sound_frames(const struct plain_wave *wave, int fd, int64_t size);

struct plain_sound;

/* The descriptor becomes the sound's. RESULT_INVALID: a decoder has to look; RESULT_FAILED: there
 * is no memory; then it stays the caller's. plain_sound_close(NULL) is safe. */
enum result plain_sound_open(int fd, struct plain_sound **out);
void plain_sound_close(struct plain_sound *sound);

int plain_sound_channels(const struct plain_sound *sound);
int plain_sound_rate(const struct plain_sound *sound);

/* Reads at most `count` frames, their channels side by side. Gives how many; 0 at the end. */
int64_t plain_sound_read(struct plain_sound *sound, int16_t *samples, int64_t count);

/* Reads from the first frame again. */
void plain_sound_rewind(struct plain_sound *sound);

#endif
