/*
 * The schema: numbered migrations, each applied once, in order, in a transaction of its own.
 *
 * An advisory lock prevents two migrations at once. The checksum of each applied file is kept; a
 * file that was changed afterwards is refused with an error. Applying again is safe.
 */
#ifndef TAPEDECK_SCHEMA_SCHEMA_H
#define TAPEDECK_SCHEMA_SCHEMA_H

#include "base/result.h"
#include "clients/pg.h"

enum schema_step { SCHEMA_PRESENT, SCHEMA_MISSING, SCHEMA_APPLIED, SCHEMA_CHANGED, SCHEMA_BROKEN };

/* Told of each migration ("010_recordings"); `error` is PostgreSQL's message when BROKEN. */
typedef void schema_visitor(void *context, const char *name, enum schema_step step,
                            const char *error);

/* Applies what is missing. A table that others use for long (a backup) is asked for again and
 * again, for a second each time, so that nobody waits longer for it. RESULT_LOST: another migration
 * held the lock all the while, or a transaction such a table. RESULT_FAILED: one was changed or
 * broken; those after it were not tried. */
enum result schema_migrate(struct pg *pg, schema_visitor *visit, void *context);

/* Applies nothing. RESULT_NOT_FOUND when something is missing or changed. */
enum result schema_check(struct pg *pg, schema_visitor *visit, void *context);

#endif
