/*
 * Bytes and durations, written for people: "1.9 GB", "42m10s".
 */
#ifndef TAPEDECK_JOBS_COMMANDS_HUMAN_H
#define TAPEDECK_JOBS_COMMANDS_HUMAN_H

#include <stdint.h>

enum { HUMAN_SIZE = 24 };

/* "0 B", "999 B", "1.0 kB", "42.1 GB": powers of a thousand, as disks are sold. `out` holds
 * HUMAN_SIZE, and is returned. */
const char *human_bytes(int64_t bytes, char *out);

/* "59s", "2m05s", "3h20m", "4d06h". Below 0 it is "-". */
const char *human_time(int64_t seconds, char *out);

#endif
