#include "deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/text.h"
#include "clients/crypto.h"
#include "exchange.h"
#include "followups/delivery.h"

enum {
    AT_ONCE = 32,
    DOUBTFUL_AT_ONCE = 16, /* the others are for receivers that answered the last time */
    LOOK_EVERY_MS = 1000,
    LOOK_AFTER_MS = 50,     /* after one that ended: the next of its webhook may begin */
    LEASE_SPARE_MS = 60000, /* beyond WEBHOOK_TIMEOUT: for writing down how it went */
    ANSWER_MAX = 64 * 1024, /* nobody reads it */
    SIGNED_MAX = 64 << 20,
    HEADER_SIZE = 128,
    GONE = 410,
};

struct sending {
    struct magic magic;
    struct deliveries *all; /* NULL: a free place */
    struct exchange *exchange;
    char id[DELIVERY_ID_SIZE];
    int64_t attempt;
    int64_t business_id;
    bool doubtful;
};

struct deliveries {
    struct magic magic;
    const struct app *app;
    struct http *http;
    struct sending sendings[AT_ONCE];
    size_t count, doubtful;
    int64_t next_look_ms;
    bool more; /* the last look found some: behind them others may wait for their turn */
};

struct deliveries *deliveries_new(const struct app *app, struct http *http)
{
    struct deliveries *d = calloc(1, sizeof *d);
    if (d != NULL) {
        d->magic = MAGIC(deliveries);
        d->app = app;
        d->http = http;
    }
    return d;
}

bool deliveries_idle(const struct deliveries *deliveries)
{
    return deliveries->count == 0 && !deliveries->more;
}

size_t deliveries_count(const struct deliveries *deliveries)
{
    return deliveries->count;
}

void deliveries_wake(struct deliveries *deliveries)
{
    deliveries->next_look_ms = 0;
}

/* ---- how a try ends ---- */

static void log_try(const char *event, const struct sending *s, long status, const char *code)
{
    log_event(event, "business_id=%lld delivery=%s attempt=%lld status=%ld%s%s",
              (long long)s->business_id, s->id, (long long)s->attempt, status,
              code != NULL ? " reason=" : "", code != NULL ? code : "");
}

/* A receiver that is gone, and an address that is refused, stay so; everything else may mend. */
static void miss(const struct sending *s, long status, const struct run_reason *why, bool final)
{
    const struct app *app = s->all->app;
    const struct config_list *delays = &app->config->webhook_delays;
    if (final || s->attempt > (int64_t)delays->count) {
        (void)delivery_fail(app, s->id, s->attempt, status, why);
        log_try("WEBHOOK_FAILED", s, status, why->code);
        return;
    }
    int64_t delay = delays->items[s->attempt > 0 ? s->attempt - 1 : 0];
    (void)delivery_retry(app, s->id, s->attempt, status, delay, why);
    log_try("WEBHOOK_RETRY", s, status, why->code);
}

static void forget(struct sending *s)
{
    int64_t soon = clock_monotonic_ms() + LOOK_AFTER_MS;
    s->all->next_look_ms = s->all->next_look_ms < soon ? s->all->next_look_ms : soon;
    s->all->count--;
    s->all->doubtful -= s->doubtful;
    *s = (struct sending){.magic = MAGIC(sending)};
}

static void on_answer(void *context, const struct exchange_end *end)
{
    struct sending *s = CHECKED(sending, context);
    bool refused, arrived = end->status >= 200 && end->status < 300;
    const struct run_reason *trouble = exchange_trouble(end, &refused);
    if (arrived && (end->outcome == HTTP_COMPLETE || end->outcome == HTTP_STOPPED)) {
        (void)delivery_arrived(s->all->app, s->id, s->attempt, end->status);
        (void)delivery_webhook_answered(s->all->app, s->id);
        log_try("WEBHOOK_DELIVERED", s, end->status, NULL);
    } else if (trouble != NULL) {
        bool gone = end->outcome == HTTP_COMPLETE && end->status == GONE;
        miss(s, end->status, trouble, gone || end->outcome == HTTP_FORBIDDEN);
        (void)delivery_webhook_failed(s->all->app, s->id, trouble->code);
    }
    forget(s);
}

/* ---- sending ---- */

