/*
 * WAV files whose samples need no decoder: PCM of 8 and 16 bits, µ-law and A-law, which is all that
 * Twilio sends (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0";
 * ITU-T G.711). What is anything else, or odd in any way, is left to a decoder. Pure.
 */
#ifndef TAPEDECK_STORAGE_PLAIN_WAVE_H
#define TAPEDECK_STORAGE_PLAIN_WAVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* What is within these bounds is sound to us; what is not is refused, by decoders too. */
enum { SOUND_CHANNELS_MAX = 8, SOUND_RATE_MIN = 1000, SOUND_RATE_MAX = 384000 };

/* A header is looked for in so many bytes. */
enum { PLAIN_WAVE_HEAD_MAX = 4096 };

enum plain_coding { CODING_PCM16, CODING_PCM8, CODING_MULAW, CODING_ALAW };

struct plain_wave {
    enum plain_coding coding;
    int channels, rate; /* within the bounds */
    size_t frame;       /* bytes of a frame */
    int64_t data_at;    /* where the samples begin */
    int64_t data_size;  /* bytes of samples by the header; -1: it does not say */
};

/* Reads the head of a file. RESULT_NOT_FOUND: it goes on behind these `len` bytes;
 * RESULT_INVALID: it is for a decoder. */
enum result plain_wave_read(const unsigned char *head, size_t len, struct plain_wave *out);

enum { PLAIN_WAVE_CODES = 256 };

/* What each byte of the three codings of 8 bits stands for, as 16-bit samples. */
void plain_wave_table(enum plain_coding coding, int16_t table[PLAIN_WAVE_CODES]);

/* The samples of so many frames, their channels side by side; `table` is the coding's. */
void plain_wave_samples(const struct plain_wave *wave, const int16_t table[PLAIN_WAVE_CODES],
                        const unsigned char *bytes, size_t frames, int16_t *samples);

#endif
