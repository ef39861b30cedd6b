/*
 * Parameters that PostgreSQL reads as arrays, for one statement over many rows:
 * unnest($1::bigint[], $2::text[], …).
 *
 * Items are numbers and words of ours (tokens, SIDs, names): nothing that would need quoting.
 */
#ifndef TAPEDECK_CLIENTS_PG_ARRAY_H
#define TAPEDECK_CLIENTS_PG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "pg.h"

enum { PG_ARRAYS_MAX = 4 };

struct pg_arrays {
    struct buf texts[PG_ARRAYS_MAX];
};

/* All empty. End with pg_arrays_free. */
void pg_arrays_init(struct pg_arrays *arrays);
void pg_arrays_free(struct pg_arrays *arrays);

/* Adds an item to the array at `index`. */
void pg_arrays_number(struct pg_arrays *arrays, size_t index, int64_t number);
void pg_arrays_word(struct pg_arrays *arrays, size_t index, const char *word);

/* Ends the first `count` arrays and adds them to the parameters, which borrow them. False without
 * memory. */
bool pg_arrays_finish(struct pg_arrays *arrays, size_t count, struct pg_params *params);

#endif
