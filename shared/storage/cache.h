/*
 * This disk as a cache of what the object store has: CACHE_MAX_BYTES.
 *
 * What was played longest ago is removed first. A recording stays when it is open somewhere, when
 * it was played in the last minutes, or when the store, asked at that moment, does not have all its
 * bytes. Waveforms can be made again and are removed in the same order. The access time of a file
 * says when a recording was last played, or a waveform last read.
 */
#ifndef TAPEDECK_STORAGE_CACHE_H
#define TAPEDECK_STORAGE_CACHE_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "file.h"

/* For so long after it was last asked for, somebody may be listening. */
enum { CACHE_PLAYING_S = 600 };

/* Notes that somebody plays it. */
void cache_played(const struct config *config, const struct file_facts *file);

/* Takes one recording off this disk if the object store has it. RESULT_LOST: it is being played.
 * RESULT_NOT_FOUND: the store does not have it, or not the same. RESULT_UNAVAILABLE: the store or
 * PostgreSQL did not answer. */
enum result cache_remove(const struct app *app, int64_t business_id, const char *call_sid);

struct cache_counts {
    int64_t removed;
    int64_t bytes; /* that are left; 0 without a ceiling */
};

/* Brings the disk under its ceiling, as far as that may be. */
enum result cache_trim(const struct app *app, struct cache_counts *counts);

#endif
