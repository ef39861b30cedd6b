#include "runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "clients/crypto.h"
#include "clients/http.h"
#include "ending.h"
#include "recordings/run.h"
#include "recordings/service.h"
#include "transfer.h"

enum {
    PUBLISH_EVERY_MS = 200,
    HEARTBEATS_PER_LEASE = 4,
    MARK_EVERY_MS = 5000,
    WRITE_AGAIN_MS = 500,
    PG_PAUSE_MS = 1000,
    TAKE_AT_ONCE_MAX = 1000,
};

struct work {
    struct runner *runner;
    struct work *next, *previous;
    struct run run;
    struct transfer *transfer; /* NULL while it waits: for the part file's lock, or to be written */
    int64_t received, total;
    int64_t published_ms;
    int64_t started_ms, try_again_ms; /* while it waits */
    int lock_tries;
    bool ended; /* `end` and `part` wait for PostgreSQL */
    struct transfer_end end;
    struct file_part part;
    bool lost; /* somebody else has the lease: change nothing any more */
};

struct runner {
    const struct app *app;
    struct http *http;
    struct work *first;
    size_t count;
    int64_t started_ms; /* wall clock */
    bool has_successor;
    int64_t next_mark_ms;
    int64_t next_heartbeat_ms;
    int64_t next_due_ms; /* when a retry's time comes; 0: none known */
    int64_t pause_until_ms;
};

struct runner *runner_new(const struct app *app)
{
    struct runner *runner = calloc(1, sizeof *runner);
    if (runner == NULL) {
        return NULL;
    }
    runner->app = app;
    runner->started_ms = clock_wall_ms();
    runner->next_due_ms = 1; /* at once: what Redis lost or a dead runner left is offered first */
    runner->http = http_new();
    if (runner->http == NULL) {
        free(runner);
        return NULL;
    }
    return runner;
}

bool runner_has_successor(const struct runner *runner)
{
    return runner->has_successor;
}

size_t runner_count(const struct runner *runner)
{
    return runner->count;
}

bool runner_has_room(const struct runner *runner)
{
    return runner->count < (size_t)runner->app->config->runner_transfers &&
           clock_monotonic_ms() >= runner->pause_until_ms;
}

static struct work *add_work(struct runner *runner, const struct run *run)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        return NULL;
    }
    work->runner = runner;
    work->run = *run;
    work->total = -1;
    work->started_ms = clock_monotonic_ms();
    work->next = runner->first;
    if (runner->first != NULL) {
        runner->first->previous = work;
    }
    runner->first = work;
    runner->count++;
    return work;
}

static void remove_work(struct work *work)
{
    struct runner *runner = work->runner;
    if (work->previous != NULL) {
        work->previous->next = work->next;
    } else {
        runner->first = work->next;
    }
    if (work->next != NULL) {
        work->next->previous = work->previous;
    }
    runner->count--;
    free(work);
}

static void note_due(struct runner *runner, int64_t delay_ms)
{
    int64_t due = clock_monotonic_ms() + delay_ms;
    if (runner->next_due_ms == 0 || due < runner->next_due_ms) {
        runner->next_due_ms = due;
    }
}

static void drop_lost(struct work *work)
{
    log_event("RECORDING_LOST", "business_id=%lld sid=%s reason=lease",
              (long long)work->run.business_id, work->run.call_sid);
    remove_work(work);
}

/* ---- one transfer's events ---- */

static void on_progress(void *context, const char *format, int64_t received, int64_t total)
{
    struct work *work = context;
    int64_t now = clock_monotonic_ms();
    work->received = received;
    work->total = total;
    if (now - work->published_ms < PUBLISH_EVERY_MS) {
        return;
    }
    work->published_ms = now;
    struct queue_job job = {.business_id = work->run.business_id};
    memcpy(job.call_sid, work->run.call_sid, sizeof job.call_sid);
    (void)queue_publish(work->runner->app, &job, format, received, total);
}

/* What PostgreSQL could not be told is kept, part file and all, and told again by tick_waiting. */
static void write_end(struct work *work, const struct transfer_end *end,
                      const struct file_part *part)
{
    struct runner *runner = work->runner;
    work->transfer = NULL;
    work->end = *end;
    work->part = *part;
    int64_t delay_ms = ending_write(runner->app, &work->run, &work->end, &work->part);
    if (delay_ms == ENDING_BLOCKED) {
        work->ended = true;
        work->try_again_ms = clock_monotonic_ms() + WRITE_AGAIN_MS;
        return;
    }
    if (delay_ms != ENDING_FINAL) {
        note_due(runner, delay_ms);
    }
    remove_work(work);
}

