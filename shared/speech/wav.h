/*
 * The head of a WAV file of mono 16-bit samples: RIFF, fmt and data, without anything else
 * (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0"). Pure.
 */
#ifndef TAPEDECK_SPEECH_WAV_H
#define TAPEDECK_SPEECH_WAV_H

#include <stdint.h>

enum { WAV_HEAD_SIZE = 44, WAV_SAMPLE_BYTES = 2 };

/* `frames` samples follow it, at most 2^30; `out` holds WAV_HEAD_SIZE bytes. */
void wav_head(int rate, int64_t frames, unsigned char *out);

#endif
