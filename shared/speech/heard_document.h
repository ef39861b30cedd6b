/*
 * A transcription as JSON: whole, or a part of one. Pure but for memory.
 */
#ifndef TAPEDECK_SPEECH_HEARD_DOCUMENT_H
#define TAPEDECK_SPEECH_HEARD_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "segments.h"

enum { HEARD_TEXT_MAX = 16 << 20 };

/* What was said so far. */
struct heard_said {
    struct segments segments;
    struct buf text;   /* as a whole */
    struct buf pieces; /* the same, as it comes */
    bool has_text;     /* as a whole, be it empty */
    size_t before;     /* segments that were there before the document that is read */
};

/* The members that are read, and those of them that are lists of segments; NULL at the end. */
extern const char *const HEARD_KEYS[], *const HEARD_LISTS[];

/* Reads a repaired document. `is_part`: there are others beside it, in a list or a stream. False:
 * it says nothing. */
bool heard_read_document(struct heard_said *said, const char *text, size_t len, bool is_part);

#endif
