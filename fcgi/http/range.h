/*
 * The Range header, decided once (RFC 9110, 14.1 and 14.2). Pure.
 *
 * An unknown unit is ignored. A malformed set, or one of which nothing is satisfiable, is
 * unsatisfiable (416). More than RANGE_MAX ranges, or ranges that add up to more than the whole
 * file, are ignored: the client gets the whole, once.
 */
#ifndef TAPEDECK_FCGI_HTTP_RANGE_H
#define TAPEDECK_FCGI_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum { RANGE_MAX = 10 };

struct range {
    int64_t start;  /* first byte */
    int64_t length; /* bytes, at least 1 */
};

enum range_verdict {
    RANGE_WHOLE,         /* no header, or a unit we do not know */
    RANGE_IGNORED,       /* a byte range that we choose to answer with the whole file */
    RANGE_PARTIAL,       /* `count` ranges to send, in the order they were asked */
    RANGE_UNSATISFIABLE, /* 416 */
};

struct range_set {
    struct range ranges[RANGE_MAX];
    size_t count;
};

/* `header` may be NULL. `size` is the file's, in bytes, 0 or more. */
enum range_verdict range_parse(const char *header, int64_t size, struct range_set *out);

#endif
