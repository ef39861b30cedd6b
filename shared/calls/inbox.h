/*
 * Recording callbacks are kept here before they are matched with their call. So nothing is missed
 * and nothing happens twice, in whatever order the callbacks and the call arrive.
 */
#ifndef TAPEDECK_CALLS_INBOX_H
#define TAPEDECK_CALLS_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "twilio/callback.h"

/* Keeps one callback. RESULT_EXISTS when the same event (recording and status) was here before and
 * has been matched: nothing is left to do. */
enum result inbox_keep(const struct app *app, const struct recording_callback *callback,
                       const char *recording_url);

/* A kept callback that waits for its call; `callback` points into strings that live for the call
 * of the visitor. */
typedef void inbox_visitor(void *context, const struct recording_callback *callback,
                           const char *recording_url);

/* Visits what waits for this call, oldest first; or, with NULL, for any call that is there now. */
enum result inbox_each_waiting(const struct app *app, const char *call_sid, inbox_visitor *visit,
                               void *context);

/* Marks one as matched. */
enum result inbox_matched(const struct app *app, const struct recording_callback *callback);

/* How far the provider's list has been read: the next page's path, "" when the last was reached.
 * RESULT_NOT_FOUND: nowhere yet. RESULT_TOO_BIG when it does not fit. */
enum result inbox_read_progress(const struct app *app, const char *account_sid, char *out,
                                size_t size);
enum result inbox_write_progress(const struct app *app, const char *account_sid,
                                 const char *next_page);

/* How many callbacks wait for their call; and how many recordings no call has shown for 15 minutes
 * or more, up to 10,000. */
enum result inbox_count(const struct app *app, int64_t *waiting, int64_t *without_call);

const struct pg_statement *inbox_statements(void);

#endif
