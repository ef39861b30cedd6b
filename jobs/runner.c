#include "runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "clients/crypto.h"
#include "clients/http.h"
#include "recordings/run.h"
#include "recordings/service.h"
#include "transfer.h"

enum {
    PUBLISH_EVERY_MS = 200,
    HEARTBEATS_PER_LEASE = 4,
    PG_PAUSE_MS = 1000,
    LOCK_RETRY_MS = 2000,
    NOT_READY_RETRY_MS = 5000,
    TAKE_AT_ONCE_MAX = 1000,
};

struct work {
    struct runner *runner;
    struct work *next, *previous;
    struct run run;
    struct transfer *transfer;
    int64_t received, total;
    int64_t published_ms;
    bool lost; /* somebody else has the lease: change nothing any more */
};

struct runner {
    const struct app *app;
    struct http *http;
    struct work *first;
    size_t count;
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
    runner->next_due_ms = 1; /* at once: what Redis lost or a dead runner left is offered first */
    runner->http = http_new();
    if (runner->http == NULL) {
        free(runner);
        return NULL;
    }
    return runner;
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

/* ---- how a run ends ---- */

static void release_slot(const struct runner *runner, const struct run *run, const char *event,
                         const char *code)
{
    struct queue_place place = {0};
    enum result result =
        queue_release(runner->app, run->business_id, run->call_sid, run->token, &place);
    log_event(event, "business_id=%lld sid=%s active=%lld/%lld%s%s%s", (long long)run->business_id,
              run->call_sid, (long long)place.active,
              (long long)runner->app->config->slots_per_business, code != NULL ? " reason=" : "",
              code != NULL ? code : "", result == RESULT_UNAVAILABLE ? " redis=unavailable" : "");
}

static void note_due(struct runner *runner, int64_t delay_ms)
{
    int64_t due = clock_monotonic_ms() + delay_ms;
    if (runner->next_due_ms == 0 || due < runner->next_due_ms) {
        runner->next_due_ms = due;
    }
}

static int64_t retry_delay(const struct config *config, int64_t attempts)
{
    size_t last = config->retry_delays.count - 1;
    size_t index = attempts < (int64_t)last ? (size_t)attempts : last;
    return config->retry_delays.items[index];
}

static void wait_and_retry(struct runner *runner, const struct run *run, int64_t delay_ms,
                           bool counts, const struct run_reason *reason)
{
    if (run_retry(runner->app, run, delay_ms, counts, reason) == RESULT_OK) {
        note_due(runner, delay_ms);
    }
    release_slot(runner, run, "RECORDING_RETRY", reason->code);
}

static void fail_attempt(struct runner *runner, const struct run *run, bool final,
                         const struct run_reason *reason)
{
    const struct config *config = runner->app->config;
    if (!final && run->attempts + 1 < config->run_attempts) {
        wait_and_retry(runner, run, retry_delay(config, run->attempts), true, reason);
        return;
    }
    (void)run_fail(runner->app, run, reason);
    release_slot(runner, run, "RECORDING_FAILED", reason->code);
}

/* The row is sealed first, under a lock that keeps every other runner out; then the file gets its
 * name; then the row is committed. Dying in between leaves a run that is rescued, and finds the
 * file here. */
static void store(struct runner *runner, const struct run *run, const struct transfer_end *end,
                  struct file_part *part)
{
    static const struct run_reason DISK = {"disk_error", "The recording could not be written."};
    enum result result = run_seal(runner->app, run, end->format, end->bytes);
    if (result != RESULT_OK) {
        file_part_drop(part);
        release_slot(runner, run, "RECORDING_LOST", "lease");
        return;
    }
    if (file_part_finish(part, end->kind) != RESULT_OK) {
        run_seal_abort(runner->app);
        fail_attempt(runner, run, false, &DISK);
        return;
    }
    if (run_seal_commit(runner->app) != RESULT_OK) {
        log_event("RECORDING_UNSEALED", "business_id=%lld sid=%s", (long long)run->business_id,
                  run->call_sid);
    }
    release_slot(runner, run, "RECORDING_DONE", NULL);
}

static void hand_back(struct runner *runner, const struct run *run)
{
    static const struct run_reason REASON = {"handed_back", "The runner stopped; it goes on."};
    (void)run_retry(runner->app, run, 0, false, &REASON);
    (void)queue_return(runner->app, run->business_id, run->call_sid, run->token);
    log_event("RECORDING_RETURNED", "business_id=%lld sid=%s", (long long)run->business_id,
              run->call_sid);
}

static void end_run(struct runner *runner, const struct run *run, const struct transfer_end *end,
                    struct file_part *part)
{
    switch (end->outcome) {
    case TRANSFER_STORABLE: store(runner, run, end, part); return;
    case TRANSFER_FAILED: fail_attempt(runner, run, false, &end->reason); return;
    case TRANSFER_REFUSED: fail_attempt(runner, run, true, &end->reason); return;
    case TRANSFER_NOT_READY:
        wait_and_retry(runner, run, NOT_READY_RETRY_MS, false, &end->reason);
        return;
    case TRANSFER_LOCKED: wait_and_retry(runner, run, LOCK_RETRY_MS, false, &end->reason); return;
    case TRANSFER_STOPPED: hand_back(runner, run); return;
    }
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

static void on_end(void *context, const struct transfer_end *end, struct file_part *part)
{
    struct work *work = context;
    if (work->lost) {
        file_part_drop(part);
        log_event("RECORDING_LOST", "business_id=%lld sid=%s reason=lease",
                  (long long)work->run.business_id, work->run.call_sid);
    } else {
        end_run(work->runner, &work->run, end, part);
    }
    remove_work(work);
}

/* ---- taking a job ---- */

/* A run rescued after its file got its name needs no second download. */
static bool already_here(const struct runner *runner, const struct run *run)
{
    struct file_facts file;
    if (file_find(runner->app->config, run->business_id, run->call_sid, &file) != RESULT_OK) {
        return false;
    }
    if (run_seal(runner->app, run, audio_extension(file.kind), file.size) == RESULT_OK) {
        (void)run_seal_commit(runner->app);
    }
    release_slot(runner, run, "RECORDING_DONE", NULL);
    return true;
}

static enum result start_work(struct runner *runner, const struct run *run)
{
    static const struct transfer_events EVENTS = {.on_progress = on_progress, .on_end = on_end};
    struct transfer_end end;
    struct work *work = add_work(runner, run);
    if (work == NULL) {
        hand_back(runner, run);
        return RESULT_FAILED;
    }
    log_event("RECORDING_START", "business_id=%lld sid=%s run=%lld attempt=%lld",
              (long long)run->business_id, run->call_sid, (long long)run->id,
              (long long)run->attempts + 1);
    if (transfer_start(runner->app, runner->http, run, &EVENTS, work, &work->transfer, &end) !=
        RESULT_OK) {
        remove_work(work);
        end_run(runner, run, &end, NULL);
        return RESULT_FAILED;
    }
    return RESULT_OK;
}

/* The lease in Redis is ours; now the row. */
static enum result claim(struct runner *runner, const struct queue_job *job, const char *token)
{
    struct run run;
    enum result result = run_claim(runner->app, job, token, &run);
    if (result == RESULT_OK) {
        return already_here(runner, &run) ? RESULT_OK : start_work(runner, &run);
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
    while (taken < TAKE_AT_ONCE_MAX && runner_has_room(runner) &&
           queue_pop(runner->app, &job) == RESULT_OK) {
        (void)runner_take(runner, &job);
        taken++;
    }
    return taken;
}

/* ---- keeping what we have ---- */

static void lose(struct work *work)
{
    work->lost = true;
    transfer_stop(work->transfer);
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
    (void)queue_mark_runner(runner->app);
    if (runner->count == 0) {
        return;
    }
    beat_rows(runner);
    for (struct work *work = runner->first; work != NULL; work = work->next) {
        renew_lease(runner->app, work);
    }
}

void runner_tick(struct runner *runner)
{
    int64_t now = clock_monotonic_ms();
    if (now >= runner->next_heartbeat_ms) {
        runner->next_heartbeat_ms = now + runner->app->config->inflight_ttl / HEARTBEATS_PER_LEASE;
        beat(runner);
    }
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
    for (struct work *work = runner->first; work != NULL; work = work->next) {
        transfer_stop(work->transfer);
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
