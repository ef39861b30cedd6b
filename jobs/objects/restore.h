/*
 * Brings a recording back from the object store to this disk, for a runner that needs the file:
 * another machine fetched it, or the cache removed it.
 *
 * It gets its name only when its bytes have the checksum of what was stored.
 */
#ifndef TAPEDECK_JOBS_OBJECTS_RESTORE_H
#define TAPEDECK_JOBS_OBJECTS_RESTORE_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "clients/http.h"

struct restore;

/* RESULT_OK: it is here. RESULT_NOT_FOUND: the store lost it; its row says so by now.
 * RESULT_INVALID: the store has other bytes. */
typedef void restore_done(void *context, enum result result);

/* Begins; `done` is called once, from http_poll. RESULT_NOT_FOUND: it is not in the store.
 * RESULT_LOST: somebody else is writing it at this moment. */
enum result restore_start(const struct app *app, struct http *http, int64_t business_id,
                          const char *call_sid, restore_done *done, void *context,
                          struct restore **out);

/* Ends it; `done` is not called any more. restore_drop(NULL) is safe. */
void restore_drop(struct restore *restore);

#endif
