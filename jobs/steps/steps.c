#include "steps.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "clients/crypto.h"
#include "followups/step.h"
#include "step_job.h"

/* From this size on the allocator takes memory from the kernel, and gives it back, piece by piece.
 */
enum { LARGE_BYTES = 128 * 1024 };

enum { PARALLEL_MAX = 8, LOOK_EVERY_MS = 1000, WRITE_AGAIN_MS = 500, HEARTBEATS_PER_LEASE = 4 };

/* Looking what is due reads all that waits, and what a long transaction keeps of what was done
 * since it began: minutes of steps, or hours. So what was seen is used meanwhile, and of the time
 * nine parts of ten are for working. A claim tries a few more than it can take: other runners saw
 * the same. */
enum { SEEN_MAX = 1024, REST_PER_LOOK = 9, TRIED_BESIDES = 16 };

struct seen {
    int64_t ids[SEEN_MAX]; /* in the order in which they are to be claimed */
    size_t at, count;      /* those before `at` are gone */
    int64_t rest_ms;       /* until then nobody looks again */
};

struct work {
    struct step_job *job; /* NULL: a free place */
    int64_t write_ms;     /* its end is not written before: PostgreSQL was away */
};

struct steps {
    const struct app *app;
    struct http *http;
    struct work works[PARALLEL_MAX];
    size_t count;
    struct seen seen;
    bool woken; /* something may be due that was not looked for yet */
    int64_t next_look_ms;
    int64_t next_beat_ms;
};

struct steps *steps_new(const struct app *app, struct http *http)
{
    struct steps *steps = calloc(1, sizeof *steps);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* else it grows with what was freed */
    if (steps != NULL) {
        steps->app = app;
        steps->http = http;
    }
    return steps;
}

size_t steps_count(const struct steps *steps)
{
    return steps->count;
}

bool steps_idle(const struct steps *steps)
{
    return steps->count == 0 && !steps->woken;
}

void steps_wake(struct steps *steps)
{
    steps->woken = true;
    steps->next_look_ms = 0;
}

static void forget(struct steps *steps, struct work *work)
{
    work->job->kind->drop(work->job);
    free(work->job);
    (void)malloc_trim(0); /* it may have been a long talk */
    *work = (struct work){0};
    steps->count--;
}

static void log_step(const char *event, const struct step *step, const char *code)
{
    log_event(event, "business_id=%lld sid=%s step=%s%s%s", (long long)step->business_id,
              step->call_sid, step_word(step->name), code != NULL ? " reason=" : "",
              code != NULL ? code : "");
}

/* The same for an end, with what a server said about it. */
static void log_end(const char *event, const struct step_job *job)
{
    enum { WORDS_SIZE = 512 };
    const struct step_said *said = &job->said;
    char words[WORDS_SIZE], host[SERVER_HOST_SIZE];
    if (job->end.status == STEP_DONE || said->host[0] == '\0') {
        log_step(event, &job->step, job->end.reason.code);
        return;
    }
    log_event(event, "business_id=%lld sid=%s step=%s reason=%s status=%ld host=%s said=%s",
              (long long)job->step.business_id, job->step.call_sid, step_word(job->step.name),
              job->end.reason.code, said->status, text_for_log(said->host, host, sizeof host),
              text_for_log(said->words, words, sizeof words));
}

/* ---- how one ends ---- */

/* STEP_DELAY, doubled with each failure, up to STEP_DELAY_MAX; what a server asked for counts if
 * it is longer. */
static int64_t retry_delay(const struct config *config, const struct step_job *job)
{
    int64_t delay = config->step_delay;
    if (job->end.waits) {
        return job->end.retry_after_ms;
    }
    for (int64_t i = 0; i < job->step.attempts && delay < config->step_delay_max; i++) {
        delay *= 2;
    }
    delay = delay < config->step_delay_max ? delay : config->step_delay_max;
    return delay > job->end.retry_after_ms ? delay : job->end.retry_after_ms;
}

