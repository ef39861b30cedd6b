/*
 * application/x-www-form-urlencoded and query strings (WHATWG URL, section 5.1), decoded into pairs
 * in the order they came.
 *
 * As there, nothing is malformed: a '%' that begins no escape stands for itself, and a part may
 * hold any byte, a NUL too. Who wants none of that asks for `clean`.
 */
#ifndef TAPEDECK_BASE_FORM_H
#define TAPEDECK_BASE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "result.h"

/* Decoded, owned by the form. Behind each part is a NUL, and there may be one within. */
struct form_pair {
    const char *name;
    const char *value; /* "" when there was no '=' */
    size_t name_len, value_len;
};

struct form {
    struct form_pair *pairs; /* owned, and so is `storage` */
    size_t count;
    bool clean; /* every escape was one, and no part holds a NUL */
    char *storage;
};

/* Decodes `len` bytes, which bound how many pairs there are. On any result but RESULT_OK the form
 * is empty: RESULT_FAILED without memory. Free with form_free. */
enum result form_parse(struct form *form, const char *text, size_t len);

/* form_free(NULL) is safe, and so is a zeroed form. */
void form_free(struct form *form);

/* The first value of `name`; NULL when it did not come, or holds a NUL and is no text. */
const char *form_get(const struct form *form, const char *name);

/* Did it come, with whatever value? */
bool form_has(const struct form *form, const char *name);

/* Did `name` come more than once, with different values? Which one is meant would be a guess. */
bool form_differs(const struct form *form, const char *name);

/* True when some name occurs more than once. */
bool form_has_repeats(const struct form *form);

/* By name, then by value, as bytes: for qsort. */
int form_compare(const void *a, const void *b);

/* Adds the same form in printable ASCII: what is none is escaped, and reads the same. */
void form_escape(const char *text, size_t len, struct buf *out);

#endif
