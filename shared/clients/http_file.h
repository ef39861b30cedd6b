/*
 * What a request sends of a file: whoever asks for it, and whoever reads it, see the same.
 */
#ifndef TAPEDECK_CLIENTS_HTTP_FILE_H
#define TAPEDECK_CLIENTS_HTTP_FILE_H

#include <stdint.h>

enum { HTTP_HEAD_MAX = 64 }; /* bytes that may go before it */

/* `length` bytes of a descriptor from `offset` on, read as they are sent. The descriptor is the
 * caller's; the request has its own. */
struct http_file {
    int fd;
    int64_t offset, length;
};

#endif
