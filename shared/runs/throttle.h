/*
 * What Redis counts to limit requests: failed sign-ins by address, responders that wait, that send
 * much, and those that a business holds.
 *
 * These counts expire by themselves. Any function may return RESULT_UNAVAILABLE; then nothing was
 * counted.
 */
#ifndef TAPEDECK_RUNS_THROTTLE_H
#define TAPEDECK_RUNS_THROTTLE_H

#include <stdint.h>

#include "app.h"
#include "base/buf.h"
#include "base/result.h"
#include "clients/crypto.h"

/* Counts a failure of an address; gives how many there were within SIGNIN_WINDOW, and how long it
 * lasts yet (milliseconds). RESULT_INVALID: no address is as long as this. */
enum result throttle_count_failure(const struct app *app, const char *address, int64_t *count,
                                   int64_t *left_ms);

/* In the place of a business: responders that wait, that send much, or that ask whether all is
 * ready, whoever for. */
enum { THROTTLE_WAITING = 0, THROTTLE_SENDING = -1, THROTTLE_READY = -2 };

/* One of a business's places on this host, or one to wait or to send in, held for `lasts_ms` or
 * until throttle_leave_place. RESULT_LOST: `limit` are taken already. `token` (CRYPTO_TOKEN_SIZE)
 * tells holders apart; it is "" where no place was taken, and then there is none to leave. */
enum result throttle_take_place(const struct app *app, int64_t whose, int64_t lasts_ms,
                                int64_t limit, char *token);
void throttle_leave_place(const struct app *app, int64_t whose, const char *token);

/* What this host answered last when it was asked whether all is ready, for so long, to all of its
 * responders. RESULT_NOT_FOUND: nothing is remembered. */
enum { THROTTLE_REMEMBERED_MS = 1000 };
void throttle_remember(const struct app *app, const char *answer);
enum result throttle_recall(const struct app *app, struct buf *answer);

#endif
