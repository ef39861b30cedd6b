/*
 * The words of redis.h. Pure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

void redis_text(struct redis_args *args, const char *text)
{
    if (args->count == REDIS_ARGS_MAX) {
        abort();
    }
    args->values[args->count] = text;
    args->lengths[args->count++] = strlen(text);
}

void redis_int(struct redis_args *args, int64_t number)
{
    if (args->count == REDIS_ARGS_MAX) {
        abort();
    }
    char *digits = args->numbers[args->count];
    int n = snprintf(digits, sizeof args->numbers[0], "%lld", (long long)number);
    if (n < 0 || (size_t)n >= sizeof args->numbers[0]) {
        abort();
    }
    redis_text(args, digits);
}
