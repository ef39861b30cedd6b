/*
 * The parameters of pg.h. Pure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg.h"

void pg_text(struct pg_params *params, const char *text)
{
    if (params->count == PG_PARAMS_MAX) {
        abort();
    }
    params->values[params->count++] = text;
}

void pg_int(struct pg_params *params, int64_t number)
{
    if (params->count == PG_PARAMS_MAX) {
        abort();
    }
    char *digits = params->numbers[params->count];
    int n = snprintf(digits, sizeof params->numbers[0], "%lld", (long long)number);
    if (n < 0 || (size_t)n >= sizeof params->numbers[0]) {
        abort();
    }
    pg_text(params, digits);
}

void pg_int_or_null(struct pg_params *params, int64_t number, int64_t null_value)
{
    if (number == null_value) {
        pg_text(params, NULL);
    } else {
        pg_int(params, number);
    }
}

void pg_flag(struct pg_params *params, bool flag)
{
    pg_text(params, flag ? "t" : "f");
}

bool pg_are_large(const struct pg_params *params)
{
    enum { LARGE_BYTES = 1 << 20 };
    size_t bytes = 0;
    for (size_t i = 0; i < params->count; i++) {
        bytes += params->values[i] != NULL ? strlen(params->values[i]) : 0;
    }
    return bytes >= LARGE_BYTES;
}
