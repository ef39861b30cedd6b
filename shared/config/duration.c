#include "duration.h"

#include <string.h>

#include "base/text.h"

bool duration_parse(const char *text, size_t len, int64_t max, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } UNITS[] = {{"", 1000},     {"ms", 1},      {"s", 1000},
                 {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = 0;
    while (digits < len && text[digits] >= '0' && text[digits] <= '9') {
        digits++;
    }
    int64_t number;
    if (!text_int_n(text, digits, 0, max, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
        if (strlen(UNITS[i].unit) == len - digits &&
            memcmp(text + digits, UNITS[i].unit, len - digits) == 0) {
            *out = number * UNITS[i].ms;
            return number <= max / UNITS[i].ms;
        }
    }
    return false;
}