static void on_end(void *context, const struct transfer_end *end, struct file_part *part)
{
    struct work *work = context;
    if (!work->lost) {
        write_end(work, end, part);
        return;
    }
    file_part_drop(part);
    drop_lost(work);
}

/* ---- taking a job ---- */

/* Begins the transfer. Where another writer has the part file, it is tried again after the next of
 * these delays, at most for LOCK_TIMEOUT; the run keeps its slot meanwhile. */
static enum result start_transfer(struct work *work)
{
    static const struct transfer_events EVENTS = {.on_progress = on_progress, .on_end = on_end};
    static const int64_t LOCK_DELAYS_MS[] = {1000, 2000, 4000, 8000, 15000};
    enum { LOCK_TRIES = sizeof LOCK_DELAYS_MS / sizeof *LOCK_DELAYS_MS };
    static const struct file_part NO_PART = {.fd = -1, .dir_fd = -1};
    struct runner *runner = work->runner;
    struct transfer_end end;
    int64_t now = clock_monotonic_ms();
    enum result result =
        transfer_start(runner->app, runner->http, &work->run, &EVENTS, work, &work->transfer, &end);
    if (result == RESULT_OK) {
        return result;
    }
    bool locked = end.outcome == TRANSFER_LOCKED && work->lock_tries < LOCK_TRIES;
    if (locked && now - work->started_ms < runner->app->config->lock_timeout) {
        work->try_again_ms = now + LOCK_DELAYS_MS[work->lock_tries++];
        return RESULT_OK;
    }
    write_end(work, &end, &NO_PART);
    return result;
}

static enum result start_work(struct runner *runner, const struct run *run)
{
    struct work *work = add_work(runner, run);
    if (work == NULL) {
        ending_hand_back(runner->app, run);
        return RESULT_FAILED;
    }
    log_event("RECORDING_START", "business_id=%lld sid=%s run=%lld attempt=%lld",
              (long long)run->business_id, run->call_sid, (long long)run->id,
              (long long)run->attempts + 1);
    return start_transfer(work);
}

/* A run rescued after its file got its name needs no second download. */
static enum result start_run(struct runner *runner, const struct run *run)
{
    struct file_facts file;
    if (file_find(runner->app->config, run->business_id, run->call_sid, &file) == RESULT_OK) {
        ending_already_here(runner->app, run, &file);
        return RESULT_OK;
    }
    return start_work(runner, run);
}

/* The lease in Redis is ours; now the row. */
static enum result claim(struct runner *runner, const struct queue_job *job, const char *token)
{
    struct run run;
    enum result result = run_claim(runner->app, job, token, &run);
    if (result == RESULT_OK) {
        return start_run(runner, &run);
    }
    if (result == RESULT_NOT_FOUND) {
        (void)queue_release(runner->app, job->business_id, job->call_sid, token, NULL);
        return result;
    }
    runner->pause_until_ms = clock_monotonic_ms() + PG_PAUSE_MS;
    (void)queue_return(runner->app, job->business_id, job->call_sid, token);
    return result;
}

enum result runner_take(struct runner *runner, const struct queue_job *job)
{
    char token[CRYPTO_TOKEN_SIZE];
    if (!crypto_token(token)) {
        return RESULT_FAILED;
    }
    enum result result = queue_take(runner->app, job, token);
    if (result == RESULT_LOST) {
        /* The grant lapsed while nobody took it: the call is in line again, or will be. */
        (void)queue_dispatch(runner->app, job->business_id, NULL);
    }
    return result == RESULT_OK ? claim(runner, job, token) : result;
}

size_t runner_take_all(struct runner *runner)
{
    struct queue_job job;
    size_t taken = 0;
    for (; taken < TAKE_AT_ONCE_MAX && runner_has_room(runner); taken++) {
        enum result result = queue_pop(runner->app, &job);
        if (result == RESULT_OK) {
            (void)runner_take(runner, &job);
        } else if (result != RESULT_INVALID) { /* what is no job is dropped */
            break;
        }
    }
    return taken;
}

/* ---- keeping what we have ---- */

