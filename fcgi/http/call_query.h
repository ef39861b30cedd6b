/*
 * Which calls somebody wants: the query of the list, its totals, its changes and its export. The
 * gate has looked at each value (parameter.h).
 */
#ifndef TAPEDECK_FCGI_HTTP_CALL_QUERY_H
#define TAPEDECK_FCGI_HTTP_CALL_QUERY_H

#include "base/buf.h"
#include "calls/call.h"
#include "request.h"

enum { CALL_QUERY_LIMIT_MAX = 100 };

/* The keys, for the table of routes. */
#define CALL_QUERY_KEYS                                                                            \
    "search", "from", "to", "direction", "status", "has_recording", "recording_status",            \
        "min_duration", "max_duration", "agent", "line", "party", "tag", "starred", "heard"

struct call_query {
    struct call_filter filter; /* borrows from the request, and from `wants` */
    struct buf wants;
};

/* RESULT_FAILED without memory. Free in any case. */
enum result call_query_read(const struct request *request, struct call_query *out);
void call_query_free(struct call_query *query);

#endif
