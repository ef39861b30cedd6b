/*
 * All files under RECORDINGS_DIR: lists them, and deletes some. A file that is being played plays
 * on, because whoever has it open keeps it.
 */
#ifndef TAPEDECK_STORAGE_INVENTORY_H
#define TAPEDECK_STORAGE_INVENTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/text.h"
#include "config/config.h"

/* A finished file, or what belongs to one. */
struct inventory_entry {
    int64_t business_id;
    char call_sid[SID_SIZE];
    int64_t bytes;
    int64_t age_s;     /* since it last changed */
    int64_t played_at; /* when it was last played, seconds since 1970 (storage/cache.h) */
    bool is_recording; /* and no waveform */
};
typedef void inventory_visitor(void *context, const struct inventory_entry *entry);

/* Visits every file that is named after a call, business by business. */
enum result inventory_each(const struct config *config, inventory_visitor *visit, void *context);

/* Removes all files of a call, and looks whether they are gone. `bytes` gets how many there were.
 * RESULT_FAILED: something is left. */
enum result inventory_remove(const struct config *config, int64_t business_id, const char *call_sid,
                             int64_t *bytes);

/* The same, and what has arrived of it so far: whoever plays that gets no further bytes, and
 * whoever writes it cannot give it a name. */
enum result inventory_silence(const struct config *config, int64_t business_id,
                              const char *call_sid, int64_t *bytes);

/* Removes the folders of businesses that have nothing in them. Gives how many. */
int64_t inventory_remove_empty(const struct config *config);

#endif
