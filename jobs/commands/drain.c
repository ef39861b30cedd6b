/*
 * tapedeck drain [--once] [--linger DURATION]
 *
 * Takes what is granted and runs it; waits for more while it lingers. SIGTERM or SIGINT: takes
 * nothing new, lets finish what ends soon, hands back the rest.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/stop.h"
#include "commands.h"
#include "options.h"
#include "runner/runner.h"
#include "runs/queue.h"

enum { LISTEN_MS = 1000, POLL_MS = 200, STOP_GRACE_MS = 5000 };

struct drain {
    const struct app *app;
    struct runner *runner;
    struct redis *wake;  /* a connection of its own: it blocks on the runners' lists */
    int64_t heard_by_ms; /* it has answered by then */
    bool listening;
    bool once;
    bool stopping; /* a signal came */
    int64_t take_until_ms;
    int64_t stop_by_ms; /* when stopping: then the rest is handed back */
    int signal_fd;
};

/* ---- asking for work ---- */

/* After its time a runner that still works goes on taking, until the next one is there: a timer
 * that starts no second one beside it must not leave clicks waiting for a long transfer. */
static bool accepts(const struct drain *d)
{
    bool in_time = d->once || clock_monotonic_ms() < d->take_until_ms;
    bool alone = runner_count(d->runner) > 0 && !runner_has_successor(d->runner);
    return !d->stopping && (in_time || alone);
}

static void listen_for_job(struct drain *d)
{
    if (!d->listening && !d->once && accepts(d) && runner_has_room(d->runner)) {
        d->listening = queue_listen(d->wake, LISTEN_MS) == RESULT_OK;
        d->heard_by_ms = clock_monotonic_ms() + LISTEN_MS + d->app->config->redis_timeout;
    }
}

/* A job that reaches us after we stopped taking goes back for another runner. */
static void take_or_push_back(struct drain *d, const struct queue_job *job)
{
    if (accepts(d) && job->wants_peaks) {
        runner_want_peaks(d->runner, job);
    } else if (accepts(d)) {
        runner_take(d->runner, job);
    } else {
        (void)queue_push_back(d->app, job);
    }
}

static void hear_job(struct drain *d)
{
    struct queue_job job;
    if (!d->listening) {
        return;
    }
    enum result result = queue_receive(d->wake, &job);
    if (result == RESULT_NOT_FOUND && clock_monotonic_ms() < d->heard_by_ms) {
        return;
    }
    if (result == RESULT_NOT_FOUND) {
        redis_disconnect(d->wake); /* a host that went without a word */
    }
    d->listening = false;
    if (result == RESULT_OK) {
        take_or_push_back(d, &job);
    }
}

/* ---- the loop ---- */

static void hear_signal(struct drain *d)
{
    if (!stop_requested(d->signal_fd) || d->stopping) {
        return;
    }
    d->stopping = true;
    d->stop_by_ms = clock_monotonic_ms() + STOP_GRACE_MS;
    log_event("RUNNER_STOPPING", "jobs=%zu", runner_count(d->runner));
}

static bool finished(const struct drain *d, size_t taken)
{
    bool idle = runner_count(d->runner) == 0 && taken == 0 && !d->listening;
    bool all_done = d->once && runner_is_idle(d->runner);
    return idle && (all_done || !accepts(d));
}

/* What is granted, and wanted, without waiting for more. */
static size_t take_now(struct drain *d)
{
    if (!accepts(d)) {
        return 0;
    }
    runner_take_peaks(d->runner);
    return runner_take_all(d->runner);
}

static void loop(struct drain *d)
{
    for (;;) {
        size_t taken = d->once ? take_now(d) : 0;
        if (finished(d, taken)) {
            return;
        }
        listen_for_job(d);
        int fds[] = {d->signal_fd, d->listening ? redis_fd(d->wake) : -1};
        if (runner_poll(d->runner, fds, 2, POLL_MS) != RESULT_OK) {
            return;
        }
        hear_signal(d);
        hear_job(d);
        runner_tick(d->runner, accepts(d));
        if (d->stopping && clock_monotonic_ms() >= d->stop_by_ms) {
            runner_hand_back(d->runner);
        }
    }
}

/* ---- setting up ---- */

static bool read_options(struct drain *d, int argc, char **argv)
{
    const char *linger = NULL;
    int64_t linger_ms = d->app->config->runner_linger;
    const struct option_spec specs[] = {
        {"--once", NULL, &d->once}, {"--linger", &linger, NULL}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return false;
    }
    if (linger != NULL && !config_duration(linger, &linger_ms)) {
        fprintf(stderr, "tapedeck: --linger is not a duration: %.64s\n", linger);
        return false;
    }
    d->take_until_ms = clock_monotonic_ms() + linger_ms;
    return true;
}

static int run_drain(struct drain *d)
{
    log_event("RUNNER_START", "transfers=%lld", (long long)d->app->config->runner_transfers);
    runner_tick(d->runner, accepts(d));
    loop(d);
    log_event("RUNNER_END", "jobs=%zu", runner_count(d->runner));
    return EXIT_DONE;
}

int command_drain(const struct app *app, int argc, char **argv)
{
    struct drain d = {.app = app, .signal_fd = -1};
    int status = EXIT_USAGE;
    if (!read_options(&d, argc, argv)) {
        return status;
    }
    if (!app->config->enable_schedulers) {
        return EXIT_DONE;
    }
    if (app->config->sandbox) { /* the children that decode say nothing: there are many */
        const struct sandbox sandbox = sandbox_probe(SANDBOX_DECODER);
        sandbox_tell(&sandbox);
    }
    status = EXIT_NOT_DONE;
    d.signal_fd = stop_listen(0);
    d.runner = runner_new(app);
    d.wake = redis_new(app->config->redis_url, app->config->redis_timeout);
    if (d.signal_fd < 0 || d.runner == NULL || d.wake == NULL) {
        fprintf(stderr, "tapedeck: drain could not be set up\n");
        goto out;
    }
    status = run_drain(&d);
out:
    runner_free(d.runner);
    redis_free(d.wake);
    if (d.signal_fd >= 0) {
        close(d.signal_fd);
    }
    return status;
}
