/*
 * A recordings folder of one test, and no umask, so that modes are our own choice.
 */
#ifndef TAPEDECK_TESTS_FILE_WORLD_H
#define TAPEDECK_TESTS_FILE_WORLD_H

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "scratch.h"
#include "storage/file.h"

#define SID "CA0123456789abcdef0123456789abcdef"
#define OTHER "CAfedcba9876543210fedcba9876543210"
#define PART "7/." SID ".part"
#define OTHER_PART "7/." OTHER ".part"

enum { BUSINESS = 7, MINUTE = 60 * 1000 };

struct world {
    char dir[SCRATCH_SIZE];
    struct config config;
    char path[2 * SCRATCH_SIZE];
    mode_t mask;
};

static inline int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (world == NULL || !scratch_make(world->dir)) {
        return -1;
    }
    world->config.recordings_dir = world->dir;
    world->mask = umask(0);
    return 0;
}

static inline int end_world(void **state)
{
    struct world *world = *state;
    umask(world->mask);
    bool removed = scratch_remove(world->dir);
    free(world);
    return removed ? 0 : -1;
}

static inline enum result finish_part(struct file_part *part, enum audio_kind kind)
{
    enum result result = file_part_name(part, kind);
    return result == RESULT_OK ? file_part_settle(part) : result;
}

static const char *path_of(struct world *world, const char *name)
{
    return scratch_path(world->dir, name, world->path);
}

static inline bool is_there(struct world *world, const char *name)
{
    struct stat st;
    return lstat(path_of(world, name), &st) == 0;
}

static inline void put(struct world *world, const char *name, size_t len)
{
    char bytes[64] = "";
    assert_true(len <= sizeof bytes);
    assert_true(scratch_file(world->dir, name, bytes, len));
}

static inline void folder(struct world *world, const char *name)
{
    assert_true(scratch_folder(world->dir, name));
}

/* As if it had been written to so many seconds ago. */
static inline void age(struct world *world, const char *name, int64_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = clock_wall() - seconds},
                                      {.tv_sec = clock_wall() - seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path_of(world, name), times, AT_SYMLINK_NOFOLLOW), 0);
}

static inline enum result find(const struct world *world, int64_t business,
                               struct file_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    return file_find(&world->config, business, SID, facts);
}

static inline void open_part(const struct world *world, struct file_part *part)
{
    assert_int_equal(file_part_open(&world->config, BUSINESS, SID, part), RESULT_OK);
}

static inline void write_part(struct file_part *part, const char *text)
{
    assert_int_equal(file_part_write(part, text, strlen(text)), RESULT_OK);
}

static inline void assert_closed(const struct file_part *part)
{
    assert_int_equal(part->fd, -1);
    assert_int_equal(part->dir_fd, -1);
}

static inline void assert_content(struct world *world, const char *name, const char *expected)
{
    char text[128];
    FILE *file = fopen(path_of(world, name), "re");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    assert_string_equal(text, expected);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

#endif
