/*
 * REDIS_URL, parsed: the address of a Redis server, or of the Sentinels that know it. Pure.
 */
#ifndef TAPEDECK_CLIENTS_REDIS_ADDRESS_H
#define TAPEDECK_CLIENTS_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REDIS_PART_SIZE = 256, REDIS_SENTINELS_MAX = 8 };

struct redis_host {
    char name[REDIS_PART_SIZE]; /* or the socket's path */
    int64_t port;               /* 0: a unix socket */
};

struct redis_address {
    struct redis_host host; /* with Sentinels: not known here */
    bool tls;
    char ca_file[REDIS_PART_SIZE]; /* whom it trusts; "": whom the system does */
    char user[REDIS_PART_SIZE];
    char password[REDIS_PART_SIZE];
    int64_t db;

    struct redis_host sentinels[REDIS_SENTINELS_MAX];
    size_t sentinel_count;        /* 0: `host` is the server */
    char master[REDIS_PART_SIZE]; /* what they call it */
    char sentinel_password[REDIS_PART_SIZE];
};

/*
 * Reads one of these, whose parts may be percent-encoded; false when it is none:
 *   redis://[[user]:password@]host[:port][/db]
 *   rediss://…[?ssl_ca_certs=path]   the same by TLS
 *   unix:///path[?db=n]
 *   redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/master[/db][?sentinel_password=…]
 *   rediss+sentinel://…[&ssl_ca_certs=path]   the same, servers and Sentinels by TLS
 * These are the forms that clients in other languages know (redis-py, prefect-redis,
 * redis-sentinel-url): a host may be an address of IPv6, in brackets; the hosts are Sentinels, user
 * and password are for the server that they name.
 */
bool redis_address_parse(const char *url, struct redis_address *out);

#endif
