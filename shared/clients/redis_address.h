/*
 * Where a Redis is, as its URL says. Pure.
 */
#ifndef TAPEDECK_CLIENTS_REDIS_ADDRESS_H
#define TAPEDECK_CLIENTS_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { REDIS_PART_SIZE = 256 };

struct redis_address {
    char host[REDIS_PART_SIZE]; /* or the socket's path */
    char user[REDIS_PART_SIZE];
    char password[REDIS_PART_SIZE];
    int64_t port; /* 0: a unix socket */
    int64_t db;
};

/* Reads redis://[[user]:password@]host[:port][/db], or unix:///path[?db=n]; parts may be
 * percent-encoded. False when it is neither. */
bool redis_address_parse(const char *url, struct redis_address *out);

#endif
