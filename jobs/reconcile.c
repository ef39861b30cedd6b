/*
 * tapedeck reconcile
 *
 * Asks the provider's recordings list for what callbacks never told us: each entry goes the way of
 * a callback, and what is known already changes nothing. At most RECONCILE_PAGES pages a time; the
 * next time goes on where this one stopped.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "clients/http.h"
#include "commands.h"
#include "options.h"
#include "recordings/inbox.h"
#include "recordings/service.h"
#include "twilio/listing.h"
#include "twilio/media.h"

struct reconcile {
    const struct app *app;
    const char *account;
    struct http *http;
    enum result result;
    int64_t seen, news;
};

/* ---- one page ---- */

struct fetch {
    struct buf body;
    bool done;
    enum http_outcome outcome;
    long status;
};

static bool keep_body(void *context, const struct http_answer *answer, const char *bytes,
                      size_t len)
{
    struct fetch *fetch = context;
    (void)answer;
    buf_add(&fetch->body, bytes, len);
    return buf_ok(&fetch->body);
}

static void note_done(void *context, enum http_outcome outcome, const struct http_answer *answer)
{
    struct fetch *fetch = context;
    fetch->done = true;
    fetch->outcome = outcome;
    fetch->status = answer->status;
}

static enum result fetch_page(const struct reconcile *r, const char *uri, struct fetch *fetch)
{
    static const struct http_events EVENTS = {.on_body = keep_body, .on_done = note_done};
    enum { POLL_MS = 1000, URL_SIZE = LISTING_URI_SIZE + 512 };
    const struct config *config = r->app->config;
    struct credential credential = credentials_of(r->app->credentials, r->account);
    char url[URL_SIZE];
    struct http_transfer *transfer;
    int n = snprintf(url, sizeof url, "%s%s", config->twilio_api_base, uri);
    if (n < 0 || n >= URL_SIZE) {
        return RESULT_TOO_BIG;
    }
    struct http_request request = {
        .url = url,
        .user = credential.user,
        .password = credential.password,
        .connect_timeout_ms = config->connect_timeout,
        .stall_timeout_ms = config->stall_timeout,
        .total_timeout_ms = config->transfer_timeout,
        .public_only = media_base_is_twilio(config->twilio_api_base),
    };
    enum result result = http_start(r->http, &request, &EVENTS, fetch, &transfer);
    while (result == RESULT_OK && !fetch->done) {
        result = http_poll(r->http, NULL, 0, POLL_MS);
    }
    return result;
}

/* ---- what a page says ---- */

static void tell(void *context, const struct recording_callback *callback)
{
    struct reconcile *r = context;
    r->seen++;
    if (r->result != RESULT_OK) {
        return;
    }
    r->result = service_recording_event(r->app, callback);
    if (r->result == RESULT_EXISTS || r->result == RESULT_DENIED) {
        r->result = RESULT_OK;
    } else if (r->result == RESULT_OK) {
        r->news++;
    }
}

/* A page that the provider does not have any more is no fault of the moment. */
static enum result judge_page(const struct fetch *fetch)
{
    bool gone = fetch->status == 400 || fetch->status == 404 || fetch->status == 410;
    if (fetch->outcome == HTTP_COMPLETE && fetch->status == 200) {
        return RESULT_OK;
    }
    fprintf(stderr, "tapedeck: reconcile: the provider answered %ld (%s)\n", fetch->status,
            http_outcome_name(fetch->outcome));
    return fetch->outcome == HTTP_COMPLETE && gone ? RESULT_INVALID : RESULT_FAILED;
}

static enum result read_page(struct reconcile *r, const char *uri, char *next)
{
    struct fetch fetch = {.done = false};
    buf_init(&fetch.body, LISTING_PAGE_MAX);
    enum result result = fetch_page(r, uri, &fetch);
    if (result == RESULT_OK) {
        result = judge_page(&fetch);
    }
    if (result == RESULT_OK) {
        result = listing_read(buf_str(&fetch.body), fetch.body.len, r->account, tell, r, next);
        if (result == RESULT_INVALID) {
            fprintf(stderr, "tapedeck: reconcile: the provider's list makes no sense\n");
        }
    }
    buf_free(&fetch.body);
    return result == RESULT_OK ? r->result : result;
}

/* ---- all of them ---- */

static enum result begin_at(const struct reconcile *r, char *uri)
{
    const struct config *config = r->app->config;
    enum result result = inbox_read_progress(r->app, r->account, uri, LISTING_URI_SIZE);
    if (result == RESULT_OK && listing_is_own(uri, r->account)) {
        return result;
    }
    return result == RESULT_UNAVAILABLE
               ? result
               : listing_first(r->account, clock_wall() - config->reconcile_window / 1000,
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
            (void)inbox_write_progress(r->app, r->account, uri);
        }
    }
    return result;
}

int command_reconcile(const struct app *app, int argc, char **argv)
{
    static const struct option_spec NONE[] = {{NULL, NULL, NULL}};
    struct reconcile r = {.app = app, .account = app->config->twilio_account_sid};
    if (!options_read(NONE, argc, argv)) {
        return EXIT_USAGE;
    }
    if (!app->config->enable_schedulers) {
        return EXIT_DONE;
    }
    r.http = http_new();
    enum result result = r.http != NULL ? read_pages(&r) : RESULT_FAILED;
    http_free(r.http);
    if (result == RESULT_UNAVAILABLE) {
        fprintf(stderr, "tapedeck: reconcile: PostgreSQL did not answer; the next time goes on\n");
    }
    log_event("RECONCILE_DONE", "seen=%lld news=%lld ok=%d", (long long)r.seen, (long long)r.news,
              result == RESULT_OK);
    return result == RESULT_OK ? EXIT_DONE : EXIT_NOT_DONE;
}
