/*
 * A responder's world for harnesses: a configuration of its own, one finished recording, and
 * neither PostgreSQL nor Redis, unless REDIS_URL leads to one.
 */
#ifndef TAPEDECK_TESTS_FUZZ_WORLD_H
#define TAPEDECK_TESTS_FUZZ_WORLD_H

#include "app.h"
#include "base/buf.h"
#include "base/form.h"

#define WORLD_SECRET "an example secret of 40 bytes, for tests"
#define WORLD_AUTH_TOKEN "an auth token for tests"
#define WORLD_ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define WORLD_SID "CA0123456789abcdef0123456789abcdef"
#define WORLD_BASE "https://crm.example:8443"

enum { WORLD_BUSINESS = 7, WORLD_FILE_SIZE = 1000, WORLD_SIGNATURE_SIZE = 29 };

struct fuzz_world {
    struct config config;
    struct credentials *credentials;
    struct app app;
    struct buf token; /* of WORLD_BUSINESS; good for years */
};

/* Makes it. It lasts as long as the program. */
void fuzz_world_make(struct fuzz_world *world, const char *redis_url);

/* Signs as the provider does, written from its documentation and not from ours: `out` holds
 * WORLD_SIGNATURE_SIZE. `params` may be NULL. */
void fuzz_world_sign(const char *url, const char *target, const struct form *params, char *out);

#endif
