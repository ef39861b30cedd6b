/*
 * Preconditions, evaluated in the order of RFC 9110, 13.2.2. Pure.
 *
 * Our ETags are strong. If-Match and If-Range compare strongly (a weak tag never matches),
 * If-None-Match weakly. Dates that do not parse are ignored, as are If-Modified-Since beside
 * If-None-Match and If-Unmodified-Since beside If-Match.
 */
#ifndef TAPEDECK_FCGI_HTTP_CONDITIONAL_H
#define TAPEDECK_FCGI_HTTP_CONDITIONAL_H

#include <stdint.h>

/* The headers as they came; NULL where there was none. */
struct conditions {
    const char *if_match;
    const char *if_none_match;
    const char *if_modified_since;
    const char *if_unmodified_since;
    const char *if_range;
};

enum condition_verdict {
    CONDITION_PROCEED,
    CONDITION_PROCEED_WITHOUT_RANGE, /* If-Range did not match: ignore Range */
    CONDITION_NOT_MODIFIED,          /* 304 */
    CONDITION_FAILED,                /* 412 */
};

/* `etag` is the strong current one, quotes included; `modified` the wall clock's seconds. */
enum condition_verdict conditional_check(const struct conditions *c, const char *etag,
                                         int64_t modified);

#endif
