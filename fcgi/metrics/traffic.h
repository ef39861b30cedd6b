/*
 * What is counted of each request: its route, its status, and how long the answer took.
 */
#ifndef TAPEDECK_FCGI_METRICS_TRAFFIC_H
#define TAPEDECK_FCGI_METRICS_TRAFFIC_H

#include <stdint.h>

#include "http/request.h"
#include "observe/metrics.h"

/* The upper bounds of the buckets that answers are counted in by their time, least first; the last
 * one is "+Inf", and after it comes a NULL. */
struct traffic_bound {
    const char *seconds;
    int64_t us;
};
const struct traffic_bound *traffic_bounds(void);

/* Counts an answered request. Its route is that of the table, never the path as it came: whoever
 * makes up paths makes up no counts. */
void traffic_note(struct metrics *metrics, const struct request *request, int status,
                  int64_t took_us);

#endif
