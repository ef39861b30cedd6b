/*
 * Who may download now and who waits: the traffic light, in Redis.
 *
 * Every change goes through one atomic script (db/queue/dispatch.lua), so the next call repairs
 * what the last one could not finish. PostgreSQL is the truth: when all of this is lost, no work is
 * lost. Any function may return RESULT_UNAVAILABLE; the run stays in PostgreSQL and is picked up
 * later.
 */
#ifndef TAPEDECK_RUNS_QUEUE_H
#define TAPEDECK_RUNS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/buf.h"
#include "base/result.h"
#include "base/text.h"
#include "storage/audio.h"

enum queue_lane { LANE_CLICK, LANE_LATER }; /* a person waits; nobody does */

enum { QUEUE_NOWHERE = -1, QUEUE_IN_SLOT = 0 };

enum { QUEUE_RUNNER_MARK_MS = 150 * 1000 }; /* how long a runner is said to be here */

struct queue_state {
    int64_t active;   /* slots taken in this business */
    int64_t waiting;  /* calls in its lines */
    int64_t position; /* QUEUE_NOWHERE, QUEUE_IN_SLOT, or the place in line, from 1 */
    bool ready; /* false: Redis lost its memory; nothing is granted before queue_end_restore */
};

struct queue_progress {
    int64_t position;
    int64_t bytes_received; /* -1: not known */
    int64_t bytes_total;    /* -1: not known */
    char format[8];         /* "" : not known */
    enum audio_kind kind;   /* by its first bytes; AUDIO_UNKNOWN: not known */
    int64_t stamp_ns;       /* of the part file (storage/file.h); 0: not known */
    int64_t runner_seen_ms; /* how long ago; -1: not within QUEUE_RUNNER_MARK_MS */
};

/* A granted job, as it stands in rec_jobs; or a call whose waveform somebody waits for, as it
 * stands in rec_peaks. */
struct queue_job {
    int64_t business_id;
    char call_sid[SID_SIZE];
    bool wants_peaks;
};

/* What a lease is held by: CRYPTO_TOKEN_SIZE, and a number where many are taken at once. */
enum { QUEUE_TOKEN_SIZE = 40 };

const char *queue_lane_name(enum queue_lane lane);

/* By its name; NULL, or no lane's name, is LANE_CLICK. */
enum queue_lane queue_lane_of(const char *name);

/* Puts a call in line, or moves it from the later line to the click line; grants what is free.
 * `state` may be NULL. Asking again changes nothing. */
enum result queue_enqueue(const struct app *app, int64_t business_id, const char *call_sid,
                          enum queue_lane lane, struct queue_state *state);

/* A call that PostgreSQL has waiting. */
struct queue_waiting {
    int64_t business_id;
    char call_sid[SID_SIZE];
    enum queue_lane lane;
    bool absent; /* the answer */
};

/* Of these calls, which are in no slot and not in the line they belong in? One round trip. */
enum result queue_find_absent(const struct app *app, struct queue_waiting *calls, size_t count);

/* Gives a slot back, if `token` still holds it, and grants it to the next in line. */
enum result queue_release(const struct app *app, int64_t business_id, const char *call_sid,
                          const char *token, struct queue_state *state);

/* The same, and the call goes back to the head of its line. */
enum result queue_return(const struct app *app, int64_t business_id, const char *call_sid,
                         const char *token);

/* Takes a cancelled call out of its line, or out of a slot that no runner has taken yet. */
enum result queue_drop(const struct app *app, int64_t business_id, const char *call_sid);

/* Reaps lapsed leases of a business and fills its free slots. */
enum result queue_dispatch(const struct app *app, int64_t business_id, struct queue_state *state);

/* Visits the businesses that have a slot taken. */
enum result queue_each_taken(const struct app *app, void (*visit)(void *, int64_t), void *context);

/*
 * After Redis lost its memory, or was not heard for half a lease: queue_begin_restore, then each
 * running transfer's slot and lease as PostgreSQL knows them, then queue_end_restore, which says
 * that all are in place, or RESULT_LOST: Redis was emptied meanwhile, begin again. `token` tells
 * those who restore apart. RESULT_NOT_FOUND from queue_is_ready: it is time to.
 */
enum result queue_begin_restore(const struct app *app, const char *token);
enum result queue_restore(const struct app *app, int64_t business_id, const char *call_sid,
                          const char *token, enum queue_lane lane);
enum result queue_end_restore(const struct app *app, const char *token);
enum result queue_is_ready(const struct app *app);

/* Makes granted jobs ours, `limit` at most, without waiting for more: `handed`, which queue_receive
 * gave (NULL: none), then the next ones. Each that was there is visited: with the token that holds
 * it, or with NULL when its grant had lapsed or another runner has it. `popped` counts them, and
 * what was no job. */
enum result queue_take(const struct app *app, const struct queue_job *handed, size_t limit,
                       void (*visit)(void *, const struct queue_job *, const char *token),
                       void *context, size_t *popped);

/* A lease that somebody holds. */
struct queue_hold {
    int64_t business_id;
    const char *call_sid, *token;
    bool lost;     /* the answer */
    void *context; /* the caller's */
};

/* Keeps them ours, in one round trip; those that are somebody else's now are `lost`. */
enum result queue_renew(const struct app *app, struct queue_hold *holds, size_t count);

/* RESULT_OK while somebody holds the call's lease, RESULT_NOT_FOUND when nobody does. */
enum result queue_is_held(const struct app *app, int64_t business_id, const char *call_sid);

/* Publishes how far a transfer is: the bytes, their format and kind, the part file's stamp, and the
 * waveform so far, a JSON document ("": the last one stays). Changes nothing where the lease is not
 * `token`'s. Does not wait for Redis. */
enum result queue_publish(const struct app *app, const struct queue_job *job, const char *token,
                          const struct queue_progress *progress, const char *waveform);

/* Appends the waveform that was published last, while its recording arrives. RESULT_NOT_FOUND: none
 * was. */
enum result queue_waveform(const struct app *app, int64_t business_id, const char *call_sid,
                           struct buf *out);

/* What Redis knows of one call; changes nothing. */
enum result queue_peek(const struct app *app, int64_t business_id, const char *call_sid,
                       struct queue_progress *out);

/* Says that a runner, begun at `started_ms` (wall clock), is here for QUEUE_RUNNER_MARK_MS.
 * RESULT_EXISTS: a newer one is, too. */
enum result queue_mark_runner(const struct app *app, int64_t started_ms);

/* How long ago a runner was seen, as in queue_progress. */
enum result queue_runner_seen(const struct app *app, int64_t *seen_ms);

/* Asks runners for a call's waveform, once however often it is asked. RESULT_LOST when
 * QUEUE_PEAKS_MAX others wait; whoever asks again later will be heard. */
enum { QUEUE_PEAKS_MAX = 1000 };
enum result queue_want_peaks(const struct app *app, int64_t business_id, const char *call_sid);

/* Takes the next of these calls without waiting. RESULT_NOT_FOUND when there is none. */
enum result queue_pop_peaks(const struct app *app, struct queue_job *job);

/*
 * Waiting for a job of either kind in a poll loop, on a connection of its own: queue_listen sends
 * the blocking pop, then poll redis_fd(wake) and call queue_receive. RESULT_NOT_FOUND: nothing yet,
 * still listening. RESULT_INVALID: the wait ended empty, listen again.
 */
enum result queue_listen(struct redis *wake, int64_t wait_ms);
enum result queue_receive(struct redis *wake, struct queue_job *job);

/* Puts a popped job back for another runner. */
enum result queue_push_back(const struct app *app, const struct queue_job *job);

#endif
