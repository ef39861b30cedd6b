/*
 * Which words of a sentence a search found, by the rules of db/migrations/240_search.sql and 241:
 * every word as the beginning of a word, numbers whole, Hebrew with and without points and with and
 * without up to two short words that are written in one with it. Pure.
 */
#ifndef TAPEDECK_CALLS_HIT_MARKS_H
#define TAPEDECK_CALLS_HIT_MARKS_H

#include <stddef.h>

enum { HIT_MARKS_MAX = 32 };

/* A word of the sentence, in UTF-16 code units, as JavaScript counts: from the first, to the one
 * behind its last. */
struct hit_mark {
    size_t start, end;
};

/* The words of `lowered` (UTF-8, lower case) that one of `words` finds: these are lower case and
 * without points, with an SOH between two. Returns how many, of the first HIT_MARKS_MAX. */
size_t hit_marks(const char *lowered, const char *words, struct hit_mark marks[HIT_MARKS_MAX]);

#endif
