/*
 * An env file: NAME=value lines, as systemd's EnvironmentFile and a shell's `.` read them.
 *
 * Blank lines and # comments are skipped, and so is "export " before a name. A value may be in
 * single or double quotes. Nothing is expanded.
 */
#ifndef TAPEDECK_BASE_ENV_FILE_H
#define TAPEDECK_BASE_ENV_FILE_H

#include <stdbool.h>

#include "buf.h"
#include "result.h"

enum { ENV_FILE_MAX = 64 * 1024 };

/* Told of each line: its name and value, or name NULL and the line where it is not NAME=value.
 * Anything but RESULT_OK ends the reading. The texts live as long as `storage`; the value may be
 * cut into pieces. */
typedef enum result env_file_visitor(void *context, const char *name, char *value);

/* Reads the file at `path`, or the one that is open as `fd` (and closes it), into `storage` (whose
 * ceiling is the file's; the caller's to free) and visits its lines. RESULT_NOT_FOUND: there is no
 * such file. RESULT_DENIED: it is a file that everybody may read or write, and it holds secrets
 * (the one at a path only). RESULT_FAILED: it cannot be read, or holds a NUL. RESULT_TOO_BIG. Else
 * what the visitor said. */
enum result env_file_read(const char *path, struct buf *storage, env_file_visitor *visit,
                          void *context);
enum result env_file_read_open(int fd, struct buf *storage, env_file_visitor *visit, void *context);

#endif
