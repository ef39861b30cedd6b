/*
 * The runner's second thread: it stores what the loop has downloaded (storing.h).
 *
 * Storing means to wait: for the disk to write bytes and names, for PostgreSQL to commit, for Redis
 * to pass slots on. In the loop, hundreds of sockets would be full meanwhile. So this thread stores
 * one batch at a time; downloads that end meanwhile are the next batch. The thread has connections
 * of its own and shares nothing with the loop: what a batch points to belongs to the thread until
 * it is given back.
 */
#ifndef TAPEDECK_JOBS_RUNNER_STORER_H
#define TAPEDECK_JOBS_RUNNER_STORER_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "work.h"

struct storer;

/* Starts the thread; signals that are blocked now are blocked there. NULL when it cannot be.
 * storer_free(NULL) is safe; it waits for the batch that is under way, whose end nobody hears. */
struct storer *storer_new(const struct app *app);
void storer_free(struct storer *storer);

/* Can be read when a batch has ended; for a poll. */
int storer_fd(const struct storer *storer);

/* Hands over what has ended and is to be stored now, the oldest first, at most STORING_MAX, unless
 * a batch is under way. These works are `storing` until they are given back: nobody else touches
 * them. */
void storer_begin(struct storer *storer, const struct work_list *works);

/* Gives back the batch that has ended, each work with its answer (storing.h, delay_ms). With
 * `wait`, the end of the one that is under way is waited for. */
void storer_end(struct storer *storer, void (*give_back)(struct work *, int64_t delay_ms),
                bool wait);

#endif
