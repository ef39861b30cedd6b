/*
 * Which calls of a business changed, or whose recordings, other legs or marks did, since somebody
 * last asked. What is asked from is a mark that is only ours to read; nothing that happened behind
 * it is left out, and a little of what happened before it may come again.
 */
#ifndef TAPEDECK_CALLS_CALL_CHANGES_H
#define TAPEDECK_CALLS_CALL_CHANGES_H

#include "call.h"

enum { CALL_MARK_SIZE = 64, CALL_CHANGES_MAX = 100 };

/* Visits the rows of the newest of them. `since` NULL: none. `now` is what to ask from next;
 * `more`: not all could be told, or `since` was too long ago. RESULT_INVALID: it is no mark of
 * ours. */
enum result call_changes(const struct app *app, int64_t business_id, const char *subject,
                         const char *since, call_visitor *visit, void *context,
                         char now[CALL_MARK_SIZE], bool *more);

/* Forgets what is older than anybody may ask for. */
enum result call_changes_forget(const struct app *app);

const struct pg_statement *call_changes_statements(void);

#endif
