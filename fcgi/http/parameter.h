/*
 * The parameters of all routes: what each may hold, in words for people and as a JSON Schema for
 * programs. One table checks requests, explains refusals, and describes the API.
 */
#ifndef TAPEDECK_FCGI_HTTP_PARAMETER_H
#define TAPEDECK_FCGI_HTTP_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "clients/json.h"
#include "response.h"

enum parameter_kind {
    PARAMETER_TEXT,    /* UTF-8, `min` to `max` bytes */
    PARAMETER_NUMBER,  /* whole, from `min` to `max` */
    PARAMETER_WORD,    /* one of `words` */
    PARAMETER_FLAG,    /* true or false */
    PARAMETER_INSTANT, /* of RFC 3339, or a day: clock_parse_instant */
    PARAMETER_OWN,     /* whoever takes it checks it, or the route its path */
};

struct parameter {
    const char *name; /* of a query key, or of a path's placeholder */
    enum parameter_kind kind;
    int64_t min, max;
    const char *const *words; /* ends with NULL */
    const char *pattern;      /* of JSON Schema; NULL: there is none */
    const char *expected;     /* NULL: numbers and words say it themselves */
    const char *meaning;
};

/* By its name, of `len` bytes. NULL: there is no such parameter. */
const struct parameter *parameter_find(const char *name, size_t len);

/* May it hold this? Of PARAMETER_OWN everything may. */
bool parameter_fits(const struct parameter *parameter, const char *value);

/* Appends what it may hold, in English: "a whole number from 1 to 100". */
void parameter_expected(const struct parameter *parameter, struct buf *out);

/* The same as a JSON Schema; the caller owns it. */
struct json *parameter_schema(const struct parameter *parameter);

/* 400: which parameter, and what was expected in its place. */
void parameter_refuse(const struct parameter *parameter, struct response *response);

/* states_answer_json, where RESULT_INVALID means the parameter of this name in the table. */
void parameter_answer_json(enum result result, const char *name, struct json *json,
                           struct response *response);

/* The same for what has no row here: "query", "body". Nothing that came may be in the two. */
void parameter_refuse_as(const char *name, const char *expected, struct response *response);

/* What request_read_form and request_read_json gave in place of RESULT_OK, as an answer. `expected`
 * says what the body was to be: 400, 411, 413, or 503. */
void parameter_refuse_body(enum result result, const char *expected, struct response *response);

#endif
