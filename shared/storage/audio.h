/*
 * Which audio format some bytes have, by their first bytes. Pure.
 */
#ifndef TAPEDECK_STORAGE_AUDIO_H
#define TAPEDECK_STORAGE_AUDIO_H

#include <stddef.h>
#include <stdint.h>

enum audio_kind { AUDIO_UNKNOWN, AUDIO_WAV, AUDIO_MP3 };

enum { AUDIO_HEAD_SIZE = 12 }; /* bytes needed to tell */

/* WAV: "RIFF" size "WAVE". MP3: an ID3v2 tag, or an MPEG audio layer III frame header whose
 * version, bit rate and sample rate are not reserved ones (ISO/IEC 11172-3, 2.4.1.3). */
enum audio_kind audio_kind_of(const unsigned char *head, size_t len);

/* The size that a RIFF header claims for the whole file, or -1 when it claims none (streams write 0
 * or all ones). */
int64_t audio_riff_size(const unsigned char *head, size_t len);

/* "wav", "mp3": file endings, and what they are served as. */
const char *audio_extension(enum audio_kind kind);
const char *audio_content_type(enum audio_kind kind);

#endif
