/*
 * Finds where somebody speaks in one channel of a recording, by its level. Pure.
 *
 * The level of a block is the root mean square of its 16-bit samples. The threshold depends on the
 * channel's own noise, within limits that fit telephone lines.
 */
#ifndef TAPEDECK_SPEECH_SILENCE_H
#define TAPEDECK_SPEECH_SILENCE_H

#include <stddef.h>
#include <stdint.h>

enum { SILENCE_BLOCK_MS = 20, SILENCE_STRETCH_MS_MAX = 60000 };

/* Some speech, with the short pauses in it and a little of the silence around it; in blocks. */
struct silence_stretch {
    size_t from, count;
    size_t voiced; /* the loud ones of them */
};

/* The level of `count` samples, from the sum of their squares. */
uint16_t silence_level(uint64_t squares, size_t count);

/* Finds the stretches of speech, in order, none longer than SILENCE_STRETCH_MS_MAX: a longer one is
 * parted where it is quietest. Gives how many there are, at most `limit`; what is beyond is silence
 * to us. */
size_t silence_find(const uint16_t *levels, size_t count, struct silence_stretch *out,
                    size_t limit);

#endif
