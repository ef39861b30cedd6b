/*
 * Redis Sentinel: which of several servers is the master now ("Guidelines for Redis clients" of its
 * documentation). They are asked at each connect, as any Redis is: nothing is kept of an answer.
 */
#ifndef TAPEDECK_CLIENTS_REDIS_SENTINEL_H
#define TAPEDECK_CLIENTS_REDIS_SENTINEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redis_address.h"

/* Asks the Sentinels of `address` one after another, from `*first` (any number) on, until one names
 * the master; that one is `*first` then. All of it takes about `timeout_ms`, each a third of that
 * at most for each of its steps; those that were not reached in time come first the next time. */
bool redis_sentinel_find(const struct redis_address *address, int64_t timeout_ms, size_t *first,
                         struct redis_host *master);

#endif
