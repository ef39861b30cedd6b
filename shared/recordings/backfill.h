/*
 * A business's calls of past days: which of them have a recording, what the provider's list adds,
 * and fetching them behind everybody who waits.
 */
#ifndef TAPEDECK_RECORDINGS_BACKFILL_H
#define TAPEDECK_RECORDINGS_BACKFILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "base/text.h"
#include "twilio/callback.h"

/* Which calls: those that began in [since, until), in seconds since 1970. */
struct backfill_range {
    int64_t business_id;
    int64_t since, until;
};

/* Stands behind a call, newest first. Start from {0}. */
struct backfill_cursor {
    int64_t created_us;
    char call_sid[SID_SIZE];
};

enum { BACKFILL_PAGE_MAX = 500 };

/* The next calls after `cursor` that have a recording of their own to fetch, wherever that is by
 * now: not those that expired, or that the provider has none of. At most BACKFILL_PAGE_MAX; `count`
 * 0 is the end. Moves `cursor` on. */
enum result backfill_page(const struct app *app, const struct backfill_range *range,
                          struct backfill_cursor *cursor, char (*sids)[SID_SIZE], size_t *count);

/* Visits the accounts that the business is known to have: the configured one is among them. */
enum result backfill_accounts(const struct app *app, int64_t business_id,
                              void (*visit)(void *, const char *account_sid), void *context);

/* An entry of the provider's list: where it is a recording that its call or conference, one of this
 * business, does not know of yet, it is written down, and nothing is fetched. RESULT_EXISTS:
 * nothing new; RESULT_NOT_FOUND: no such call in this business, or nobody knows whose conference it
 * is: then it waits in the inbox. RESULT_DENIED: another business's conference. */
enum result backfill_record(const struct app *app, int64_t business_id,
                            const struct recording_callback *entry);

/* Has a recording fetched behind everybody who waits, or joins the run that does it already: then
 * RESULT_OK. RESULT_EXISTS: it is here, or there is nothing to fetch; RESULT_DENIED: it failed too
 * often lately. */
enum result backfill_fetch(const struct app *app, int64_t business_id, const char *call_sid,
                           int64_t *run_id);

enum backfill_end { BACKFILL_UNDER_WAY, BACKFILL_FETCHED, BACKFILL_FAILED, BACKFILL_CANCELLED };

struct backfill_run {
    int64_t id;
    enum backfill_end end;
    int64_t bytes; /* so far */
};

/* Asks how these runs are by now; one that is not there any more has been cancelled. */
enum result backfill_refresh(const struct app *app, struct backfill_run *runs, size_t count);

const struct pg_statement *backfill_statements(void);

#endif