/* The step's row, what it found out, and the next step: all of it or nothing. */
static enum result write_end(const struct app *app, struct step_job *job)
{
    const struct run_reason *reason = job->end.reason.code != NULL ? &job->end.reason : NULL;
    enum result result = pg_begin(app->pg);
    if (result == RESULT_OK) {
        result = step_end(app, &job->step, job->end.status, reason);
    }
    if (result == RESULT_OK) {
        result = job->kind->save(job, job->end.status);
    }
    if (result == RESULT_OK) {
        return pg_commit(app->pg);
    }
    pg_rollback(app->pg);
    return result;
}

/* What PostgreSQL will never take (a call_log that its owner has changed, say) is an end, too. */
static enum result write_refusal(const struct app *app, struct step_job *job)
{
    static const struct run_reason REASON = {"not_saved",
                                             "The database would not take the result."};
    enum result result = pg_begin(app->pg);
    if (result == RESULT_OK) {
        result = step_end(app, &job->step, STEP_FAILED, &REASON);
    }
    if (result == RESULT_OK) {
        return pg_commit(app->pg);
    }
    pg_rollback(app->pg);
    return result;
}

static enum result write_down(const struct app *app, struct step_job *job)
{
    static const char *const EVENTS[] = {"STEP_DONE", "STEP_SKIPPED", "STEP_FAILED"};
    if (job->end.retry && (job->end.waits || job->step.attempts < app->config->step_retries)) {
        enum result result = step_retry(app, &job->step, retry_delay(app->config, job),
                                        !job->end.waits, &job->end.reason);
        log_end(result != RESULT_OK ? "STEP_LOST"
                : job->end.waits    ? "STEP_WAITS"
                                    : "STEP_RETRY",
                job);
        return result;
    }
    enum result result = write_end(app, job);
    if (result != RESULT_OK && result != RESULT_LOST && result != RESULT_UNAVAILABLE) {
        result = write_refusal(app, job);
        log_step("STEP_FAILED", &job->step, "not_saved");
    } else if (result != RESULT_UNAVAILABLE) {
        log_end(result == RESULT_OK ? EVENTS[job->end.status] : "STEP_LOST", job);
    }
    return result;
}

static void tick_ended(struct steps *steps, struct work *work, int64_t now)
{
    if (now < work->write_ms) {
        return;
    }
    if (write_down(steps->app, work->job) == RESULT_UNAVAILABLE) {
        work->write_ms = now + WRITE_AGAIN_MS;
        return;
    }
    forget(steps, work);
    steps_wake(steps); /* the step after it, or one that waited for its place */
}

/* ---- beginning ---- */

static void begin(struct steps *steps, const struct step *step)
{
    static const struct step_kind *const KINDS[STEP_NAMES] = {&TRANSCRIBE_KIND, &SUMMARISE_KIND,
                                                              &NOTIFY_KIND};
    static const struct run_reason GONE = {"runner_lost", "Its runners died again and again."};
    const struct step_kind *kind = KINDS[step->name];
    size_t place = 0;
    struct step_job *job = calloc(1, kind->size);
    while (place < PARALLEL_MAX && steps->works[place].job != NULL) {
        place++;
    }
    if (job == NULL || place == PARALLEL_MAX) {
        free(job);
        return; /* its lease lapses */
    }
    *job = (struct step_job){
        .magic = kind->magic, .kind = kind, .app = steps->app, .http = steps->http, .step = *step};
    steps->works[place] = (struct work){.job = job};
    steps->count++;
    log_step("STEP_START", step, NULL);
    kind->start(job);
    if (step->attempts > steps->app->config->step_retries) {
        step_job_end(job, STEP_FAILED, &GONE);
    }
}

/* What is due, unless it was looked for just now. */
static void see(struct steps *steps)
{
    struct seen *seen = &steps->seen;
    int64_t began = clock_monotonic_ms();
    if (began < seen->rest_ms) {
        return;
    }
    steps->woken = false;
    seen->at = 0;
    (void)step_due(steps->app, seen->ids, SEEN_MAX, &seen->count);
    int64_t ended = clock_monotonic_ms();
    seen->rest_ms = ended + (ended - began) * REST_PER_LOOK;
}

