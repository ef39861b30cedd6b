/*
 * What every room is handed: the configuration and the two connections. One per process, made by
 * main, passed down; there are no globals.
 */
#ifndef TAPEDECK_APP_H
#define TAPEDECK_APP_H

#include "clients/pg.h"
#include "clients/redis.h"
#include "config.h"

struct app {
    const struct config *config;
    struct pg *pg;
    struct redis *redis;
};

#endif
