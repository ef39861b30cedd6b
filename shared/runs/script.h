/*
 * The Lua scripts of db/queue, and the names of the keys that they work on. Everything that asks
 * Redis about recordings goes through these.
 */
#ifndef TAPEDECK_RUNS_SCRIPT_H
#define TAPEDECK_RUNS_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/buf.h"
#include "base/result.h"

enum { SCRIPT_KEY_SIZE = 96 };

/* "prefix:business" or "prefix:business:call_sid" (NULL: without). Gives `out`; one that does not
 * fit is a bug, and aborts. */
const char *script_key(char out[SCRIPT_KEY_SIZE], const char *prefix, int64_t business_id,
                       const char *call_sid);

/* By its file's name. RESULT_FAILED when there is none. `out` borrows from the binary. */
enum result script_find(const char *name, struct redis_script *out);

/* Runs a script by its file's name. `args` are its keys, then its arguments. The reply is the
 * caller's to free. RESULT_FAILED when there is no such script or it ends with an error. */
enum result script_eval(const struct app *app, const char *name, size_t keys,
                        const struct redis_args *args, struct redis_reply **reply);

/* The same for a script that answers 1 or 0: RESULT_OK or RESULT_LOST. */
enum result script_yes(const struct app *app, const char *name, size_t keys,
                       const struct redis_args *args);

/* Appends the text of a key. RESULT_NOT_FOUND: it has none. */
enum result script_get(const struct app *app, const char *key, struct buf *out);

/* Sends it and waits for no answer, as redis_post does. */
enum result script_post(const struct app *app, const char *name, size_t keys,
                        const struct redis_args *args, const char *event, const char *otherwise);

#endif
