/*
 * The Range header, decided once (RFC 9110, 14.1 and 14.2). Pure.
 *
 * An unknown unit is ignored. A malformed set, or one of which nothing is satisfiable, is
 * unsatisfiable (416). Of more than RANGE_MAX ranges, or ranges that add up to more than the whole
 * file, only the first that can be satisfied counts (14.2).
 */
#ifndef TAPEDECK_FCGI_HTTP_RANGE_H
#define TAPEDECK_FCGI_HTTP_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGE_MAX = 10, RANGE_PIECE = 64 * 1024 };

struct range {
    int64_t start;  /* first byte */
    int64_t length; /* bytes, at least 1 */
};

enum range_verdict {
    RANGE_WHOLE,         /* no header, or a unit we do not know */
    RANGE_PARTIAL,       /* `count` ranges to send, in the order they were asked */
    RANGE_UNSATISFIABLE, /* 416 */
};

struct range_set {
    struct range ranges[RANGE_MAX];
    size_t count;
};

/* `header` may be NULL. `size` is the file's, in bytes, 0 or more. */
enum range_verdict range_parse(const char *header, int64_t size, struct range_set *out);

/* "bytes=A-B", "bytes=A-" or "bytes=-N" and nothing else: what every server reads as we do. */
bool range_is_plain(const char *header);

/* All bytes of a set. */
int64_t range_sum(const struct range_set *set);

/* Cuts a set that is more than a piece: the first range is left, and RANGE_PIECE bytes of it (RFC
 * 9110, 15.3.7: a 206 says itself what it has, and may have less than was asked for). */
void range_cut(struct range_set *set);

#endif
