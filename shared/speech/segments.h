/*
 * The segments that a speech server heard in one piece, and their times, made right. Pure but for
 * memory.
 */
#ifndef TAPEDECK_SPEECH_SEGMENTS_H
#define TAPEDECK_SPEECH_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum { SEGMENTS_MAX = 400000, SEGMENTS_VOICES_MAX = 8, SEGMENTS_VOICE_SIZE = 32 };

/* Times in seconds of the piece, as they came; NAN where none did. */
struct segment {
    double start, end;
    size_t came; /* which one it was */
    int voice;   /* who said it, from 1 on; 0: not told */
    char *text;  /* owned */
};

struct segments {
    struct segment *list; /* owned */
    size_t count;
    char voices[SEGMENTS_VOICES_MAX][SEGMENTS_VOICE_SIZE]; /* as their server names them */
    int voice_count;
    bool failed; /* no memory, or too many */
};

/* segments_free(NULL) and a zeroed one are safe. */
void segments_free(struct segments *all);

/* Adds one, unless its text is blank; `voice` is its server's name for whoever said it, "" or NULL
 * for none. Sets `failed`. */
void segments_add(struct segments *all, double start, double end, const char *voice,
                  const char *text);

/* Any of them has one. */
bool segments_have_times(const struct segments *all);

/* Puts them in order, with 0 <= start <= end <= length: a time that cannot be is clamped, an end
 * that is missing, or not behind its start, is the next start or the piece's end. Milliseconds,
 * microseconds and nanoseconds are told by most of them lying far beyond the end. Voices are then
 * numbered in the order in which they begin to speak; a single one is none. */
void segments_put_right(struct segments *all, double length);

/* "1.5", "1.5s", "00:01,500" or "00:00:01.500" as seconds; NAN for any other text. */
double segment_time(const char *text);

#endif
