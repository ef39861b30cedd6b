/*
 * One connection to a Redis, with an end to every wait: hiredis, inside TLS where that is asked
 * for. The home of hiredis.
 */
#ifndef TAPEDECK_CLIENTS_REDIS_WIRE_H
#define TAPEDECK_CLIENTS_REDIS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "redis_address.h"
#include "redis_reply.h"
#include "redis_tls.h"

enum { REDIS_WIRE_WORDS_MAX = 68 };

struct redis_wire;

/* Connects to `host`, by TLS if `address` says so. NULL: `why` says in words what is wrong. */
struct redis_wire *redis_wire_open(const struct redis_address *address,
                                   const struct redis_host *host, int64_t timeout_ms,
                                   char why[static REDIS_WHY_SIZE]);

/* redis_wire_close(NULL) is safe. */
void redis_wire_close(struct redis_wire *wire);

/* Sends one command of up to REDIS_WIRE_WORDS_MAX words; `lengths` may be NULL. After a false, here
 * and below, only redis_wire_trouble and redis_wire_close make sense. */
bool redis_wire_send(struct redis_wire *wire, size_t count, const char *const *words,
                     const size_t *lengths);

/* Waits for the next reply; NULL: there is none. */
struct redis_reply *redis_wire_reply(struct redis_wire *wire);

/* The next reply if all of it has come, without waiting. RESULT_NOT_FOUND: it has not. */
enum result redis_wire_look(struct redis_wire *wire, struct redis_reply **reply);

/* False: something came unasked, so it has gone. */
bool redis_wire_is_idle(struct redis_wire *wire);

int redis_wire_fd(const struct redis_wire *wire);

/* What is wrong with it, in words. */
const char *redis_wire_trouble(const struct redis_wire *wire);

#endif
