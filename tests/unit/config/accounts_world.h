/*
 * An accounts file of a test's own, and the credentials that are read from it.
 */
#ifndef TAPEDECK_TESTS_ACCOUNTS_WORLD_H
#define TAPEDECK_TESTS_ACCOUNTS_WORLD_H

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/credentials.h"
#include "scratch.h"

#define OURS "AC00000000000000000000000000000001"
#define SECOND "AC0123456789abcdef0123456789abcdef"
#define TOKEN "the-second-ones-token"
#define BASE "https://api.twilio.com"

struct world {
    char dir[SCRATCH_SIZE];
    char path[2 * SCRATCH_SIZE];
    struct config config;
    struct credentials *credentials;
    char error[CONFIG_ERROR_SIZE];
};

static inline int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (world == NULL || !scratch_make(world->dir)) {
        return -1;
    }
    world->config = (struct config){
        .twilio_account_sid = OURS,
        .twilio_auth_token = "our own token",
        .twilio_auth_token_previous = "",
        .twilio_api_base = BASE,
        .twilio_api_key = "",
        .twilio_api_secret = "",
        .twilio_accounts_file = scratch_path(world->dir, "accounts", world->path),
    };
    return 0;
}

static inline int end_world(void **state)
{
    struct world *world = *state;
    credentials_free(world->credentials);
    bool removed = scratch_remove(world->dir);
    free(world);
    return removed ? 0 : -1;
}

static inline void write_accounts(struct world *world, const char *text, size_t len, mode_t mode)
{
    (void)unlink(world->path);
    assert_true(scratch_file(world->dir, "accounts", text, len));
    assert_int_equal(chmod(world->path, mode), 0);
}

/* A refusal is one line that names the setting, and nothing of what the file holds. */
static inline enum result load(struct world *world)
{
    credentials_free(world->credentials);
    world->credentials = NULL;
    memset(world->error, 0, sizeof world->error);
    enum result result = credentials_load(&world->config, &world->credentials, world->error);
    if (result != RESULT_OK) {
        assert_int_equal(result, RESULT_INVALID);
        assert_null(world->credentials);
        assert_memory_equal(world->error, "configuration: TWILIO_ACCOUNTS_FILE: ", 37);
        assert_null(strpbrk(world->error, "\r\n"));
        assert_null(strstr(world->error, TOKEN));
        assert_null(strstr(world->error, world->dir));
    }
    return result;
}

static inline enum result load_text(struct world *world, const char *text)
{
    write_accounts(world, text, strlen(text), 0600);
    return load(world);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

#endif
