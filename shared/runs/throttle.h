/*
 * What Redis counts to limit requests: failed sign-ins by address, and responders that wait or
 * send.
 *
 * The counts expire by themselves. Any function may return RESULT_UNAVAILABLE; then nothing was
 * counted.
 */
#ifndef TAPEDECK_RUNS_THROTTLE_H
#define TAPEDECK_RUNS_THROTTLE_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

/* Counts a failure of an address; gives how many there were within SIGNIN_WINDOW, and how long it
 * lasts yet (milliseconds). RESULT_INVALID: no address is as long as this. */
enum result throttle_count_failure(const struct app *app, const char *address, int64_t *count,
                                   int64_t *left_ms);

/* A place to wait in, held until `until_ms` or throttle_wait_end (wall clock, milliseconds).
 * RESULT_LOST: `limit` responders of this host wait already. `token` tells waiters apart. */
enum result throttle_wait_begin(const struct app *app, int64_t now_ms, int64_t until_ms,
                                int64_t limit, const char *token);
void throttle_wait_end(const struct app *app, const char *token);

/* The same for those that send much. */
enum result throttle_send_begin(const struct app *app, int64_t now_ms, int64_t until_ms,
                                int64_t limit, const char *token);
void throttle_send_end(const struct app *app, const char *token);

#endif
