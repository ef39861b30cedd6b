/*
 * tapedeck reconcile
 *
 * Asks the provider's recordings list for what callbacks never told us: each entry goes the way of
 * a callback, and what is known already changes nothing. At most RECONCILE_PAGES pages a time; the
 * next time goes on where this one stopped. Then asks who took part in conferences of which no call
 * is known.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "calls/inbox.h"
#include "commands.h"
#include "options.h"
#include "provider/catalogue.h"
#include "provider/conferences.h"
#include "recordings/service.h"
#include "twilio/listing.h"

struct reconcile {
    struct magic magic;
    const struct app *app;
    struct catalogue catalogue;
    enum result result;
    int64_t seen, added;
};

/* ---- what a page says ---- */

static void record_entry(void *context, const struct recording_callback *callback)
{
    struct reconcile *r = CHECKED(reconcile, context);
    r->seen++;
    if (r->result != RESULT_OK) {
        return;
    }
    r->result = service_recording_event(r->app, callback);
    if (r->result == RESULT_EXISTS || r->result == RESULT_DENIED) {
        r->result = RESULT_OK;
    } else if (r->result == RESULT_OK) {
        r->added++;
    }
}

static enum result read_page(struct reconcile *r, const char *uri, char *next)
{
    enum result result = catalogue_page(&r->catalogue, uri, record_entry, r, next);
    return result == RESULT_OK ? r->result : result;
}

/* ---- all of them ---- */

static enum result begin_at(const struct reconcile *r, char *uri)
{
    const struct config *config = r->app->config;
    enum result result = inbox_read_progress(r->app, r->catalogue.account, uri, LISTING_URI_SIZE);
    if (result == RESULT_OK && listing_is_own(uri, r->catalogue.account)) {
        return result;
    }
    return result == RESULT_UNAVAILABLE
               ? result
               : listing_first(r->catalogue.account, clock_wall() - config->reconcile_window / 1000,
                               config->reconcile_page_size, uri);
}

/* The place is kept after each page, so that a killed run loses one page at most; a page that
 * cannot be read any more is not asked for for ever. */
static enum result read_pages(struct reconcile *r)
{
    char uri[LISTING_URI_SIZE], next[LISTING_URI_SIZE];
    enum result result = begin_at(r, uri);
    for (int64_t page = 0; result == RESULT_OK && uri[0] != '\0'; page++) {
        if (page == r->app->config->reconcile_pages) {
            return RESULT_OK;
        }
        result = read_page(r, uri, next);
        if (result == RESULT_OK || result == RESULT_INVALID) {
            (void)snprintf(uri, sizeof uri, "%s", result == RESULT_OK ? next : "");
            (void)inbox_write_progress(r->app, r->catalogue.account, uri);
        }
    }
    return result;
}

int command_reconcile(const struct app *app, int argc, char **argv)
{
    static const struct option_spec NONE[] = {{NULL, NULL, NULL}};
    struct reconcile r = {.magic = MAGIC(reconcile),
                          .app = app,
                          .catalogue = {.app = app,
                                        .command = "reconcile",
                                        .account = app->config->twilio_account_sid}};
    if (!options_read(NONE, argc, argv)) {
        return EXIT_USAGE;
    }
    if (!app->config->enable_schedulers) {
        return EXIT_DONE;
    }
    r.catalogue.http = http_new();
    enum result result = r.catalogue.http != NULL ? read_pages(&r) : RESULT_FAILED;
    if (result == RESULT_OK) {
        result = conferences_ask(app, r.catalogue.http);
    }
    http_free(r.catalogue.http);
    if (result == RESULT_UNAVAILABLE) {
        fprintf(stderr, "tapedeck: reconcile: PostgreSQL did not answer; the next run continues\n");
    }
    log_event("RECONCILE_DONE", "seen=%lld news=%lld ok=%d", (long long)r.seen, (long long)r.added,
              result == RESULT_OK);
    return result == RESULT_OK ? EXIT_DONE : EXIT_NOT_DONE;
}
