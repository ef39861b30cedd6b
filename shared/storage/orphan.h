/*
 * Orphans: objects in the store that no call keeps. Its call went, or its recording was deleted
 * while the store did not delete; what a legal hold holds is none.
 *
 * A change of call_log marks the object (db/migrations/130_strays.sql), so that those few are found
 * however many objects there are. What no mark tells of is found by a tour through all of them, a
 * piece at a time, and marked.
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

/* Goes on with the tour: marks the orphans among the next `most` objects, lost ones too, after the
 * place that PostgreSQL remembers, and remembers how far it got. `count` gets how many there were;
 * less than `most`: the next time it begins anew. */
enum result orphan_tour(const struct app *app, int64_t most, int64_t *count);

/* Visits the orphans among the next `most` marked objects after `place`, which moves on; start from
 * {0}. `count` gets how many of these there were. Whose call is kept again loses its mark. */
enum result orphan_each(const struct app *app, struct object_place *place, int64_t most,
                        orphan_visitor *visit, void *context, int64_t *count);

/* For the check that the schema accepts them. */
const struct pg_statement *orphan_statements(void);

#endif
