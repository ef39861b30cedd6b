/*
 * pread that goes on until it has everything.
 */
#ifndef TAPEDECK_BASE_READ_AT_H
#define TAPEDECK_BASE_READ_AT_H

#include <stddef.h>
#include <stdint.h>

/* Reads `len` bytes at `offset` of a file, or as many as there are; gives how many. The
 * descriptor's own place does not move. */
size_t read_at(int fd, int64_t offset, unsigned char *out, size_t len);

#endif
