/*
 * For the queue's own files: its scripts and the names of its keys.
 */
#ifndef TAPEDECK_RECORDINGS_QUEUE_SCRIPT_H
#define TAPEDECK_RECORDINGS_QUEUE_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "recordings/queue.h"

enum { QUEUE_KEY_SIZE = 96 };

/* Finds a script of db/queue/, ready for redis_eval. */
enum result queue_find_script(const char *name, struct redis_script *out);

/* "prefix:business" or, unless `call_sid` is NULL, "prefix:business:call_sid"; gives `out`. Aborts
 * over one that does not fit: a bug. */
const char *queue_key(char out[QUEUE_KEY_SIZE], const char *prefix, int64_t business_id,
                      const char *call_sid);

/* Runs a script that answers 1 (RESULT_OK) or 0 (RESULT_LOST). */
enum result queue_eval_yes(const struct app *app, const char *name, size_t keys,
                           const struct redis_args *args);

/* How long ago the runner's mark was made, in ms, when it has `left_ms` left; -1: there is none. */
int64_t queue_seen_ms(int64_t left_ms);

#endif
