/*
 * Moves one recording to the object store or back: it is copied, the copy is verified, and only
 * then the original is removed, unless both are to be kept. Its waveform is moved with it; if that
 * fails, the waveform is made again later. Repeating a move does no harm.
 */
#ifndef TAPEDECK_JOBS_OBJECTS_MOVE_ONE_H
#define TAPEDECK_JOBS_OBJECTS_MOVE_ONE_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "storage/object.h"

enum move_outcome {
    MOVE_DONE,
    MOVE_STAYS,  /* it is where it should be, and also where it was: it is being played */
    MOVE_NOBODY, /* a file of no call that is kept: none of ours */
    MOVE_FAILED, /* this one */
    MOVE_STOP,   /* and the next one will, too: a server does not answer, or the disk is full */
};

/* `why` gets a word for what went wrong. */
enum move_outcome move_to_store(const struct app *app, int64_t business_id, const char *call_sid,
                                bool keep, const char **why);
enum move_outcome move_to_disk(const struct app *app, const struct object_facts *object, bool keep,
                               const char **why);

#endif
