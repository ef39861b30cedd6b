#include "catalogue.h"

#include <stdio.h>

#include "base/buf.h"
#include "twilio/media.h"

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

static enum result fetch_page(const struct catalogue *c, const char *uri, struct fetch *fetch)
{
    static const struct http_events EVENTS = {.on_body = keep_body, .on_done = note_done};
    enum { POLL_MS = 1000, URL_SIZE = LISTING_URI_SIZE + 512 };
    const struct config *config = c->app->config;
    struct credential credential = credentials_of(c->app->credentials, c->account);
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
    enum result result = http_start(c->http, &request, &EVENTS, fetch, &transfer);
    while (result == RESULT_OK && !fetch->done) {
        result = http_poll(c->http, NULL, 0, POLL_MS);
    }
    return result;
}

/* A page that the provider does not have any more is no fault of the moment. */
static enum result judge_page(const struct catalogue *c, const struct fetch *fetch)
{
    bool gone = fetch->status == 400 || fetch->status == 404 || fetch->status == 410;
    if (fetch->outcome == HTTP_COMPLETE && fetch->status == 200) {
        return RESULT_OK;
    }
    fprintf(stderr, "tapedeck: %s: the provider answered %ld (%s)\n", c->command, fetch->status,
            http_outcome_name(fetch->outcome));
    return fetch->outcome == HTTP_COMPLETE && gone ? RESULT_INVALID : RESULT_FAILED;
}

enum result catalogue_page(const struct catalogue *c, const char *uri, listing_visitor *visit,
                           void *context, char *next)
{
    struct fetch fetch = {.done = false};
    buf_init(&fetch.body, LISTING_PAGE_MAX);
    enum result result = fetch_page(c, uri, &fetch);
    if (result == RESULT_OK) {
        result = judge_page(c, &fetch);
    }
    if (result == RESULT_OK) {
        result =
            listing_read(buf_str(&fetch.body), fetch.body.len, c->account, visit, context, next);
        if (result == RESULT_INVALID) {
            fprintf(stderr, "tapedeck: %s: the provider's list makes no sense\n", c->command);
        }
    }
    buf_free(&fetch.body);
    return result;
}
