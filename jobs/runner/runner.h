/*
 * A runner takes granted jobs, runs each as a transfer, renews their leases, and writes how they
 * ended. It is one process with one event loop: up to RUNNER_TRANSFERS transfers, and the work
 * after recordings (followup.h). A second thread waits for disk and commits (storer.h).
 *
 * Whatever happens to a job that it took, its slot is given back: by runner_* verbs while the
 * process lives, by the lapse of its lease when it does not.
 */
#ifndef TAPEDECK_JOBS_RUNNER_RUNNER_H
#define TAPEDECK_JOBS_RUNNER_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "runs/queue.h"

struct runner;

/* NULL without memory. runner_free(NULL) is safe; it hands back what still runs. */
struct runner *runner_new(const struct app *app);
void runner_free(struct runner *runner);

/* Makes one popped job ours and starts it, and all others that are granted, while there is room.
 * Where Redis has gone it is held, and there is no room, until Redis is back. */
void runner_take(struct runner *runner, const struct queue_job *job);

/* Takes all granted jobs there are, while there is room. Gives how many. */
size_t runner_take_all(struct runner *runner);

/* Room for one more, and PostgreSQL answering? */
bool runner_has_room(const struct runner *runner);

/* Has a runner that began later been seen? Then this one need not take more. */
bool runner_has_successor(const struct runner *runner);

/* Jobs under way: transfers, uploads, steps and deliveries. */
size_t runner_count(const struct runner *runner);

/* A stored recording's waveform, that somebody waits for; and all that are waited for now. */
void runner_want_peaks(struct runner *runner, const struct queue_job *job);
void runner_take_peaks(struct runner *runner);

/* True when no job and no waveform is under way, or waits for its upload. */
bool runner_is_idle(const struct runner *runner);

/* Moves bytes, at most `timeout_ms`, until something happens here or on one of `fds`, a few. */
enum result runner_poll(struct runner *runner, const int *fds, size_t count, int timeout_ms);

/* What is due: heartbeats and leases, runs whose retry time has come, and what recordings are
 * followed by; new uploads and steps only if it is `taking`. */
void runner_tick(struct runner *runner, bool taking);

/* Stops every transfer; each run goes back to the head of its line at the next runner_poll. */
void runner_hand_back(struct runner *runner);

#endif
