/*
 * Webhooks: who wants to hear of complete calls (call_webhooks), and each request until it has
 * arrived (call_webhook_deliveries).
 *
 * A delivery is kept with its body, so that each try sends the same bytes with the same id. It may
 * arrive more than once. Whoever claims a delivery holds it for `lease_ms`; then it is due again.
 *
 * A receiver that hangs holds up its own deliveries and no others: businesses take turns, and at
 * most two deliveries of a webhook and four of a business are under way at once, in all runners
 * together. One that failed five times in a row rests, for a minute, then for twice as long each
 * time, up to an hour; after a rest it is asked with one delivery.
 */
#ifndef TAPEDECK_FOLLOWUPS_DELIVERY_H
#define TAPEDECK_FOLLOWUPS_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "runs/run.h"

enum { DELIVERY_ID_SIZE = 37 };

/* One claimed delivery; its texts live while the visitor runs. */
struct delivery {
    char id[DELIVERY_ID_SIZE];
    int64_t attempt; /* this one, from 1 */
    int64_t business_id;
    const char *event, *payload;
    const char *url, *secret;
    bool active;   /* the webhook, by now */
    bool doubtful; /* it failed the last time */
};

/* A delivery for each active webhook of the business, saying that the call is complete. Safe inside
 * a transaction. */
enum result delivery_make(const struct app *app, int64_t business_id, const char *call_sid);

/* At most `limit` that are due, and of these at most `doubtful` whose webhook failed the last time.
 * RESULT_LOST: another runner claims in this moment. */
enum result delivery_claim(const struct app *app, int64_t limit, int64_t doubtful, int64_t lease_ms,
                           void (*visit)(void *, const struct delivery *), void *context);

/* How a try ended; RESULT_LOST when somebody has claimed it again meanwhile. `http_status` is 0
 * when there was no answer. */
enum result delivery_arrived(const struct app *app, const char *id, int64_t attempt,
                             int64_t http_status);
enum result delivery_retry(const struct app *app, const char *id, int64_t attempt,
                           int64_t http_status, int64_t delay_ms, const struct run_reason *reason);
enum result delivery_fail(const struct app *app, const char *id, int64_t attempt,
                          int64_t http_status, const struct run_reason *reason);

/* What the try says about the webhook, besides: it answered, or it failed, and may have to rest
 * now. What waited for one that rests for longer than all of WEBHOOK_DELAYS has failed as well. */
enum result delivery_webhook_answered(const struct app *app, const char *id);
enum result delivery_webhook_failed(const struct app *app, const char *id, const char *code);

/* Forgets those that ended WEBHOOK_KEEP ago: what was said is not to lie about in them. */
enum result delivery_forget(const struct app *app, int64_t *forgotten);

/* Adds a webhook, or changes its secret and makes it active; or makes it inactive. */
enum result delivery_add_webhook(const struct app *app, int64_t business_id, const char *url,
                                 const char *secret);
enum result delivery_stop_webhook(const struct app *app, int64_t business_id, const char *url);

/* How many deliveries wait, and how many failed within a day, by reason. */
enum result delivery_each_count(const struct app *app,
                                void (*visit)(void *, const char *status, const char *code,
                                              int64_t count),
                                void *context);

/* A webhook that rests: its host, how often it failed, why the last time, and for how long yet. */
struct delivery_rest {
    int64_t business_id;
    const char *host, *code;
    int64_t failures, left_s;
};
enum result delivery_each_rest(const struct app *app,
                               void (*visit)(void *, const struct delivery_rest *), void *context);

const struct pg_statement *delivery_statements(void);

#endif
