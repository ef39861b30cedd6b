/*
 * Finds the speech in a recording: in a thread where that needs no decoder
 * (audio/listening_thread.h), otherwise in a child. The result is the same: the plan of what to
 * send, and a working file with the samples.
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
struct listening_thread;

struct speech_detection {
    struct child *child;             /* who looks into it; both are NULL before and after */
    struct listening_thread *thread; /* the other one */
    int work_fd;                     /* -1: none; the caller's to read while a plan is there */
    int64_t samples_at;              /* where in it the first stream begins */
    struct plan plan;
};

/* Begins to look into the recording at `path`. NULL, or why not; `detection` is zeroed first. */
const struct run_reason *speech_detection_start(const struct config *config, const char *path,
                                                struct speech_detection *detection);

/* Looks after it. True once it has ended: then `trouble` is NULL and the plan is there, or
 * it says why not, and `final` that trying again is useless. */
bool speech_detection_check(struct speech_detection *detection, const struct run_reason **trouble,
                            bool *final);

/* The descriptor to poll while it is looked into, or -1. */
int speech_detection_fd(const struct speech_detection *detection);

/* Ends that, and lets go of the plan and the file. */
void speech_detection_drop(struct speech_detection *detection);

#endif
