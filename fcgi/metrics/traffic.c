#include "traffic.h"

#include <stdio.h>

static const struct traffic_bound BOUNDS[] = {
    {"0.001", 1000},  {"0.0025", 2500}, {"0.005", 5000},  {"0.01", 10000},     {"0.025", 25000},
    {"0.05", 50000},  {"0.1", 100000},  {"0.25", 250000}, {"0.5", 500000},     {"1", 1000000},
    {"2.5", 2500000}, {"5", 5000000},   {"10", 10000000}, {"+Inf", INT64_MAX}, {NULL, 0},
};

const struct traffic_bound *traffic_bounds(void)
{
    return BOUNDS;
}

void traffic_note(struct metrics *metrics, const struct request *request, int status,
                  int64_t took_us)
{
    char route[METRICS_NAME_SIZE], code[16];
    const struct traffic_bound *bound = BOUNDS;
    if (request->route == NULL) {
        (void)snprintf(route, sizeof route, "other");
    } else {
        /* HEAD is GET without a body, and one row of the table. */
        enum method method = request->method == METHOD_HEAD ? METHOD_GET : request->method;
        (void)snprintf(route, sizeof route, "%s %s", request_method_name(method), request->route);
    }
    (void)snprintf(code, sizeof code, "%d", status);
    while (took_us > bound->us) {
        bound++;
    }
    metrics_add(metrics, METRICS_REQUESTS, route, code, 1);
    metrics_add(metrics, METRICS_WITHIN, route, bound->seconds, 1);
    metrics_add(metrics, METRICS_TOOK_US, route, NULL, took_us > 0 ? took_us : 1);
}
