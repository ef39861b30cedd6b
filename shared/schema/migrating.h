/*
 * How a migration's pieces are done, while others read and write: a lock that would make others
 * wait is asked for during a twentieth of a second, given up, and asked for again, for an hour.
 */
#ifndef TAPEDECK_SCHEMA_MIGRATING_H
#define TAPEDECK_SCHEMA_MIGRATING_H

#include "base/magic.h"
#include "base/result.h"
#include "clients/pg.h"
#include "migration.h"

/* Three to the same database: `work` does it all, `guard` has a lock meanwhile, and `watch`, which
 * has a short timeout, asks how far an index is. */
struct migrating_connections {
    struct pg *work, *guard, *watch;
};

/* Told how far it is, about once a second where it takes long. */
typedef void migrating_tell(void *context, const char *detail);

struct migrating {
    struct magic magic;
    const struct migrating_connections *to;
    const char *name;                    /* the migration's */
    const struct migration_piece *piece; /* of it */
    migrating_tell *tell;
    void *context;
};

/* One piece. RESULT_LOST: another has a table that it needs, all the time. */
enum result migrating_piece(struct migrating *migrating);

const struct pg_statement *migrating_statements(void);

#endif
