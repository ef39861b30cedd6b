/*
 * A part of a WAV file as a WAV file of its own: another header, and a stretch of the samples as
 * they are. Of what needs no decoder (plain_wave.h). Pure.
 */
#ifndef TAPEDECK_STORAGE_WAVE_CUT_H
#define TAPEDECK_STORAGE_WAVE_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "plain_wave.h"

enum { WAVE_CUT_HEAD_MAX = 58 };

struct wave_cut {
    unsigned char head[WAVE_CUT_HEAD_MAX];
    size_t head_len;
    int64_t from, length; /* the samples' bytes in the file */
};

/* From `from_ms` up to `to_ms` (-1: to the end) of a file of `size` bytes whose header says `wave`.
 * RESULT_INVALID: nothing of it lies there. */
enum result wave_cut(const struct plain_wave *wave, int64_t size, int64_t from_ms, int64_t to_ms,
                     struct wave_cut *out);

#endif
