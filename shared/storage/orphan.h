/*
 * Orphans: objects in the store that no call keeps. The call is gone, or its recording was deleted
 * while the store did not delete. What is under a legal hold is no orphan.
 *
 * A change of call_log marks the object (db/migrations/130_strays.sql), so the few orphans are
 * found quickly, however many objects there are. Orphans without a mark are found and marked by a
 * tour through all objects, some at a time.
 */
#ifndef TAPEDECK_STORAGE_ORPHAN_H
#define TAPEDECK_STORAGE_ORPHAN_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "object.h"

/* Texts live only while the visitor runs. */
struct orphan {
    int64_t business_id;
    const char *call_sid;
    int64_t bytes;
};
typedef void orphan_visitor(void *context, const struct orphan *orphan);

/* Goes on with the tour: marks the orphans among the next `limit` objects, lost ones too, after the
 * place that PostgreSQL remembers, and remembers how far it got. `count` gets how many there were;
 * less than `limit`: the next time it begins anew. */
enum result orphan_tour(const struct app *app, int64_t limit, int64_t *count);

/* Visits the orphans among the next `limit` marked objects after `cursor`, which moves on; start
 * from {0}. `count` gets how many of these there were. Whose call is kept again loses its mark. */
enum result orphan_each(const struct app *app, struct object_cursor *cursor, int64_t limit,
                        orphan_visitor *visit, void *context, int64_t *count);

/* For the check that the schema accepts them. */
const struct pg_statement *orphan_statements(void);

#endif
