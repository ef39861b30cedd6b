/*
 * Durations as people write them: "90", "90s", "15min", "8h", "250ms"; a bare number is seconds.
 */
#ifndef TAPEDECK_CONFIG_DURATION_H
#define TAPEDECK_CONFIG_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds, `max` at most. False when it is no duration, or longer. */
bool duration_parse(const char *text, size_t len, int64_t max, int64_t *ms);

#endif
