#include "exchange.h"

#include <stdlib.h>

#include "base/magic.h"

struct exchange {
    struct magic magic;
    struct http_transfer *transfer;
    struct exchange_plan plan;
    bool dropped; /* nobody wants to know */
    struct buf body;
};

static bool is_good(long status)
{
    return status == 200 || status == 201;
}

static bool on_body(void *context, const struct http_answer *answer, const char *bytes, size_t len)
{
    struct exchange *x = CHECKED(exchange, context);
    if (x->plan.eat != NULL && is_good(answer->status)) {
        return !x->dropped && x->plan.eat(x->plan.context, answer->content_type, bytes, len);
    }
    buf_add(&x->body, bytes, len);
    return buf_ok(&x->body) || x->plan.eat != NULL; /* of an error, its beginning will do */
}

static void on_done(void *context, enum http_outcome outcome, const struct http_answer *answer)
{
    struct exchange *x = CHECKED(exchange, context);
    struct exchange_end end = {
        .outcome = outcome,
        .status = answer->status,
        .retry_after_s = answer->retry_after_s,
        .body = &x->body,
    };
    if (!x->dropped) {
        x->plan.done(x->plan.context, &end);
    }
    buf_free(&x->body);
    free(x);
}

enum result exchange_start(struct http *http, const struct http_request *request,
                           const struct exchange_plan *plan, struct exchange **out)
{
    static const struct http_events EVENTS = {.on_body = on_body, .on_done = on_done};
    struct exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        return RESULT_FAILED;
    }
    x->magic = MAGIC(exchange);
    x->plan = *plan;
    buf_init(&x->body, plan->ceiling);
    enum result result = http_start(http, request, &EVENTS, x, &x->transfer);
    if (result != RESULT_OK) {
        free(x);
        return result;
    }
    *out = x;
    return RESULT_OK;
}

void exchange_drop(struct exchange *exchange)
{
    if (exchange != NULL) {
        exchange->dropped = true;
        http_cancel(exchange->transfer);
    }
}

/* ---- why not ---- */

static const struct run_reason UNREACHABLE = {"unreachable", "The server could not be reached."};
static const struct run_reason FORBIDDEN = {
    "address_refused", "The server's name leads to an address that we do not connect to."};
static const struct run_reason TIMED_OUT = {"timed_out", "The server took too long to answer."};
static const struct run_reason BROKEN = {"broken_answer", "The server's answer came incomplete."};
static const struct run_reason TOO_LARGE = {"answer_too_large",
                                            "The server's answer is too large."};
static const struct run_reason AUTH = {"server_auth",
                                       "The server refused our key: set OPENAI_API_KEY."};
static const struct run_reason BUSY = {"server_busy", "The server asked us to slow down."};
static const struct run_reason ERROR = {"server_error", "The server answered with an error."};
static const struct run_reason REFUSED = {"server_refused", "The server refused what we sent."};
static const struct run_reason LATER = {
    "unsupported", "The server wants to answer later; set one that answers at once."};
static const struct run_reason REDIRECTED = {"redirected",
                                             "The server pointed to another address."};

static const struct run_reason *status_trouble(long status, bool *final)
{
    *final = false;
    switch (status) {
    case 200:
    case 201: return NULL;
    case 401:
    case 403: return &AUTH;
    case 408: return &TIMED_OUT;
    case 429: return &BUSY;
    default: break;
    }
    if (status >= 500) {
        return &ERROR;
    }
    *final = true;
    if (status == 202) {
        return &LATER;
    }
    return status >= 300 && status < 400 ? &REDIRECTED : &REFUSED;
}

const struct run_reason *exchange_trouble(const struct exchange_end *end, bool *final)
{
    *final = false;
    switch (end->outcome) {
    case HTTP_COMPLETE: return status_trouble(end->status, final);
    case HTTP_UNREACHABLE: return &UNREACHABLE;
    case HTTP_FORBIDDEN: *final = true; return &FORBIDDEN;
    case HTTP_STALLED:
    case HTTP_TIMED_OUT: return &TIMED_OUT;
    case HTTP_STOPPED: return &TOO_LARGE;
    case HTTP_BROKEN: break;
    }
    return &BROKEN;
}