static void abandon(struct work *work)
{
    if (work->ended) {
        file_part_drop(&work->part);
    }
    if (work->lost) {
        drop_lost(work);
    } else {
        remove_work(work);
    }
}

static void lose(struct work *work)
{
    work->lost = true;
    if (work->transfer != NULL) {
        transfer_stop(work->transfer);
    }
}

static void renew_lease(const struct app *app, struct work *work)
{
    struct queue_job job = {.business_id = work->run.business_id};
    memcpy(job.call_sid, work->run.call_sid, sizeof job.call_sid);
    if (!work->lost && queue_renew(app, &job, work->run.token) == RESULT_LOST) {
        lose(work);
    }
}

/* One statement for all our runs; without PostgreSQL they go on, and are asked about next time. */
static void beat_rows(struct runner *runner)
{
    size_t n = 0;
    struct work **works = calloc(runner->count, sizeof *works);
    const struct run **runs = calloc(runner->count, sizeof *runs);
    int64_t *received = calloc(runner->count, sizeof *received);
    int64_t *total = calloc(runner->count, sizeof *total);
    bool *kept = calloc(runner->count, sizeof *kept);
    if (works == NULL || runs == NULL || received == NULL || total == NULL || kept == NULL) {
        goto out;
    }
    for (struct work *work = runner->first; work != NULL; work = work->next, n++) {
        works[n] = work;
        runs[n] = &work->run;
        received[n] = work->received;
        total[n] = work->total;
    }
    if (run_heartbeat(runner->app, runs, received, total, kept, n) == RESULT_OK) {
        for (size_t i = 0; i < n; i++) {
            if (!kept[i]) {
                lose(works[i]);
            }
        }
    }
out:
    free(works);
    free(runs);
    free(received);
    free(total);
    free(kept);
}

static void beat(struct runner *runner)
{
    if (runner->count == 0) {
        return;
    }
    beat_rows(runner);
    for (struct work *work = runner->first; work != NULL; work = work->next) {
        renew_lease(runner->app, work);
    }
}

/* Those that wait for a lock, or for PostgreSQL to hear of their end. */
static void tick_waiting(struct runner *runner, int64_t now)
{
    for (struct work *work = runner->first, *next; work != NULL; work = next) {
        next = work->next;
        if (work->transfer != NULL) {
            continue;
        }
        if (work->lost) {
            abandon(work);
        } else if (now >= work->try_again_ms && work->ended) {
            struct transfer_end end = work->end;
            struct file_part part = work->part;
            write_end(work, &end, &part);
        } else if (now >= work->try_again_ms) {
            (void)start_transfer(work);
        }
    }
}

void runner_tick(struct runner *runner)
{
    int64_t now = clock_monotonic_ms();
    if (now >= runner->next_mark_ms) {
        runner->next_mark_ms = now + MARK_EVERY_MS;
        runner->has_successor = queue_mark_runner(runner->app, runner->started_ms) == RESULT_EXISTS;
    }
    if (now >= runner->next_heartbeat_ms) {
        runner->next_heartbeat_ms = now + runner->app->config->inflight_ttl / HEARTBEATS_PER_LEASE;
        beat(runner);
    }
    tick_waiting(runner, now);
    if (runner->next_due_ms != 0 && now >= runner->next_due_ms) {
        int64_t wait = -1;
        runner->next_due_ms = 0;
        (void)service_offer_due(runner->app);
        if (run_next_due(runner->app, &wait) == RESULT_OK && wait >= 0) {
            note_due(runner, wait);
        }
    }
}

enum result runner_poll(struct runner *runner, const int *fds, size_t count, int timeout_ms)
{
    return http_poll(runner->http, fds, count, timeout_ms);
}

void runner_hand_back(struct runner *runner)
{
    for (struct work *work = runner->first, *next; work != NULL; work = next) {
        next = work->next;
        if (work->transfer != NULL) {
            transfer_stop(work->transfer);
        } else {
            ending_hand_back(runner->app, &work->run);
            abandon(work);
        }
    }
}

void runner_free(struct runner *runner)
{
    enum { LAST_POLLS = 10 };
    if (runner == NULL) {
        return;
    }
    runner_hand_back(runner);
    for (int i = 0; i < LAST_POLLS && runner->count > 0; i++) {
        (void)http_poll(runner->http, NULL, 0, 0);
    }
    http_free(runner->http);
    while (runner->first != NULL) {
        remove_work(runner->first);
    }
    free(runner);
}
