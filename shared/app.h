/*
 * What every function is given: the configuration, the connections, the metrics, and what was
 * verified lately. main makes one for the process and passes it down; there are no globals.
 */
#ifndef TAPEDECK_APP_H
#define TAPEDECK_APP_H

#include "clients/jwt_verifier.h"
#include "clients/pg.h"
#include "clients/redis.h"
#include "clients/s3.h"
#include "config/config.h"
#include "config/credentials.h"

struct confirmed; /* recordings/confirmed.h */
struct metrics;   /* observe/metrics.h */

struct app {
    const struct config *config;
    struct credentials *credentials;
    struct pg *pg;
    struct redis *redis;
    struct s3 *s3;               /* NULL without an object store */
    struct metrics *metrics;     /* may be NULL */
    struct jwt_verifier *tokens; /* the responders'; jobs see no token */
    struct confirmed *confirmed; /* the responders'; NULL: PostgreSQL is always asked */
};

#endif
