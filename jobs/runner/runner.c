#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/magic.h"
#include "claim.h"
#include "clients/http.h"
#include "ending.h"
#include "followup.h"
#include "host.h"
#include "leases.h"
#include "observe/audit.h"
#include "observe/metrics.h"
#include "progress.h"
#include "recordings/service.h"
#include "runs/queue.h"
#include "runs/run.h"
#include "storer.h"
#include "storing.h"
#include "transfer.h"
#include "work.h"

enum {
    HEARTBEATS_PER_LEASE = 4,
    MARK_EVERY_MAX_MS = 5000,
    MARKS_PER_LEASE = 8,
    WRITE_AGAIN_MS = 500,
    PG_PAUSE_MS = 1000,
    OFFER_AGAIN_MS = 1000,
    HEAR_CANCELS_EVERY_MS = 400,
    TAKE_AT_ONCE_MAX = 1000,
    RUNNER_FDS_MAX = 4,
};

static const struct file_part NO_PART = {.fd = -1, .dir_fd = -1};

struct runner {
    const struct app *app;
    struct http *http;
    struct work_list works;
    struct storer *storer;
    struct followup *followup;
    struct host host;
    int64_t started_ms; /* wall clock */
    bool has_successor;
    int64_t next_mark_ms;
    int64_t next_heartbeat_ms;
    int64_t next_cancels_ms;
    int64_t next_due_ms; /* when a retry's time comes; 0: none known */
    int64_t pause_until_ms;
    bool holds; /* a granted job that Redis gave us, and went before we could make it ours */
    struct queue_job held;
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
    host_init(&runner->host);
    runner->http = http_new();
    runner->storer = storer_new(app);
    runner->followup = followup_new(app, runner->http);
    if (runner->http == NULL || runner->storer == NULL || runner->followup == NULL) {
        runner_free(runner);
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
    return runner->works.count + followup_count(runner->followup);
}

bool runner_is_idle(const struct runner *runner)
{
    return runner->works.count == 0 && followup_idle(runner->followup);
}

bool runner_has_room(const struct runner *runner)
{
    return !runner->holds && runner->works.count < (size_t)runner->app->config->runner_transfers &&
           clock_monotonic_ms() >= runner->pause_until_ms;
}

static void note_due(struct runner *runner, int64_t delay_ms)
{
    int64_t due = clock_monotonic_ms() + delay_ms;
    if (runner->next_due_ms == 0 || due < runner->next_due_ms) {
        runner->next_due_ms = due;
    }
}

/* Whoever has the run now has its slot as well; if nobody has, it is free. */
static void drop_lost(struct work *work)
{
    const struct run *run = &work->run;
    (void)queue_release(work->runner->app, run->business_id, run->call_sid, run->token, NULL);
    log_event("RECORDING_LOST", "business_id=%lld sid=%s reason=lease", (long long)run->business_id,
              run->call_sid);
    work_remove(&work->runner->works, work);
}

/* ---- one transfer's events ---- */

static void on_progress(void *context, const struct transfer_progress *progress)
{
    struct work *work = CHECKED(work, context);
    progress_publish(work->runner->app, work, progress);
}

static void take_nothing_for(struct runner *runner, int64_t pause_ms)
{
    runner->pause_until_ms = clock_monotonic_ms() + pause_ms;
}

/* What PostgreSQL could not be told is kept, part file and all, and told again later. */
static void settle(struct work *work, int64_t delay_ms)
{
    struct runner *runner = work->runner;
    work->ended = delay_ms == ENDING_BLOCKED;
    if (work->ended) {
        work->try_again_ms = clock_monotonic_ms() + WRITE_AGAIN_MS;
        return;
    }
    host_note(runner->app, &runner->host, &work->run, &work->end);
    if (delay_ms != ENDING_FINAL) {
        note_due(runner, delay_ms);
    }
    if (work->end.outcome == TRANSFER_HOST) {
        take_nothing_for(runner, delay_ms);
    }
    if (work->end.outcome == TRANSFER_STORABLE) {
        followup_stored(runner->followup, work->run.business_id, work->run.call_sid);
    }
    work_remove(&runner->works, work);
}

/* What is to be stored waits for the others that end meanwhile: see storer.h. */
static void write_end(struct work *work, const struct transfer_end *end,
                      const struct file_part *part)
{
    work->transfer = NULL;
    work->end = *end;
    work->part = *part;
    if (end->outcome == TRANSFER_STORABLE) {
        work->ended = true;
        work->try_again_ms = 0;
        return;
    }
    settle(work, ending_write(work->runner->app, &work->run, &work->end, &work->part));
}

static void store_ended(struct runner *runner)
{
    storer_end(runner->storer, settle, false);
    storer_begin(runner->storer, &runner->works);
}

static void on_end(void *context, const struct transfer_end *end, struct file_part *part)
{
    struct work *work = CHECKED(work, context);
    struct transfer_end real = *end;
    if (work->cancelled) {
        real.outcome = TRANSFER_CANCELLED;
    }
    host_judge(&work->runner->host, &work->run, &real);
    if (!work->lost) {
        write_end(work, &real, part);
        return;
    }
    work->end.waveform = end->waveform;
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
    struct work *work = work_add(&runner->works, runner, run);
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
static void start_run(struct runner *runner, struct run *run)
{
    struct file_facts file;
    if (storing_is_here(runner->app, run, &file)) {
        storing_found(runner->app, run, &file);
        followup_stored(runner->followup, run->business_id, run->call_sid);
        return;
    }
    int64_t delay_ms = host_unless_admitted(runner->app, &runner->host, run);
    if (delay_ms != ENDING_ADMITTED && delay_ms != ENDING_FINAL) {
        take_nothing_for(runner, delay_ms);
    }
    if (delay_ms == ENDING_ADMITTED) {
        delay_ms = ending_unless_admitted(runner->app, run);
    }
    if (delay_ms == ENDING_ADMITTED) {
        (void)start_work(runner, run);
    } else if (delay_ms != ENDING_FINAL) {
        note_due(runner, delay_ms);
    }
}

/* Those whose leases in Redis are ours: now their rows, and then they begin. */
static void start_taken(struct runner *runner, struct run_claim *claims, size_t count)
{
    enum result result = claim_rows(runner->app, claims, count);
    if (result == RESULT_LOST) {
        note_due(runner, 0);
    } else if (result != RESULT_OK) {
        take_nothing_for(runner, PG_PAUSE_MS);
    }
    for (size_t i = 0; i < count; i++) {
        if (claims[i].held) {
            start_run(runner, &claims[i].run);
        }
    }
}

/* For how many more there is room, `limit` at most. */
static size_t room_for(const struct runner *runner, size_t limit)
{
    size_t all = (size_t)runner->app->config->runner_transfers;
    size_t room = runner_has_room(runner) ? all - runner->works.count : 0;
    return room < limit ? room : limit;
}

/* As many as share a commit: `handed`, if there is one, and the next that were granted. Gives how
 * many there were; fewer than that may be ours. Where Redis has gone, the handed one is held until
 * it is back. */
static size_t take_some(struct runner *runner, const struct queue_job *handed)
{
    struct run_claim claims[CLAIM_MAX];
    size_t popped = 0, count = 0;
    runner->holds = runner->holds && handed == NULL;
    size_t room = room_for(runner, CLAIM_MAX);
    size_t limit = room == 0 && handed != NULL ? 1 : room;
    if (limit == 0) {
        return 0;
    }
    enum result result = claim_leases(runner->app, handed, limit, claims, &count, &popped);
    if (handed != NULL && result == RESULT_UNAVAILABLE) {
        runner->held = *handed;
        runner->holds = true;
    }
    if (count > 0) {
        start_taken(runner, claims, count);
    }
    return popped;
}

static size_t take_all(struct runner *runner, const struct queue_job *handed)
{
    size_t taken = take_some(runner, handed), some = taken;
    while (some == CLAIM_MAX && taken < TAKE_AT_ONCE_MAX) {
        some = take_some(runner, NULL);
        taken += some;
    }
    return taken;
}

void runner_take(struct runner *runner, const struct queue_job *job)
{
    (void)take_all(runner, job);
}

size_t runner_take_all(struct runner *runner)
{
    return take_all(runner, NULL);
}

void runner_take_peaks(struct runner *runner)
{
    followup_take_peaks(runner->followup);
}

void runner_want_peaks(struct runner *runner, const struct queue_job *job)
{
    followup_want_peaks(runner->followup, job->business_id, job->call_sid);
}

/* ---- what is due ---- */

/* Gives up what waits: nothing is written, and no part file stays. */
static void abandon(struct work *work)
{
    if (work->ended) {
        file_part_drop(&work->part);
    }
    if (work->lost) {
        drop_lost(work);
    } else {
        work_remove(&work->runner->works, work);
    }
}

static void cancel_waiting(struct work *work)
{
    struct transfer_end end = {.outcome = TRANSFER_CANCELLED, .waveform = work->end.waveform};
    struct file_part part = work->ended ? work->part : NO_PART;
    write_end(work, &end, &part);
}

/* Those that wait for a lock, or for PostgreSQL to hear of their end. */
static void tick_waiting(struct runner *runner, int64_t now)
{
    LIST_EACH (struct work, work, runner->works.first) {
        if (work->transfer != NULL || work->storing) {
            continue;
        }
        if (work->lost) {
            abandon(work);
        } else if (work->cancelled && !work->ended) {
            cancel_waiting(work);
        } else if (now < work->try_again_ms) {
            continue;
        } else if (!work->ended) {
            (void)start_transfer(work);
        } else if (work->end.outcome != TRANSFER_STORABLE) {
            settle(work, ending_write(runner->app, &work->run, &work->end, &work->part));
        }
    }
}

/* True, at most every `every_ms`, when the time kept in `next_ms` has come. */
static bool is_due(int64_t *next_ms, int64_t now, int64_t every_ms)
{
    if (now < *next_ms) {
        return false;
    }
    *next_ms = now + every_ms;
    return true;
}

/* Where Redis has lost its memory since the last mark, what waits is offered again. */
static void mark(struct runner *runner)
{
    runner->has_successor = queue_mark_runner(runner->app, runner->started_ms) == RESULT_EXISTS;
    int64_t stored;
    (void)audit_store(runner->app, false, &stored);
    if (queue_is_ready(runner->app) == RESULT_NOT_FOUND) {
        note_due(runner, 0);
    }
}

/* When the next one is due is asked first: what falls due between the two questions would else be
 * in the answer of neither, and wait for a cleanup. */
static void offer_due(struct runner *runner)
{
    int64_t wait, offered;
    runner->next_due_ms = 0;
    enum result result = run_next_due(runner->app, &wait);
    if (result == RESULT_OK && wait >= 0) {
        note_due(runner, wait);
    }
    if (result != RESULT_OK || service_offer_due(runner->app, &offered) != RESULT_OK) {
        note_due(runner, OFFER_AGAIN_MS);
    }
}

/* Well within the time that Redis remembers hearing of us: see dispatch.lua, rec_ready. */
static int64_t mark_every(const struct config *config)
{
    int64_t share = config->inflight_ttl / MARKS_PER_LEASE;
    return share < MARK_EVERY_MAX_MS ? share : MARK_EVERY_MAX_MS;
}

void runner_tick(struct runner *runner, bool taking)
{
    int64_t now = clock_monotonic_ms();
    int64_t beat_every = runner->app->config->inflight_ttl / HEARTBEATS_PER_LEASE;
    if (is_due(&runner->next_mark_ms, now, mark_every(runner->app->config))) {
        mark(runner);
    }
    if (is_due(&runner->next_heartbeat_ms, now, beat_every)) {
        leases_renew(runner->app, &runner->works);
    }
    if (is_due(&runner->next_cancels_ms, now, HEAR_CANCELS_EVERY_MS)) {
        leases_read_cancels(runner->app, &runner->works);
    }
    tick_waiting(runner, now);
    if (runner->next_due_ms != 0 && now >= runner->next_due_ms) {
        offer_due(runner);
    }
    if (runner->holds) {
        struct queue_job job = runner->held;
        runner_take(runner, &job);
    }
    followup_tick(runner->followup, taking);
    metrics_flush(runner->app, false);
}

enum result runner_poll(struct runner *runner, const int *fds, size_t count, int timeout_ms)
{
    int all[RUNNER_FDS_MAX + 1] = {storer_fd(runner->storer)};
    size_t n = 1;
    for (size_t i = 0; i < count && i < RUNNER_FDS_MAX; i++) {
        all[n++] = fds[i];
    }
    enum result result = followup_poll(runner->followup, all, n, timeout_ms);
    store_ended(runner);
    return result;
}

void runner_hand_back(struct runner *runner)
{
    followup_hand_back(runner->followup);
    LIST_EACH (struct work, work, runner->works.first) {
        if (work->transfer != NULL) {
            work_stop(work);
        } else if (!work->storing) {
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
    if (runner->followup != NULL && runner->storer != NULL) {
        storer_end(runner->storer, settle, true);
        runner_hand_back(runner);
    }
    storer_free(runner->storer);
    followup_free(runner->followup);
    for (int i = 0; i < LAST_POLLS && runner->http != NULL && http_count(runner->http) > 0; i++) {
        (void)http_poll(runner->http, NULL, 0, 0);
    }
    http_free(runner->http);
    while (runner->works.first != NULL) {
        work_remove(&runner->works, runner->works.first);
    }
    free(runner);
}
