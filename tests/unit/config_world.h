/*
 * A folder for tapedeck.env, and an environment without any name of ours.
 */
#ifndef TAPEDECK_TESTS_CONFIG_WORLD_H
#define TAPEDECK_TESTS_CONFIG_WORLD_H

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"
#include "scratch.h"

enum { VALUE_CEILING = 4096 };

struct world {
    char dir[SCRATCH_SIZE];
    struct config config;
    char error[CONFIG_ERROR_SIZE];
    char *names; /* of the whole table, a line each */
    char *printed;
    size_t size;
};

static inline char *all_names(void)
{
    char *names = NULL;
    size_t size;
    FILE *out = open_memstream(&names, &size);
    assert_non_null(out);
    config_print_names(out);
    fclose(out);
    return names;
}

static inline void forget_environment(const char *names)
{
    char *copy = strdup(names), *rest = copy;
    for (char *name; (name = strsep(&rest, "\n")) != NULL;) {
        if (name[0] != '\0') {
            unsetenv(name);
        }
    }
    free(copy);
    unsetenv("TAPEDECK_ENV");
}

static inline int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    umask(027); /* as our programs do: an env file is not for everybody */
    *state = world;
    if (world == NULL || !scratch_make(world->dir)) {
        return -1;
    }
    world->names = all_names();
    forget_environment(world->names);
    return 0;
}

static inline int end_world(void **state)
{
    struct world *world = *state;
    forget_environment(world->names);
    config_free(&world->config);
    bool removed = scratch_remove(world->dir);
    free(world->names);
    free(world->printed);
    free(world);
    return removed ? 0 : -1;
}

static inline enum result load(struct world *world)
{
    config_free(&world->config);
    memset(world->error, 0, sizeof world->error);
    enum result result = config_load(&world->config, world->dir, world->error);
    if (result != RESULT_OK) {
        assert_int_equal(result, RESULT_INVALID);
        assert_memory_equal(world->error, "configuration: ", 15);
        assert_null(strpbrk(world->error, "\r\n")); /* one line */
    }
    return result;
}

static inline void write_file(const struct world *world, const char *name, const char *text,
                              size_t len)
{
    assert_true(scratch_file(world->dir, name, text, len));
}

static const char *print(struct world *world)
{
    free(world->printed);
    FILE *out = open_memstream(&world->printed, &world->size);
    assert_non_null(out);
    config_print(&world->config, out);
    fclose(out);
    return world->printed;
}

/* Asserts that the table shows this value for the name. */
static inline void assert_shows(struct world *world, const char *name, const char *value)
{
    char line[VALUE_CEILING + 64];
    int n = snprintf(line, sizeof line, "\n%s=%s\n", name, value);
    assert_true(n > 0 && (size_t)n < sizeof line);
    const char *printed = print(world);
    if (strstr(printed, line) == NULL) {
        print_error("%s is not shown as %s\n", name, value);
    }
    assert_non_null(strstr(printed, line));
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

#endif
