#include "json_word.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/text.h"

enum { INT_DIGITS_MAX = 18, POWER_DIGITS = 3, POWER_MAX = 280 };

static const double LARGEST = 1e270, SMALLEST = 1e-270;

static bool is_json_number(const char *word)
{
    const char *c = word + (*word == '-');
    size_t whole = strspn(c, "0123456789");
    if (whole == 0 || whole > INT_DIGITS_MAX || (whole > 1 && *c == '0')) {
        return false;
    }
    c += whole;
    if (*c == '.') {
        size_t part = strspn(++c, "0123456789");
        if (part == 0) {
            return false;
        }
        c += part;
    }
    if (*c == 'e') {
        size_t sign = c[1] == '-' || c[1] == '+' ? 1 : 0,
               power = strspn(c + 1 + sign, "0123456789");
        int value = 0;
        for (size_t i = 0; i < power && i < POWER_DIGITS; i++) {
            value = value * 10 + (c[1 + sign + i] - '0');
        }
        if (power == 0 || power > POWER_DIGITS || value > POWER_MAX) {
            return false;
        }
        c += 1 + sign + power;
    }
    return *c == '\0';
}

/* As Python and C write them. */
static bool is_infinite(const char *word)
{
    word += *word == '-' || *word == '+' ? 1 : 0;
    return text_same(word, "nan") || text_same(word, "inf") || text_same(word, "infinity");
}

const char *json_word(const char *word, char *room, size_t size)
{
    static const char *const NOTHING[] = {"null", "none", "nil", "undefined"};
    for (size_t i = 0; i < sizeof NOTHING / sizeof *NOTHING; i++) {
        if (text_same(word, NOTHING[i])) {
            return "null";
        }
    }
    if (text_same(word, "true") || text_same(word, "false")) {
        return text_same(word, "true") ? "true" : "false";
    }
    if (is_json_number(word)) {
        return word;
    }
    double number = 0;
    size_t len = decimal_read(word, &number);
    if (len == 0 || word[len] != '\0') {
        return is_infinite(word) ? "null" : NULL;
    }
    if (fabs(number) > LARGEST) {
        return "null";
    }
    (void)snprintf(room, size, "%.17g", fabs(number) < SMALLEST ? 0 : number);
    if (strpbrk(room, ".e") == NULL) {
        (void)snprintf(room, size, "%.17g.0", fabs(number) < SMALLEST ? 0 : number);
    }
    return room;
}