/* RESULT_FAILED when it could not be signed. */
static enum result sign(const struct delivery *delivery, int64_t now, char *hex)
{
    unsigned char mac[CRYPTO_SHA256_SIZE];
    struct buf text;
    buf_init(&text, SIGNED_MAX);
    buf_format(&text, "%lld.", (long long)now);
    buf_text(&text, delivery->payload);
    bool good = buf_ok(&text) && crypto_hmac_sha256(delivery->secret, text.data, text.len, mac);
    buf_free(&text);
    if (good) {
        text_hex(mac, sizeof mac, hex);
    }
    return good ? RESULT_OK : RESULT_FAILED;
}

static enum result start(struct sending *s, const struct delivery *delivery)
{
    const struct config *config = s->all->app->config;
    char event[HEADER_SIZE], id[HEADER_SIZE], stamp[HEADER_SIZE], signature[HEADER_SIZE];
    char hex[CRYPTO_SHA256_HEX];
    int64_t now = clock_wall();
    if (sign(delivery, now, hex) != RESULT_OK) {
        return RESULT_FAILED;
    }
    (void)snprintf(event, sizeof event, "X-Tapedeck-Event: %s", delivery->event);
    (void)snprintf(id, sizeof id, "X-Tapedeck-Delivery: %s", delivery->id);
    (void)snprintf(stamp, sizeof stamp, "X-Tapedeck-Timestamp: %lld", (long long)now);
    (void)snprintf(signature, sizeof signature, "X-Tapedeck-Signature: sha256=%s", hex);
    const char *const headers[] = {
        "Content-Type: application/json", event, id, stamp, signature, NULL};
    struct http_request request = {
        .url = delivery->url,
        .headers = headers,
        .body = delivery->payload,
        .connect_timeout_ms = config->connect_timeout,
        .stall_timeout_ms = config->webhook_timeout,
        .total_timeout_ms = config->webhook_timeout,
        .public_only = !config->webhook_private,
        .alone = true,
    };
    const struct exchange_plan plan = {.ceiling = ANSWER_MAX, .done = on_answer, .context = s};
    return exchange_start(s->all->http, &request, &plan, &s->exchange);
}

static void begin(void *context, const struct delivery *delivery)
{
    static const struct run_reason INACTIVE = {"inactive", "The webhook was switched off."};
    static const struct run_reason INTERNAL = {"internal", "It could not be sent."};
    struct deliveries *d = CHECKED(deliveries, context);
    size_t place = 0;
    d->more = true;
    while (place < AT_ONCE && d->sendings[place].all != NULL) {
        place++;
    }
    if (place == AT_ONCE) {
        return; /* due again when its lease is over */
    }
    struct sending *s = &d->sendings[place];
    *s = (struct sending){.magic = MAGIC(sending),
                          .all = d,
                          .attempt = delivery->attempt,
                          .business_id = delivery->business_id,
                          .doubtful = delivery->doubtful};
    memcpy(s->id, delivery->id, sizeof s->id);
    d->count++;
    d->doubtful += s->doubtful;
    if (!delivery->active || start(s, delivery) != RESULT_OK) {
        miss(s, 0, delivery->active ? &INTERNAL : &INACTIVE, !delivery->active);
        forget(s);
    }
}

void deliveries_tick(struct deliveries *deliveries, bool taking)
{
    int64_t now = clock_monotonic_ms();
    const struct app *app = deliveries->app;
    if (!taking || now < deliveries->next_look_ms || deliveries->count >= AT_ONCE) {
        return;
    }
    deliveries->next_look_ms = now + LOOK_EVERY_MS;
    int64_t doubtful = deliveries->doubtful < DOUBTFUL_AT_ONCE
                           ? (int64_t)(DOUBTFUL_AT_ONCE - deliveries->doubtful)
                           : 0;
    deliveries->more = false;
    (void)delivery_claim(app, (int64_t)(AT_ONCE - deliveries->count), doubtful,
                         app->config->webhook_timeout + app->config->connect_timeout +
                             LEASE_SPARE_MS,
                         begin, deliveries);
}

void deliveries_hand_back(struct deliveries *deliveries)
{
    static const struct run_reason REASON = {"handed_back",
                                             "The runner stopped; it is sent again."};
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct sending *s = &deliveries->sendings[i];
        if (s->all != NULL) {
            (void)delivery_retry(deliveries->app, s->id, s->attempt, 0, 0, &REASON);
            exchange_drop(s->exchange);
            forget(s);
        }
    }
}

void deliveries_free(struct deliveries *deliveries)
{
    if (deliveries != NULL) {
        deliveries_hand_back(deliveries);
        free(deliveries);
    }
}
