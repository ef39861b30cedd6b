#include "http.h"

const char *http_outcome_name(enum http_outcome outcome)
{
    static const char *const NAMES[] = {
        [HTTP_COMPLETE] = "complete",       [HTTP_STOPPED] = "stopped",
        [HTTP_UNREACHABLE] = "unreachable", [HTTP_FORBIDDEN] = "forbidden",
        [HTTP_STALLED] = "stalled",         [HTTP_TIMED_OUT] = "timed_out",
        [HTTP_BROKEN] = "broken",
    };
    return NAMES[outcome];
}
