#include "human.h"

#include <stdio.h>

const char *human_bytes(int64_t bytes, char *out)
{
    static const char *const UNITS[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    enum { LAST = sizeof UNITS / sizeof *UNITS - 1 };
    int64_t tenths = bytes * 10;
    size_t unit = 0;
    if (bytes < 1000) {
        (void)snprintf(out, HUMAN_SIZE, "%lld B", (long long)(bytes > 0 ? bytes : 0));
        return out;
    }
    if (bytes > INT64_MAX / 10) {
        tenths = INT64_MAX;
    }
    while (tenths >= 10000 && unit < LAST) {
        tenths /= 1000;
        unit++;
    }
    (void)snprintf(out, HUMAN_SIZE, "%lld.%lld %s", (long long)(tenths / 10),
                   (long long)(tenths % 10), UNITS[unit]);
    return out;
}

const char *human_time(int64_t seconds, char *out)
{
    enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
    long long s = seconds;
    if (s < 0) {
        (void)snprintf(out, HUMAN_SIZE, "-");
    } else if (s < MINUTE) {
        (void)snprintf(out, HUMAN_SIZE, "%llds", s);
    } else if (s < HOUR) {
        (void)snprintf(out, HUMAN_SIZE, "%lldm%02llds", s / MINUTE, s % MINUTE);
    } else if (s < DAY) {
        (void)snprintf(out, HUMAN_SIZE, "%lldh%02lldm", s / HOUR, s % HOUR / MINUTE);
    } else {
        (void)snprintf(out, HUMAN_SIZE, "%lldd%02lldh", s / DAY, s % DAY / HOUR);
    }
    return out;
}
