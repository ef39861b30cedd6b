/*
 * tapedeck backfill --business N --since DAY [--until DAY]
 *
 * Fetches the recordings of days gone by that are not here: asks the provider's list for those that
 * the calls do not know of, then feeds what is missing into the queue, a little at a time and
 * behind everybody who waits, and shows how far it is. The runners do the work.
 *
 * Whenever it ends, nothing is lost and nothing undone: what it has fed is fetched all the same,
 * and the same command goes on from there.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "commands.h"
#include "human.h"
#include "options.h"
#include "progress_line.h"
#include "provider/catalogue.h"
#include "provider/feeder.h"
#include "runs/queue.h"
#include "terminal.h"

enum { TICK_MS = 250, PAGES_MAX = 10000, DAY_S = 86400 };

struct backfill {
    struct magic magic;
    const struct app *app;
    struct backfill_range range;
    struct http *http;
    bool list_failed; /* part of it at least */
    int64_t listed, added;
    enum result recorded; /* how writing down went */
    int64_t here, missing;
    struct feeder feeder;
};

/* How the feeding ended. */
enum outcome { OUTCOME_DONE, OUTCOME_STOPPED, OUTCOME_NO_RUNNER, OUTCOME_STUCK };

static int complain(const char *why)
{
    fprintf(stderr, "tapedeck: backfill: %s\n", why);
    return EXIT_USAGE;
}

static int complain_of_database(void)
{
    (void)complain("PostgreSQL did not answer; nothing is lost, try again");
    return EXIT_NOT_DONE;
}

/* ---- what the provider's list says ---- */

static void record_entry(void *context, const struct recording_callback *entry)
{
    struct backfill *b = CHECKED(backfill, context);
    b->listed++;
    if (b->recorded != RESULT_OK) {
        return;
    }
    enum result result = backfill_record(b->app, b->range.business_id, entry);
    if (result == RESULT_OK) {
        b->added++;
    } else if (result == RESULT_UNAVAILABLE) {
        b->recorded = result;
    }
}

/* A long list takes its time; somebody who looks on sees that it moves. Ctrl-C ends it as it is. */
static void show_listing(const struct backfill *b, bool last)
{
    bool over = isatty(STDOUT_FILENO) == 1;
    if (over || last) {
        printf("%s%lld recordings in the provider's list", over ? "\r" : "", (long long)b->listed);
        (void)fflush(stdout);
    }
}

static void read_account(void *context, const char *account_sid)
{
    struct backfill *b = CHECKED(backfill, context);
    char uri[LISTING_URI_SIZE], next[LISTING_URI_SIZE];
    const struct catalogue catalogue = {
        .app = b->app, .command = "backfill", .account = account_sid, .http = b->http};
    enum result result = listing_between(account_sid, b->range.since, b->range.until,
                                         b->app->config->reconcile_page_size, uri);
    for (int page = 0; page < PAGES_MAX && result == RESULT_OK && uri[0] != '\0'; page++) {
        result = catalogue_page(&catalogue, uri, record_entry, b, next);
        (void)snprintf(uri, sizeof uri, "%s", result == RESULT_OK ? next : "");
        show_listing(b, false);
        if (b->recorded != RESULT_OK) {
            return;
        }
    }
    b->list_failed = b->list_failed || result != RESULT_OK;
}

static enum result read_lists(struct backfill *b)
{
    b->http = http_new();
    if (b->http == NULL) {
        return RESULT_FAILED;
    }
    enum result result = backfill_accounts(b->app, b->range.business_id, read_account, b);
    http_free(b->http);
    return result == RESULT_OK ? b->recorded : result;
}

/* ---- feeding, and showing it ---- */

/* What was seen last, to know when nothing moves. */
struct watch {
    int64_t moved_ms;
    struct progress_line line;
};

static void note_moves(struct watch *w, const struct feeder *feeder, int64_t now)
{
    if (feeder_ended(feeder) != w->line.done || feeder->bytes != w->line.bytes) {
        w->line.done = feeder_ended(feeder);
        w->line.bytes = feeder->bytes;
        w->moved_ms = now;
    }
    w->line.failed = feeder->failed;
}

static void show(struct watch *w, struct terminal *terminal, int64_t now, bool last)
{
    char text[PROGRESS_LINE_SIZE];
    if (progress_line_is_due(&w->line, terminal->is_tty, now, last)) {
        (void)terminal_line(terminal, progress_line_text(&w->line, text));
    }
}

/* Somebody must do the work. An account that rests may do so for ACCOUNT_PAUSE_MAX, and once more
 * after a probe; what has not moved by then needs a person. */
