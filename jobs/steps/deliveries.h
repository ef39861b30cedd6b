/*
 * The webhooks under way in a runner: sends what is due, and writes whether it arrived.
 *
 * It sends a POST with the delivery's stored body and with the headers X-Tapedeck-Event,
 * X-Tapedeck-Delivery (its id: the same each time), X-Tapedeck-Timestamp (seconds since 1970) and
 * X-Tapedeck-Signature: sha256= and the HMAC-SHA256, in hex, with the webhook's secret, over the
 * timestamp, a dot and the body. Any 2xx means that it has arrived. No redirect is followed, and no
 * address that is not public is connected to, unless WEBHOOK_PRIVATE says so.
 */
#ifndef TAPEDECK_JOBS_STEPS_DELIVERIES_H
#define TAPEDECK_JOBS_STEPS_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "app.h"
#include "clients/http.h"

struct deliveries;

/* NULL without memory. deliveries_free(NULL) is safe; what is not answered is handed back. */
struct deliveries *deliveries_new(const struct app *app, struct http *http);
void deliveries_free(struct deliveries *deliveries);

/* True when none is under way, and the last look found none. */
bool deliveries_idle(const struct deliveries *deliveries);

/* Deliveries under way. */
size_t deliveries_count(const struct deliveries *deliveries);

/* Something may be due now: it is looked for at the next tick. */
void deliveries_wake(struct deliveries *deliveries);

/* Sends what is due, if `taking`. Call it after each poll. */
void deliveries_tick(struct deliveries *deliveries, bool taking);

/* Stops everything; each delivery is due again at once, for somebody else. */
void deliveries_hand_back(struct deliveries *deliveries);

#endif
