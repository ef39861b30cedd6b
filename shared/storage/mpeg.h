/*
 * Finds the first frame of an MP3 (MPEG audio layer III; ISO/IEC 11172-3, 2.4.1.3, and 13818-3).
 * Pure.
 */
#ifndef TAPEDECK_STORAGE_MPEG_H
#define TAPEDECK_STORAGE_MPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MPEG_FRAME_MAX = 1441, MPEG_FRAMES = 3, MPEG_TAG_HEAD = 32 };

/* The bytes that the frame with this header (4 bytes) takes; 0 when it is none. Those of the "free"
 * bit rate are none. */
size_t mpeg_frame_size(const unsigned char *head);

/* Finds MPEG_FRAMES frames in a row, or fewer that reach the end of the file exactly, where
 * `at_end` says that it ends here. Gives where the first one begins, or -1. */
int64_t mpeg_find(const unsigned char *bytes, size_t len, bool at_end);

/* The size of the tag that begins with these MPEG_TAG_HEAD bytes (ID3v2, "id3v2.4.0-structure";
 * APE, "APEv2 specification"), 0 when it is none. */
int64_t mpeg_tag_size(const unsigned char *head);

#endif