static bool has_ended(const struct backfill *b, const struct watch *w, int64_t now,
                      enum outcome *outcome)
{
    const struct config *config = b->app->config;
    int64_t seen_ms;
    if (feeder_is_done(&b->feeder)) {
        *outcome = OUTCOME_DONE;
        return true;
    }
    if (now - w->moved_ms > 2 * config->account_pause_max) {
        *outcome = OUTCOME_STUCK;
        return true;
    }
    *outcome = OUTCOME_NO_RUNNER;
    return now - w->moved_ms > config->runner_grace &&
           queue_runner_seen(b->app, &seen_ms) == RESULT_OK && seen_ms < 0;
}

static enum outcome feed(struct backfill *b, struct terminal *terminal)
{
    enum outcome outcome;
    int64_t now = clock_monotonic_ms();
    struct watch w = {.moved_ms = now, .line = {.total = b->missing, .began_ms = now}};
    feeder_begin(&b->feeder, b->app, &b->range);
    for (;;) {
        enum result result = feeder_tick(&b->feeder); /* PostgreSQL being away is nothing moving */
        now = clock_monotonic_ms();
        note_moves(&w, &b->feeder, now);
        bool ended = has_ended(b, &w, now, &outcome);
        show(&w, terminal, now, ended);
        if (ended) {
            return outcome;
        }
        bool more = result == RESULT_OK && feeder_has_room(&b->feeder);
        if (terminal_wait(terminal, more ? 0 : TICK_MS)) {
            return OUTCOME_STOPPED;
        }
    }
}

/* ---- the end ---- */

static int sum_up(const struct backfill *b, enum outcome outcome)
{
    static const char *const WHY[] = {
        [OUTCOME_DONE] = "done",
        [OUTCOME_STOPPED] = "stopped",
        [OUTCOME_NO_RUNNER] = "no runner has been seen; is the drain timer running?",
        [OUTCOME_STUCK] = "nothing has moved for long; `tapedeck status` says why",
    };
    const struct feeder *f = &b->feeder;
    char bytes[HUMAN_SIZE];
    printf("%s: fetched %lld recordings, %s", WHY[outcome], (long long)f->fetched,
           human_bytes(f->bytes, bytes));
    printf("; %lld were here; %lld failed; %lld failed lately and are left alone\n",
           (long long)b->here, (long long)f->failed, (long long)f->left_alone);
    if (f->cancelled > 0) {
        printf("%lld were cancelled by somebody\n", (long long)f->cancelled);
    }
    if (f->run_count > 0) {
        printf("%zu are in the line, and are fetched all the same; the same command goes on\n",
               f->run_count);
    }
    if (b->list_failed) {
        (void)complain(
            "the provider's list could not be read; only what calls know of was fetched");
    }
    bool good = outcome == OUTCOME_DONE && f->failed + f->left_alone + f->cancelled == 0;
    return good && !b->list_failed ? EXIT_DONE : EXIT_NOT_DONE;
}

static int run(struct backfill *b)
{
    struct terminal terminal;
    if (read_lists(b) != RESULT_OK ||
        feeder_count(b->app, &b->range, &b->here, &b->missing) != RESULT_OK) {
        return complain_of_database();
    }
    show_listing(b, true);
    printf(", %lld of them new to us; %lld are here, %lld are not\n", (long long)b->added,
           (long long)b->here, (long long)b->missing);
    enum outcome outcome = OUTCOME_STOPPED;
    if (terminal_begin(&terminal)) {
        outcome = feed(b, &terminal);
    }
    terminal_end(&terminal);
    return sum_up(b, outcome);
}

/* Days are whole ones, in UTC; the last one is meant, too. */
static bool read_days(const char *since, const char *until, struct backfill_range *range)
{
    range->until = clock_wall();
    if (!clock_parse_day(since, &range->since) ||
        (until != NULL && !clock_parse_day(until, &range->until))) {
        return false;
    }
    range->until += until != NULL ? DAY_S : 0;
    return range->since < range->until;
}

int command_backfill(const struct app *app, int argc, char **argv)
{
    struct backfill b = {.magic = MAGIC(backfill), .app = app};
    const char *business = NULL, *since = NULL, *until = NULL;
    const struct option_spec specs[] = {{"--business", &business, NULL},
                                        {"--since", &since, NULL},
                                        {"--until", &until, NULL},
                                        {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (business == NULL || !text_int(business, 1, INT64_MAX, &b.range.business_id)) {
        return complain("--business must be a number, 1 or more");
    }
    if (since == NULL || !read_days(since, until, &b.range)) {
        return complain("--since and --until are days, like 2026-11-20, the earlier one first");
    }
    return run(&b);
}
