#include "watch.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/magic.h"
#include "commands.h"
#include "followups/step.h"
#include "runs/queue.h"
#include "terminal.h"

enum { TICK_MS = 250, LOOK_EVERY_MS = 1000 };

const char *watch_word(enum watch_outcome outcome)
{
    static const char *const WORDS[] = {
        [WATCH_DONE] = "done",
        [WATCH_STOPPED] = "stopped",
        [WATCH_NO_RUNNER] = "no runner has been seen; is the drain timer running?",
        [WATCH_STUCK] = "nothing has moved for long; `tapedeck status` says why",
    };
    return WORDS[outcome];
}

/* Somebody must do the work. An account that rests may do so for ACCOUNT_PAUSE_MAX, and once more
 * after a probe; what has not moved by then needs a person. */
static bool has_ended(const struct app *app, int64_t still_ms, enum watch_outcome *outcome)
{
    int64_t seen_ms;
    if (still_ms > 2 * app->config->account_pause_max) {
        *outcome = WATCH_STUCK;
        return true;
    }
    *outcome = WATCH_NO_RUNNER;
    return still_ms > app->config->runner_grace && queue_runner_seen(app, &seen_ms) == RESULT_OK &&
           seen_ms < 0;
}

static enum watch_outcome watch(const struct app *app, struct terminal *terminal, int64_t total,
                                watch_looker *look, void *context)
{
    enum watch_outcome outcome = WATCH_DONE;
    char text[PROGRESS_LINE_SIZE];
    int64_t now = clock_monotonic_ms(), moved_ms = now;
    struct progress_line line = {.total = total, .began_ms = now};
    for (;;) {
        struct progress_line before = line;
        enum watch_look next = look(context, &line);
        now = clock_monotonic_ms();
        moved_ms = line.done != before.done || line.bytes != before.bytes ? now : moved_ms;
        bool ended = next == WATCH_LOOK_END || has_ended(app, now - moved_ms, &outcome);
        outcome = next == WATCH_LOOK_END ? WATCH_DONE : outcome;
        if (progress_line_is_due(&line, terminal->is_tty, now, ended)) {
            (void)terminal_line(terminal, progress_line_text(&line, text));
        }
        if (ended) {
            return outcome;
        }
        if (terminal_wait(terminal, next == WATCH_LOOK_AGAIN ? 0 : TICK_MS)) {
            return WATCH_STOPPED;
        }
    }
}

enum watch_outcome watch_run(const struct app *app, int64_t total, watch_looker *look,
                             void *context)
{
    struct terminal terminal;
    enum watch_outcome outcome = WATCH_STOPPED;
    if (terminal_begin(&terminal)) {
        outcome = watch(app, &terminal, total, look, context);
    }
    terminal_end(&terminal);
    return outcome;
}

/* ---- a business ---- */

struct left {
    struct magic magic;
    const struct app *app;
    int64_t business_id, began_ms, asked_ms;
    struct step_left left;
};

/* Recordings that come meanwhile are counted, too. PostgreSQL being away is nothing moving. */
static enum watch_look look_at_business(void *context, struct progress_line *line)
{
    struct left *l = CHECKED(left, context);
    int64_t now = clock_monotonic_ms();
    if (now - l->asked_ms < LOOK_EVERY_MS) {
        return WATCH_LOOK_LATER;
    }
    l->asked_ms = now;
    if (step_left(l->app, l->business_id, now - l->began_ms, &l->left) != RESULT_OK) {
        return WATCH_LOOK_LATER;
    }
    line->total = l->left.count > line->total ? l->left.count : line->total;
    line->done = line->total - l->left.count;
    line->failed = l->left.failed;
    line->bytes = PROGRESS_LINE_NO_BYTES;
    return l->left.count > 0 ? WATCH_LOOK_LATER : WATCH_LOOK_END;
}

int watch_business(const struct app *app, int64_t business_id)
{
    struct left l = {.magic = MAGIC(left),
                     .app = app,
                     .business_id = business_id,
                     .began_ms = clock_monotonic_ms(),
                     .asked_ms = clock_monotonic_ms() - LOOK_EVERY_MS};
    enum watch_outcome outcome = watch_run(app, 0, look_at_business, &l);
    printf("%s: %lld recordings are left, %lld failed\n", watch_word(outcome),
           (long long)l.left.count, (long long)l.left.failed);
    return outcome == WATCH_DONE && l.left.failed == 0 ? EXIT_DONE : EXIT_NOT_DONE;
}
