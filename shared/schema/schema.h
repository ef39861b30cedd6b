/*
 * The schema: numbered migrations, each applied once, in order, while others go on reading and
 * writing.
 *
 * An advisory lock prevents two migrations at once. The checksum of each applied file is kept; a
 * file that was changed afterwards is refused with an error. A migration that stopped half way is
 * done again from its beginning: each statement of it is safe to run again.
 */
#ifndef TAPEDECK_SCHEMA_SCHEMA_H
#define TAPEDECK_SCHEMA_SCHEMA_H

#include "base/result.h"
#include "clients/pg.h"
#include "migrating.h"

enum schema_step {
    SCHEMA_PRESENT,
    SCHEMA_MISSING,
    SCHEMA_WORKING,
    SCHEMA_APPLIED,
    SCHEMA_CHANGED,
    SCHEMA_BROKEN,
};

/* Told of each migration ("010_recordings"); `detail` is PostgreSQL's message when BROKEN, how far
 * it is when WORKING, about once a second where it takes long, else NULL. */
typedef void schema_visitor(void *context, const char *name, enum schema_step step,
                            const char *detail);

/* Applies what is missing. RESULT_LOST: another migration held the lock for an hour, or a
 * transaction a table that is needed. RESULT_FAILED: one was changed or broken; those after it were
 * not tried. */
enum result schema_migrate(const struct migrating_connections *to, schema_visitor *visit,
                           void *context);

/* Can programs work with it? `words` says so ("ok"), or what an operator can do; pg_error has the
 * details, which are not for everybody. RESULT_NOT_FOUND: some of it, or all, is missing. */
enum result schema_look(struct pg *pg, const char **words);

/* Applies nothing. RESULT_NOT_FOUND when something is missing or changed. */
enum result schema_check(struct pg *pg, schema_visitor *visit, void *context);

#endif
