/*
 * A folder for one test, under TMPDIR or /tmp, and what lies in it.
 */
#ifndef TAPEDECK_TESTS_SCRATCH_H
#define TAPEDECK_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_SIZE = 512, SCRATCH_FDS = 16 };

static inline bool scratch_make(char *dir)
{
    const char *home = getenv("TMPDIR");
    int n = snprintf(dir, SCRATCH_SIZE, "%s/tapedeck-unit-XXXXXX", home != NULL ? home : "/tmp");
    return n > 0 && n < SCRATCH_SIZE && mkdtemp(dir) != NULL;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
                                     struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline bool scratch_remove(const char *dir)
{
    return nftw(dir, scratch_remove_one, SCRATCH_FDS, FTW_DEPTH | FTW_PHYS) == 0;
}

/* `name` below `dir`, in a buffer of 2 * SCRATCH_SIZE bytes. */
static inline const char *scratch_path(const char *dir, const char *name, char *out)
{
    int n = snprintf(out, 2 * SCRATCH_SIZE, "%s/%s", dir, name);
    return n > 0 && n < 2 * SCRATCH_SIZE ? out : "";
}

static inline bool scratch_folder(const char *dir, const char *name)
{
    char path[2 * SCRATCH_SIZE];
    return mkdir(scratch_path(dir, name, path), 0750) == 0;
}

static inline bool scratch_file(const char *dir, const char *name, const void *bytes, size_t len)
{
    char path[2 * SCRATCH_SIZE];
    FILE *file = fopen(scratch_path(dir, name, path), "we");
    if (file == NULL) {
        return false;
    }
    bool written = fwrite(bytes, 1, len, file) == len;
    return fclose(file) == 0 && written;
}

#endif
