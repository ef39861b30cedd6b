/*
 * UTF-8 (RFC 3629) of what came as bytes: whatever is none becomes U+FFFD. Pure.
 */
#ifndef TAPEDECK_BASE_UTF8_H
#define TAPEDECK_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* A character that is under way; start from {0}. */
struct utf8 {
    unsigned char bytes[4];
    unsigned have, need;
};

/* Takes the next byte, and appends each character as it is whole. A NUL is no text, either. */
void utf8_mend(struct utf8 *utf8, unsigned char byte, struct buf *out);

/* The bytes have ended: what is under way will not be whole. */
void utf8_end(struct utf8 *utf8, struct buf *out);

/* One character by its number; U+FFFD for a surrogate, for 0, and for what is above U+10FFFF. */
void utf8_put(uint32_t code, struct buf *out);

/* All of a text at once. */
void utf8_mend_text(const char *text, size_t len, struct buf *out);

/* How many of `len` bytes make whole characters: where a text may be cut. */
size_t utf8_cut(const char *text, size_t len);

/* How many characters (Unicode's code points) a text has. */
size_t utf8_letters(const char *text);

/* Appends a text as one line: line breaks of all kinds and control characters become blanks, runs
 * of blanks one, those around it none. What is longer than `max` bytes is cut, and ends with "…".
 */
void utf8_line(const char *text, size_t max, struct buf *out);

#endif
