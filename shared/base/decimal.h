/*
 * Decimal numbers from outside, as doubles. Pure.
 */
#ifndef TAPEDECK_BASE_DECIMAL_H
#define TAPEDECK_BASE_DECIMAL_H

#include <stddef.h>

/* Reads the number that `text` begins with: a sign, digits with or without a point, an exponent.
 * Gives how many characters it has, 0 when there is none. What is too large is infinite. */
size_t decimal_read(const char *text, double *out);

#endif
