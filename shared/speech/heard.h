/*
 * What a speech server heard in one piece of a recording: its answer, read as it comes, so that
 * memory holds what was said and no more, however much else is in it. Pure but for memory.
 *
 * Read are OpenAI's forms of a transcription (json, verbose_json, text, srt, vtt, and the events of
 * a stream: API reference, "Create transcription"), those of servers beside it (`chunks` with
 * `timestamp`, `transcription` with `offsets`, a string, a list, an object around it), in any JSON
 * that json_repair.h can mend.
 */
#ifndef TAPEDECK_SPEECH_HEARD_H
#define TAPEDECK_SPEECH_HEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/magic.h"
#include "base/result.h"
#include "heard_document.h"
#include "json_repair.h"

struct heard {
    struct magic magic;
    int form;
    bool is_text, is_stream; /* by its Content-Type; a page is no text */
    bool found;              /* it is a transcription, though perhaps an empty one */
    bool failed;             /* no memory, or over a ceiling */
    bool odd;                /* there was a segment that says nothing */
    bool several;            /* documents, one behind the other */
    struct json_repair_wanted wanted;
    struct json_repair repair;
    struct buf document; /* the JSON under way, or the last one */
    struct buf line;     /* the beginning; a line of a stream; all of a text */
    struct buf event;    /* the one under way */
    struct heard_said said;
};

/* heard_free(NULL) and a zeroed one are safe. */
void heard_begin(struct heard *heard);
void heard_free(struct heard *heard);

/* Takes the next bytes of the answer; `type` is its Content-Type or NULL. False: over a ceiling. */
bool heard_eat(struct heard *heard, const char *type, const char *bytes, size_t len);

/* Nothing comes any more. Visits what was said in order, in milliseconds of a piece that is
 * `length_ms` long, 0 <= start <= end <= length_ms: a time that cannot be is clamped, an end that
 * is missing or not behind its start is the next start or the piece's end, and a segment without
 * text is dropped. `voice` is who said it, from 1 on, where the server tells several apart; else 0.
 * RESULT_INVALID: it is no transcription; then nobody was visited, and
 * heard->document is what came instead. */
typedef void heard_visitor(void *context, int64_t start_ms, int64_t end_ms, int voice,
                           const char *text);
enum result heard_end(struct heard *heard, int64_t length_ms, heard_visitor *visit, void *context);

#endif