/* The first of them that it gets. False when PostgreSQL is away. */
static bool claim_some(struct steps *steps, size_t room)
{
    struct seen *seen = &steps->seen;
    struct step due[PARALLEL_MAX];
    char token[CRYPTO_TOKEN_SIZE];
    const int64_t *ids = &seen->ids[seen->at];
    size_t tried = seen->count - seen->at, count = 0;
    tried = tried < room + TRIED_BESIDES ? tried : room + TRIED_BESIDES;
    if (!crypto_token(token) ||
        step_claim(steps->app, token, ids, tried, due, room, &count) != RESULT_OK) {
        return false;
    }
    size_t gone = count < room ? tried : 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = gone; k < tried; k++) {
            gone = ids[k] == due[i].id ? k + 1 : gone;
        }
        begin(steps, &due[i]);
    }
    seen->at += gone;
    return true;
}

static void look(struct steps *steps, int64_t now)
{
    size_t limit = (size_t)steps->app->config->steps_parallel;
    steps->next_look_ms = now + LOOK_EVERY_MS;
    if (steps->count >= limit) {
        return;
    }
    see(steps);
    bool here = true;
    while (here && steps->count < limit && steps->seen.at < steps->seen.count) {
        here = claim_some(steps, limit - steps->count);
    }
    if (steps->woken) {
        steps->next_look_ms = steps->seen.rest_ms;
    }
}

/* ---- alive ---- */

static void heartbeat(struct steps *steps)
{
    const struct step *alive[PARALLEL_MAX];
    struct work *works[PARALLEL_MAX];
    bool held[PARALLEL_MAX];
    size_t count = 0;
    for (size_t i = 0; i < PARALLEL_MAX; i++) {
        if (steps->works[i].job != NULL) {
            works[count] = &steps->works[i];
            alive[count++] = &steps->works[i].job->step;
        }
    }
    if (count == 0 || step_heartbeat(steps->app, alive, held, count) != RESULT_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!held[i]) {
            log_step("STEP_LOST", alive[i], "lease");
            forget(steps, works[i]);
        }
    }
}

void steps_tick(struct steps *steps, bool taking)
{
    int64_t now = clock_monotonic_ms();
    if (now >= steps->next_beat_ms) {
        steps->next_beat_ms = now + steps->app->config->inflight_ttl / HEARTBEATS_PER_LEASE;
        heartbeat(steps);
    }
    for (size_t i = 0; i < PARALLEL_MAX; i++) {
        struct step_job *job = steps->works[i].job;
        if (job != NULL && !job->ended && job->kind->tick != NULL) {
            job->kind->tick(job);
        }
        if (job != NULL && job->ended) {
            tick_ended(steps, &steps->works[i], now);
        }
    }
    steps->woken = steps->woken && taking;
    if (taking && now >= steps->next_look_ms) {
        look(steps, now);
    }
}

int64_t steps_wait_ms(const struct steps *steps, int64_t most_ms)
{
    int64_t due_ms = INT64_MAX;
    if (steps->woken && steps->count < (size_t)steps->app->config->steps_parallel) {
        due_ms = steps->next_look_ms;
    }
    for (size_t i = 0; i < PARALLEL_MAX; i++) {
        const struct work *work = &steps->works[i];
        if (work->job != NULL && work->job->ended && work->write_ms < due_ms) {
            due_ms = work->write_ms;
        }
    }
    int64_t now = clock_monotonic_ms();
    if (due_ms <= now) {
        return 0;
    }
    return due_ms - now < most_ms ? due_ms - now : most_ms;
}

size_t steps_fds(const struct steps *steps, int *fds, size_t limit)
{
    size_t count = 0;
    for (size_t i = 0; i < PARALLEL_MAX && count < limit; i++) {
        struct step_job *job = steps->works[i].job;
        if (job != NULL && job->kind->fd != NULL) {
            fds[count++] = job->kind->fd(job);
        }
    }
    return count;
}

void steps_hand_back(struct steps *steps)
{
    static const struct run_reason REASON = {"handed_back", "The runner stopped; it goes on."};
    for (size_t i = 0; i < PARALLEL_MAX; i++) {
        struct work *work = &steps->works[i];
        if (work->job != NULL) {
            (void)step_retry(steps->app, &work->job->step, 0, false, &REASON);
            log_step("STEP_RETURNED", &work->job->step, NULL);
            forget(steps, work);
        }
    }
}

void steps_free(struct steps *steps)
{
    if (steps != NULL) {
        steps_hand_back(steps);
        free(steps);
    }
}
