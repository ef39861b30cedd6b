/*
 * application/x-www-form-urlencoded and query strings (WHATWG URL, section 5.1), decoded into a
 * bounded list of pairs in the order they came.
 *
 * This is stricter than browsers: a bad percent escape or a NUL is RESULT_INVALID, and more pairs
 * than the maximum are RESULT_TOO_BIG. Nothing is guessed.
 */
#ifndef TAPEDECK_BASE_FORM_H
#define TAPEDECK_BASE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

enum { FORM_MAX_PAIRS = 128 };

struct form_pair {
    const char *name;  /* decoded, NUL-terminated, owned by the form */
    const char *value; /* the same; "" when there was no '=' */
};

struct form {
    struct form_pair pairs[FORM_MAX_PAIRS];
    size_t count;
    char *storage; /* owned */
};

/* Decodes `len` bytes. On any result but RESULT_OK the form is empty. Free with form_free. */
enum result form_parse(struct form *form, const char *text, size_t len);

/* form_free(NULL) is safe, and so is a zeroed form. */
void form_free(struct form *form);

/* The first value of `name`, or NULL. */
const char *form_get(const struct form *form, const char *name);

/* True when some name occurs more than once. */
bool form_has_repeats(const struct form *form);

#endif
