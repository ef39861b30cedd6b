/*
 * Recording callbacks are kept here before they are matched with their call. So nothing is missed
 * and nothing happens twice, in whatever order the callbacks and the call arrive.
 *
 * Signed callbacks of any kind that could not be used are kept here, too, with the reason, since
 * the provider does not repeat them: `tapedeck inbox` shows them and takes them up again. Their
 * forms hold phone numbers, so they go after INBOX_KEEP at the latest.
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

struct inbox_counts {
    int64_t waiting; /* callbacks, for their call */
    int64_t
        without_call; /* recordings that no call shows, for 15 minutes or more; 10,000 at most */
    int64_t unused;   /* callbacks that could not be used */
    int64_t full;     /* accounts of which INBOX_PER_DAY were kept within a day, and no more are */
};
enum result inbox_count(const struct app *app, struct inbox_counts *counts);

/* ---- what could not be used ---- */

struct inbox_unused {
    int64_t id; /* once it is kept */
    enum callback_kind kind;
    const char *account_sid;   /* whose token signed it */
    const char *business_said; /* business_id of the signed address, as it came; NULL: none */
    const char *call_sid, *recording_sid; /* where it names one, or NULL */
    const char *reason; /* the field because of which; or "business", "database", "account" */
    const char *form;   /* urlencoded, in printable ASCII (form_escape) */
};

/* Keeps one. RESULT_EXISTS: the same one is here. RESULT_TOO_BIG: INBOX_PER_DAY of its account
 * were kept within a day, and this one is not. */
enum result inbox_keep_unused(const struct app *app, const struct inbox_unused *unused);

/* Visits at most `limit` of them behind `last_id`, in the order in which they came. */
typedef void inbox_unused_visitor(void *context, const struct inbox_unused *unused);
enum result inbox_each_unused(const struct app *app, int64_t last_id, int64_t limit,
                              inbox_unused_visitor *visit, void *context);

/* It has been used. */
enum result inbox_forget_unused(const struct app *app, int64_t id);

/* It could not be used again, and this is why now. */
enum result inbox_blame_unused(const struct app *app, int64_t id, const char *reason);

/* Deletes those whose time is over: INBOX_KEEP, or what is shorter, the retention time of their
 * business; and those whose call was deleted, or its recording. Gives how many. */
enum result inbox_expire_unused(const struct app *app, int64_t *deleted);

/* Of those that could not be used and those that wait for their call ("call"), what an operator
 * wants to see. Texts live only while the visitor runs; NULL where not known. */
struct inbox_line {
    const char *received_at, *kind, *account_sid, *call_sid, *recording_sid, *reason;
    int64_t business_id; /* 0: nobody knows */
};
typedef void inbox_line_visitor(void *context, const struct inbox_line *line);

/* The newest first, those that could not be used before all others. */
enum result inbox_each_line(const struct app *app, int64_t limit, inbox_line_visitor *visit,
                            void *context);

const struct pg_statement *inbox_statements(void);
const struct pg_statement *inbox_unused_statements(void);

#endif
