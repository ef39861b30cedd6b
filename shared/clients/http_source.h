/*
 * Bytes that a request sends: a few from memory, then a piece of a file, read as they are sent.
 * For http.c alone.
 */
#ifndef TAPEDECK_CLIENTS_HTTP_SOURCE_H
#define TAPEDECK_CLIENTS_HTTP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http_file.h"

struct http_source;

/* `head_len` bytes, HTTP_HEAD_MAX at most, and `file`, whose descriptor is duplicated: the caller's
 * may be gone before all is sent. Each read notes its time in `read_at_ms`. NULL without memory or
 * descriptors; http_source_free(NULL) is safe. */
struct http_source *http_source_new(const void *head, size_t head_len, const struct http_file *file,
                                    int64_t *read_at_ms);
void http_source_free(struct http_source *source);

/* All of it. */
int64_t http_source_length(const struct http_source *source);

/* The next bytes, `room` at most; 0 at the end. False: the file is shorter than it was, or cannot
 * be read. */
bool http_source_read(struct http_source *source, char *out, size_t room, size_t *got);

/* Goes on from there: a request that is sent once more begins anew. */
bool http_source_seek(struct http_source *source, int64_t offset);

#endif
