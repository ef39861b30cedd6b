/*
 * Visits the folders of businesses under RECORDINGS_DIR. Symbolic links are not followed.
 */
#ifndef TAPEDECK_STORAGE_FOLDERS_H
#define TAPEDECK_STORAGE_FOLDERS_H

#include <dirent.h>
#include <stdint.h>

#include "base/result.h"
#include "config/config.h"

/* `root` is RECORDINGS_DIR, `name` the folder's in it; both live for the call only. */
typedef void folders_visitor(void *context, int root, const char *name, int64_t business_id);

/* Visits what is named like a business. RESULT_FAILED: RECORDINGS_DIR cannot be read. */
enum result folders_each(const struct config *config, folders_visitor *visit, void *context);

/* Opens the folder of a business, for use with openat(2) and its like, and writes its path, of
 * PATH_MAX bytes; `flags` are O_PATH or O_RDONLY. -1 with errno: it is not there (ENOENT), or a
 * link or no folder (ELOOP, ENOTDIR). */
int folders_open_business(const struct config *config, int64_t business_id, int flags, char *path);

/* Opens one for readdir(3); closedir(3) it. NULL: it is none, or cannot be read. */
DIR *folders_open(int root, const char *name);

#endif
