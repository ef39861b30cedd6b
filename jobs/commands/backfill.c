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
#include "provider/catalogue.h"
#include "provider/feeder.h"
#include "watch.h"

enum { PAGES_MAX = 10000, DAY_S = 86400 };

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

static enum watch_look feed(void *context, struct progress_line *line)
{
    struct backfill *b = CHECKED(backfill, context);
    enum result result = feeder_tick(&b->feeder); /* PostgreSQL being away is nothing moving */
    line->done = feeder_ended(&b->feeder);
    line->bytes = b->feeder.bytes;
    line->failed = b->feeder.failed;
    if (feeder_is_done(&b->feeder)) {
        return WATCH_LOOK_END;
    }
    return result == RESULT_OK && feeder_has_room(&b->feeder) ? WATCH_LOOK_AGAIN : WATCH_LOOK_LATER;
}

/* ---- the end ---- */

static int sum_up(const struct backfill *b, enum watch_outcome outcome)
{
    const struct feeder *f = &b->feeder;
    char bytes[HUMAN_SIZE];
    printf("%s: fetched %lld recordings, %s", watch_word(outcome), (long long)f->fetched,
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
    bool good = outcome == WATCH_DONE && f->failed + f->left_alone + f->cancelled == 0;
    return good && !b->list_failed ? EXIT_DONE : EXIT_NOT_DONE;
}

static int run(struct backfill *b)
{
    if (read_lists(b) != RESULT_OK ||
        feeder_count(b->app, &b->range, &b->here, &b->missing) != RESULT_OK) {
        return complain_of_database();
    }
    show_listing(b, true);
    printf(", %lld of them new to us; %lld are here, %lld are not\n", (long long)b->added,
           (long long)b->here, (long long)b->missing);
    feeder_begin(&b->feeder, b->app, &b->range);
    return sum_up(b, watch_run(b->app, b->missing, feed, b));
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
