/*
 * The disk under RECORDINGS_DIR: how much space is free, and how much unfinished downloads take.
 * Changes nothing.
 */
#ifndef TAPEDECK_STORAGE_DISK_H
#define TAPEDECK_STORAGE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/magic.h"
#include "config/config.h"

struct disk_facts {
    bool writable;
    bool known;          /* false: the file system did not say how large it is */
    int64_t total, free; /* bytes; `free` is what we may still write */
};

/* A quarter of an hour of what Twilio records: with less there is no place for the next call. */
enum { DISK_LEAST = 16 * 1024 * 1024 };

/* Two system calls. */
void disk_read(const struct config *config, struct disk_facts *out);

/* "ok", or why nothing can be stored there. */
const char *disk_words(const struct disk_facts *facts);
bool disk_is_good(const struct disk_facts *facts);

struct disk_parts {
    struct magic magic;
    int64_t files, bytes;
    bool all; /* false: there is more on the disk than is looked at at a time */
};

/* Part files, of waveforms too: those that file_sweep_parts removes once nobody holds them. Looks
 * at a million names at most. */
void disk_count_parts(const struct config *config, struct disk_parts *out);

#endif
