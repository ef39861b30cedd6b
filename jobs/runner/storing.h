/*
 * How finished downloads become recordings: many of them with one commit.
 *
 * The order is safe at every crash: the bytes are on the disk; the rows are sealed, under locks
 * that keep every other runner out; the files get their names, and the folders are on the disk; the
 * rows are committed. A crash in between leaves runs that are rescued, and that find their file
 * here. If one of them is in trouble, each is stored by itself, so that it does not affect the
 * others.
 */
#ifndef TAPEDECK_JOBS_RUNNER_STORING_H
#define TAPEDECK_JOBS_RUNNER_STORING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "runs/run.h"
#include "storage/file.h"
#include "transfer.h"

/* What one commit takes at most: its first waits for its last one's bytes to be synced. */
enum { STORING_MAX = 64 };

struct storing {
    const struct run *run;
    struct transfer_end *end; /* STORABLE; how it ended, where it could not be stored */
    struct file_part *part;
    int64_t delay_ms;       /* the answer: as of ending_write, which see */
    bool named;             /* these are storing_write's own */
    struct file_part peaks; /* the waveform, on its way beside the recording */
};

/* Stores these downloads, at most STORING_MAX. Parts are finished or dropped, except where
 * `delay_ms` is ENDING_BLOCKED. */
void storing_write(const struct app *app, struct storing *items, size_t count);

/* Is the finished file here, and whole? One that lost bytes since it was stored is removed, so that
 * it is fetched again. */
bool storing_is_here(const struct app *app, const struct run *run, struct file_facts *file);

/* The file is here already: the run is complete without a transfer. */
void storing_found(const struct app *app, const struct run *run, const struct file_facts *file);

#endif
