/*
 * Runs the child (speech_child.c) that finds the speech in a recording. The result is the plan of
 * what to send, and a working file with the samples.
 *
 * The working file is in RECORDINGS_DIR and has no name, so it is gone when this process ends.
 */
#ifndef TAPEDECK_JOBS_STEPS_SPEECH_DETECTION_H
#define TAPEDECK_JOBS_STEPS_SPEECH_DETECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "runs/run.h"
#include "speech/plan.h"

struct child;

struct speech_detection {
    struct child *child; /* NULL: it has not begun, or has ended */
    int work_fd;         /* -1: none; the caller's to read while a plan is there */
    int64_t samples_at;  /* where in it the first stream begins */
    struct plan plan;
};

/* Begins to look into the recording at `path`. NULL, or why not; `listening` is zeroed first. */
const struct run_reason *speech_detection_start(const struct config *config, const char *path,
                                                struct speech_detection *detection);

/* Looks after the child. True once it has ended: then `trouble` is NULL and the plan is there, or
 * it says why not, and `final` that trying again is useless. */
bool speech_detection_check(struct speech_detection *detection, const struct run_reason **trouble,
                            bool *final);

/* The descriptor to poll while the child runs, -1 when none does. */
int speech_detection_fd(const struct speech_detection *detection);

/* Ends the child, and lets go of the plan and the file. */
void speech_detection_drop(struct speech_detection *detection);

#endif
