#include "decimal.h"

#include <stdbool.h>
#include <stdint.h>

enum { DIGITS_MAX = 18, EXPONENT_MAX = 400 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits beyond those that a double can tell apart only count. */
static size_t digits(const char *text, uint64_t *number, int *known, int *more)
{
    size_t len = 0;
    for (; is_digit(text[len]); len++) {
        if (*known < DIGITS_MAX) {
            *number = *number * 10 + (uint64_t)(text[len] - '0');
            *known += *number > 0;
        } else {
            *more += *more < EXPONENT_MAX * 100;
        }
    }
    return len;
}

static size_t exponent_of(const char *text, int *exponent)
{
    if (text[0] != 'e' && text[0] != 'E') {
        return 0;
    }
    bool negative = text[1] == '-';
    size_t len = negative || text[1] == '+' ? 2 : 1;
    int value = 0;
    if (!is_digit(text[len])) {
        return 0;
    }
    for (; is_digit(text[len]); len++) {
        value = value < EXPONENT_MAX * 100 ? value * 10 + (text[len] - '0') : value;
    }
    *exponent += negative ? -value : value;
    return len;
}

static double scaled(uint64_t number, int exponent)
{
    double value = (double)number;
    for (int i = 0; i < exponent && i < EXPONENT_MAX && number > 0; i++) {
        value *= 10;
    }
    double divisor = 1;
    for (int i = 0; i > exponent && i > -EXPONENT_MAX; i--) {
        divisor *= 10;
    }
    return value / divisor;
}

size_t decimal_read(const char *text, double *out)
{
    size_t len = text[0] == '-' || text[0] == '+' ? 1 : 0;
    uint64_t number = 0;
    int known = 0, whole_more = 0, part_more = 0, exponent = 0;
    size_t whole = digits(text + len, &number, &known, &whole_more), part = 0;
    len += whole;
    if (text[len] == '.') {
        part = digits(text + len + 1, &number, &known, &part_more);
        exponent -= (int)(part < EXPONENT_MAX * 100 ? part : EXPONENT_MAX * 100) - part_more;
        len += part > 0 || whole > 0 ? part + 1 : 0;
    }
    if (whole + part == 0) {
        return 0;
    }
    exponent += whole_more;
    len += exponent_of(text + len, &exponent);
    *out = scaled(number, exponent) * (text[0] == '-' ? -1 : 1);
    return len;
}
