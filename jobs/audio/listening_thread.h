/*
 * Finds the speech of a recording that needs no decoder (plain_sound.h), in a thread of this
 * process: the loop never waits for it. What it writes is what the decoder's "speech" would write.
 */
#ifndef TAPEDECK_JOBS_AUDIO_LISTENING_THREAD_H
#define TAPEDECK_JOBS_AUDIO_LISTENING_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct listening_thread;
struct plain_sound;

/* Begins. The sound becomes the thread's, also when it could not be started, which is NULL; `out`
 * stays the caller's, and is open until listening_thread_free. */
struct listening_thread *listening_thread_start(struct plain_sound *sound, int out, int64_t most);

/* A descriptor to poll for reading: it becomes readable when the thread has ended. */
int listening_thread_fd(const struct listening_thread *thread);

/* True once it has ended; `result` is listening_write's. */
bool listening_thread_check(struct listening_thread *thread, enum result *result);

/* Ends it if it runs, which takes a moment, and frees. listening_thread_free(NULL) is safe. */
void listening_thread_free(struct listening_thread *thread);

#endif
